using Prometheus;

namespace BrownField.Actuator;

/// <summary>Spring Boot 2 and 3: health with components and groups, one document a metric, Prometheus text.</summary>
internal static class Boot2
{
    private const string Requests = "http.server.requests";

    public static void Map(WebApplication app, ServiceMetrics metrics, Drain drain, MetricsFault fault)
    {
        IResult Answer(Health health) =>
            Results.Json(health, BrownFieldJson.Default.Boot2Health, statusCode: health.Status == "UP" ? 200 : 503);
        app.MapGet("/actuator/health", () => Answer(Overall(drain)));
        app.MapGet("/actuator/health/liveness", () => Answer(new Health("UP")));
        app.MapGet("/actuator/health/readiness", () => Answer(Readiness(drain)));
        app.MapGet("/actuator/info", () => Results.Content("{}", "application/json"));
        app.MapGet("/actuator/metrics", () => Results.Json(
            new MetricNames([.. metrics.Gauges().Select(gauge => gauge.Name).Append(Requests).Order(StringComparer.Ordinal)]),
            BrownFieldJson.Default.MetricNames)).WithFault(fault);
        app.MapGet("/actuator/metrics/{name}", (string name, HttpContext context) =>
            Find(metrics, name, context.Request.Query["tag"]!) is { } metric
            ? Results.Json(metric, BrownFieldJson.Default.Metric)
            : Results.StatusCode(404)).WithFault(fault);
        app.MapGet("/actuator/prometheus", async (HttpContext context) =>
        {
            context.Response.ContentType = PrometheusConstants.TextContentTypeWithVersionAndEncoding;
            await metrics.Registry.CollectAndExportAsTextAsync(context.Response.Body, context.RequestAborted);
            return Results.Empty;
        }).WithFault(fault);
    }

    public sealed record Health(string Status, IReadOnlyDictionary<string, Component>? Components = null,
        string[]? Groups = null);

    public sealed record Component(string Status, DiskDetails? Details = null);

    public sealed record DiskDetails(long Total, long Free, long Threshold, bool Exists = true);

    public sealed record MetricNames(string[] Names);

    public sealed record Metric(string Name, string Description, string? BaseUnit, Measurement[] Measurements,
        AvailableTag[] AvailableTags);

    public sealed record Measurement(string Statistic, double Value);

    public sealed record AvailableTag(string Tag, string[] Values);

    private static Health Readiness(Drain drain) => new(drain.Ready ? "UP" : "OUT_OF_SERVICE");

    private static Health Overall(Drain drain)
    {
        var disk = Boot1.Disk();
        var ready = Readiness(drain).Status;
        var components = new Dictionary<string, Component>
        {
            ["diskSpace"] = new(disk.Status, new DiskDetails(disk.Total, disk.Free, disk.Threshold)),
            ["livenessState"] = new("UP"),
            ["ping"] = new("UP"),
            ["readinessState"] = new(ready),
        };
        return new Health(ready, components, ["liveness", "readiness"]);
    }

    private static Metric? Find(ServiceMetrics metrics, string name, IEnumerable<string> tags)
    {
        var wanted = tags.Select(tag => tag.Split(':', 2)).Where(tag => tag.Length == 2).ToArray();
        if (name == Requests) return FindRequests(metrics, wanted);
        if (wanted.Length > 0) return null;
        return metrics.Gauges().Where(gauge => gauge.Name == name)
            .Select(gauge => new Metric(gauge.Name, gauge.Description, gauge.BaseUnit, [new("VALUE", gauge.Read())], []))
            .FirstOrDefault();
    }

    private static Metric? FindRequests(ServiceMetrics metrics, string[][] wanted)
    {
        var found = metrics.Timers.Where(timer => wanted.All(tag => timer.Key[tag[0]] == tag[1])).ToArray();
        // Spring answers 404 for tags that nothing has; a timer without requests does not exist yet.
        if (found.Length == 0) return null;
        return new Metric(Requests, "Duration of served requests.", "seconds",
            [
                new("COUNT", found.Sum(timer => timer.Value.Count)),
                new("TOTAL_TIME", found.Sum(timer => timer.Value.TotalSeconds)),
                new("MAX", found.Max(timer => timer.Value.MaxSeconds)),
            ],
            [.. ServiceMetrics.TagNames.Where(tag => wanted.All(w => w[0] != tag))
                .Select(tag => new AvailableTag(tag, [.. found.Select(timer => timer.Key[tag]!).Distinct()
                    .Order(StringComparer.Ordinal)]))]);
    }
}
