namespace BrownField.Actuator;

/// <summary>Spring Boot 1.x with <c>management.context-path=/admin</c>: flat metrics, flat health.</summary>
internal static class Boot1
{
    public static void Map(WebApplication app, ServiceMetrics metrics, Drain drain, MetricsFault fault)
    {
        app.MapGet("/admin/health", () => drain.Ready
            ? Results.Json(new Health("UP", Disk()), BrownFieldJson.Default.Health)
            : Results.Json(new Health("OUT_OF_SERVICE", Disk()), BrownFieldJson.Default.Health, statusCode: 503));
        app.MapGet("/admin/info", () => Results.Content("{}", "application/json"));
        app.MapGet("/admin/metrics", () => Results.Json(Flat(metrics), BrownFieldJson.Default.SortedDictionaryStringDouble))
            .WithFault(fault);
        app.MapGet("/admin/metrics/{name}", (string name) => Flat(metrics).TryGetValue(name, out var value)
            ? Results.Json(new SortedDictionary<string, double> { [name] = value },
                BrownFieldJson.Default.SortedDictionaryStringDouble)
            : Results.Json(new Problem(404, $"No such metric: {name}"), BrownFieldJson.Default.Problem, statusCode: 404))
            .WithFault(fault);
    }

    public sealed record Health(string Status, DiskSpace DiskSpace);

    public sealed record DiskSpace(string Status, long Total, long Free, long Threshold);

    internal static DiskSpace Disk()
    {
        var drive = new DriveInfo(AppContext.BaseDirectory);
        return new DiskSpace("UP", drive.TotalSize, drive.AvailableFreeSpace, 10 * 1024 * 1024);
    }

    /// <summary>Memory in KiB, times in ms, as Boot 1 has them.</summary>
    private static SortedDictionary<string, double> Flat(ServiceMetrics metrics)
    {
        var heap = GC.GetGCMemoryInfo();
        var flat = new SortedDictionary<string, double>(StringComparer.Ordinal)
        {
            ["mem"] = Environment.WorkingSet / 1024,
            ["mem.free"] = Math.Max(0, heap.TotalCommittedBytes - GC.GetTotalMemory(false)) / 1024,
            ["processors"] = Environment.ProcessorCount,
            ["instance.uptime"] = (long)metrics.Uptime.TotalMilliseconds,
            ["uptime"] = (long)metrics.Uptime.TotalMilliseconds,
            ["systemload.average"] = Machine.LoadAverage(),
            ["heap.committed"] = heap.TotalCommittedBytes / 1024,
            ["heap.used"] = GC.GetTotalMemory(false) / 1024,
            ["heap"] = heap.TotalAvailableMemoryBytes / 1024,
            ["threads"] = ThreadPool.ThreadCount,
            ["gc.count"] = GC.CollectionCount(0),
            ["gc.time"] = (long)GC.GetTotalPauseDuration().TotalMilliseconds,
            ["gauge.servo.tpm"] = metrics.TransactionsPerMinute,
        };
        foreach (var ((_, uri, status), timer) in metrics.Timers)
        {
            var name = uri.Trim('/') is { Length: > 0 } path ? path.Replace('/', '.') : "root";
            var counter = $"counter.status.{status}.{name}";
            flat[counter] = flat.GetValueOrDefault(counter) + timer.Count;
            flat[$"gauge.response.{name}"] = timer.LastSeconds * 1000;
        }

        return flat;
    }
}
