namespace LifecycleManager.Metrics.Core.Windows;

/// <summary>One cumulative bucket of a histogram.</summary>
/// <param name="UpperBound">The bucket's <c>le</c>.</param>
/// <param name="Count">Observations up to the bound, or their rate.</param>
public record struct Bucket(double UpperBound, double Count) : IComparable<Bucket>
{
    /// <inheritdoc/>
    public readonly int CompareTo(Bucket other) => UpperBound.CompareTo(other.UpperBound);

    /// <summary>By upper bound.</summary>
    public static bool operator <(Bucket left, Bucket right) => left.CompareTo(right) < 0;

    /// <summary>By upper bound.</summary>
    public static bool operator >(Bucket left, Bucket right) => left.CompareTo(right) > 0;

    /// <summary>By upper bound.</summary>
    public static bool operator <=(Bucket left, Bucket right) => left.CompareTo(right) <= 0;

    /// <summary>By upper bound.</summary>
    public static bool operator >=(Bucket left, Bucket right) => left.CompareTo(right) >= 0;
}

/// <summary>
/// Quantiles from histograms, as Prometheus' <c>histogram_quantile()</c> (3.16, <c>promql/quantile.go</c>) estimates them.
/// </summary>
public static class HistogramQuantile
{
    private const double Tolerance = 1e-12;
    private const double MinNormal = 2.2250738585072014e-308;

    /// <summary>Estimates a quantile; sorts and repairs the buckets in place.</summary>
    /// <param name="quantile">0 to 1.</param>
    /// <param name="buckets">The buckets in any order; equal bounds are added up.</param>
    /// <returns>NaN where there is no <c>+Inf</c> bucket, no other bucket, or no observation.</returns>
    public static double Estimate(double quantile, Span<Bucket> buckets)
    {
        if (double.IsNaN(quantile)) return double.NaN;
        if (quantile < 0) return double.NegativeInfinity;
        if (quantile > 1) return double.PositiveInfinity;
        if (buckets.IsEmpty) return double.NaN;
        buckets.Sort();
        if (!double.IsPositiveInfinity(buckets[^1].UpperBound)) return double.NaN;
        buckets = Coalesce(buckets);
        MakeMonotonic(buckets);
        if (buckets.Length < 2) return double.NaN;
        var observations = buckets[^1].Count;
        if (observations == 0) return double.NaN;

        var rank = quantile * observations;
        var found = 0;
        while (found < buckets.Length - 1 && !(buckets[found].Count >= rank)) found++;
        if (found == buckets.Length - 1) return buckets[^2].UpperBound;
        var end = buckets[found].UpperBound;
        if (found == 0 && end <= 0) return end;
        var start = 0.0;
        var count = buckets[found].Count;
        if (found > 0)
        {
            start = buckets[found - 1].UpperBound;
            count -= buckets[found - 1].Count;
            rank -= buckets[found - 1].Count;
        }

        return start + (end - start) * (rank / count);
    }

    /// <summary>Whether it is a whole histogram, up to infinity, that has nothing in any bucket.</summary>
    public static bool IsEmpty(ReadOnlySpan<Bucket> buckets)
    {
        var isWhole = false;
        foreach (var (upperBound, count) in buckets)
        {
            if (count != 0) return false;
            isWhole |= double.IsPositiveInfinity(upperBound);
        }

        return isWhole && buckets.Length > 1;
    }

    private static Span<Bucket> Coalesce(Span<Bucket> buckets)
    {
        var last = 0;
        for (var i = 1; i < buckets.Length; i++)
        {
            if (buckets[i].UpperBound == buckets[last].UpperBound) buckets[last].Count += buckets[i].Count;
            else buckets[++last] = buckets[i];
        }

        return buckets[..(last + 1)];
    }

    // Scrapes are not atomic, so that a greater bucket may seem to have fewer observations; and what differs by the rounding of
    // rates alone is equal.
    private static void MakeMonotonic(Span<Bucket> buckets)
    {
        var before = buckets[0].Count;
        foreach (ref var bucket in buckets[1..])
        {
            if (bucket.Count < before || IsNearlyEqual(before, bucket.Count)) bucket.Count = before;
            else before = bucket.Count;
        }
    }

    private static bool IsNearlyEqual(double a, double b)
    {
        if (a == b || (double.IsNaN(a) && double.IsNaN(b))) return true;
        var (both, difference) = (Math.Abs(a) + Math.Abs(b), Math.Abs(a - b));
        return a == 0 || b == 0 || both < MinNormal
            ? difference < Tolerance * MinNormal
            : difference / Math.Min(both, double.MaxValue) < Tolerance;
    }
}
