using System.Collections.Concurrent;
using Prometheus;

namespace BrownField.Actuator;

/// <summary>The tags that Spring gives to a served request.</summary>
internal readonly record struct RequestTags(string Method, string Uri, int Status)
{
    public string Outcome => Status switch
    {
        < 200 => "INFORMATIONAL",
        < 300 => "SUCCESS",
        < 400 => "REDIRECTION",
        < 500 => "CLIENT_ERROR",
        _ => "SERVER_ERROR",
    };

    public string? this[string tag] => tag switch
    {
        "method" => Method,
        "uri" => Uri,
        "status" => $"{Status}",
        "outcome" => Outcome,
        "exception" => "None",
        _ => null,
    };
}

/// <summary>What an instance counts of its work. Calls of the management endpoints are not work and are left out.</summary>
internal sealed class ServiceMetrics
{
    public static readonly string[] TagNames = ["exception", "method", "outcome", "status", "uri"];
    private static readonly double[] Buckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];

    private readonly TimeProvider _time;
    private readonly DateTimeOffset _start;
    private readonly Machine _machine;
    private readonly TransactionRate _rate;
    private readonly ConcurrentDictionary<RequestTags, Timer> _timers = new();
    private readonly Histogram _seconds;

    public ServiceMetrics(TimeSpan tpmWindow, TimeProvider time)
    {
        _time = time;
        _start = time.GetUtcNow();
        _machine = new Machine(time);
        _rate = new TransactionRate(tpmWindow, time);

        var factory = Metrics.WithCustomRegistry(Registry);
        _seconds = factory.CreateHistogram("http_server_requests_seconds", "Duration of served requests.", TagNames,
            new HistogramConfiguration { Buckets = Buckets });
        var gauges = Gauges()
            .Select(gauge => (gauge.Read, Gauge: factory.CreateGauge(gauge.Name.Replace('.', '_') + Suffix(gauge),
                gauge.Description))).ToArray();
        Registry.AddBeforeCollectCallback(() =>
        {
            foreach (var (read, gauge) in gauges) gauge.Set(read());
        });
    }

    /// <summary>A gauge as Micrometer names it.</summary>
    public readonly record struct NamedGauge(string Name, string Description, string? BaseUnit, Func<double> Read);

    /// <summary>The requests of one set of tags.</summary>
    public sealed class Timer
    {
        private readonly Lock _lock = new();

        public long Count { get; private set; }

        public double TotalSeconds { get; private set; }

        public double MaxSeconds { get; private set; }

        public double LastSeconds { get; private set; }

        public void Record(double seconds)
        {
            lock (_lock)
            {
                Count++;
                TotalSeconds += seconds;
                MaxSeconds = Math.Max(MaxSeconds, seconds);
                LastSeconds = seconds;
            }
        }
    }

    public CollectorRegistry Registry { get; } = Metrics.NewCustomRegistry();

    public IEnumerable<KeyValuePair<RequestTags, Timer>> Timers => _timers;

    public TimeSpan Uptime => _time.GetUtcNow() - _start;

    public double TransactionsPerMinute => _rate.PerMinute;

    /// <summary>The gauges of Boot 2; Prometheus has them with underscores and their unit.</summary>
    public IEnumerable<NamedGauge> Gauges() =>
    [
        new("process.cpu.usage", "The recent cpu usage of this process, 0 to 1", null, () => _machine.CpuUsage.Process),
        new("process.start.time", "Start time of the process since unix epoch.", "seconds",
            () => _start.ToUnixTimeMilliseconds() / 1000.0),
        new("process.uptime", "The uptime of this process", "seconds", () => Uptime.TotalSeconds),
        new("servo.tpm", "Transactions per minute that this instance serves", null, () => TransactionsPerMinute),
        new("system.cpu.count", "The number of processors", null, () => Environment.ProcessorCount),
        new("system.cpu.usage", "The recent cpu usage of the whole machine, 0 to 1", null, () => _machine.CpuUsage.System),
        new("system.load.average.1m", "Runnable processes over the last minute", null, Machine.LoadAverage),
    ];

    /// <summary>Measures every request but those of the management endpoints.</summary>
    public async Task Measure(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Path.StartsWithSegments("/admin") || context.Request.Path.StartsWithSegments("/actuator"))
        {
            await next(context);
            return;
        }

        var begin = _time.GetTimestamp();
        var failed = true;
        try
        {
            await next(context);
            failed = false;
        }
        finally
        {
            // The route, not the path: an instance's series must not grow with what clients ask for.
            var route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "/**";
            Record(new RequestTags(Method(context.Request.Method), route, failed ? 500 : context.Response.StatusCode),
                _time.GetElapsedTime(begin));
        }
    }

    private void Record(RequestTags tags, TimeSpan duration)
    {
        _rate.Record();
        _timers.GetOrAdd(tags, _ => new Timer()).Record(duration.TotalSeconds);
        _seconds.WithLabels([.. TagNames.Select(name => tags[name]!)]).Observe(duration.TotalSeconds);
    }

    private static string Method(string method) => method is "GET" or "POST" or "HEAD" or "PUT" or "DELETE" ? method : "OTHER";

    private static string Suffix(NamedGauge gauge) => gauge.BaseUnit is null ? "" : "_" + gauge.BaseUnit;
}
