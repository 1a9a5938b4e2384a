using System.Text;

namespace LifecycleManager.Metrics.Exposition;

/// <summary>Walks over the labels of a sample that an <see cref="ExpositionReader"/> has found well-formed.</summary>
/// <param name="labels"><see cref="ExpositionReader.Labels"/>.</param>
public ref struct LabelReader(ReadOnlySpan<byte> labels)
{
    private ReadOnlySpan<byte> _rest = labels;

    /// <summary>The label's name.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>The label's value with its escapes.</summary>
    public ReadOnlySpan<byte> RawValue { get; private set; }

    /// <summary>The label's value.</summary>
    public readonly string Value => Unescape(RawValue);

    /// <summary>Goes to the next label.</summary>
    public bool Read()
    {
        var rest = _rest.TrimStart(" \t,"u8);
        var equals = rest.IndexOf((byte)'=');
        if (equals < 0) return false;
        Name = rest[..equals].TrimEnd(" \t"u8);
        rest = rest[(equals + 1)..].TrimStart(" \t"u8)[1..];
        var end = 0;
        while (rest[end] != '"') end += rest[end] == '\\' ? 2 : 1;
        RawValue = rest[..end];
        _rest = rest[(end + 1)..];
        return true;
    }

    /// <summary>Resolves <c>\\</c>, <c>\"</c> and <c>\n</c>; any other backslash stands for itself.</summary>
    public static string Unescape(ReadOnlySpan<byte> raw)
    {
        if (raw.IndexOf((byte)'\\') < 0) return Encoding.UTF8.GetString(raw);
        var value = new byte[raw.Length];
        var length = 0;
        for (var i = 0; i < raw.Length; i++)
        {
            var b = raw[i];
            if (b == '\\' && i + 1 < raw.Length && raw[i + 1] is (byte)'\\' or (byte)'"' or (byte)'n')
                b = raw[++i] == 'n' ? (byte)'\n' : raw[i];
            value[length++] = b;
        }

        return Encoding.UTF8.GetString(value, 0, length);
    }
}
