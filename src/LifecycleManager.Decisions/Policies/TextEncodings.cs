using System.Text;

namespace LifecycleManager.Decisions.Policies;

/// <summary>What is said of texts that are not in UTF-8.</summary>
internal static class TextEncodings
{
    /// <summary>That a file is in UTF-16, by the mark at its start.</summary>
    public static string Utf16 { get; } = "it is in UTF-16; " + Remedy("UTF-16");

    /// <summary>Whether a text was read as UTF-16.</summary>
    public static bool IsUtf16(Encoding encoding) => encoding.CodePage is 1200 or 1201;

    /// <summary>The first character by which a text shows that it was not in UTF-8; null where there is none.</summary>
    /// <param name="text">The text, as UTF-8 was read of it.</param>
    /// <returns>The character's place, and what is said of it.</returns>
    public static (int Offset, string Message)? Foreign(string text)
    {
        var at = text.AsSpan().IndexOfAny('\0', '\uFFFD');
        if (at < 0) return null;
        return (at, text[at] == '\0'
            ? "a NUL character: it is no text, or in UTF-16 without its mark; " + Remedy("UTF-16LE")
            : "no character of UTF-8: the file may be in Latin-1; " + Remedy("LATIN1"));
    }

    private static string Remedy(string encoding) => $"save it as UTF-8, for one by 'iconv -f {encoding} -t UTF-8'";
}

/// <summary>A file that should be in UTF-8 is in UTF-16, by its mark.</summary>
/// <param name="text">What it says.</param>
internal sealed class Utf16Exception(string text) : IOException(TextEncodings.Utf16)
{
    public string Text => text;
}
