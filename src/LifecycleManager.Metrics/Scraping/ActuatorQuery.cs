using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>
/// What a selector asks an actuator of Boot 2 and later for: a metric, a statistic of it, and tags. Of a tag that is compared
/// with <c>=</c> the actuator is asked; values that <c>!= =~ !~</c> accept are looked up and asked for one by one.
/// </summary>
internal sealed class ActuatorQuery
{
    private const string StatisticLabel = "statistic";

    /// <summary>What Boot 1.x puts before the names that an app gives to its metrics, and Boot 2 does not.</summary>
    private static readonly string[] Boot1Prefixes = ["gauge.", "counter."];

    public ActuatorQuery(Selection selection)
    {
        Selection = selection;
        var matchers = selection.Selector.Matchers;
        Statistic = matchers.FirstOrDefault(matcher => matcher.Label == StatisticLabel)?.Value;
        var tags = new List<KeyValuePair<string, string>>();
        var others = new List<TagMatchers>();
        foreach (var tag in matchers.Where(matcher => matcher.Label != StatisticLabel).GroupBy(matcher => matcher.Label))
        {
            var all = new TagMatchers(tag.Key, [.. tag]);
            if (tag.FirstOrDefault(matcher => matcher is { Kind: MatchKind.Equal, Value.Length: > 0 }) is not { } equal)
                others.Add(all);
            else if (all.Accepts(equal.Value)) tags.Add(new(tag.Key, equal.Value));
            else IsImpossible = true;
        }

        (Tags, Others) = (tags, others);
        var prefix = Boot1Prefixes.FirstOrDefault(prefix => Name.StartsWith(prefix, StringComparison.Ordinal));
        Boot2Name = prefix is null ? null : Name[prefix.Length..];
    }

    public Selection Selection { get; }

    /// <summary>The metric's name, as the selector has it.</summary>
    public string Name => Selection.Selector.Name;

    /// <summary>What Boot 2 calls it, where the selector has Boot 1's name: a policy outlives the service's move.</summary>
    public string? Boot2Name { get; }

    /// <summary>The statistic; null: <c>VALUE</c>, else <c>COUNT</c>, else the first.</summary>
    public string? Statistic { get; }

    /// <summary>The tags that the actuator selects by.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Tags { get; }

    /// <summary>The tags whose values are to be looked up.</summary>
    public IReadOnlyList<TagMatchers> Others { get; }

    /// <summary>Whether no value of some tag fulfils all that is said of it.</summary>
    public bool IsImpossible { get; }

    /// <summary>Whether Boot 1.x, whose metrics have no tags, can answer it.</summary>
    public bool IsFlat => Selection.Selector.Matchers.Count == 0;

    /// <summary>The name that the service was last found to have; null before that. The job's.</summary>
    public string? KnownName { get; set; }

    /// <summary>Whether there was something with its tags at the last scrape. The job's.</summary>
    public bool WasFound { get; set; }

    /// <summary>The number of the scrape in which it was asked last, if there was no answer in time; else 0. The job's.</summary>
    public long SilentAt { get; set; }

    /// <summary>Why an actuator cannot answer a selector; null where it can.</summary>
    public static string? Check(SeriesSelector selector) =>
        selector.Matchers.Any(matcher => matcher is { Label: StatisticLabel, Kind: not MatchKind.Equal })
            ? "an actuator's statistic is one of COUNT, TOTAL_TIME, MAX, VALUE, ... and is named with '='"
            : null;

    /// <summary>How values of different tags come to one, as the actuator itself does it.</summary>
    public double Join(double left, double right) =>
        string.Equals(Statistic, "MAX", StringComparison.OrdinalIgnoreCase) ? Math.Max(left, right) : left + right;

    /// <summary>Where a metric is, with a selection by tags.</summary>
    public static string Path(string name, IReadOnlyList<KeyValuePair<string, string>> tags)
    {
        var query = tags.Select(tag => $"tag={Uri.EscapeDataString(tag.Key)}:{Uri.EscapeDataString(tag.Value)}").ToList();

        // Spring takes one parameter with commas for a list, and two as they are.
        if (tags is [{ Value: var value, Key: var key }] && (value.Contains(',') || key.Contains(','))) query.Add(query[0]);
        return $"/metrics/{Uri.EscapeDataString(name)}{(query.Count > 0 ? "?" + string.Join('&', query) : "")}";
    }
}

/// <summary>All that a selector says of one tag.</summary>
/// <param name="Tag">The tag.</param>
/// <param name="Matchers">Which all must hold.</param>
internal sealed record TagMatchers(string Tag, IReadOnlyList<LabelMatcher> Matchers)
{
    /// <summary>Whether a value fulfils them; a tag that a series does not have counts as empty.</summary>
    public bool Accepts(string value) => Matchers.All(matcher => matcher.Accepts(value));
}
