using System.Text.RegularExpressions;

namespace LifecycleManager.Testing;

/// <summary>What an expression of PromQL names, as far as dashboards and rules go.</summary>
public static partial class PromQlNames
{
    private static readonly HashSet<string> Words = ["and", "or", "unless", "bool", "offset", "inf", "nan"];

    /// <summary>The metrics that it selects, each with the labels of its matchers.</summary>
    public static IReadOnlyList<(string Metric, IReadOnlyList<string> Labels)> Selectors(string expression) =>
    [
        .. Selector().Matches(Stripped(expression)).Where(match => !Words.Contains(match.Groups["name"].Value))
            .Select(match => (match.Groups["name"].Value, (IReadOnlyList<string>)
                [.. Matcher().Matches(match.Groups["matchers"].Value).Select(label => label.Groups[1].Value)])),
    ];

    /// <summary>The selectors as they are written, to be asked on their own.</summary>
    public static IEnumerable<string> SelectorTexts(string expression) =>
        WholeSelector().Matches(Grouping().Replace(Range().Replace(expression, ""), ""))
            .Where(match => !Words.Contains(match.Groups["name"].Value)).Select(match => match.Value.Trim());

    /// <summary>The labels by which it groups and joins.</summary>
    public static IReadOnlyList<string> Labels(string expression) =>
    [
        .. Grouping().Matches(Text().Replace(expression, "\"\""))
            .SelectMany(match => match.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries
                | StringSplitOptions.RemoveEmptyEntries)).Distinct(),
    ];

    private static string Stripped(string expression) =>
        Grouping().Replace(Range().Replace(Text().Replace(expression, "\"\""), ""), "");

    [GeneratedRegex(@"""(?:[^""\\]|\\.)*""")]
    private static partial Regex Text();

    [GeneratedRegex(@"\[[^\]]*\]")]
    private static partial Regex Range();

    [GeneratedRegex(@"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")]
    private static partial Regex Grouping();

    [GeneratedRegex(@"(?<![\w:"".])(?<name>[a-zA-Z_:][\w:]*)(?![\w:])(?!\s*\()(?:\{(?<matchers>[^}]*)\})?")]
    private static partial Regex Selector();

    [GeneratedRegex(@"(?<![\w:"".])(?<name>[a-zA-Z_:][\w:]*)(?![\w:""])(?!\s*\()(?:\{(?:[^}""]|""[^""]*"")*\})?")]
    private static partial Regex WholeSelector();

    [GeneratedRegex(@"(\w+)\s*(?:=~|!~|!=|=)")]
    private static partial Regex Matcher();
}
