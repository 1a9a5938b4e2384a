namespace LifecycleManager.Decisions.Recommending;

/// <summary>A histogram as it is stored: its buckets that have a weight.</summary>
/// <param name="Reference">The time that weights are of, in ticks of 100 ns since the year 1.</param>
/// <param name="Buckets">The buckets, by number, in ascending order.</param>
/// <param name="Weights">The weight of each.</param>
public sealed record StoredHistogram(long Reference, IReadOnlyList<int> Buckets, IReadOnlyList<double> Weights)
{
    /// <summary>Beyond what the reference time allows weights to grow to.</summary>
    private const double MaxWeight = 1e60;

    /// <summary>Whether it can be of a histogram with some buckets.</summary>
    public bool IsSoundFor(ExponentialBuckets buckets)
    {
        ArgumentNullException.ThrowIfNull(buckets);
        return Buckets is not null && Weights is not null && Buckets.Count == Weights.Count
            && Reference >= 0 && Reference <= DateTimeOffset.MaxValue.UtcTicks
            && Buckets.All(bucket => bucket >= 0 && bucket < buckets.Count)
            && Buckets.Zip(Buckets.Skip(1)).All(pair => pair.First < pair.Second)
            && Weights.All(weight => weight is > 0 and < MaxWeight);
    }
}

/// <summary>The memory of an instance in its interval under way, as it is stored.</summary>
/// <param name="Instance">The instance's id.</param>
/// <param name="End">When the interval ends.</param>
/// <param name="Peak">Bytes: the highest that was measured in it.</param>
public sealed record StoredPeak(string Instance, DateTimeOffset End, double Peak);

/// <summary>What is known of an app's usage, as it is stored.</summary>
/// <param name="App">The app's id.</param>
/// <param name="First">When cpu was first measured; null where it never was.</param>
/// <param name="Last">When cpu was last measured.</param>
/// <param name="Samples">How often cpu was measured.</param>
/// <param name="Cpu">Cpus in use.</param>
/// <param name="Memory">Peaks of memory, in bytes.</param>
/// <param name="Peaks">The intervals under way.</param>
public sealed record StoredUsage(
    string App, DateTimeOffset? First, DateTimeOffset? Last, long Samples, StoredHistogram Cpu, StoredHistogram Memory,
    IReadOnlyList<StoredPeak> Peaks)
{
    /// <summary>When an instance last ended for want of memory; null where none did.</summary>
    public DateTimeOffset? MemoryEnd { get; init; }

    /// <summary>Whether it is what an app's usage can be.</summary>
    public bool IsSound => !string.IsNullOrEmpty(App) && Samples >= 0 && First is null == (Last is null) && !(First > Last)
        && Cpu?.IsSoundFor(ExponentialBuckets.Cpus) == true && Memory?.IsSoundFor(ExponentialBuckets.Memory) == true
        && Peaks is not null && Peaks.Count <= AppUsage.MaxInstances
        && Peaks.All(peak => peak is { Instance.Length: > 0, Peak: >= 0 and < double.PositiveInfinity });
}
