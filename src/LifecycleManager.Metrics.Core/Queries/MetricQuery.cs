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

    /// <summary>The depth of a RabbitMQ queue (<c>vhost/queue</c> or <c>queue</c>).</summary>
    RabbitMq,

    /// <summary>A sample pushed to <c>POST /v1/samples</c>.</summary>
    Pushed,
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
public sealed record MetricQuery
{
    /// <summary>The kind of source.</summary>
    public required MetricSource Source { get; init; }

    /// <summary>The metric name, series selector (<c>name{label="value"}</c>), PromQL text or queue name.</summary>
    public required string Selector { get; init; }

    /// <summary>What is made of one instance's samples.</summary>
    public WindowFunction Function { get; init; } = WindowFunction.Last;

    /// <summary>The window; zero means the newest sample that is not stale.</summary>
    public TimeSpan Window { get; init; }

    /// <summary>How instances are joined.</summary>
    public Aggregation Across { get; init; } = Aggregation.Avg;

    /// <summary>For <see cref="MetricSource.Histogram"/>: the quantile, 0 to 1.</summary>
    public double Quantile { get; init; } = double.NaN;

    /// <summary>How the instances are scraped for it, where the policy says so; null leaves all to the app's labels.</summary>
    public ScrapeSettings? Scrape { get; init; }

    /// <summary>
    /// Whether an instance's value cannot be below 0, by the metric's nature: counters by their names, what is made of counters,
    /// statistics of containers, the depth of a queue. Of a gauge nothing is known.
    /// </summary>
    public bool NeverNegative => Function switch
    {
        WindowFunction.Rate or WindowFunction.Increase => true,
        WindowFunction.Delta or WindowFunction.Deriv => false,
        _ => Source is MetricSource.Container or MetricSource.RabbitMq || IsCounter,
    };

    /// <summary>Whether it counts events, so that an instance which answers and does not have it has had none.</summary>
    public bool CountsEvents => Source == MetricSource.Histogram
        || (Source is MetricSource.Actuator or MetricSource.Prometheus
            && (IsCounter || Function is WindowFunction.Rate or WindowFunction.Increase));

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

    private ReadOnlySpan<char> Name => Selector.IndexOf('{', StringComparison.Ordinal) is var brace and >= 0
        ? Selector.AsSpan(0, brace) : Selector;

    // OpenMetrics reserves the endings, Boot 1 the prefix; the statistics are those of Micrometer, which drops amounts below 0.
    private bool IsCounter => Source switch
    {
        MetricSource.Prometheus => Name.EndsWith("_total") || Name.EndsWith("_count") || Name.EndsWith("_bucket"),
        MetricSource.Actuator => Name.StartsWith("counter.") || Selector.Contains("statistic=\"COUNT\"", StringComparison.Ordinal)
            || Selector.Contains("statistic=\"TOTAL", StringComparison.Ordinal),
        _ => false,
    };
}
