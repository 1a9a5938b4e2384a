namespace LifecycleManager.Clusters;

/// <summary>A count as it was read: what a change of it rests on, which is made only while this is still so.</summary>
/// <param name="Count">The count.</param>
/// <param name="Identity">
/// What tells whatever has the count from a later one with the same name; null where it cannot be told.
/// </param>
public sealed record CountSeen(int Count, string? Identity = null)
{
    /// <summary>Why a change that rests on this must not be made over what is found; null where it may be.</summary>
    /// <param name="found">What is there now.</param>
    public string? Contradiction(CountSeen found)
    {
        ArgumentNullException.ThrowIfNull(found);
        if (Identity is not null && found.Identity != Identity)
            return "it was deleted and made anew since the decision was made; it is decided again";
        return found.Count == Count ? null
            : $"the count is {found.Count}, the decision was made from {Count}; it is decided again";
    }
}
