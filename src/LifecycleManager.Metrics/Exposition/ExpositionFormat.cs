namespace LifecycleManager.Metrics.Exposition;

/// <summary>The two text formats of metrics.</summary>
public enum ExpositionFormat
{
    /// <summary>Prometheus text 0.0.4 and 1.0.0.</summary>
    Text,

    /// <summary>OpenMetrics 1.0 text.</summary>
    OpenMetrics,
}

/// <summary>What a <c>TYPE</c> line says of the series that follow.</summary>
public enum MetricType
{
    /// <summary>Nothing, <c>untyped</c> or <c>unknown</c>.</summary>
    Unknown,

    /// <summary><c>counter</c></summary>
    Counter,

    /// <summary><c>gauge</c></summary>
    Gauge,

    /// <summary><c>histogram</c></summary>
    Histogram,

    /// <summary><c>gaugehistogram</c>: a histogram whose buckets may shrink.</summary>
    GaugeHistogram,

    /// <summary><c>summary</c></summary>
    Summary,

    /// <summary><c>info</c></summary>
    Info,

    /// <summary><c>stateset</c></summary>
    StateSet,
}

/// <summary>What a reader's next step came to.</summary>
public enum ExpositionToken
{
    /// <summary>A sample; the reader's properties describe it.</summary>
    Sample,

    /// <summary>The end of a well-formed exposition.</summary>
    End,

    /// <summary>The exposition is malformed; the reader's <c>Error</c> says where. The reader stays here.</summary>
    Error,
}

/// <summary>A place in a text and what is wrong there.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1, in bytes.</param>
/// <param name="Message">The problem.</param>
public readonly record struct ExpositionError(int Line, int Column, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"line {Line}, column {Column}: {Message}";
}
