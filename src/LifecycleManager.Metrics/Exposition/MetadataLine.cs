namespace LifecycleManager.Metrics.Exposition;

/// <summary>Which metadata a line holds.</summary>
internal enum MetadataKind
{
    /// <summary><c>HELP</c></summary>
    Help,

    /// <summary><c>TYPE</c></summary>
    Type,

    /// <summary><c>UNIT</c>, in OpenMetrics.</summary>
    Unit,
}

/// <summary>Checks what follows <c>HELP</c>, <c>TYPE</c> or <c>UNIT</c>: a metric's name and a text.</summary>
internal static class MetadataLine
{
    /// <summary>
    /// What is wrong; null where nothing is. As in Prometheus, the one character after the name may be any in old text.
    /// </summary>
    /// <param name="rest">The rest of the line, from the name on.</param>
    /// <param name="kind">What the line says it is.</param>
    /// <param name="open">Whether it is OpenMetrics.</param>
    /// <param name="type">What a type line says; else left as it is.</param>
    /// <param name="offset">Where it is wrong.</param>
    public static string? Check(
        ReadOnlySpan<byte> rest, MetadataKind kind, bool open, ref MetricType type, out int offset)
    {
        offset = 0;
        var quoted = rest.Length > 0 && rest[0] == '"';
        var length = quoted ? ExpositionBytes.StringEnd(rest, 0, open) : rest.IndexOfAnyExcept(ExpositionBytes.Name);
        if (length < 0 && quoted) return "the quoted name has no end";
        if (length < 0) length = rest.Length;
        if (length == 0 || char.IsAsciiDigit((char)rest[0])) return "a metric name is needed";
        var name = quoted ? rest[1..(length - 1)] : rest[..length];
        offset = length;
        if (open && (length == rest.Length || rest[length] != ' ')) return "a space is needed after the name";
        var value = length + 1 < rest.Length ? rest[(length + 1)..] : default;
        offset = rest.Length - value.Length;
        if (kind == MetadataKind.Type && !TryType(value, open, ref type)) return "the metric type is unknown";
        if (kind == MetadataKind.Help && ExpositionBytes.ValidLength(value) is var valid && valid < value.Length)
        {
            offset += valid;
            return "invalid UTF-8";
        }

        var isSuffix = name.EndsWith(value) && name.Length > value.Length && name[^(value.Length + 1)] == '_';
        return kind == MetadataKind.Unit && !value.IsEmpty && !isSuffix ? "the unit is not a suffix of the name" : null;
    }

    private static bool TryType(ReadOnlySpan<byte> word, bool open, ref MetricType type)
    {
        MetricType? found = word switch
        {
            _ when word.SequenceEqual("counter"u8) => MetricType.Counter,
            _ when word.SequenceEqual("gauge"u8) => MetricType.Gauge,
            _ when word.SequenceEqual("histogram"u8) => MetricType.Histogram,
            _ when word.SequenceEqual("summary"u8) => MetricType.Summary,
            _ when !open => word.SequenceEqual("untyped"u8) ? MetricType.Unknown : null,
            _ when word.SequenceEqual("unknown"u8) => MetricType.Unknown,
            _ when word.SequenceEqual("gaugehistogram"u8) => MetricType.GaugeHistogram,
            _ when word.SequenceEqual("info"u8) => MetricType.Info,
            _ when word.SequenceEqual("stateset"u8) => MetricType.StateSet,
            _ => null,
        };
        type = found ?? type;
        return found is not null;
    }
}
