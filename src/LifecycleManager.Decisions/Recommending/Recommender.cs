namespace LifecycleManager.Decisions.Recommending;

/// <summary>What an instance of an app should ask for of one resource, in millicores or bytes.</summary>
/// <param name="Used">What it uses at the percentile of the target, without any margin.</param>
/// <param name="Lower">With less it has too little.</param>
/// <param name="Target">What is right.</param>
/// <param name="Upper">With more it has too much; very high while there is little to rely on.</param>
public readonly record struct ResourceBounds(long Used, long Lower, long Target, long Upper);

/// <summary>What an instance of an app should ask for.</summary>
/// <param name="Cpu">Millicores.</param>
/// <param name="Memory">Bytes.</param>
public readonly record struct RecommendedSize(ResourceBounds Cpu, ResourceBounds Memory);

/// <summary>Recommends resources from usage: percentiles, a margin, and bounds that get closer with each day.</summary>
public sealed record Recommender
{
    /// <summary>No amount is more.</summary>
    private const double Most = 1e14;

    /// <summary>As Kubernetes has it: 25 millicores and 250 MiB a pod.</summary>
    public static Recommender Vpa { get; } = new() { LeastMillicores = 25, LeastBytes = 250L * 1024 * 1024 };

    /// <summary>What is added to what is used: 0.15 is 15%.</summary>
    public double Margin { get; init; } = 0.15;

    /// <summary>The percentile of the lower bound.</summary>
    public double LowerPercentile { get; init; } = 0.5;

    /// <summary>The percentile of the target.</summary>
    public double TargetPercentile { get; init; } = 0.9;

    /// <summary>The percentile of the upper bound.</summary>
    public double UpperPercentile { get; init; } = 0.95;

    /// <summary>
    /// No less is recommended: 10 millicores, a hundredth of a core as Mesos has it. Kubernetes' 25 would raise apps that idle.
    /// </summary>
    public long LeastMillicores { get; init; } = 10;

    /// <summary>
    /// No less is recommended: 32 MiB as Mesos has it. Kubernetes' 250 MiB would raise apps that are well with 64.
    /// </summary>
    public long LeastBytes { get; init; } = 32L * 1024 * 1024;

    /// <summary>What an app's instances should ask for.</summary>
    /// <param name="usage">What they have used.</param>
    /// <param name="containers">How many containers share the least amounts.</param>
    public RecommendedSize Recommend(AppUsage usage, int containers = 1)
    {
        ArgumentNullException.ThrowIfNull(usage);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(containers);
        var share = 1.0 / containers;
        return new RecommendedSize(
            Bounds(usage, percentile => Amount(usage.Cpu.Percentile(percentile) * 1000), Scale(LeastMillicores, share)),
            Bounds(usage, percentile => Amount(usage.Memory.Percentile(percentile)), Scale(LeastBytes, share)));
    }

    private ResourceBounds Bounds(AppUsage usage, Func<double, long> percentile, long least)
    {
        // With half a day the upper bound is three times what it would be with very much.
        var confidence = usage.Confidence;
        return new ResourceBounds(
            percentile(TargetPercentile),
            Math.Max(least, Scale(WithMargin(percentile(LowerPercentile)), Math.Pow(1 + (0.001 / confidence), -2))),
            Math.Max(least, WithMargin(percentile(TargetPercentile))),
            Math.Max(least, Scale(WithMargin(percentile(UpperPercentile)), 1 + (1 / confidence))));
    }

    private long WithMargin(long amount) => amount + Scale(amount, Margin);

    private static long Scale(long amount, double factor) => Amount(amount * factor);

    // Without any sample: 0 times infinity.
    private static long Amount(double amount) => double.IsNaN(amount) ? 0 : (long)Math.Clamp(amount, 0, Most);
}
