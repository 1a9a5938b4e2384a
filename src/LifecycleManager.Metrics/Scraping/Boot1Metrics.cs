using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>
/// What Boot 1.x has for the metrics of Boot 2 and later, under names and in units of its own and without tags, so that one
/// policy is good for both. Its paths are as it writes them: <c>/orders/{id}</c> is <c>/orders/id</c>.
/// </summary>
internal static class Boot1Metrics
{
    private const string Requests = "http.server.requests";
    private const string Counters = "counter.status.";
    private const string Gauges = "gauge.response.";
    private const double Kilobyte = 1024;
    private const double Millisecond = 0.001;

    private static readonly Dictionary<string, (string Name, double Unit)> Others = new(StringComparer.Ordinal)
    {
        ["jvm.memory.used{area=heap}"] = ("heap.used", Kilobyte),
        ["jvm.memory.max{area=heap}"] = ("heap", Kilobyte),
        ["jvm.memory.committed{area=heap}"] = ("heap.committed", Kilobyte),
        ["jvm.memory.used{area=nonheap}"] = ("nonheap.used", Kilobyte),
        ["jvm.memory.committed{area=nonheap}"] = ("nonheap.committed", Kilobyte),
        ["jvm.threads.live"] = ("threads", 1),
        ["process.uptime"] = ("uptime", Millisecond),
        ["system.cpu.count"] = (Processors, 1),
        ["system.load.average.1m"] = (Load, 1),
    };

    private const string Processors = "processors";
    private const string Load = "systemload.average";

    /// <summary>The first segments of the paths at which Boot 1.x has its own endpoints.</summary>
    private static readonly HashSet<string> Endpoints = new(StringComparer.Ordinal)
    {
        "actuator", "auditevents", "autoconfig", "beans", "configprops", "docs", "dump", "env", "flyway", "health", "heapdump",
        "info", "jolokia", "liquibase", "logfile", "loggers", "mappings", "metrics", "shutdown", "trace",
    };

    /// <summary>The names that a query is made of.</summary>
    public static IEnumerable<string> Names(ActuatorQuery query) =>
        Others.TryGetValue(Key(query), out var other) ? [other.Name] : IsCpu(query) ? [Load, Processors] : [];

    /// <summary>The beginnings of the names that a query is made of.</summary>
    public static IEnumerable<string> Prefixes(ActuatorQuery query) => query.Name == Requests ? [Counters, Gauges] : [];

    /// <summary>What a query comes to; null where Boot 1.x does not know it.</summary>
    /// <param name="query">The query.</param>
    /// <param name="values">What the instance has of <see cref="Names"/> and <see cref="Prefixes"/>.</param>
    public static double? Read(ActuatorQuery query, IReadOnlyDictionary<string, double> values)
    {
        if (Others.TryGetValue(Key(query), out var other))
            return values.TryGetValue(other.Name, out var value) && value >= 0 ? value * other.Unit : null;
        // It does not measure its own cpu: the machine's load over its processors comes nearest.
        if (IsCpu(query))
        {
            return values.TryGetValue(Load, out var load) && values.TryGetValue(Processors, out var processors) && load >= 0
                && processors > 0 ? Math.Min(1, load / processors) : null;
        }

        return query.Name != Requests ? null
            : IsStatistic(query, "COUNT") || query.Statistic is null ? Count(query, values)
            : IsStatistic(query, "MAX") ? Slowest(query, values)
            : null;
    }

    private static string Key(ActuatorQuery query) => query.Statistic is not (null or "VALUE") || query.Others.Count > 0 ? ""
        : query.Tags.Count == 0 ? query.Name
        : $"{query.Name}{{{string.Join(',', query.Tags.Select(tag => $"{tag.Key}={tag.Value}"))}}}";

    private static bool IsCpu(ActuatorQuery query) => Key(query) is "process.cpu.usage" or "system.cpu.usage";

    private static bool IsStatistic(ActuatorQuery query, string name) =>
        string.Equals(query.Statistic, name, StringComparison.OrdinalIgnoreCase);

    /// <summary>Its counters are all there are, so that none is no call: unless it is another page that was called.</summary>
    private static double? Count(ActuatorQuery query, IReadOnlyDictionary<string, double> values)
    {
        double? sum = null;
        var others = false;
        foreach (var (name, value) in values)
        {
            if (!name.StartsWith(Counters, StringComparison.Ordinal)
                || name.IndexOf('.', Counters.Length) is not (> 0 and var dot)) continue;
            var (status, path) = (name[Counters.Length..dot], name[(dot + 1)..]);
            if (status.Length == 0) continue;
            if (Accepts(query, status, path) is not { } accepts) return null;
            if (accepts) sum = (sum ?? 0) + value;
            else others |= !Endpoints.Contains(path.Split('.')[0]);
        }

        return sum ?? (others ? null : 0);
    }

    /// <summary>The longest of the last answers of all pages; it knows no other times.</summary>
    private static double? Slowest(ActuatorQuery query, IReadOnlyDictionary<string, double> values)
    {
        double? most = null;
        foreach (var (name, value) in values)
        {
            if (!name.StartsWith(Gauges, StringComparison.Ordinal)) continue;
            if (Accepts(query, null, name[Gauges.Length..]) is not { } accepts) return null;
            if (accepts) most = Math.Max(most ?? 0, value * Millisecond);
        }

        return most;
    }

    /// <summary>Whether a page is meant; null where a tag is compared that Boot 1.x does not have.</summary>
    private static bool? Accepts(ActuatorQuery query, string? status, string path)
    {
        var all = true;
        foreach (var matcher in query.Selection.Selector.Matchers)
        {
            if (matcher.Label == "statistic") continue;
            var value = matcher.Label switch
            {
                "uri" => Uri(path),
                "status" => status,
                "outcome" => status is null ? null : Outcome(status),
                _ => null,
            };
            if (value is null) return null;
            all &= matcher.Accepts(value);
        }

        return all;
    }

    private static string Uri(string path) => path switch
    {
        "root" => "/",
        "star-star" => "/**",
        "unmapped" => "UNKNOWN",
        _ => "/" + path.Replace('.', '/'),
    };

    private static string Outcome(string status) => status[0] switch
    {
        '1' => "INFORMATIONAL",
        '2' => "SUCCESS",
        '3' => "REDIRECTION",
        '4' => "CLIENT_ERROR",
        '5' => "SERVER_ERROR",
        _ => "UNKNOWN",
    };
}
