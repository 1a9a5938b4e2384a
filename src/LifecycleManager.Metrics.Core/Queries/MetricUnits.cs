using System.Globalization;

namespace LifecycleManager.Metrics.Core.Queries;

/// <summary>In what a metric is measured.</summary>
public enum MetricUnit
{
    /// <summary>Its name does not tell, or it is a number of things.</summary>
    None,

    /// <summary>A share: 1 is all of it.</summary>
    Share,

    /// <summary>Seconds.</summary>
    Seconds,

    /// <summary>Milliseconds.</summary>
    Milliseconds,

    /// <summary>Bytes.</summary>
    Bytes,
}

/// <summary>
/// The units of metrics, as far as their names tell: Prometheus' endings, the base units of Spring's actuator, containers.
/// </summary>
public static class MetricUnits
{
    private static readonly string[] ActuatorSeconds =
        ["http.server.requests", "http.client.requests", "jvm.gc.pause", "process.uptime", "application.ready.time",
            "application.started.time"];

    private static readonly string[] ActuatorBytes =
        ["jvm.memory.", "jvm.buffer.memory.used", "jvm.buffer.total.capacity", "disk.free", "disk.total", "jvm.gc.memory.",
            "jvm.gc.live.data.size", "jvm.gc.max.data.size"];

    /// <summary>The unit of an instance's value.</summary>
    public static MetricUnit Of(MetricQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (query.IsShare) return MetricUnit.Share;
        // Per second something else comes out.
        if (query.Function is WindowFunction.Rate or WindowFunction.Deriv) return MetricUnit.None;
        var name = query.Name;
        return query.Source switch
        {
            MetricSource.Container => name switch
            {
                "cpu.seconds" => MetricUnit.Seconds,
                "mem.bytes" or "net.rx.bytes" or "net.tx.bytes" => MetricUnit.Bytes,
                _ => MetricUnit.None,
            },
            MetricSource.Actuator => OfActuator(name.ToString(), query.Selector),
            MetricSource.Prometheus or MetricSource.Histogram => OfText(name.ToString()),
            _ => MetricUnit.None,
        };
    }

    /// <summary>A value for people: <c>42%</c>, <c>0.31 s</c>, <c>231 MB</c>.</summary>
    public static string Format(double value, MetricUnit unit) => unit switch
    {
        MetricUnit.Share => Number(value * 100) + "%",
        MetricUnit.Seconds => Number(value) + " s",
        MetricUnit.Milliseconds => Number(value) + " ms",
        MetricUnit.Bytes when Math.Abs(value) >= 1e9 => Number(value / 1e9) + " GB",
        MetricUnit.Bytes when Math.Abs(value) >= 1e6 => Number(value / 1e6) + " MB",
        MetricUnit.Bytes => Number(value) + " bytes",
        _ => Number(value),
    };

    private static string Number(double value) =>
        value.ToString(Math.Abs(value) >= 100 ? "0" : "0.###", CultureInfo.InvariantCulture);

    private static MetricUnit OfActuator(string name, string selector)
    {
        // Boot 1.x tells how long the last answer took in milliseconds.
        if (name.StartsWith("gauge.response.", StringComparison.Ordinal)) return MetricUnit.Milliseconds;
        if (selector.Contains("statistic=\"COUNT\"", StringComparison.Ordinal)) return MetricUnit.None;
        if (ActuatorSeconds.Contains(name)) return MetricUnit.Seconds;
        return ActuatorBytes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal))
            ? MetricUnit.Bytes : MetricUnit.None;
    }

    private static MetricUnit OfText(string name)
    {
        foreach (var part in (ReadOnlySpan<string>)["_total", "_sum", "_max"])
        {
            if (name.EndsWith(part, StringComparison.Ordinal)) name = name[..^part.Length];
        }

        if (name.EndsWith("_seconds", StringComparison.Ordinal)) return MetricUnit.Seconds;
        if (name.EndsWith("_milliseconds", StringComparison.Ordinal) || name.EndsWith("_millis", StringComparison.Ordinal)
            || name.EndsWith("_ms", StringComparison.Ordinal)) return MetricUnit.Milliseconds;
        if (name.EndsWith("_ratio", StringComparison.Ordinal)) return MetricUnit.Share;
        return name.EndsWith("_bytes", StringComparison.Ordinal) ? MetricUnit.Bytes : MetricUnit.None;
    }
}
