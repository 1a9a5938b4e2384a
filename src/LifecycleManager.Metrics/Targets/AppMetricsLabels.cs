using System.Globalization;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Exposition;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Metrics.Targets;

/// <summary>The labels of an app that tune how it is scraped.</summary>
internal sealed record AppMetricsLabels
{
    public const string PathLabel = "lcm.metrics.path";
    public const string ParameterLabel = "lcm.metrics.param.";
    public const string PortLabel = "lcm.metrics.port";
    public const string SchemeLabel = "lcm.metrics.scheme";
    public const string FormatLabel = "lcm.metrics.format";
    public const string AuthoritiesLabel = "lcm.metrics.tls.ca";
    public const string ServerNameLabel = "lcm.metrics.tls.serverName";
    public const string InsecureLabel = "lcm.metrics.tls.insecureSkipVerify";
    public const string StartupLabel = "lcm.metrics.startup";
    public const string EurekaLabel = "lcm.metrics.eureka";

    private const string Prefix = "lcm.metrics.";
    private static readonly TimeSpan MaxStartup = TimeSpan.FromDays(1);

    public static AppMetricsLabels None { get; } = new();

    /// <summary>
    /// A management path, a full path of Prometheus text, or such a path with its query; null: the usual ones are tried.
    /// </summary>
    public string? Path { get; private init; }

    /// <summary>The parameters of a query, escaped, without a question mark; empty for none.</summary>
    public string Parameters { get; private init; } = "";

    /// <summary>The index of the port.</summary>
    public int Port { get; private init; }

    /// <summary><c>http</c> or <c>https</c>.</summary>
    public string Scheme { get; private init; } = "http";

    /// <summary>What a text is whose content type does not say it; null where that is refused.</summary>
    public MetricsMedia? Format { get; private init; }

    /// <summary>How an instance that speaks TLS is known to be itself.</summary>
    public TlsSettings Tls { get; private init; } = TlsSettings.Usual;

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
        if (labels is null || !labels.Keys.Any(key => key.StartsWith(Prefix, StringComparison.Ordinal))) return None;
        var (path, port, scheme, startup) = (labels.GetValueOrDefault(PathLabel), labels.GetValueOrDefault(PortLabel),
            labels.GetValueOrDefault(SchemeLabel), labels.GetValueOrDefault(StartupLabel));
        var (format, insecure) = (labels.GetValueOrDefault(FormatLabel), labels.GetValueOrDefault(InsecureLabel));
        var authorities = labels.GetValueOrDefault(AuthoritiesLabel);
        var index = 0;
        TimeSpan time = default;
        string? problem = null;
        if (path is not null && ScrapeSettings.ProblemOf(path) is { } no) problem = $"label {PathLabel}: '{path}' {no}";
        if (port is not null && (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out index) || index > 1000))
            problem = $"label {PortLabel}: '{port}' is not the index of a port";
        if (scheme is not (null or "http" or "https")) problem = $"label {SchemeLabel}: '{scheme}' is neither http nor https";
        if (format is not null && !MetricsMedia.Formats.Contains(format))
            problem = $"label {FormatLabel}: '{format}' is none of {string.Join(", ", MetricsMedia.Formats)}";
        if (insecure is not (null or "true" or "false"))
            problem = $"label {InsecureLabel}: '{insecure}' is neither true nor false";
        if (authorities is not null && TlsSettings.Check(authorities) is { } wrong)
            problem = $"label {AuthoritiesLabel} {wrong}";
        if (startup is not null && !(DurationText.TryParse(startup, out time) && time <= MaxStartup))
            problem = $"label {StartupLabel}: '{startup}' is not a time such as 45s or 2m, a day at most";
        return new AppMetricsLabels
        {
            Path = path is null ? null : path.Length > 1 && !path.Contains('?') ? path.TrimEnd('/') : path,
            Parameters = ParametersOf(labels, ParameterLabel),
            Port = index,
            Scheme = scheme ?? "http",
            Format = format is null ? null : MetricsMedia.OfFormat(format),
            Tls = authorities is null && insecure is null && !labels.ContainsKey(ServerNameLabel) ? TlsSettings.Usual
                : new TlsSettings(authorities, labels.GetValueOrDefault(ServerNameLabel), insecure == "true"),
            Startup = startup is null ? null : time,
            Eureka = labels.GetValueOrDefault(EurekaLabel),
            Problem = problem,
        };
    }

    /// <summary>The parameters of a query that labels give, one a label, in the order of their names, escaped.</summary>
    /// <param name="labels">The labels.</param>
    /// <param name="prefix">What the names of such labels begin with; the rest is the parameter's name.</param>
    public static string ParametersOf(IEnumerable<KeyValuePair<string, string>> labels, string prefix) => string.Join('&', labels
        .Where(label => label.Key.StartsWith(prefix, StringComparison.Ordinal) && label.Key.Length > prefix.Length)
        .OrderBy(label => label.Key, StringComparer.Ordinal)
        .Select(label => $"{Uri.EscapeDataString(label.Key[prefix.Length..])}={Uri.EscapeDataString(label.Value)}"));
}
