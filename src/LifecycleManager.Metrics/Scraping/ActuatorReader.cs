using System.Text.Json;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>What came of asking for a metric.</summary>
internal enum ActuatorOutcome
{
    /// <summary>There is a value.</summary>
    Found,

    /// <summary>The service has no metric of that name.</summary>
    NoName,

    /// <summary>It has the metric, and not with these tags.</summary>
    NoTags,
}

/// <summary>A metric's value, or what there is instead.</summary>
/// <param name="Outcome">What came of it.</param>
/// <param name="Value">The value, where there is one; it may be NaN.</param>
/// <param name="Uris">The values of the tag <c>uri</c> that the metric was seen with, where there is no value.</param>
internal readonly record struct ActuatorValue(ActuatorOutcome Outcome, double Value, IReadOnlyList<string> Uris);

/// <summary>
/// Reads one metric of Boot 2 and later at a time, with as few requests as can be: one where it is there and its tags are named,
/// one where it is not there, one more for each value that <c>!= =~ !~</c> pick among several.
/// </summary>
/// <param name="get">Gets an address below the actuator's; null where that answers 404.</param>
internal sealed class ActuatorReader(Func<string, Task<ResponseBody?>> get)
{
    /// <summary>One metric takes at most so many requests a scrape.</summary>
    public const int MaxRequests = 64;

    /// <summary>Reads a metric.</summary>
    /// <param name="query">What is asked for.</param>
    /// <param name="name">The name that the service is thought to have.</param>
    /// <exception cref="ScrapeException">It was refused, or would take too many requests.</exception>
    /// <exception cref="JsonException">The answer is malformed.</exception>
    public async Task<ActuatorValue> ReadAsync(ActuatorQuery query, string name)
    {
        var budget = new Budget();

        // Straight to the tags where they were there; what they are not known to be is looked up first, so that what is not there
        // costs one request, and not one more to find out why.
        if (query is { WasFound: true, Tags.Count: > 0 })
        {
            var found = await SumAsync(query, name, query.Tags, 0, budget);
            if (found is not null) return new ActuatorValue(ActuatorOutcome.Found, found.Value, []);
        }

        IReadOnlyList<string> uris;
        using (var bare = await GetAsync(query, name, [], budget))
        {
            if (bare is null) return new ActuatorValue(ActuatorOutcome.NoName, double.NaN, []);
            uris = ActuatorText.ReadTag(bare.Memory, "uri");
            if (query.Tags.All(tag => ActuatorText.ReadTag(bare.Memory, tag.Key).Contains(tag.Value)))
            {
                var value = query.Tags.Count == 0
                    ? await SumAsync(query, name, query.Tags, 0, budget, bare)
                    : await SumAsync(query, name, query.Tags, 0, budget);
                if (value is not null) return new ActuatorValue(ActuatorOutcome.Found, value.Value, []);
            }
        }

        return new ActuatorValue(ActuatorOutcome.NoTags, double.NaN, uris);
    }

    // Everything with these tags that the matchers from `next` on accept; null where there is nothing.
    private async Task<double?> SumAsync(
        ActuatorQuery query, string name, IReadOnlyList<KeyValuePair<string, string>> tags, int next, Budget budget,
        ResponseBody? known = null)
    {
        using var asked = known is null ? await GetAsync(query, name, tags, budget) : null;
        if ((known ?? asked) is not { } body) return null;
        for (; next < query.Others.Count; next++)
        {
            var matchers = query.Others[next];
            var values = ActuatorText.ReadTag(body.Memory, matchers.Tag);
            var accepted = values.Where(matchers.Accepts).Order(StringComparer.Ordinal).ToList();
            if (values.Count == 0 && !matchers.Accepts("")) return null;

            // All of them is what the whole is already.
            if (accepted.Count == values.Count) continue;
            double? sum = null;
            foreach (var value in accepted)
            {
                var one = await SumAsync(query, name, [.. tags, new(matchers.Tag, value)], next + 1, budget);
                sum = sum is { } left && one is { } right ? query.Join(left, right) : sum ?? one;
            }

            return sum;
        }

        return ActuatorText.ReadMetric(body.Bytes, query.Statistic);
    }

    private Task<ResponseBody?> GetAsync(
        ActuatorQuery query, string name, IReadOnlyList<KeyValuePair<string, string>> tags, Budget budget) =>
        budget.Requests++ < MaxRequests
            ? get(ActuatorQuery.Path(name, tags))
            : throw new ScrapeException(FailureReason.TooManySamples,
                $"{query.Selection.Key.Selector} picks more values than {MaxRequests} requests can ask for: "
                + "pick fewer, or read it from the Prometheus text");

    private sealed class Budget
    {
        public int Requests { get; set; }
    }
}
