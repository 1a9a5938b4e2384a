using LifecycleManager.Metrics.Queries;

namespace LifecycleManager.Metrics.Windows;

/// <summary>
/// Tells a window that an instance has filled from one that it has reported in for a part only, having been silent, or not collected yet, for the
/// rest. Growth, a sum and an extreme over such a window are bounds and no more; an average of what there is stands for the whole, as
/// in Prometheus.
/// </summary>
public static class WindowFill
{
    /// <summary>Of a counter's window one scrape may be missing at either edge.</summary>
    private const double MostSteps = 2;

    /// <summary>Whether the samples stand for the whole window.</summary>
    /// <param name="function">What is made of them.</param>
    /// <param name="samples">The samples within the window, oldest first, as many as the function needs.</param>
    /// <param name="isBorn">Whether the instance started within the window: before that there is nothing to miss.</param>
    /// <param name="from">The window's start, milliseconds since 1970.</param>
    /// <param name="to">The window's end, milliseconds since 1970.</param>
    /// <param name="longestGap">For how many milliseconds a sample stands.</param>
    public static bool IsFull(WindowFunction function, ReadOnlySpan<Sample> samples, bool isBorn, long from, long to, long longestGap)
    {
        switch (function)
        {
            case WindowFunction.Rate or WindowFunction.Increase:
                var (first, last) = (samples[0], samples[^1]);
                var longest = MostSteps * (last.Time - first.Time) / (samples.Length - 1);
                return to - last.Time <= longest && (isBorn || first.Time - from <= longest || ToZero(first, last) <= longest);
            case WindowFunction.Sum or WindowFunction.Min or WindowFunction.Max:
                var before = isBorn ? samples[0].Time : from;
                foreach (var (time, _) in samples)
                {
                    if (time - before > longestGap) return false;
                    before = time;
                }

                return true;
            default:
                return true;
        }
    }

    /// <summary>What the function's value over the whole window can be, given that over a part of it.</summary>
    public static Interval Range(MetricQuery query, double value) => query.Function switch
    {
        WindowFunction.Min => new Interval(Math.Min(value, query.Silence.Low), value),
        WindowFunction.Sum when !query.NeverNegative => Interval.Open,
        _ => new Interval(value, double.PositiveInfinity),
    };

    /// <summary>How long before its first sample a counter that grew as it does now was at 0, milliseconds: it began there.</summary>
    private static double ToZero(Sample first, Sample last)
    {
        if (first.Value <= 0) return 0;
        var growth = last.Value - first.Value;
        return growth > 0 ? (last.Time - first.Time) * (first.Value / growth) : double.PositiveInfinity;
    }
}
