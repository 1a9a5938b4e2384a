using System.Globalization;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Decisions.Tools.Replay;

/// <summary>
/// A replay's recording in a Prometheus server: the range queries that give what a policy reads, as the collector would have read
/// it.
/// </summary>
/// <param name="server">The server's address, with its path.</param>
/// <param name="from">The first instant.</param>
/// <param name="to">The last.</param>
/// <param name="step">Between two values; null for 15 s, or more where the time is long.</param>
/// <param name="match">Label matchers of the app's instances, <c>job="web"</c>; null where metrics' own are enough.</param>
internal sealed class PrometheusRecording(Uri server, DateTimeOffset from, DateTimeOffset to, TimeSpan? step, string? match)
{
    /// <summary>So many points of a series a server answers.</summary>
    private const int MostPoints = 11_000;

    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(15);

    /// <summary>Where each metric of a policy is read, as replays are given it: <c>NAME=ADDRESS</c>.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="app">The app, for <c>$app</c>; null for the one that the policy names.</param>
    /// <param name="error">Gets what is wrong, and which metrics a Prometheus server does not have.</param>
    /// <returns>The addresses; null where something is wrong.</returns>
    public IReadOnlyList<string>? Of(Policy policy, string? app, TextWriter error)
    {
        var span = to - from;
        if (span <= TimeSpan.Zero)
        {
            error.WriteLine("--to must be after --from");
            return null;
        }

        var width = step
            ?? TimeSpan.FromSeconds(Math.Max(Usual.TotalSeconds, Math.Ceiling(span.TotalSeconds / (MostPoints - 1))));
        if (span / width >= MostPoints)
        {
            var least = TimeSpan.FromSeconds(Math.Ceiling(span.TotalSeconds / (MostPoints - 1)));
            error.WriteLine($"Prometheus answers {MostPoints} points of a series at most: say --step "
                + $"{DurationText.Format(least)} or a shorter time");
            return null;
        }

        var data = new List<string>();
        foreach (var (name, query) in Wanted(policy))
        {
            if (Expression(query) is not { } template)
            {
                error.WriteLine($"note: '{name}' is of {query.Source.ToString().ToLowerInvariant()}, which a Prometheus server "
                    + "does not have: give it as NAME=FILE, or let it follow the load by --utilization");
                continue;
            }

            var id = app ?? (policy.App.IsExact ? policy.App.Ids[0] : null);
            if (!TryExpand(query, template, id, out var text, out var problem))
            {
                error.WriteLine($"'{name}': {problem}");
                return null;
            }

            data.Add($"{name}={Address(text, width)}");
        }

        if (match is not null) data.Add($"instances={Address($"count(up{{{match}}} == 1)", width)}");
        return data;
    }

    /// <summary>The metrics by name; of histograms what rules read of them, since a replay takes no quantiles.</summary>
    private static IEnumerable<(string Name, MetricQuery Query)> Wanted(Policy policy) =>
        policy.Metrics.Where(metric => metric.Query.Source != MetricSource.Histogram || !double.IsNaN(metric.Query.Quantile))
            .Select(metric => (metric.Name, metric.Query))
            .Concat(policy.Reads.Where(read => read.Query.Source == MetricSource.Histogram)
                .Select(read => (read.Text, read.Query)))
            .DistinctBy(pair => pair.Item1);

    private static bool TryExpand(MetricQuery query, string template, string? app, out string text, out string problem)
    {
        (text, problem) = (template, "");
        if (query.Source != MetricSource.PromQl) return true;
        var parsed = QueryTemplate.Parse(template, TemplateLanguage.PromQl);
        if (!parsed.HasPlaceholders) return parsed.TryExpand("/", null, out text, out problem);
        if (app is not null) return parsed.TryExpand(app, null, out text, out problem);
        problem = "its query names the app, and the policy is for several: say --app";
        return false;
    }

    private string? Expression(MetricQuery query) => query.Source switch
    {
        MetricSource.PromQl => query.From?.Across is { } across ? $"{Word(across)}({query.Selector})" : query.Selector,
        MetricSource.Prometheus => $"{Word(query.Across)}({Word(query.Within)} by (instance) ({Windowed(query)}))",
        MetricSource.Histogram => Quantile(query),
        _ => null,
    };

    private string Windowed(MetricQuery query)
    {
        var selector = Matched(query.Selector);
        var window = DurationText.Format(query.Window);
        return query.Function switch
        {
            WindowFunction.Last => selector,
            WindowFunction.Rate or WindowFunction.Increase or WindowFunction.Delta or WindowFunction.Deriv =>
                $"{query.Function.ToString().ToLowerInvariant()}({selector}[{window}])",
            _ => $"{query.Function.ToString().ToLowerInvariant()}_over_time({selector}[{window}])",
        };
    }

    private string Quantile(MetricQuery query)
    {
        var brace = query.Selector.IndexOf('{', StringComparison.Ordinal);
        var buckets = Matched(brace < 0 ? query.Selector + "_bucket" : query.Selector.Insert(brace, "_bucket"));
        if (query.Window > TimeSpan.Zero) buckets = $"rate({buckets}[{DurationText.Format(query.Window)}])";
        var quantile = query.Quantile.ToString("R", CultureInfo.InvariantCulture);
        return query.Across is Aggregation.Avg or Aggregation.Sum
            ? $"histogram_quantile({quantile}, sum by (le) ({buckets}))"
            : $"{Word(query.Across)}(histogram_quantile({quantile}, sum by (le, instance) ({buckets})))";
    }

    /// <summary>The selector with the matchers of the app's instances.</summary>
    private string Matched(string selector) => match is null ? selector
        : selector.EndsWith("{}", StringComparison.Ordinal) ? $"{selector[..^1]}{match}}}"
        : selector.EndsWith('}') ? $"{selector[..^1].TrimEnd(',', ' ')},{match}}}" : $"{selector}{{{match}}}";

    private static string Word(Aggregation aggregation) => aggregation.ToString().ToLowerInvariant();

    private string Address(string query, TimeSpan width) => string.Create(CultureInfo.InvariantCulture,
        $"{server.GetLeftPart(UriPartial.Path).TrimEnd('/')}/api/v1/query_range?query={Uri.EscapeDataString(query)}"
            + $"&start={from.ToUnixTimeMilliseconds() / 1000.0:0.000}&end={to.ToUnixTimeMilliseconds() / 1000.0:0.000}"
            + $"&step={width.TotalSeconds:0.###}{(server.Query.Length > 1 ? "&" + server.Query[1..] : "")}");
}
