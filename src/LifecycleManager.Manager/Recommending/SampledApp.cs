using LifecycleManager.Decisions.Recommending;
using LifecycleManager.Metrics.Sources;

namespace LifecycleManager.Manager.Recommending;

/// <summary>
/// An app whose instances are measured: from the counters of agents to samples. What is not measured is no sample, and a counter
/// that went back, as of a container that began anew, is where the next sample begins.
/// </summary>
internal sealed class SampledApp(AppUsage usage)
{
    /// <summary>Two measurements that are closer make no sample of cpu: 30 s of the agent's time.</summary>
    private const double LeastSeconds = 30;

    private readonly Dictionary<string, Counter> _counters = new(StringComparer.Ordinal);

    public AppUsage Usage => usage;

    /// <summary>When it was last measured.</summary>
    public DateTimeOffset? MeasuredAt { get; private set; } = usage.Last;

    /// <summary>Whether it has changed since it was stored.</summary>
    public bool IsUnwritten { get; set; }

    /// <summary>Takes a measurement in.</summary>
    public void Measured(ContainerUsage measured, DateTimeOffset now)
    {
        // What runs has memory: none is what was not measured.
        if (measured.MemoryBytes is > 0 and < double.PositiveInfinity)
        {
            usage.AddMemory(measured.Instance, measured.MemoryBytes, now);
            (MeasuredAt, IsUnwritten) = (now, true);
        }

        if (measured.CpuSeconds is not (>= 0 and < double.PositiveInfinity)) return;
        var isKnown = _counters.TryGetValue(measured.Instance, out var before);
        var (seconds, used) = (measured.At - before.At, measured.CpuSeconds - before.CpuSeconds);
        if (isKnown && seconds is >= 0 and < LeastSeconds && used >= 0) return;
        if (!isKnown && _counters.Count >= AppUsage.MaxInstances && !Forget()) return;
        _counters[measured.Instance] = new Counter(measured.At, measured.CpuSeconds, now);
        if (!isKnown || seconds < LeastSeconds || used < 0) return;
        usage.AddCpu(used / seconds, now);
        (MeasuredAt, IsUnwritten) = (now, true);
    }

    // The instances that were not measured with the others are gone, or their agent is away: then they begin anew.
    private bool Forget()
    {
        var newest = _counters.Values.Max(counter => counter.SeenAt);
        foreach (var (instance, counter) in _counters.Where(one => one.Value.SeenAt < newest).ToArray())
        {
            if (newest - counter.SeenAt > UsageRecorder.BetweenTurns) _counters.Remove(instance);
        }

        return _counters.Count < AppUsage.MaxInstances;
    }

    /// <summary>A counter of cpu time.</summary>
    /// <param name="At">When, by the agent's clock.</param>
    /// <param name="CpuSeconds">What it showed.</param>
    /// <param name="SeenAt">When it was read.</param>
    private readonly record struct Counter(double At, double CpuSeconds, DateTimeOffset SeenAt);
}
