using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Checks;

/// <summary>Mesos' rules of a health check: what a row of results means. No clock, no network.</summary>
internal sealed class CheckVerdict(HealthCheck check)
{
    private readonly TimeSpan _grace = LongDurations.FromSeconds(check.GracePeriodSeconds ?? 10);
    // Zero is Marathon's word for never.
    private readonly uint _limit = check.ConsecutiveFailures switch { null => 3, 0 => uint.MaxValue, { } stated => stated };
    private uint _failures;
    private bool _initializing = true;

    /// <summary>The present verdict; null before the first.</summary>
    public bool? Healthy { get; private set; }

    /// <summary>Takes the next result.</summary>
    /// <param name="success">Whether the check passed.</param>
    /// <param name="running">How long the task has been running.</param>
    /// <returns>Whether the verdict is new, and whether the task is to be killed.</returns>
    public (bool Changed, bool Kill) Observe(bool success, TimeSpan running)
    {
        if (!success && _initializing && running <= _grace) return (false, false);
        _initializing = false;
        _failures = success ? 0 : _failures + 1;
        var changed = Healthy != success;
        Healthy = success;
        return (changed, !success && _failures >= _limit);
    }
}
