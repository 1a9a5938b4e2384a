using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Primitives.Timing;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Metrics;

/// <summary>Looks once at what the instances of apps tell, beside whatever is collected all the time.</summary>
public static class MetricsProbe
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    /// <summary>Reads metrics until all have a value of whole windows, or the patience is over.</summary>
    /// <param name="options">Where instances are found, and who the collector is to them; it is asked each second.</param>
    /// <param name="demands">What is read; windows of a few seconds are filled in time.</param>
    /// <param name="patience">How long it may take; over zero.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>A reading a demand, in their order; what cannot be read says why.</returns>
    /// <exception cref="ArgumentException">The options are wrong.</exception>
    public static async Task<IReadOnlyList<MetricReading>> ReadAsync(
        CollectorOptions options, IReadOnlyList<MetricDemand> demands, TimeSpan patience, TimeProvider time,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(demands);
        ArgumentNullException.ThrowIfNull(time);
        var own = options with { Interval = Interval, Staleness = Longest };
        using var collector =
            new MetricsCollector(own, time, Prometheus.Metrics.NewCustomRegistry(), NullLoggerFactory.Instance);
        collector.Demand(demands);
        await collector.StartAsync(cancellation);
        try
        {
            var begin = time.GetTimestamp();
            while (true)
            {
                await time.DelayAsync(Look, cancellation);
                var now = time.GetUtcNow();
                var readings = demands.Select(demand => collector.Read(demand.App, demand.Query, now)).ToList();
                if (readings.TrueForAll(IsWhole) || time.GetElapsedTime(begin) >= patience) return readings;
            }
        }
        finally
        {
            await collector.StopAsync(CancellationToken.None);
        }
    }

    private static bool IsWhole(MetricReading reading) =>
        reading is { IsKnown: true, Silent: 0, Unfilled: 0 } || reading.Absence == Absence.Idle;
}
