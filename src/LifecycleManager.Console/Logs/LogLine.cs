using System.Globalization;
using System.Text;

namespace LifecycleManager.Console.Logs;

/// <summary>What a line is.</summary>
public enum LogKind
{
    /// <summary>Standard output.</summary>
    Out,

    /// <summary>Standard error.</summary>
    Error,

    /// <summary>A word of the page's own about the log.</summary>
    Note,
}

/// <summary>A line of a log, as a page shows it.</summary>
/// <param name="Number">Counts the lines of the page.</param>
/// <param name="Source">Whose it is.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Text">The text, without anything that is no text.</param>
public sealed record LogLine(long Number, string Source, LogKind Kind, string Text)
{
    /// <summary>What is shown of a line, in characters.</summary>
    public const int Longest = 2_000;

    /// <summary>
    /// A line's bytes as text for a page: without sequences that color a terminal, with a sign in place of each control character
    /// and of what is no UTF-8; the end of a long one is left out, and told.
    /// </summary>
    public static string Shown(ReadOnlySpan<byte> line)
    {
        // Of a long one no more is looked at than is shown: a character has four bytes at most, and a sequence is short.
        const int Looked = Longest * 8;
        var isCut = line.Length > Looked;
        var text = Encoding.UTF8.GetString(isCut ? line[..Looked] : line);
        var shown = new StringBuilder(Math.Min(text.Length, Longest));
        var at = 0;
        while (at < text.Length && shown.Length < Longest)
        {
            if (text[at] == '\u001b' && SequenceEnd(text, at) is var end && end > at + 1) at = end;
            else Add(shown, text[at++]);
        }

        if (at < text.Length || isCut)
            shown.Append(
                CultureInfo.InvariantCulture, $" … (the line has {line.Length} bytes: what is left out is in the file)");
        return shown.ToString();
    }

    private static void Add(StringBuilder shown, char character)
    {
        if (character == '\t') shown.Append("    ");
        else if (char.IsControl(character) || IsTurning(character)) shown.Append('\uFFFD');
        else shown.Append(character);
    }

    // What turns the direction of the text behind it could have a line read as another.
    private static bool IsTurning(char character) =>
        character is >= '\u202A' and <= '\u202E' or >= '\u2066' and <= '\u2069' or '\u2028' or '\u2029';

    // ESC [ 31 m
    private static int SequenceEnd(string text, int at)
    {
        if (at + 1 >= text.Length || text[at + 1] != '[') return at;
        for (var end = at + 2; end < text.Length; end++)
        {
            if (text[end] is >= '@' and <= '~') return end + 1;
            if (text[end] is < ' ' or > '?') return at;
        }

        return at;
    }
}
