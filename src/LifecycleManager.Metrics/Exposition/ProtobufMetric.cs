using System.Text.Unicode;
using LifecycleManager.Metrics.Core.Windows;

namespace LifecycleManager.Metrics.Exposition;

/// <summary>A sample that a protobuf metric comes to.</summary>
/// <param name="Kind">What it is of the metric.</param>
/// <param name="Value">Its value.</param>
/// <param name="Bound">A bucket's upper bound, or a quantile.</param>
/// <param name="Histogram">The native histogram, where it is one.</param>
internal readonly record struct MetricSample(
    SampleKind Kind, double Value, double Bound = double.NaN, NativeHistogram? Histogram = null)
{
    /// <summary>What the native histogram has that keeps it from being read; null where it is read, or is none.</summary>
    public string? Unreadable { get; init; }

    /// <summary>What stands behind the family's name.</summary>
    public ReadOnlySpan<byte> Ending => Kind switch
    {
        SampleKind.Count => "_count"u8,
        SampleKind.Sum => "_sum"u8,
        SampleKind.Bucket => "_bucket"u8,
        _ => default,
    };

    /// <summary>The label that holds the bound; empty where there is none.</summary>
    public ReadOnlySpan<byte> Label => Kind switch
    {
        SampleKind.Bucket => "le"u8,
        SampleKind.Quantile => "quantile"u8,
        _ => default,
    };
}

/// <summary>What a sample is of its metric.</summary>
internal enum SampleKind
{
    Value,
    Count,
    Sum,
    Bucket,
    Quantile,
}

/// <summary>Takes a <c>Metric</c> message apart into samples.</summary>
internal static class ProtobufMetric
{
    /// <summary>Adds the samples.</summary>
    /// <param name="message">The message.</param>
    /// <param name="type">The type of its family.</param>
    /// <param name="into">Where they go.</param>
    /// <returns>The metric's own time in milliseconds since 1970; null where it has none.</returns>
    /// <exception cref="FormatException">The message is damaged, or is not of the type.</exception>
    public static long? Read(ReadOnlySpan<byte> message, MetricType type, List<MetricSample> into)
    {
        var field = type switch
        {
            MetricType.Gauge => 2,
            MetricType.Counter => 3,
            MetricType.Summary => 4,
            MetricType.Unknown => 5,
            _ => 7,
        };
        var (found, time) = (false, 0L);
        var metric = new ProtobufWire(message);
        while (metric.Read())
        {
            if (metric.Field == 1) CheckLabel(metric.Bytes);
            else if (metric.Field == 6) time = (long)metric.Number;
            if (metric.Field != field) continue;
            found = true;
            if (type == MetricType.Summary) ReadSummary(metric.Bytes, into);
            else if (field == 7) ProtobufHistogram.Read(metric.Bytes, into);
            else ReadValue(metric.Bytes, into);
        }

        if (!found) throw new FormatException($"a metric of the type {type} has no value of that type");
        return time == 0 ? null : time;
    }

    private static void CheckLabel(ReadOnlySpan<byte> message)
    {
        var hasName = false;
        var pair = new ProtobufWire(message);
        while (pair.Read())
        {
            if (pair.Field is not (1 or 2)) continue;
            hasName |= pair.Field == 1 && !pair.Bytes.IsEmpty;
            if (!Utf8.IsValid(pair.Bytes)) throw new FormatException("a label is not UTF-8");
        }

        if (!hasName) throw new FormatException("a label has no name");
    }

    private static void ReadValue(ReadOnlySpan<byte> message, List<MetricSample> into)
    {
        var value = 0.0;
        var wire = new ProtobufWire(message);
        while (wire.Read())
        {
            if (wire.Field == 1) value = wire.Double;
        }

        into.Add(new MetricSample(SampleKind.Value, value));
    }

    private static void ReadSummary(ReadOnlySpan<byte> message, List<MetricSample> into)
    {
        var (count, sum) = (0.0, 0.0);
        var first = into.Count;
        into.Add(default);
        into.Add(default);
        var summary = new ProtobufWire(message);
        while (summary.Read())
        {
            if (summary.Field == 1) count = summary.Number;
            else if (summary.Field == 2) sum = summary.Double;
            if (summary.Field != 3) continue;
            var (bound, value) = (0.0, 0.0);
            var quantile = new ProtobufWire(summary.Bytes);
            while (quantile.Read())
            {
                if (quantile.Field == 1) bound = quantile.Double;
                else if (quantile.Field == 2) value = quantile.Double;
            }

            into.Add(new MetricSample(SampleKind.Quantile, value, bound));
        }

        into[first] = new MetricSample(SampleKind.Count, count);
        into[first + 1] = new MetricSample(SampleKind.Sum, sum);
    }
}
