namespace LifecycleManager.Metrics.Core.Windows;

/// <summary>
/// What a native histogram says of how its observations are spread, as Prometheus' <c>histogram_quantile()</c> and
/// <c>histogram_fraction()</c> (3.16, <c>promql/quantile.go</c>) estimate it: within a bucket on a logarithmic scale, near zero
/// on a linear one.
/// </summary>
public static class NativeDistribution
{
    /// <summary>Estimates a quantile.</summary>
    /// <param name="quantile">0 to 1.</param>
    /// <param name="histogram">The histogram.</param>
    /// <returns>NaN where there is no observation, or the quantile is among those that were no number.</returns>
    public static double Quantile(double quantile, NativeHistogram histogram)
    {
        if (quantile < 0) return double.NegativeInfinity;
        if (quantile > 1) return double.PositiveInfinity;
        if (histogram.Count == 0 || double.IsNaN(quantile)) return double.NaN;

        // What was no number is in no bucket, so that only the lower end is known then.
        var fromBelow = double.IsNaN(histogram.Sum) || quantile < 0.5;
        var ranges = Ranges(histogram);
        var rank = (fromBelow ? quantile : 1 - quantile) * histogram.Count;
        var (range, count) = (default(Range), 0.0);
        for (var i = 0; i < ranges.Count; i++)
        {
            range = ranges[fromBelow ? i : ranges.Count - 1 - i];
            count += range.Count;
            if (count >= rank) break;
        }

        count = Math.Min(count, histogram.Count);
        if (count < rank) return double.IsNaN(histogram.Sum) ? double.NaN : fromBelow ? range.Upper : range.Lower;
        var fraction = (fromBelow ? rank - (count - range.Count) : count - rank) / range.Count;
        return range.At(fraction);
    }

    /// <summary>How many observations, or what rate of them, are at most a value.</summary>
    public static double CountUpTo(double value, NativeHistogram histogram)
    {
        if (double.IsPositiveInfinity(value)) return histogram.Count;
        var rank = 0.0;
        foreach (var range in Ranges(histogram))
        {
            if (range.Lower >= value) return rank;
            if (range.Upper > value) return rank + range.Count * range.FractionBelow(value);
            rank += range.Count;
        }

        return Math.Min(rank, histogram.Count);
    }

    /// <summary>Which share of the observations is between two values.</summary>
    /// <returns>NaN where there is no observation.</returns>
    public static double Fraction(double lower, double upper, NativeHistogram histogram) =>
        histogram.Count == 0 || double.IsNaN(lower) || double.IsNaN(upper) ? double.NaN
        : lower >= upper ? 0
        : (CountUpTo(upper, histogram) - CountUpTo(lower, histogram)) / histogram.Count;

    // The populated buckets, rising.
    private static List<Range> Ranges(NativeHistogram histogram)
    {
        var (negative, positive) = (histogram.Negative, histogram.Positive);
        var ranges = new List<Range>(negative.Length + positive.Length + 1);
        for (var i = negative.Length - 1; i >= 0; i--)
        {
            if (negative.Counts[i] == 0) continue;
            var (lower, upper) = Bounds(histogram, negative.Indexes[i]);
            ranges.Add(new Range(-upper, -lower, negative.Counts[i]));
        }

        if (histogram.ZeroCount > 0)
        {
            // Where all else is of one sign, so is what is near zero.
            var zero = histogram.ZeroThreshold;
            ranges.Add(new Range(
                negative.Length == 0 && positive.Length > 0 ? 0 : -zero,
                positive.Length == 0 && negative.Length > 0 ? 0 : zero, histogram.ZeroCount));
        }

        for (var i = 0; i < positive.Length; i++)
        {
            if (positive.Counts[i] == 0) continue;
            var (lower, upper) = Bounds(histogram, positive.Indexes[i]);
            ranges.Add(new Range(lower, upper, positive.Counts[i]));
        }

        return ranges;
    }

    private static (double Lower, double Upper) Bounds(NativeHistogram histogram, int index)
    {
        var lower = NativeBuckets.Bound(histogram.Schema, index - 1);
        var upper = NativeBuckets.Bound(histogram.Schema, index);
        return (lower < histogram.ZeroThreshold ? Math.Min(histogram.ZeroThreshold, upper) : lower, upper);
    }

    private readonly record struct Range(double Lower, double Upper, double Count)
    {
        private bool IsLinear => Lower <= 0 && Upper >= 0;

        public double At(double fraction)
        {
            if (IsLinear) return Lower + (Upper - Lower) * fraction;
            var (lower, upper) = (Math.Log2(Math.Abs(Lower)), Math.Log2(Math.Abs(Upper)));
            return Lower > 0
                ? Math.Pow(2, lower + (upper - lower) * fraction)
                : -Math.Pow(2, upper + (lower - upper) * (1 - fraction));
        }

        public double FractionBelow(double value)
        {
            if (IsLinear) return (value - Lower) / (Upper - Lower);
            var (lower, upper, at) = (Math.Log2(Math.Abs(Lower)), Math.Log2(Math.Abs(Upper)), Math.Log2(Math.Abs(value)));
            return value > 0 ? (at - lower) / (upper - lower) : 1 - (at - upper) / (lower - upper);
        }
    }
}
