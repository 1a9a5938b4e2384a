namespace LifecycleManager.Decisions.Schedules;

/// <summary>How often a schedule may fire: a count that is set twice within seconds is no schedule.</summary>
internal static class Spacing
{
    /// <summary>The least time from one fire to the next: 10 s.</summary>
    public static readonly TimeSpan Least = TimeSpan.FromSeconds(10);

    /// <summary>What is said of a schedule that fires more often.</summary>
    public const string TooOften = "a schedule fires at most each 10 seconds";
}
