using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Core.Windows;

/// <summary>
/// Tells a window that an instance has filled from one that it has reported in for a part only, having been silent, or not
/// collected yet, for the rest. Growth, a sum and an extreme over such a window are bounds and no more; an average of what there
/// is stands for the whole, as in Prometheus.
/// </summary>
public static class WindowFill
{
    /// <summary>Between two samples, and at the window's edges, one scrape may be missing.</summary>
    private const double MostSteps = 2;

    /// <summary>Whether the samples stand for the whole window.</summary>
    /// <param name="function">What is made of them.</param>
    /// <param name="samples">The samples within the window, oldest first, as many as the function needs.</param>
    /// <param name="isBorn">Whether the instance started within the window: before that there is nothing to miss.</param>
    /// <param name="from">The window's start, milliseconds since 1970.</param>
    /// <param name="to">The window's end, milliseconds since 1970.</param>
    /// <param name="staleness">For how many milliseconds a sample stands at most.</param>
    public static bool IsFull(WindowFunction function, ReadOnlySpan<Sample> samples, bool isBorn, long from, long to,
        long staleness)
    {
        var (first, last) = (samples[0], samples[^1]);
        var longest = samples.Length > 1 ? Math.Min(MostSteps * (last.Time - first.Time) / (samples.Length - 1), staleness)
            : staleness;
        switch (function)
        {
            case WindowFunction.Rate or WindowFunction.Increase:
                return to - last.Time <= longest && (isBorn || first.Time - from <= longest || ToZero(first, last) <= longest);
            case WindowFunction.Sum or WindowFunction.Min or WindowFunction.Max:
                var before = isBorn ? first.Time : from;
                foreach (var (time, _) in samples)
                {
                    if (time - before > longest) return false;
                    before = time;
                }

                return true;
            default:
                return true;
        }
    }

    /// <summary>What the function's value over the whole window can be, given the samples of a part of it.</summary>
    /// <param name="query">What is read.</param>
    /// <param name="samples">The samples.</param>
    /// <param name="from">The window's start, milliseconds since 1970.</param>
    /// <param name="to">The window's end, milliseconds since 1970.</param>
    /// <param name="value">The function's value over the samples.</param>
    public static Interval Range(MetricQuery query, ReadOnlySpan<Sample> samples, long from, long to, double value) =>
        query.Function switch
        {
            // What was seen to grow, without what is extrapolated.
            WindowFunction.Rate => Range(query, WindowFunctions.Growth(samples) / ((to - from) / 1000.0)),
            WindowFunction.Increase => Range(query, WindowFunctions.Growth(samples)),
            _ => Range(query, value),
        };

    /// <summary>The same of a value that nothing was extrapolated for.</summary>
    public static Interval Range(MetricQuery query, double value) => query.Function switch
    {
        WindowFunction.Min => new Interval(Math.Min(value, query.Silence.Low), value),
        WindowFunction.Sum when !query.NeverNegative => Interval.Open,
        _ => new Interval(value, double.PositiveInfinity),
    };

    /// <summary>
    /// How long before its first sample a counter that grew as it does now was at 0, milliseconds: it began there.
    /// </summary>
    private static double ToZero(Sample first, Sample last)
    {
        if (first.Value <= 0) return 0;
        var growth = last.Value - first.Value;
        return growth > 0 ? (last.Time - first.Time) * (first.Value / growth) : double.PositiveInfinity;
    }
}
