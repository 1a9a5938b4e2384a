namespace LifecycleManager.Scheduler.Definitions;

/// <summary>How launches of a failing app are delayed.</summary>
/// <param name="Initial">After the first failure.</param>
/// <param name="Factor">Growth with each further one, at least 1.</param>
/// <param name="Maximum">The longest delay.</param>
public sealed record Backoff(TimeSpan Initial, double Factor, TimeSpan Maximum);

/// <summary>What becomes of instances whose agent does not answer.</summary>
/// <param name="InactiveAfter">From then on it is replaced.</param>
/// <param name="ExpungeAfter">From then on it is forgotten.</param>
public sealed record UnreachableStrategy(TimeSpan InactiveAfter, TimeSpan ExpungeAfter);

/// <summary>Which instances end first.</summary>
public enum KillSelection
{
    /// <summary>The newest.</summary>
    YoungestFirst,

    /// <summary>The oldest.</summary>
    OldestFirst,
}
