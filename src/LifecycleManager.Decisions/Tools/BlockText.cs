using LifecycleManager.Decisions.Policies.Reading;

namespace LifecycleManager.Decisions.Tools;

/// <summary>A text over several lines, <c>|</c> or <c>&gt;</c>, as its file has it.</summary>
/// <param name="Header">What stands behind the key: <c>|</c>, <c>&gt;-</c>.</param>
/// <param name="Lines">The lines, without what all of them are indented by.</param>
internal sealed record BlockText(string Header, IReadOnlyList<string> Lines)
{
    /// <summary>The text of a scalar; null where it states its indentation itself, or has no line.</summary>
    /// <param name="source">The file's text.</param>
    /// <param name="scalar">The scalar, which is such a text.</param>
    public static BlockText? Of(string source, YamlScalar scalar)
    {
        var (start, end) = ((int)scalar.Start.Index, Math.Min((int)scalar.End.Index, source.Length));
        var all = source[start..end].ReplaceLineEndings("\n").Split('\n');
        var header = all[0].Split(' ', '\t')[0];
        if (header.Any(char.IsAsciiDigit)) return null;
        var lines = all.Skip(1).ToList();
        // Behind the last line stands the indentation of what comes next; before that blank lines, which count where it says so.
        if (lines.Count > 0 && string.IsNullOrWhiteSpace(lines[^1])) lines.RemoveAt(lines.Count - 1);
        while (!header.Contains('+') && lines.Count > 0 && string.IsNullOrWhiteSpace(lines[^1])) lines.RemoveAt(lines.Count - 1);
        if (lines.Find(line => !string.IsNullOrWhiteSpace(line)) is not { } first) return null;
        var indent = first.Length - first.TrimStart(' ').Length;
        // At the end of a file whose last line has no end.
        if (header is "|" or ">" && !scalar.Value.EndsWith('\n')) header += "-";
        return new BlockText(header, [.. lines.Select(line => line.Length > indent ? line[indent..] : "")]);
    }

    /// <summary>Whether a node is such a text, or has one in it.</summary>
    public static bool IsIn(YamlNode node) => node switch
    {
        YamlScalar scalar => scalar.IsBlock,
        YamlMap map => map.Entries.Exists(entry => IsIn(entry.Value)),
        YamlList list => list.Items.Exists(IsIn),
        _ => false,
    };
}
