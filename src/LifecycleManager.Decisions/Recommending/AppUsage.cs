namespace LifecycleManager.Decisions.Recommending;

/// <summary>
/// What the instances of an app have used: cpus and peaks of memory, as the recommender of Kubernetes' vertical pod autoscaler
/// keeps them. Takes about 3 kB, and some hundred bytes an instance. Not for several threads at once.
/// </summary>
/// <param name="app">The app's id.</param>
public sealed class AppUsage(string app)
{
    /// <summary>Of so many instances of an app the memory is followed.</summary>
    public const int MaxInstances = 200;

    /// <summary>A sample of cpu counts so much; the unit of no importance.</summary>
    private const double CpuWeight = 0.1;

    /// <summary>Who has ended for want of memory needs a fifth more than it had, and 100 MiB more at least.</summary>
    private const double StepUp = 1.2;
    private const double LeastStepUp = 100L * 1024 * 1024;

    private static readonly TimeSpan HalfLife = TimeSpan.FromDays(1);
    private readonly Dictionary<string, MemoryPeak> _peaks = new(StringComparer.Ordinal);

    /// <summary>The app's id.</summary>
    public string App => app;

    /// <summary>Cpus in use, an instance.</summary>
    public DecayingHistogram Cpu { get; } = new(ExponentialBuckets.Cpus, HalfLife);

    /// <summary>Peaks of memory in bytes, an instance a day.</summary>
    public DecayingHistogram Memory { get; } = new(ExponentialBuckets.Memory, HalfLife);

    /// <summary>When cpu was first measured; null where it never was.</summary>
    public DateTimeOffset? First { get; private set; }

    /// <summary>When cpu was last measured; null where it never was.</summary>
    public DateTimeOffset? Last { get; private set; }

    /// <summary>How often cpu was measured.</summary>
    public long Samples { get; private set; }

    /// <summary>When an instance last ended for want of memory; null where none did.</summary>
    public DateTimeOffset? MemoryEnd { get; private set; }

    /// <summary>
    /// How much there is to rely on: the days between the first and the last sample of cpu, or the samples at one a minute,
    /// whichever is less.
    /// </summary>
    public double Confidence => First is { } first && Last is { } last
        ? Math.Min((last - first).TotalDays, Samples / TimeSpan.FromDays(1).TotalMinutes) : 0;

    /// <summary>Takes in what an instance used.</summary>
    /// <param name="cpus">Cpus over some time up to then; 0 or more.</param>
    /// <param name="at">When.</param>
    public void AddCpu(double cpus, DateTimeOffset at)
    {
        Cpu.Add(cpus, CpuWeight, at);
        if (Last is null || at > Last) Last = at;
        if (First is null || at < First) First = at;
        Samples++;
    }

    /// <summary>Takes in the memory of an instance; of an instance too many it is left out.</summary>
    /// <param name="instance">The instance's id.</param>
    /// <param name="bytes">In use.</param>
    /// <param name="at">When.</param>
    public void AddMemory(string instance, double bytes, DateTimeOffset at) =>
        PeakOf(instance, at)?.Measured(Memory, bytes, at);

    /// <summary>
    /// Takes in that an instance has ended for want of memory: it needs more than it was seen to use, and than it had. So much
    /// more stands for its peak, as the vertical pod autoscaler has it.
    /// </summary>
    /// <param name="instance">The instance's id.</param>
    /// <param name="limit">The bytes that it had.</param>
    /// <param name="ended">When it ended; what is not newer than the last such end is known already.</param>
    /// <param name="at">Now.</param>
    /// <returns>Whether it is news.</returns>
    public bool AddMemoryEnd(string instance, double limit, DateTimeOffset ended, DateTimeOffset at)
    {
        if (ended <= MemoryEnd) return false;
        MemoryEnd = ended;
        if (PeakOf(instance, at) is not { } peak) return true;
        var had = Math.Max(limit, at < peak.End ? peak.Bytes : 0);
        peak.Measured(Memory, Math.Max(had + LeastStepUp, had * StepUp), at);
        return true;
    }

    /// <summary>
    /// Makes all of it older by a time, or younger by a negative one: for a clock that was set, which else would have all
    /// samples from then on count next to nothing.
    /// </summary>
    public void Age(TimeSpan by)
    {
        Cpu.Age(by);
        Memory.Age(by);
        (First, Last) = (First - by, Last - by);
        foreach (var peak in _peaks.Values) peak.Age(by);
    }

    /// <summary>What is to be stored.</summary>
    public StoredUsage Export() => new(
        App, First, Last, Samples, Cpu.Export(), Memory.Export(), [.. _peaks.Select(peak => peak.Value.Export(peak.Key))])
    {
        MemoryEnd = MemoryEnd,
    };

    /// <summary>The usage as it was stored.</summary>
    /// <exception cref="ArgumentException">It is not sound.</exception>
    public static AppUsage Of(StoredUsage stored)
    {
        ArgumentNullException.ThrowIfNull(stored);
        if (!stored.IsSound) throw new ArgumentException("it is no app's usage", nameof(stored));
        var usage = new AppUsage(stored.App)
        {
            First = stored.First,
            Last = stored.Last,
            Samples = stored.Samples,
            MemoryEnd = stored.MemoryEnd,
        };
        usage.Cpu.Import(stored.Cpu);
        usage.Memory.Import(stored.Memory);
        foreach (var peak in stored.Peaks) usage._peaks[peak.Instance] = MemoryPeak.Of(peak);
        return usage;
    }

    // An instance whose interval is over is there no more, or begins the next.
    private MemoryPeak? PeakOf(string instance, DateTimeOffset at)
    {
        if (_peaks.TryGetValue(instance, out var peak)) return peak;
        if (_peaks.Count >= MaxInstances)
        {
            foreach (var over in _peaks.Where(one => one.Value.End <= at).Select(one => one.Key).ToArray()) _peaks.Remove(over);
            if (_peaks.Count >= MaxInstances) return null;
        }

        return _peaks[instance] = new MemoryPeak();
    }
}
