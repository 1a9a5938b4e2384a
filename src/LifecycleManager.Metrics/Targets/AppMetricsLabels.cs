using System.Globalization;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Metrics.Targets;

/// <summary>The labels of an app that tune how it is scraped.</summary>
internal sealed record AppMetricsLabels
{
    public const string PathLabel = "lcm.metrics.path";
    public const string PortLabel = "lcm.metrics.port";
    public const string SchemeLabel = "lcm.metrics.scheme";
    public const string StartupLabel = "lcm.metrics.startup";
    public const string EurekaLabel = "lcm.metrics.eureka";

    private static readonly TimeSpan MaxStartup = TimeSpan.FromDays(1);

    public static AppMetricsLabels None { get; } = new();

    /// <summary>A management path or a full path of Prometheus text; null: the usual ones are tried.</summary>
    public string? Path { get; private init; }

    /// <summary>The index of the port.</summary>
    public int Port { get; private init; }

    /// <summary><c>http</c> or <c>https</c>.</summary>
    public string Scheme { get; private init; } = "http";

    /// <summary>How long an instance starts; null: the collector's default.</summary>
    public TimeSpan? Startup { get; private init; }

    /// <summary>The app's name in Eureka; null: it has none.</summary>
    public string? Eureka { get; private init; }

    /// <summary>
    /// What is wrong with the labels, naming the label; such labels make the app's targets down. Null where they are fine.
    /// </summary>
    public string? Problem { get; private init; }

    public static AppMetricsLabels Parse(IReadOnlyDictionary<string, string>? labels)
    {
        if (labels is null) return None;
        var (path, port, scheme, startup) = (labels.GetValueOrDefault(PathLabel), labels.GetValueOrDefault(PortLabel),
            labels.GetValueOrDefault(SchemeLabel), labels.GetValueOrDefault(StartupLabel));
        var eureka = labels.GetValueOrDefault(EurekaLabel);
        if (path is null && port is null && scheme is null && startup is null && eureka is null) return None;
        var index = 0;
        TimeSpan time = default;
        string? problem = null;
        if (path is not null && (!path.StartsWith('/') || path.Contains('?') || path.Contains('#')
            || path.StartsWith("//", StringComparison.Ordinal)))
            problem = $"label {PathLabel}: '{path}' is not a path that starts with one '/'";
        if (port is not null && (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out index) || index > 1000))
            problem = $"label {PortLabel}: '{port}' is not the index of a port";
        if (scheme is not (null or "http" or "https")) problem = $"label {SchemeLabel}: '{scheme}' is neither http nor https";
        if (startup is not null && !(DurationText.TryParse(startup, out time) && time <= MaxStartup))
            problem = $"label {StartupLabel}: '{startup}' is not a time such as 45s or 2m, a day at most";
        return new AppMetricsLabels
        {
            Path = path is null ? null : path.Length > 1 ? path.TrimEnd('/') : path,
            Port = index,
            Scheme = scheme ?? "http",
            Startup = startup is null ? null : time,
            Eureka = eureka,
            Problem = problem,
        };
    }
}
