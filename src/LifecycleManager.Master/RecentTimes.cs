namespace LifecycleManager.Master;

/// <summary>
/// The durations of the last thousand of something, as Mesos' timers keep them: the newest, the extremes, percentiles. Safe for
/// any thread.
/// </summary>
internal sealed class RecentTimes
{
    private const int Capacity = 1000;
    private static readonly (string Name, double Part)[] Percentiles =
        [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p999", 0.999), ("p9999", 0.9999)];

    private readonly Lock _gate = new();
    private readonly double[] _ring = new double[Capacity];
    private long _count;

    /// <summary>Adds one.</summary>
    public void Add(TimeSpan time)
    {
        lock (_gate) _ring[_count++ % Capacity] = time.TotalMilliseconds;
    }

    /// <summary>
    /// Milliseconds: the newest under the name itself, and below it <c>count</c> (of all), <c>min</c>, <c>max</c> and
    /// percentiles; zeros where there was none.
    /// </summary>
    public IEnumerable<(string Name, double Value)> All(string name)
    {
        double[] sorted;
        double newest;
        long count;
        lock (_gate)
        {
            count = _count;
            newest = count == 0 ? 0 : _ring[(count - 1) % Capacity];
            sorted = count == 0 ? [0] : _ring[..(int)Math.Min(count, Capacity)];
        }

        Array.Sort(sorted);
        yield return (name, newest);
        yield return ($"{name}/count", count);
        yield return ($"{name}/min", sorted[0]);
        yield return ($"{name}/max", sorted[^1]);
        foreach (var (percentile, part) in Percentiles) yield return ($"{name}/{percentile}", At(sorted, part));
    }

    // Between the two nearest ranks, as Mesos does.
    private static double At(double[] sorted, double part)
    {
        var position = part * (sorted.Length - 1);
        var below = (int)position;
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((position - below) * (sorted[above] - sorted[below]));
    }
}
