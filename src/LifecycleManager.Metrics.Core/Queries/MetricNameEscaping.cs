using System.Globalization;
using System.Text;

namespace LifecycleManager.Metrics.Core.Queries;

/// <summary>How an endpoint writes names that the format of old has no bytes for; <c>escaping=</c> of a content type.</summary>
public enum NameEscaping
{
    /// <summary><c>allow-utf-8</c>: as they are, in quotes.</summary>
    AllowUtf8,

    /// <summary><c>underscores</c>: each such character an underscore; cannot be undone.</summary>
    Underscores,

    /// <summary><c>dots</c>: a dot is <c>_dot_</c>, an underscore two, any other such character two.</summary>
    Dots,

    /// <summary><c>values</c>: behind <c>U__</c> each such character its number between underscores, an underscore two.</summary>
    Values,
}

/// <summary>The names of metrics and labels under the schemes of Prometheus 3.</summary>
public static class MetricNameEscaping
{
    private const string ValuesPrefix = "U__";
    private const string Dot = "_dot_";

    /// <summary>Whether a metric's name needs no quotes and no escaping: letters, digits, <c>_</c> and <c>:</c>.</summary>
    public static bool IsLegacy(string name)
    {
        for (var i = 0; i < name.Length; i++)
        {
            if (!IsLegacy(name[i], i)) return false;
        }

        return name.Length > 0;
    }

    /// <summary>The scheme of a content type's <c>escaping</c>; null where it names none that is known.</summary>
    public static NameEscaping? Parse(string scheme) => scheme switch
    {
        "allow-utf-8" => NameEscaping.AllowUtf8,
        "underscores" => NameEscaping.Underscores,
        "dots" => NameEscaping.Dots,
        "values" => NameEscaping.Values,
        _ => null,
    };

    /// <summary>A name as an endpoint writes it under a scheme.</summary>
    public static string Escape(string name, NameEscaping scheme)
    {
        if (name.Length == 0 || scheme == NameEscaping.AllowUtf8) return name;
        if (scheme != NameEscaping.Dots && IsLegacy(name)) return name;
        var escaped = new StringBuilder(scheme == NameEscaping.Values ? ValuesPrefix : "");
        var place = 0;
        foreach (var rune in name.EnumerateRunes())
        {
            var legacy = IsLegacy(rune.IsBmp ? (char)rune.Value : '\0', place++);
            if (scheme == NameEscaping.Underscores) escaped.Append(legacy ? (char)rune.Value : '_');
            else if (rune.Value == '_') escaped.Append("__");
            else if (scheme == NameEscaping.Dots && rune.Value == '.') escaped.Append(Dot);
            else if (legacy) escaped.Append((char)rune.Value);
            else if (scheme == NameEscaping.Dots) escaped.Append("__");
            else escaped.Append(CultureInfo.InvariantCulture, $"_{rune.Value:x}_");
        }

        return escaped.ToString();
    }

    /// <summary>The name that a scheme has written so; what is not of the scheme stays as it is.</summary>
    public static string Unescape(string escaped, NameEscaping scheme) => scheme switch
    {
        NameEscaping.Dots => escaped.Replace(Dot, ".", StringComparison.Ordinal).Replace("__", "_", StringComparison.Ordinal),
        NameEscaping.Values => UnescapeValues(escaped) ?? escaped,
        _ => escaped,
    };

    /// <summary>
    /// All spellings under which endpoints give a name: itself first. Endings that a metric's kind adds may stand behind what was
    /// escaped, or be escaped with it.
    /// </summary>
    public static IReadOnlyList<string> Spellings(string name)
    {
        if (IsLegacy(name)) return [name];
        var ending = Array.Find(["_bucket", "_count", "_sum", "_total", "_created"],
            ending => name.Length > ending.Length && name.EndsWith(ending, StringComparison.Ordinal)) ?? "";
        var stem = name[..^ending.Length];
        NameEscaping[] schemes = [NameEscaping.AllowUtf8, NameEscaping.Underscores, NameEscaping.Dots, NameEscaping.Values];
        return [.. schemes.SelectMany(scheme => new[] { Escape(name, scheme), Escape(stem, scheme) + ending }).Distinct()];
    }

    // Null where it is not what the scheme writes.
    private static string? UnescapeValues(string escaped)
    {
        if (!escaped.StartsWith(ValuesPrefix, StringComparison.Ordinal)) return null;
        var name = new StringBuilder();
        for (var i = ValuesPrefix.Length; i < escaped.Length; i++)
        {
            if (escaped[i] != '_')
            {
                name.Append(escaped[i]);
                continue;
            }

            if (++i >= escaped.Length) return null;
            if (escaped[i] == '_')
            {
                name.Append('_');
                continue;
            }

            // Prometheus reads five digits at most, which leaves out none but private characters.
            var end = escaped.IndexOf('_', i);
            if (end < 0 || end - i > 5 || !TryHexadecimal(escaped.AsSpan(i, end - i), out var value) || !Rune.IsValid(value))
                return null;
            name.Append(new Rune(value).ToString());
            i = end;
        }

        return name.ToString();
    }

    private static bool TryHexadecimal(ReadOnlySpan<char> text, out int value) =>
        int.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);

    private static bool IsLegacy(char c, int place) =>
        char.IsAsciiLetter(c) || c is '_' or ':' || (char.IsAsciiDigit(c) && place > 0);
}
