using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Core.Windows;

/// <summary>
/// What is made of the samples within a window. The arithmetic is Prometheus' (3.16, <c>promql/functions.go</c>), compensated
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

    private static double Extrapolate(ReadOnlySpan<Sample> samples, long from, long to, bool counter, bool perSecond)
    {
        var (first, last) = (samples[0], samples[^1]);
        var growth = counter ? Growth(samples) : last.Value - first.Value;
        var factor = Extrapolation.Factor(
            first.Time, last.Time, samples.Length, from, to, counter ? first.Value : double.NaN, growth);
        if (perSecond) factor /= (to - from) / 1000.0;
        return growth * factor;
    }

    private static double Average(ReadOnlySpan<Sample> samples)
    {
        double sum = samples[0].Value, compensation = 0, mean = 0, count = 1;
        var isIncremental = false;
        foreach (var (_, value) in samples[1..])
        {
            count++;
            if (!isIncremental)
            {
                var (nextSum, nextCompensation) = (sum, compensation);
                KahanAdd(value, ref nextSum, ref nextCompensation);
                if (!double.IsInfinity(nextSum))
                {
                    (sum, compensation) = (nextSum, nextCompensation);
                    continue;
                }

                // The sum is beyond a double; the mean need not be.
                isIncremental = true;
                mean = sum / (count - 1);
                compensation /= count - 1;
            }

            var share = (count - 1) / count;
            mean *= share;
            compensation *= share;
            KahanAdd(value / count, ref mean, ref compensation);
        }

        return isIncremental ? mean + compensation : sum / count + compensation / count;
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
        if (double.IsInfinity(total)) compensation = 0;
        else compensation += Math.Abs(sum) >= Math.Abs(value) ? sum - total + value : value - total + sum;
        sum = total;
    }
}
