using System.Buffers;
using System.Globalization;
using System.Text;

namespace LifecycleManager.Cli.Commands.Operating.Output;

/// <summary>
/// Text from outside as it may be written to a terminal: what a terminal would act on (control characters, and with them all
/// escape sequences; characters that turn the direction of what follows) is written by its number instead.
/// </summary>
internal static class SafeText
{
    // What stands below a space, DEL and C1; line and paragraph separators; marks of direction.
    private static readonly SearchValues<char> Unsafe = SearchValues.Create([
        .. Enumerable.Range(0, 0x20).Select(code => (char)code),
        .. Enumerable.Range(0x7f, 0x21).Select(code => (char)code),
        '\u061c', '\u200e', '\u200f', '\u2028', '\u2029',
        .. Enumerable.Range(0x202a, 5).Select(code => (char)code),
        .. Enumerable.Range(0x2066, 4).Select(code => (char)code),
        '\ufeff',
    ]);

    /// <summary>One line of it: breaks of lines, too, are written by their number.</summary>
    public static string Line(string? text)
    {
        if (text is null) return "";
        return text.AsSpan().IndexOfAny(Unsafe) < 0 ? text : Escape(text, keepTabs: false);
    }

    /// <summary>A line of a log: the same, with its tabs.</summary>
    public static string LogLine(ReadOnlySpan<byte> utf8)
    {
        var text = Encoding.UTF8.GetString(utf8);
        return text.AsSpan().IndexOfAny(Unsafe) < 0 ? text : Escape(text, keepTabs: true);
    }

    private static string Escape(string text, bool keepTabs)
    {
        var safe = new StringBuilder(text.Length + 16);
        foreach (var c in text)
        {
            if (!Unsafe.Contains(c) || (keepTabs && c == '\t')) safe.Append(c);
            else if (c == '\t') safe.Append(' ');
            else if (c == '\n') safe.Append("\\n");
            else if (c == '\r') safe.Append("\\r");
            else if (c <= 0xff) safe.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}");
            else safe.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
        }

        return safe.ToString();
    }
}
