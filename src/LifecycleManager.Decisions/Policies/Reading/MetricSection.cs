using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Primitives.Text;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Decisions.Policies.Reading;

/// <summary>Reads <c>metrics</c>.</summary>
internal static class MetricSection
{
    private static readonly (string Key, MetricSource Source)[] Sources =
    [
        ("actuator", MetricSource.Actuator), ("prometheus", MetricSource.Prometheus), ("histogram", MetricSource.Histogram),
        ("promql", MetricSource.PromQl), ("container", MetricSource.Container), ("rabbitmq", MetricSource.RabbitMq),
        ("pushed", MetricSource.Pushed), ("redis", MetricSource.Redis), ("postgres", MetricSource.Postgres),
        ("json", MetricSource.Json), ("kafka", MetricSource.Kafka),
    ];

    private static readonly (string Key, WindowFunction Function)[] Shorthands =
    [
        ("rate", WindowFunction.Rate), ("increase", WindowFunction.Increase), ("delta", WindowFunction.Delta),
        ("deriv", WindowFunction.Deriv),
    ];

    private static readonly (string, WindowFunction)[] Functions =
    [
        ("avg", WindowFunction.Avg), ("min", WindowFunction.Min), ("max", WindowFunction.Max), ("sum", WindowFunction.Sum),
        .. Shorthands,
    ];

    private static readonly (string, Aggregation)[] Aggregations =
    [
        ("sum", Aggregation.Sum), ("avg", Aggregation.Avg), ("min", Aggregation.Min), ("max", Aggregation.Max),
        ("count", Aggregation.Count),
    ];

    // How several series of one instance become one.
    private static readonly (string, Aggregation)[] Joins = Aggregations[..^1];

    // They have a value, or do not answer.
    private static readonly string[] NeverIdle = ["container", "rabbitmq", "pushed", "redis", "json"];

    private static readonly string[] ContainerStatistics = ["cpu", "mem", "cpu.seconds", "mem.bytes", "net.rx.bytes",
        "net.tx.bytes"];

    public static List<(PolicyMetric Metric, YamlScalar Key)> Read(MapReader policy, ProblemSink problems)
    {
        var metrics = new List<(PolicyMetric, YamlScalar)>();
        var scrape = new ScrapeSection(problems).Read(policy);
        if (policy.Sub("metrics", "'metrics'") is not { } section) return metrics;
        foreach (var name in section.Keys)
        {
            var (node, key) = (section.Find(name)!, section.KeyOf(name));
            CheckName(key, problems);
            if (MapReader.AsMap(node, $"the metric '{name}'", problems) is not { } map) continue;
            var onIdle = ReadIdle(map, problems);
            if (ReadQuery(map, name, scrape, problems) is { } query)
            {
                var server = map.Find("server") is { } named ? problems.Place(named) : (SourcePlace?)null;
                metrics.Add((new PolicyMetric(name, query, problems.Place(key)) { OnIdle = onIdle, ServerPlace = server }, key));
            }
        }

        return metrics;
    }

    private static void CheckName(YamlScalar key, ProblemSink problems)
    {
        var name = key.Value;
        var legal = name.Length is > 0 and <= 60 && (char.IsAsciiLetter(name[0]) || name[0] == '_')
            && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.');
        if (!legal)
        {
            problems.Error(key, $"'{name}' is not a metric name", "letters, digits, '_' and '.', a letter first", "metric-name");
        }
        else if (Array.IndexOf(Slots.Facts, name) >= 0 || Array.IndexOf(ExpressionParser.Keywords, name) >= 0)
        {
            problems.Error(key, $"'{name}' has a meaning of its own in expressions", "choose another name", "metric-name");
        }
    }

    private static MetricQuery? ReadQuery(MapReader map, string name, ScrapeSettings? scrape, ProblemSink problems)
    {
        var given = Sources.Where(source => map.Keys.Contains(source.Key)).ToList();
        foreach (var (key, _) in Sources) map.Find(key);
        if (given.Count != 1)
        {
            var known = string.Join(", ", Sources.Select(source => source.Key));
            problems.Error(
                map.Map, $"the metric '{name}' needs {(given.Count == 0 ? "a" : "just one")} source", $"one of {known}",
                "metric-source");
        }

        var selector = given.Count > 0 ? map.Text(given[0].Key) : null;
        var source = given.Count > 0 ? given[0].Source : MetricSource.Pushed;
        var path = map.Text("path");
        var across = map.Choice("across", Aggregations);
        var query = new MetricQuery
        {
            Source = source,
            Selector = selector?.Trim() ?? "",
            Across = IsOfServer(source) ? Aggregation.Avg : across ?? Aggregation.Avg,
            Within = map.Choice("within", Joins) ?? Aggregation.Sum,
            Quantile = map.Number("quantile") ?? double.NaN,
            Scrape = path is not null ? (scrape ?? new ScrapeSettings()) with { Path = path } : IsScraped(source) ? scrape : null,
        };
        query = ReadWindow(map, query, problems);
        if (given.Count == 1) query = query with { From = new ServerSection(problems).Read(map, query, given[0].Key, across) };
        if (given.Count == 1) Check(map, query, selector, path, problems);
        map.Done();
        return query;
    }

    /// <summary>Reads <c>onIdle</c>: <c>zero</c>, <c>hold</c>, or a value.</summary>
    private static IdleMetric ReadIdle(MapReader map, ProblemSink problems)
    {
        if (map.Find("onIdle") is not { } node) return IdleMetric.Zero;
        if (node is YamlScalar { IsNull: false } scalar)
        {
            if (Array.Find(NeverIdle, key => map.Keys.Contains(key)) is { } source)
                problems.Warning(map.KeyOf("onIdle"), $"a metric of '{source}' is never idle", "leave 'onIdle' out", "on-idle");
            if (scalar.Value == "zero") return IdleMetric.Zero;
            if (scalar.Value == "hold") return IdleMetric.Hold;
            if (MapReader.TryNumber(scalar.Value, out var value)) return new IdleMetric(false, value);
        }

        problems.Error(node, $"'onIdle' must be zero, hold or a number, not {node.Kind}",
            node is YamlScalar { Value: var word } ? NearestName.Suggest(word, ["zero", "hold"]) : null, "type");
        return IdleMetric.Zero;
    }

    private static bool IsScraped(MetricSource source) =>
        source is MetricSource.Actuator or MetricSource.Prometheus or MetricSource.Histogram;

    private static bool IsOfServer(MetricSource source) => SourceWords.Kinds.Any(kind => kind.Source == source);

    private static MetricQuery ReadWindow(MapReader map, MetricQuery query, ProblemSink problems)
    {
        var window = map.Duration("window", positive: true);
        var function = map.Choice("function", Functions);
        var shorthands = Shorthands.Where(shorthand => map.Keys.Contains(shorthand.Key)).ToList();
        foreach (var (key, kind) in Shorthands)
        {
            if (map.Duration(key, positive: true) is not { } duration) continue;
            if (window is not null || function is not null || shorthands.Count > 1)
            {
                problems.Error(map.KeyOf(key), $"'{key}: {DurationText.Format(duration)}' has a window and a function already",
                    "give one of them", "window");
            }

            (window, function) = (duration, kind);
        }

        if (function is not null && window is null)
        {
            problems.Error(map.KeyOf("function"), "'function' needs a 'window'", "window: 5m", "window");
        }

        if (query.Source == MetricSource.Histogram)
        {
            if (function is not null)
                problems.Error(map.Map, "a histogram takes a quantile, not a function", "quantile: 0.95", "window");
            return query with { Window = window ?? TimeSpan.FromMinutes(1) };
        }

        return query with
        {
            Window = window ?? TimeSpan.Zero,
            Function = function ?? (window is null ? WindowFunction.Last : WindowFunction.Avg)
        };
    }

    private static void Check(MapReader map, MetricQuery query, string? selector, string? path, ProblemSink problems)
    {
        var node = map.Find(Sources.First(source => source.Source == query.Source).Key)!;
        if (selector is not null && string.IsNullOrWhiteSpace(selector))
            problems.Error(node, "the metric's name is empty", null, "metric-source");
        if (!double.IsNaN(query.Quantile))
        {
            if (query.Source != MetricSource.Histogram)
                problems.Error(map.KeyOf("quantile"), "only a histogram has a quantile", null, "quantile");
            else if (query.Quantile is < 0 or > 1)
            {
                problems.Error(map.Find("quantile")!, "a quantile is between 0 and 1", query.Quantile is > 1 and <= 100
                    ? $"write {Expression.Format(query.Quantile / 100)}" : null, "quantile");
            }
        }

        if (path is not null)
        {
            if (!IsScraped(query.Source))
                problems.Error(map.KeyOf("path"), "only a metric that is scraped from the instances has a path", null, "path");
            else ScrapeSection.CheckPath(map.Find("path")!, path, problems);
        }

        if (query is { Source: MetricSource.Actuator, Scrape.Path: { } asked }
            && (path is null ? ScrapeSettings.IsOfTextAlone(asked) : path.Contains('?')))
        {
            problems.Error(path is null ? node : map.Find("path")!, path is null
                    ? $"'scrape.path' has a query, which no actuator is below: {asked}" : "an actuator's path has no query",
                path is null ? "give the metric a 'path' of its own, or read it by 'prometheus'" : null, "path");
        }

        if (query.Source != MetricSource.Prometheus && map.Keys.Contains("within"))
        {
            problems.Error(map.KeyOf("within"), "only a metric of 'prometheus' has several series an instance",
                "leave 'within' out", "within");
        }

        if (query.Source == MetricSource.Container && selector is not null && Array.IndexOf(ContainerStatistics, selector) < 0)
        {
            problems.Error(node, $"unknown container statistic '{selector}'", NearestName.Suggest(selector, ContainerStatistics),
                "metric-source");
        }
    }
}
