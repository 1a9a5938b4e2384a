namespace LifecycleManager.Metrics.Core.Windows;

/// <summary>
/// A native histogram of Prometheus: buckets whose bounds grow exponentially, populated ones alone, beside a bucket of what is
/// near zero. Immutable. Counts are absolute, of observations or, over a window, of observations a second.
/// </summary>
/// <remarks>The arithmetic is Prometheus' (3.16, <c>model/histogram/float_histogram.go</c>).</remarks>
public sealed class NativeHistogram
{
    /// <summary>The coarsest schema: a bucket's bound is the one before it times 65,536.</summary>
    public const int MinSchema = -4;

    /// <summary>The finest schema: a bucket's bound is the one before it times 2^(1/256).</summary>
    public const int MaxSchema = 8;

    /// <summary>The finest schema that is reserved for such buckets; those beyond 8 are read as 8, as Prometheus does.</summary>
    public const int MaxReservedSchema = 52;

    /// <summary>How fine the buckets are: -4 to 8.</summary>
    public required int Schema { get; init; }

    /// <summary>Observations of at most this magnitude are in the zero bucket.</summary>
    public double ZeroThreshold { get; init; }

    /// <summary>Observations in the zero bucket.</summary>
    public double ZeroCount { get; init; }

    /// <summary>All observations, those that were not a number included.</summary>
    public required double Count { get; init; }

    /// <summary>Their sum; NaN where one of them was not a number.</summary>
    public double Sum { get; init; }

    /// <summary>The buckets of what is greater than zero.</summary>
    public NativeBuckets Positive { get; init; }

    /// <summary>The buckets of what is less than zero, by their magnitude.</summary>
    public NativeBuckets Negative { get; init; }

    /// <summary>The sum of two, in the wider buckets of both.</summary>
    public NativeHistogram Add(NativeHistogram other) => Add(other, 1);

    /// <summary>The difference of two, in the wider buckets of both.</summary>
    public NativeHistogram Subtract(NativeHistogram other) => Add(other, -1);

    /// <summary>Every count and the sum times a factor.</summary>
    public NativeHistogram Multiply(double factor) => new()
    {
        Schema = Schema,
        ZeroThreshold = ZeroThreshold,
        ZeroCount = ZeroCount * factor,
        Count = Count * factor,
        Sum = Sum * factor,
        Positive = Positive.Multiply(factor),
        Negative = Negative.Multiply(factor),
    };

    /// <summary>The same observations in the wider buckets of a lower schema; itself where the schema is not lower.</summary>
    public NativeHistogram ToSchema(int schema) => schema >= Schema ? this : new()
    {
        Schema = schema,
        ZeroThreshold = ZeroThreshold,
        ZeroCount = ZeroCount,
        Count = Count,
        Sum = Sum,
        Positive = Positive.ToSchema(Schema, schema),
        Negative = Negative.ToSchema(Schema, schema),
    };

    /// <summary>
    /// Whether a counter of observations began anew after <paramref name="before"/>: something is less than it was, or finer.
    /// </summary>
    public bool IsResetAfter(NativeHistogram before)
    {
        if (Count < before.Count || Schema > before.Schema || ZeroThreshold < before.ZeroThreshold) return true;
        var earlier = before.ToSchema(Schema).WithZeroThreshold(ZeroThreshold);
        return earlier.ZeroThreshold != ZeroThreshold || ZeroCount < earlier.ZeroCount
            || Positive.IsBelow(earlier.Positive) || Negative.IsBelow(earlier.Negative);
    }

    /// <summary>
    /// Where observations are told by a greater zero threshold: the buckets within it join the zero bucket. A populated bucket
    /// that it falls into widens it further.
    /// </summary>
    public NativeHistogram WithZeroThreshold(double threshold)
    {
        if (threshold <= ZeroThreshold) return this;
        var (positive, negative) = (0, 0);
        for (var widened = true; widened;)
        {
            var before = threshold;
            positive = Within(Positive, ref threshold);
            negative = Within(Negative, ref threshold);
            widened = threshold != before;
        }

        var zero = ZeroCount;
        foreach (var count in Positive.Counts[..positive]) zero += count;
        foreach (var count in Negative.Counts[..negative]) zero += count;
        return new NativeHistogram
        {
            Schema = Schema,
            ZeroThreshold = threshold,
            ZeroCount = zero,
            Count = Count,
            Sum = Sum,
            Positive = Positive.From(positive),
            Negative = Negative.From(negative),
        };
    }

    // How many of the buckets are within the threshold, which grows to the end of one that it falls into.
    private int Within(NativeBuckets buckets, ref double threshold)
    {
        var within = 0;
        while (within < buckets.Length && NativeBuckets.Bound(Schema, buckets.Indexes[within] - 1) < threshold)
            threshold = Math.Max(threshold, NativeBuckets.Bound(Schema, buckets.Indexes[within++]));
        return within;
    }

    private NativeHistogram Add(NativeHistogram other, double factor)
    {
        var schema = Math.Min(Schema, other.Schema);
        var (mine, theirs) = (ToSchema(schema), other.ToSchema(schema));
        while (mine.ZeroThreshold != theirs.ZeroThreshold)
        {
            mine = mine.WithZeroThreshold(theirs.ZeroThreshold);
            theirs = theirs.WithZeroThreshold(mine.ZeroThreshold);
        }

        return new NativeHistogram
        {
            Schema = schema,
            ZeroThreshold = mine.ZeroThreshold,
            ZeroCount = mine.ZeroCount + theirs.ZeroCount * factor,
            Count = mine.Count + theirs.Count * factor,
            Sum = mine.Sum + theirs.Sum * factor,
            Positive = mine.Positive.Add(theirs.Positive, factor),
            Negative = mine.Negative.Add(theirs.Negative, factor),
        };
    }
}
