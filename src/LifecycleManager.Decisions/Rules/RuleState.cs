namespace LifecycleManager.Decisions.Rules;

/// <summary>What a rule remembers of one app between ticks.</summary>
internal struct RuleState
{
    /// <summary>Since when the condition has held without a break; default for not at all.</summary>
    public DateTimeOffset Since;

    /// <summary>Whether <see cref="Since"/> is another process', which counts if the condition still holds.</summary>
    public bool IsRestored;

    /// <summary>A firing that has not been carried out yet, and when it happened.</summary>
    public DateTimeOffset FiredAt;

    /// <summary>The count that the firing asked for; of a step rule the side that its step is on.</summary>
    public int FiredCount;

    /// <summary>What a forecast has learnt; null for other rules.</summary>
    public object? Memory;
}
