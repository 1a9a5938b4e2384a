namespace LifecycleManager.Decisions.Policies;

/// <summary>Which apps a policy governs.</summary>
public sealed record AppSelector
{
    /// <summary>As written: <c>/brownfield/search-*</c>, <c>/a, /b</c> or <c>labels team=search</c>.</summary>
    public required string Text { get; init; }
}
