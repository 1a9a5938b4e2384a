namespace LifecycleManager.Decisions.Recommending;

/// <summary>
/// Buckets that grow: each is <see cref="Growth"/> times as wide as the one before, so that the relative error is the same for
/// small and large values. The last has no upper end.
/// </summary>
public sealed class ExponentialBuckets
{
    private readonly double _logOfGrowth;

    /// <param name="first">The width of the first bucket, from 0.</param>
    /// <param name="max">What the bucket before the last must reach.</param>
    /// <param name="growth">Above 1.</param>
    /// <param name="epsilon">A bucket of less weight is empty.</param>
    /// <exception cref="ArgumentOutOfRangeException">A width, growth or weight that is none.</exception>
    public ExponentialBuckets(double first, double max, double growth, double epsilon)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(first);
        ArgumentOutOfRangeException.ThrowIfLessThan(max, first);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(growth, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(epsilon);
        (First, Growth, Epsilon, _logOfGrowth) = (first, growth, epsilon, Math.Log(growth));
        Count = (int)Math.Ceiling(Position(max)) + 1;
    }

    /// <summary>The VPA's for cpus: from 0.01 to 1,000, each 5% wider.</summary>
    public static ExponentialBuckets Cpus { get; } = new(0.01, 1_000, 1.05, 0.0001);

    /// <summary>The VPA's for bytes of memory: from 10 MB to 1 TB, each 5% wider.</summary>
    public static ExponentialBuckets Memory { get; } = new(1e7, 1e12, 1.05, 0.0001);

    /// <summary>The width of the first.</summary>
    public double First { get; }

    /// <summary>How much wider each is than the one before.</summary>
    public double Growth { get; }

    /// <summary>A bucket of less weight is empty.</summary>
    public double Epsilon { get; }

    /// <summary>How many there are.</summary>
    public int Count { get; }

    /// <summary>The bucket of a value.</summary>
    public int Find(double value) => value < First ? 0 : (int)Math.Min(Count - 1, Position(value));

    /// <summary>Where a bucket starts.</summary>
    public double Start(int bucket) => bucket == 0 ? 0 : First * (Power(Growth, bucket) - 1) / (Growth - 1);

    // By squaring: the same to the last bit on every machine, which the library's own need not be.
    private static double Power(double number, int exponent)
    {
        var power = 1.0;
        for (; exponent > 0; exponent >>= 1, number *= number)
        {
            if ((exponent & 1) != 0) power *= number;
        }

        return power;
    }

    private double Position(double value) => Math.Log((value * (Growth - 1) / First) + 1) / _logOfGrowth;
}
