namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>What definitions are held to beside Marathon's own rules.</summary>
internal sealed record DefinitionRules
{
    /// <summary>
    /// The scheduler's role: what an app's <c>role</c> is without its saying so, and the only one that it may name.
    /// </summary>
    public string Role { get; init; } = "*";

    /// <summary>The least service port that is given to ports that ask for any.</summary>
    public int FirstServicePort { get; init; } = 10_000;

    /// <summary>The greatest.</summary>
    public int LastServicePort { get; init; } = 20_000;
}
