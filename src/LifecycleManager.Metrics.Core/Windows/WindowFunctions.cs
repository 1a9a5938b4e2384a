using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Core.Windows;

/// <summary>
/// What is made of the samples within a window. The arithmetic is Prometheus' (2.42, <c>promql/functions.go</c>), compensated
/// sums included, so that a policy sees what a dashboard shows.
/// </summary>
public static class WindowFunctions
{
    /// <summary>Applies a function.</summary>
    /// <param name="function">The function.</param>
    /// <param name="samples">The samples within the window, oldest first.</param>
    /// <param name="from">The window's start, milliseconds since 1970.</param>
    /// <param name="to">The window's end, milliseconds since 1970.</param>
    /// <param name="value">The result.</param>
    /// <returns>False where the samples are too few: none, or only one where a difference is needed.</returns>
    public static bool TryApply(WindowFunction function, ReadOnlySpan<Sample> samples, long from, long to, out double value)
    {
        value = double.NaN;
        if (samples.Length < Least(function)) return false;
        value = function switch
        {
            WindowFunction.Last => samples[^1].Value,
            WindowFunction.Avg => Average(samples),
            WindowFunction.Min => Min(samples),
            WindowFunction.Max => Max(samples),
            WindowFunction.Sum => Sum(samples),
            WindowFunction.Rate => Extrapolate(samples, from, to, counter: true, perSecond: true),
            WindowFunction.Increase => Extrapolate(samples, from, to, counter: true, perSecond: false),
            WindowFunction.Delta => Extrapolate(samples, from, to, counter: false, perSecond: false),
            WindowFunction.Deriv => Slope(samples),
            _ => throw new ArgumentOutOfRangeException(nameof(function), function, null),
        };
        return true;
    }

    /// <summary>The least number of samples that a function needs.</summary>
    public static int Least(WindowFunction function) =>
        function is WindowFunction.Rate or WindowFunction.Increase or WindowFunction.Delta or WindowFunction.Deriv ? 2 : 1;

    /// <summary>
    /// What a counter has grown by between the first and the last sample, those times included when it began at 0 again.
    /// </summary>
    internal static double Growth(ReadOnlySpan<Sample> samples)
    {
        var growth = samples[^1].Value - samples[0].Value;
        var previous = samples[0].Value;
        foreach (var sample in samples[1..])
        {
            if (sample.Value < previous) growth += previous;
            previous = sample.Value;
        }

        return growth;
    }

    // extrapolatedRate: the growth between the first and the last sample, stretched towards the window's edges, though never
    // below a counter's zero and only half a step where the edge is far.
    private static double Extrapolate(ReadOnlySpan<Sample> samples, long from, long to, bool counter, bool perSecond)
    {
        var first = samples[0];
        var last = samples[^1];
        var growth = counter ? Growth(samples) : last.Value - first.Value;
        var toStart = (first.Time - from) / 1000.0;
        var toEnd = (to - last.Time) / 1000.0;
        var sampled = (last.Time - first.Time) / 1000.0;
        var step = sampled / (samples.Length - 1);
        if (counter && growth > 0 && first.Value >= 0) toStart = Math.Min(toStart, sampled * (first.Value / growth));
        var threshold = step * 1.1;
        var interval = sampled;
        interval += toStart < threshold ? toStart : step / 2;
        interval += toEnd < threshold ? toEnd : step / 2;
        var factor = interval / sampled;
        if (perSecond) factor /= (to - from) / 1000.0;
        return growth * factor;
    }

    private static double Average(ReadOnlySpan<Sample> samples)
    {
        double mean = 0, compensation = 0, count = 0;
        foreach (var (_, value) in samples)
        {
            count++;
            if (double.IsInfinity(mean))
            {
                if (double.IsInfinity(value) && mean > 0 == value > 0) continue;
                if (double.IsFinite(value)) continue;
            }

            KahanAdd(value / count - mean / count, ref mean, ref compensation);
        }

        return double.IsInfinity(mean) ? mean : mean + compensation;
    }

    private static double Sum(ReadOnlySpan<Sample> samples)
    {
        double sum = 0, compensation = 0;
        foreach (var (_, value) in samples) KahanAdd(value, ref sum, ref compensation);
        return double.IsInfinity(sum) ? sum : sum + compensation;
    }

    private static double Min(ReadOnlySpan<Sample> samples)
    {
        var min = samples[0].Value;
        foreach (var (_, value) in samples)
        {
            if (value < min || double.IsNaN(min)) min = value;
        }

        return min;
    }

    private static double Max(ReadOnlySpan<Sample> samples)
    {
        var max = samples[0].Value;
        foreach (var (_, value) in samples)
        {
            if (value > max || double.IsNaN(max)) max = value;
        }

        return max;
    }

    // linearRegression: least squares with times relative to the first sample.
    private static double Slope(ReadOnlySpan<Sample> samples)
    {
        double sumX = 0, cX = 0, sumY = 0, cY = 0, sumXY = 0, cXY = 0, sumX2 = 0, cX2 = 0;
        var initial = samples[0].Value;
        var constant = true;
        foreach (var (time, value) in samples)
        {
            if (value != initial) constant = false;
            var x = (time - samples[0].Time) / 1000.0;
            KahanAdd(x, ref sumX, ref cX);
            KahanAdd(value, ref sumY, ref cY);
            KahanAdd(x * value, ref sumXY, ref cXY);
            KahanAdd(x * x, ref sumX2, ref cX2);
        }

        if (constant) return double.IsInfinity(initial) ? double.NaN : 0;
        double n = samples.Length;
        sumX += cX;
        sumY += cY;
        sumXY += cXY;
        sumX2 += cX2;
        return (sumXY - sumX * sumY / n) / (sumX2 - sumX * sumX / n);
    }

    private static void KahanAdd(double value, ref double sum, ref double compensation)
    {
        var total = sum + value;
        // Neumaier: the lost low bits are those of the smaller of the two.
        compensation += Math.Abs(sum) >= Math.Abs(value) ? sum - total + value : value - total + sum;
        sum = total;
    }
}
