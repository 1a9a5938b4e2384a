using System.Buffers;
using LifecycleManager.Metrics.Core.Windows;

namespace LifecycleManager.Metrics.Series;

/// <summary>
/// What several histograms come to together: classic buckets in pooled memory, and the sum of native histograms.
/// </summary>
internal ref struct HistogramParts
{
    private Bucket[]? _buckets;
    private int _count;
    private NativeHistogram? _native;

    private readonly Span<Bucket> Buckets => _buckets.AsSpan(0, _count);

    /// <summary>
    /// Why there is no quantile: there was no observation, or text has shown no more of the histogram than how many there were.
    /// </summary>
    public readonly string NoQuantile => _native is null && HasInfinityAlone
        ? "the histogram has no bucket but +Inf: it is native, which text cannot carry; let the target answer in protobuf"
        : "the histogram has no observation in the window";

    /// <summary>Whether it is whole and has no observation.</summary>
    public readonly bool IsEmpty => _native is null
        ? HistogramQuantile.IsEmpty(Buckets)
        : _native.Count == 0 && (_count == 0 || HistogramQuantile.IsEmpty(Buckets));

    /// <summary>Adds a bucket's count or rate.</summary>
    public void Add(Bucket bucket)
    {
        if (_buckets is null || _count == _buckets.Length)
        {
            var larger = ArrayPool<Bucket>.Shared.Rent(Math.Max(64, _count * 2));
            Buckets.CopyTo(larger);
            if (_buckets is not null) ArrayPool<Bucket>.Shared.Return(_buckets);
            _buckets = larger;
        }

        _buckets[_count++] = bucket;
    }

    /// <summary>Adds a native histogram, or its rate.</summary>
    public void Add(NativeHistogram histogram) => _native = _native?.Add(histogram) ?? histogram;

    /// <summary>
    /// Estimates a quantile of all together; NaN where there is none. Beside classic buckets, as while an app's instances change
    /// over, native ones are counted up to the classic bounds.
    /// </summary>
    public double Quantile(double quantile)
    {
        if (_native is null) return HistogramQuantile.Estimate(quantile, Buckets);
        if (_count == 0) return NativeDistribution.Quantile(quantile, _native);
        var classic = _count;
        Buckets.Sort();
        for (var i = 0; i < classic; i++)
        {
            var bound = _buckets![i].UpperBound;
            if (i == 0 || bound != _buckets[i - 1].UpperBound)
                Add(new Bucket(bound, NativeDistribution.CountUpTo(bound, _native)));
        }

        return HistogramQuantile.Estimate(quantile, Buckets);
    }

    private readonly bool HasInfinityAlone
    {
        get
        {
            var count = 0.0;
            foreach (var bucket in Buckets)
            {
                if (!double.IsPositiveInfinity(bucket.UpperBound)) return false;
                count += bucket.Count;
            }

            return count > 0;
        }
    }

    public readonly void Dispose()
    {
        if (_buckets is not null) ArrayPool<Bucket>.Shared.Return(_buckets);
    }
}
