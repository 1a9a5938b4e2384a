using System.Text.RegularExpressions;

namespace LifecycleManager.Metrics.Core.Queries;

/// <summary>Where a metric comes from; the key that names it in a policy file.</summary>
public enum MetricSource
{
    /// <summary>
    /// A Spring Boot actuator metric by name, any Boot version: <c>gauge.servo.tpm</c>, <c>system.cpu.usage</c>.
    /// </summary>
    Actuator,

    /// <summary>A series of the instances' Prometheus or OpenMetrics text, with optional label matchers.</summary>
    Prometheus,

    /// <summary>A Prometheus histogram by base name; read through <see cref="MetricQuery.Quantile"/>.</summary>
    Histogram,

    /// <summary>A PromQL expression evaluated by a Prometheus server.</summary>
    PromQl,

    /// <summary>A container statistic measured by the agents: <c>cpu</c> (share of the limit), <c>mem</c> (share of the limit),
    /// <c>cpu.seconds</c>, <c>mem.bytes</c>, <c>net.rx.bytes</c>, <c>net.tx.bytes</c>.</summary>
    Container,

    /// <summary>The depth of a RabbitMQ queue (<c>vhost/queue</c> or <c>queue</c>), or of all that match a glob.</summary>
    RabbitMq,

    /// <summary>A sample pushed to <c>POST /v1/samples</c>.</summary>
    Pushed,

    /// <summary>The length of a Redis list or stream, or what a consumer group has yet to do.</summary>
    Redis,

    /// <summary>The one number that an SQL query of a PostgreSQL database answers.</summary>
    Postgres,

    /// <summary>A number in the JSON that an HTTP server answers.</summary>
    Json,

    /// <summary>How many messages of a Kafka topic a consumer group has yet to do.</summary>
    Kafka,
}

/// <summary>What is made of one instance's samples within the window.</summary>
public enum WindowFunction
{
    /// <summary>The newest sample.</summary>
    Last,

    /// <summary>The mean of the samples in the window.</summary>
    Avg,

    /// <summary>The least sample in the window.</summary>
    Min,

    /// <summary>The greatest sample in the window.</summary>
    Max,

    /// <summary>The sum of the samples in the window.</summary>
    Sum,

    /// <summary>Per-second rate of a counter, extrapolated and reset-aware as Prometheus' <c>rate()</c>.</summary>
    Rate,

    /// <summary>Growth of a counter over the window, as Prometheus' <c>increase()</c>.</summary>
    Increase,

    /// <summary>Difference of a gauge over the window, as Prometheus' <c>delta()</c>.</summary>
    Delta,

    /// <summary>Per-second slope of a gauge by least squares, as Prometheus' <c>deriv()</c>.</summary>
    Deriv,
}

/// <summary>How the values of an app's instances become one.</summary>
public enum Aggregation
{
    /// <summary>The mean over the instances that report.</summary>
    Avg,

    /// <summary>The sum over the instances that report.</summary>
    Sum,

    /// <summary>The least of the instances.</summary>
    Min,

    /// <summary>The greatest of the instances.</summary>
    Max,

    /// <summary>How many instances report.</summary>
    Count,
}

/// <summary>One metric of a policy: what to read, over which window, how to join the instances.</summary>
public sealed partial record MetricQuery
{
    /// <summary>The kind of source.</summary>
    public required MetricSource Source { get; init; }

    /// <summary>
    /// The metric name, series selector (<c>name{label="value"}</c>), PromQL text, queue name, key, SQL or path. Of sources
    /// without instances it may have placeholders: <see cref="QueryTemplate"/>.
    /// </summary>
    public required string Selector { get; init; }

    /// <summary>What is made of one instance's samples.</summary>
    public WindowFunction Function { get; init; } = WindowFunction.Last;

    /// <summary>The window; zero means the newest sample that is not stale.</summary>
    public TimeSpan Window { get; init; }

    /// <summary>How instances are joined.</summary>
    public Aggregation Across { get; init; } = Aggregation.Avg;

    /// <summary>
    /// How the series of one instance become its value: they are parts of a whole unless the policy says otherwise. Not
    /// <see cref="Aggregation.Count"/>.
    /// </summary>
    public Aggregation Within { get; init; } = Aggregation.Sum;

    /// <summary>For <see cref="MetricSource.Histogram"/>: the quantile, 0 to 1.</summary>
    public double Quantile { get; init; } = double.NaN;

    /// <summary>How the instances are scraped for it, where the policy says so; null leaves all to the app's labels.</summary>
    public ScrapeSettings? Scrape { get; init; }

    /// <summary>For sources without instances: of which server what is read; null where the policy leaves it all out.</summary>
    public SourceSettings? From { get; init; }

    /// <summary>Whether it is read of the app's instances, one by one.</summary>
    public bool HasInstances => Source is MetricSource.Actuator or MetricSource.Prometheus or MetricSource.Histogram
        or MetricSource.Container;

    /// <summary>Whether a server is asked for it that is none of the app's instances.</summary>
    public bool HasServer => !HasInstances && Source != MetricSource.Pushed;

    /// <summary>
    /// Whether an instance's value cannot be below 0, by the metric's nature: counters by their names, what is made of counters,
    /// statistics of containers, the depth of a queue, a lag. Of a gauge nothing is known.
    /// </summary>
    public bool NeverNegative => Function switch
    {
        WindowFunction.Rate or WindowFunction.Increase => true,
        WindowFunction.Delta or WindowFunction.Deriv => false,
        _ => Source is MetricSource.Container or MetricSource.RabbitMq or MetricSource.Redis or MetricSource.Kafka || IsCounter,
    };

    /// <summary>
    /// Whether it tells of events: one that an instance which answers does not have is one that has not happened there.
    /// </summary>
    public bool TellsOfEvents => Source == MetricSource.Histogram
        || (Source is MetricSource.Actuator or MetricSource.Prometheus
            && (IsCounter || IsObserved || IsMadeByFirstCall(Source, Name.ToString())
                || Function is WindowFunction.Rate or WindowFunction.Increase));

    /// <summary>
    /// Whether NaN is its way to say that there was no observation: a quotient or quantile of a query (NULL in SQL), a quantile
    /// that an instance keeps itself; a consumer group that has committed nothing and begins at the end.
    /// </summary>
    public bool NaNIsIdle => Source is MetricSource.PromQl or MetricSource.Postgres or MetricSource.Kafka || IsObserved;

    /// <summary>Whether an instance's value is a share of what it may use, 1 being all of it.</summary>
    public bool IsShare =>
        Function is not (WindowFunction.Sum or WindowFunction.Rate or WindowFunction.Increase or WindowFunction.Delta
            or WindowFunction.Deriv)
        && Source switch
        {
            MetricSource.Container => Selector is "cpu" or "mem",
            MetricSource.Actuator => Name is "system.cpu.usage" or "process.cpu.usage",
            MetricSource.Prometheus => Name is "system_cpu_usage" or "process_cpu_usage",
            _ => false,
        };

    /// <summary>What the value of an instance can be that does not report.</summary>
    internal Interval Silence => NeverNegative ? new Interval(0, double.PositiveInfinity) : Interval.Open;

    /// <summary>The metric's name, without labels.</summary>
    internal ReadOnlySpan<char> Name => Selector.IndexOf('{', StringComparison.Ordinal) switch
    {
        < 0 => Selector,

        // A name in quotes stands among the labels.
        0 => SeriesSelector.TryParse(Selector, out var selector, out _) ? selector!.Name : "",
        var brace => Selector.AsSpan(0, brace),
    };

    /// <summary>
    /// Whether a metric is there only since the first call, in every service of its kind, so that its absence as a whole is no
    /// slip of the pen: Spring's timers of the requests that are served and sent, under the names that registries give them.
    /// </summary>
    public static bool IsMadeByFirstCall(MetricSource source, string name) => source switch
    {
        MetricSource.Actuator => MadeByFirstCall.IsMatch(name),
        MetricSource.Prometheus or MetricSource.Histogram => MadeByFirstCall.IsMatch(name.Replace('_', '.')),
        _ => false,
    };

    // http.server.requests, http.server.requests.percentile; http_server_requests_seconds_count
    [GeneratedRegex(@"^http\.(server|client)\.requests(\.percentile|\.histogram|\.seconds(\.(count|sum|max|bucket))?)?$")]
    private static partial Regex MadeByFirstCall { get; }

    // What a timer or a summary makes of its observations: quantiles, and the greatest.
    private bool IsObserved => Source switch
    {
        MetricSource.Prometheus => Selector.Contains("quantile=", StringComparison.Ordinal),
        MetricSource.Actuator => Selector.Contains("phi=", StringComparison.Ordinal)
            || Selector.Contains("statistic=\"MAX\"", StringComparison.Ordinal),
        _ => false,
    };

    // OpenMetrics reserves the endings, Boot 1 the prefix; the statistics are those of Micrometer, which drops amounts below 0.
    private bool IsCounter => Source switch
    {
        MetricSource.Prometheus => Name.EndsWith("_total") || Name.EndsWith("_count") || Name.EndsWith("_bucket"),
        MetricSource.Actuator => Name.StartsWith("counter.") || Selector.Contains("statistic=\"COUNT\"", StringComparison.Ordinal)
            || Selector.Contains("statistic=\"TOTAL", StringComparison.Ordinal),
        _ => false,
    };
}
