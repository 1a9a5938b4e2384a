using System.Globalization;
using System.Text;

namespace LifecycleManager.Storage.ZooKeeper;

/// <summary>
/// A key as the name of one node: percent signs and bytes for '%', for '/', for what ZooKeeper does not take in a path, and for
/// names of dots alone. The rest is as it is, so that ZooKeeper's own tools show readable names.
/// </summary>
internal static class NodeNames
{
    public static string Escape(string key)
    {
        var dots = key is "." or "..";
        var name = new StringBuilder(key.Length + 8);
        foreach (var rune in key.EnumerateRunes())
        {
            if (dots || rune.Value is '%' or '/' || !IsTaken(rune.Value)) Append(name, rune);
            else name.Append(rune);
        }

        return name.ToString();
    }

    /// <summary>The key of a node's name, or null when it is none of ours.</summary>
    public static string? Unescape(string name)
    {
        if (!name.Contains('%', StringComparison.Ordinal)) return name;
        var bytes = new List<byte>(name.Length);
        for (var i = 0; i < name.Length;)
        {
            if (name[i] == '%')
            {
                if (i + 3 > name.Length || !byte.TryParse(name.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, null,
                    out var value)) return null;
                bytes.Add(value);
                i += 3;
            }
            else
            {
                var end = name.IndexOf('%', i);
                if (end < 0) end = name.Length;
                bytes.AddRange(Encoding.UTF8.GetBytes(name[i..end]));
                i = end;
            }
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    // ZooKeeper refuses control characters, surrogates, the private use area and the specials from U+FFF0.
    private static bool IsTaken(int rune) => rune is > 0x1F and < 0x7F or > 0x9F and < 0xD800 or > 0xF8FF and < 0xFFF0;

    private static void Append(StringBuilder name, Rune rune)
    {
        Span<byte> bytes = stackalloc byte[4];
        var count = rune.EncodeToUtf8(bytes);
        foreach (var value in bytes[..count]) name.Append('%').Append(value.ToString("X2", CultureInfo.InvariantCulture));
    }
}
