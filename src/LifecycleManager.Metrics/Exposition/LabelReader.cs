using System.Text;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Exposition;

/// <summary>Walks over the labels of a sample that a reader has found well-formed.</summary>
/// <param name="labels"><see cref="ExpositionReader.Labels"/>; a metric's name among them is passed over.</param>
/// <param name="type">
/// The type that they stand under: <c>le</c> of a histogram and <c>quantile</c> of a summary are numbers, and read as
/// <see cref="NumericLabel"/> writes them.
/// </param>
public ref struct LabelReader(ReadOnlySpan<byte> labels, MetricType type = MetricType.Unknown)
{
    private ReadOnlySpan<byte> _rest = labels;

    /// <summary>The label's name.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>The label's value with its escapes, as it stands in the text.</summary>
    public ReadOnlySpan<byte> RawValue { get; private set; }

    /// <summary>The label's value.</summary>
    public readonly string Value => IsNumber ? NumericLabel.Normalize(Unescape(RawValue)) : Unescape(RawValue);

    private readonly bool IsNumber => type switch
    {
        MetricType.Histogram => Name.SequenceEqual("le"u8),
        MetricType.Summary => Name.SequenceEqual("quantile"u8),
        _ => false,
    };

    /// <summary>Goes to the next label.</summary>
    public bool Read()
    {
        while (true)
        {
            var rest = _rest.TrimStart(" \t,"u8);
            if (rest.IsEmpty) return false;
            var quoted = rest[0] == '"';
            var end = quoted ? ExpositionBytes.StringEnd(rest, 0, open: false) : rest.IndexOfAny("= \t"u8);
            if (end < 0) return false;
            Name = quoted ? UnescapeName(rest[1..(end - 1)]) : rest[..end];
            _rest = rest = rest[end..].TrimStart(" \t"u8);
            if (rest.IsEmpty || rest[0] != '=') continue;
            rest = rest[1..].TrimStart(" \t"u8);
            end = ExpositionBytes.StringEnd(rest, 0, open: false);
            RawValue = rest[1..(end - 1)];
            _rest = rest[end..];
            return true;
        }
    }

    /// <summary>Resolves <c>\\</c>, <c>\"</c> and <c>\n</c>; any other backslash stands for itself.</summary>
    public static string Unescape(ReadOnlySpan<byte> raw) => Encoding.UTF8.GetString(UnescapeName(raw));

    /// <summary>The same as bytes; allocates where there is a backslash only.</summary>
    internal static ReadOnlySpan<byte> UnescapeName(ReadOnlySpan<byte> raw)
    {
        if (raw.IndexOf((byte)'\\') < 0) return raw;
        var value = new byte[raw.Length];
        var length = 0;
        for (var i = 0; i < raw.Length; i++)
        {
            var b = raw[i];
            if (b == '\\' && i + 1 < raw.Length && raw[i + 1] is (byte)'\\' or (byte)'"' or (byte)'n')
                b = raw[++i] == 'n' ? (byte)'\n' : raw[i];
            value[length++] = b;
        }

        return value.AsSpan(0, length);
    }
}
