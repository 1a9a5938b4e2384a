using Prometheus;

namespace LifecycleManager.Runtime.Observability;

/// <summary>Gauges of what is known for a while only: of an app, of a term.</summary>
public static class GaugeSeries
{
    /// <summary>
    /// Takes all series of a gauge away, until one is set again: what nobody knows any more is shown by nobody, and no sum over
    /// the roles of a cluster has it twice.
    /// </summary>
    public static void Withdraw(this Gauge gauge)
    {
        ArgumentNullException.ThrowIfNull(gauge);
        if (gauge.LabelNames.Length == 0) gauge.Unpublish();
        foreach (var values in gauge.GetAllLabelValues()) gauge.RemoveLabelled(values);
    }

    /// <summary>A gauge without labels that is not shown before it is set.</summary>
    /// <param name="metrics">Where it belongs to.</param>
    /// <param name="name">Its name.</param>
    /// <param name="help">What it is.</param>
    public static Gauge CreateUnset(this IMetricFactory metrics, string name, string help)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        return metrics.CreateGauge(name, help, new GaugeConfiguration { SuppressInitialValue = true });
    }
}
