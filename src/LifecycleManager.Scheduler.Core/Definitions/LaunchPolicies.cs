namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>How launches of a failing app are delayed.</summary>
/// <param name="Initial">After the first failure.</param>
/// <param name="Factor">Growth with each further one, at least 1.</param>
/// <param name="Maximum">The longest delay.</param>
internal sealed record Backoff(TimeSpan Initial, double Factor, TimeSpan Maximum);

/// <summary>What becomes of instances whose agent does not answer.</summary>
/// <param name="InactiveAfter">From then on it is replaced.</param>
/// <param name="ExpungeAfter">From then on it is forgotten.</param>
internal sealed record UnreachableStrategy(TimeSpan InactiveAfter, TimeSpan ExpungeAfter);

/// <summary>Which instances end first.</summary>
internal enum KillSelection
{
    /// <summary>The newest.</summary>
    YoungestFirst,

    /// <summary>The oldest.</summary>
    OldestFirst,
}
