using System.Text.RegularExpressions;

namespace LifecycleManager.Scheduler.Api;

/// <summary>
/// Marathon's label selectors: conditions joined by commas, each <c>key</c>, <c>key==value</c>, <c>key!=value</c>,
/// <c>key in (a, b)</c> or <c>key notin (a, b)</c>.
/// </summary>
internal sealed partial class LabelSelector
{
    private readonly List<(string Key, Kind Kind, HashSet<string> Values)> _conditions = [];

    private enum Kind
    {
        Exists,
        In,
        NotIn,
    }

    /// <summary>Parses.</summary>
    /// <exception cref="ApiException">It is no selector.</exception>
    public static LabelSelector Parse(string text)
    {
        var selector = new LabelSelector();
        var position = 0;
        while (true)
        {
            var match = Condition().Match(text[position..]);
            if (!match.Success)
                throw ApiException.BadRequest($"the label selector '{text}' cannot be read from character {position + 1} on");
            var set = match.Groups["set"];
            var values = set.Success
                ? set.Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                : match.Groups["value"].Success ? [match.Groups["value"].Value] : [];
            var kind = match.Groups["op"].Value.ToLowerInvariant() switch
            {
                "" => Kind.Exists,
                "!=" or "notin" => Kind.NotIn,
                _ => Kind.In,
            };
            selector._conditions.Add((match.Groups["key"].Value, kind, [.. values.Select(Unescape)]));
            position += match.Length;
            if (position == text.Length) return selector;
            if (text[position] != ',')
                throw ApiException.BadRequest($"the label selector '{text}' cannot be read from character {position + 1} on");
            position++;
        }
    }

    /// <summary>Whether all conditions hold.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> labels) => _conditions.TrueForAll(condition => condition.Kind switch
    {
        Kind.Exists => labels.ContainsKey(condition.Key),
        Kind.In => labels.TryGetValue(condition.Key, out var value) && condition.Values.Contains(value),
        _ => !(labels.TryGetValue(condition.Key, out var value) && condition.Values.Contains(value)),
    });

    // Marathon lets a backslash precede what is not a plain character.
    private static string Unescape(string value) => value.Replace("\\", "", StringComparison.Ordinal);

    [GeneratedRegex(
        @"^\s*(?<key>[A-Za-z0-9_.\-/]+)\s*(?:(?<op>==|=|!=)\s*(?<value>(?:\\.|[^\s,()=!\\])+)|(?<op>(?i:notin|in))\s*\((?<set>[^()]*)\))?\s*",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Condition();
}
