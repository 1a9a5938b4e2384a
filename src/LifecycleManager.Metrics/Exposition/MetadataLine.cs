using System.Buffers;

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
    /// <summary>The bytes of metric names.</summary>
    public static readonly SearchValues<byte> NameBytes =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:"u8);

    /// <summary>
    /// What is wrong; null where nothing is. As in Prometheus, the one character after the name may be any in old text.
    /// </summary>
    /// <param name="rest">The rest of the line, from the name on.</param>
    /// <param name="kind">What the line says it is.</param>
    /// <param name="open">Whether it is OpenMetrics.</param>
    /// <param name="offset">Where it is wrong.</param>
    public static string? Check(ReadOnlySpan<byte> rest, MetadataKind kind, bool open, out int offset)
    {
        offset = 0;
        var length = rest.IndexOfAnyExcept(NameBytes);
        if (length < 0) length = rest.Length;
        if (length == 0 || char.IsAsciiDigit((char)rest[0])) return "a metric name is needed";
        offset = length;
        if (open && (length == rest.Length || rest[length] != ' ')) return "a space is needed after the name";
        var value = length + 1 < rest.Length ? rest[(length + 1)..] : default;
        offset = rest.Length - value.Length;
        if (kind == MetadataKind.Type && !IsKnownType(value, open)) return "the metric type is unknown";
        var isSuffix = rest[..length].EndsWith(value) && length > value.Length && rest[length - value.Length - 1] == '_';
        return kind == MetadataKind.Unit && !value.IsEmpty && !isSuffix ? "the unit is not a suffix of the name" : null;
    }

    private static bool IsKnownType(ReadOnlySpan<byte> type, bool open) =>
        type.SequenceEqual("counter"u8) || type.SequenceEqual("gauge"u8) || type.SequenceEqual("histogram"u8)
        || type.SequenceEqual("summary"u8)
        || (open
            ? type.SequenceEqual("unknown"u8) || type.SequenceEqual("info"u8)
                || type.SequenceEqual("stateset"u8) || type.SequenceEqual("gaugehistogram"u8)
            : type.SequenceEqual("untyped"u8));
}
