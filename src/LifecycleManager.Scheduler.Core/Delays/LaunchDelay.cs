namespace LifecycleManager.Scheduler.Core.Delays;

/// <summary>
/// How long the launches of a failing app wait: the first failure waits the initial time, each further one longer by the factor,
/// up to the maximum. An instance that runs well for a while takes the delay away.
/// </summary>
/// <param name="Current">The delay that the last failure caused; zero before the first.</param>
/// <param name="Until">No launch before this reading of the scheduler's clock.</param>
internal readonly record struct LaunchDelay(TimeSpan Current, TimeSpan Until)
{
    /// <summary>An instance that has run for so long, or for the current delay if that is longer, is no crash loop.</summary>
    public static readonly TimeSpan Settled = TimeSpan.FromSeconds(60);

    /// <summary>After one more failure.</summary>
    /// <param name="initial">First delay, from zero.</param>
    /// <param name="factor">At least 1.</param>
    /// <param name="maximum">Longest delay.</param>
    /// <param name="ran">How long the failed instance had run; null when it never did.</param>
    /// <param name="now">Now, by the scheduler's clock.</param>
    public LaunchDelay Failed(TimeSpan initial, double factor, TimeSpan maximum, TimeSpan? ran, TimeSpan now)
    {
        var before = IsSettled(ran) ? TimeSpan.Zero : Current;
        var next = before == TimeSpan.Zero ? initial : before * Math.Max(1, factor);
        if (next > maximum) next = maximum;
        return new LaunchDelay(next, now + next);
    }

    private bool IsSettled(TimeSpan? ran) => ran is { } time && time >= Settled && time >= Current;
}
