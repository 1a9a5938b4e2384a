namespace LifecycleManager.Scheduler.Mesos;

/// <summary>Exponential back-off with full jitter, so that many schedulers do not return to a restarted master in step.</summary>
internal static class ReconnectDelay
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    /// <summary>The pause after so many failures in a row (from 1).</summary>
    /// <param name="failures">At least 1.</param>
    /// <param name="jitter">Uniform in [0, 1).</param>
    public static TimeSpan After(int failures, double jitter)
    {
        var ceiling = Math.Min(Longest.TotalMilliseconds, First.TotalMilliseconds * Math.Pow(2, Math.Min(failures - 1, 30)));
        return TimeSpan.FromMilliseconds(First.TotalMilliseconds + (ceiling * jitter));
    }
}
