namespace LifecycleManager.Metrics.Core.Windows;

/// <summary>A native histogram at one time.</summary>
/// <param name="Time">Milliseconds since 1970.</param>
/// <param name="Value">The histogram.</param>
public readonly record struct NativeSample(long Time, NativeHistogram Value);

/// <summary>What is made of native histograms within a window.</summary>
public static class NativeWindow
{
    /// <summary>
    /// The rate of each bucket, per second, extrapolated and reset-aware as Prometheus' <c>rate()</c> of native histograms.
    /// </summary>
    /// <param name="samples">The samples within the window, oldest first.</param>
    /// <param name="from">The window's start, milliseconds since 1970.</param>
    /// <param name="to">The window's end, milliseconds since 1970.</param>
    /// <returns>Null where there are fewer than two samples.</returns>
    public static NativeHistogram? Rate(ReadOnlySpan<NativeSample> samples, long from, long to)
    {
        if (samples.Length < 2) return null;
        var (first, last) = (samples[0], samples[^1]);

        // In the coarsest buckets of all: what is between the first and the last may be coarser than both.
        var schema = last.Value.Schema;
        foreach (var sample in samples) schema = Math.Min(schema, sample.Value.Schema);
        var growth = last.Value.ToSchema(schema).Subtract(first.Value);
        var previous = first.Value;
        foreach (var (_, value) in samples[1..])
        {
            if (value.IsResetAfter(previous)) growth = growth.Add(previous);
            previous = value;
        }

        var factor = Extrapolation.Factor(first.Time, last.Time, samples.Length, from, to, first.Value.Count, growth.Count);
        return growth.Multiply(factor / ((to - from) / 1000.0));
    }
}
