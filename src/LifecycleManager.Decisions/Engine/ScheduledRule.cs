namespace LifecycleManager.Decisions.Engine;

/// <summary>A rule that acts by the clock.</summary>
public sealed class ScheduledRule
{
    /// <summary>The policy's name.</summary>
    public required string Policy { get; init; }

    /// <summary>The rule's name.</summary>
    public required string Rule { get; init; }

    /// <summary>When the window opens: Quartz' cron notation, with seconds.</summary>
    public required string Cron { get; init; }

    /// <summary>When the window closes; null for a rule that acts once at each firing.</summary>
    public string? Until { get; init; }

    /// <summary>The zone of both.</summary>
    public required TimeZoneInfo Zone { get; init; }

    /// <summary>When the rule next opens, closes or fires after a time; null for never.</summary>
    public DateTimeOffset? NextChange(DateTimeOffset after) => throw new NotSupportedException();

    /// <summary>Whether the window is open at a time; never for a rule without <see cref="Until"/>.</summary>
    public bool IsActive(DateTimeOffset at) => throw new NotSupportedException();
}
