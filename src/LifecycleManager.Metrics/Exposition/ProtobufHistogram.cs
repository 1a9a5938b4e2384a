using LifecycleManager.Metrics.Core.Windows;

namespace LifecycleManager.Metrics.Exposition;

/// <summary>Takes a <c>Histogram</c> message apart: classic buckets, a native histogram, or both.</summary>
internal struct ProtobufHistogram
{
    // A client keeps 160 buckets by default; what has more is kept coarser, so that memory is bounded.
    private const int MostBuckets = 320;
    private const int CustomSchema = -53;
    private const int MostIndex = 1 << 30;
    private const string Unfit = "the spans of a native histogram do not fit its buckets";

    private double _count;
    private double _countFloat;
    private double _sum;
    private double _zeroCount;
    private double _zeroThreshold;
    private int _schema;
    private bool _isFloat;
    private bool _isNative;
    private Signed _negative;
    private Signed _positive;

    /// <summary>
    /// Adds the samples: count, sum, the native histogram where there is one, the buckets. A native histogram that cannot be read
    /// is passed over where there are classic buckets, and else says why.
    /// </summary>
    /// <exception cref="FormatException">The message is damaged.</exception>
    public static void Read(ReadOnlySpan<byte> message, List<MetricSample> into)
    {
        var histogram = new ProtobufHistogram();
        var first = into.Count;
        into.Add(default);
        into.Add(default);
        var wire = new ProtobufWire(message);
        while (wire.Read())
        {
            if (wire.Field == 3) into.Add(ReadBucket(wire.Bytes));
            else histogram.Take(in wire);
        }

        var count = histogram._countFloat > 0 ? histogram._countFloat : histogram._count;
        into[first] = new MetricSample(SampleKind.Count, count);
        into[first + 1] = new MetricSample(SampleKind.Sum, histogram._sum);
        var hasBuckets = into.Count > first + 2;
        var unreadable = histogram._isNative ? histogram.Unreadable : null;
        if (histogram._isNative && unreadable is null)
            into.Insert(first + 2, new MetricSample(SampleKind.Value, count, Histogram: histogram.ToNative(count)));
        else if (unreadable is not null && !hasBuckets)
            into.Add(new MetricSample(SampleKind.Value, count) { Unreadable = unreadable });
        if ((hasBuckets || !histogram._isNative) && !double.IsPositiveInfinity(into[^1].Bound))
            into.Add(new MetricSample(SampleKind.Bucket, count, double.PositiveInfinity));
    }

    private static MetricSample ReadBucket(ReadOnlySpan<byte> message)
    {
        var (count, bound) = (0.0, 0.0);
        var bucket = new ProtobufWire(message);
        while (bucket.Read())
        {
            if (bucket.Field == 1) count = bucket.Number;
            else if (bucket.Field == 2) bound = bucket.Double;
            else if (bucket.Field == 4 && bucket.Double > 0) count = bucket.Double;
        }

        return new MetricSample(SampleKind.Bucket, count, bound);
    }

    private void Take(in ProtobufWire wire)
    {
        switch (wire.Field)
        {
            case 1: _count = wire.Number; break;
            case 2: _sum = wire.Double; break;
            case 4: _isFloat |= (_countFloat = wire.Double) > 0; break;
            case 5: _schema = (int)wire.Signed; break;
            case 6: _isNative |= (_zeroThreshold = wire.Double) > 0; break;
            case 7: _isNative |= (_zeroCount = wire.Number) > 0; break;
            case 8 when wire.Double > 0: (_isNative, _isFloat, _zeroCount) = (true, true, wire.Double); break;
            case 9: AddSpan(wire.Bytes, _negative.Spans ??= []); break;
            case 10: wire.AddSigned(_negative.Deltas ??= []); break;
            case 11: wire.AddDoubles(_negative.Counts ??= []); break;
            case 12: AddSpan(wire.Bytes, _positive.Spans ??= []); break;
            case 13: wire.AddSigned(_positive.Deltas ??= []); break;
            case 14: wire.AddDoubles(_positive.Counts ??= []); break;
        }
    }

    // A span without buckets says of a histogram without observations that it is native.
    private void AddSpan(ReadOnlySpan<byte> message, List<(long Offset, ulong Length)> into)
    {
        _isNative = true;
        var (offset, length) = (0L, 0UL);
        var span = new ProtobufWire(message);
        while (span.Read())
        {
            if (span.Field == 1) offset = span.Signed;
            else if (span.Field == 2) length = span.Number;
        }

        into.Add((offset, length));
    }

    // The messages have no field for the bounds of custom buckets, so that Prometheus cannot take them either.
    private readonly string? Unreadable => _schema switch
    {
        >= NativeHistogram.MinSchema and <= NativeHistogram.MaxReservedSchema => null,
        CustomSchema => $"custom buckets (schema {CustomSchema}), whose bounds the format does not carry",
        _ => $"buckets of the unknown schema {_schema}",
    };

    private readonly NativeHistogram ToNative(double count)
    {
        var (negative, positive) = (_negative.ToBuckets(_isFloat), _positive.ToBuckets(_isFloat));
        if (!_isFloat) Check(count, _zeroCount + Sum(negative) + Sum(positive));
        var histogram = new NativeHistogram
        {
            Schema = _schema,
            ZeroThreshold = _zeroThreshold,
            ZeroCount = _zeroCount,
            Count = count,
            Sum = _sum,
            Negative = negative,
            Positive = positive,
        }.ToSchema(NativeHistogram.MaxSchema);
        while (histogram.Schema > NativeHistogram.MinSchema
            && histogram.Negative.Length + histogram.Positive.Length > MostBuckets)
            histogram = histogram.ToSchema(histogram.Schema - 1);
        return histogram;
    }

    // What was no number is in no bucket, and makes the sum none.
    private readonly void Check(double count, double inBuckets)
    {
        if (inBuckets > count || (inBuckets < count && !double.IsNaN(_sum)))
            throw new FormatException($"a native histogram of {count} observations has {inBuckets} in its buckets");
    }

    private static double Sum(NativeBuckets buckets)
    {
        var sum = 0.0;
        foreach (var count in buckets.Counts) sum += count;
        return sum;
    }

    /// <summary>The buckets of one sign as they come: runs of indexes, and each count's difference from the one before.</summary>
    private struct Signed
    {
        public List<(long Offset, ulong Length)>? Spans;
        public List<double>? Deltas;
        public List<double>? Counts;

        public readonly NativeBuckets ToBuckets(bool isFloat)
        {
            var given = (isFloat ? Counts : Deltas) ?? [];
            var (indexes, counts) = (new List<int>(given.Count), new List<double>(given.Count));
            var (index, taken, count) = (0L, 0, 0.0);
            foreach (var (offset, length) in Spans ?? [])
            {
                index += offset;
                if (length > (ulong)(given.Count - taken) || Math.Abs(index) > MostIndex || (taken > 0 && offset < 0))
                    throw new FormatException(Unfit);
                for (var i = 0UL; i < length; i++, index++)
                {
                    count = isFloat ? given[taken] : count + given[taken];
                    taken++;
                    if (count < 0 || double.IsNaN(count)) throw new FormatException("a native histogram has a bucket below 0");
                    if (count == 0) continue;
                    indexes.Add((int)index);
                    counts.Add(count);
                }
            }

            return taken == given.Count
                ? new NativeBuckets([.. indexes], [.. counts])
                : throw new FormatException(Unfit);
        }
    }
}
