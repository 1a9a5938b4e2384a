namespace LifecycleManager.Metrics.Core.Windows;

/// <summary>How long a sample stands for the present.</summary>
public static class Staleness
{
    /// <summary>Where nothing is configured: three intervals, at most 5 minutes.</summary>
    /// <param name="interval">Between two samples.</param>
    public static TimeSpan Default(TimeSpan interval) =>
        TimeSpan.FromTicks(Math.Min(interval.Ticks * 3, TimeSpan.FromMinutes(5).Ticks));
}
