using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Core.Windows;

/// <summary>
/// What a query makes of one series at an instant: the one arithmetic of the collector, of policy tests and of replays.
/// </summary>
public static class WindowReader
{
    /// <summary>Reads one series.</summary>
    /// <param name="query">What is read; of a histogram, this is not for it.</param>
    /// <param name="samples">The series, oldest first; samples after <paramref name="now"/> take no part.</param>
    /// <param name="now">The window's end, milliseconds since 1970.</param>
    /// <param name="staleness">After how many milliseconds a sample no longer stands for the present.</param>
    /// <param name="born">
    /// When the instance had started, milliseconds since 1970; 0 where that is not known. What it did before takes no part,
    /// unless there is too little after it.
    /// </param>
    /// <param name="value">The value, where there is one; else NaN.</param>
    public static WindowOutcome Read(
        MetricQuery query, ReadOnlySpan<Sample> samples, long now, long staleness, long born, out WindowValue value)
    {
        value = new WindowValue(double.NaN, Interval.Unknown, 0);
        samples = samples[..UpTo(samples, now)];
        if (!IsFresh(samples, now, staleness)) return WindowOutcome.Stale;
        var before = samples[0].Time < born ? UpTo(samples, born - 1) : 0;
        var isStarting = samples.Length - before < Math.Min(WindowFunctions.Least(query.Function), samples.Length);
        if (!isStarting) samples = samples[before..];
        var window = (long)query.Window.TotalMilliseconds;
        var from = window > 0 ? now - window : now - staleness;

        // A window is open at its start, as in Prometheus 3. Without one every function sees the newest sample alone.
        samples = window > 0 ? samples[UpTo(samples, from)..] : samples[^1..];
        if (!WindowFunctions.TryApply(query.Function, samples, from, now, out var applied))
            return isStarting ? WindowOutcome.Starting : WindowOutcome.TooFew;
        var isFull = window <= 0 || WindowFill.IsFull(query.Function, samples, born >= from, from, now, staleness);
        value = new WindowValue(applied, isFull ? applied : WindowFill.Range(query, samples, from, now, applied),
            samples[^1].Time);
        return isStarting ? WindowOutcome.Starting : WindowOutcome.Value;
    }

    /// <summary>Whether the newest of samples that are all in the past stands for the present.</summary>
    public static bool IsFresh(ReadOnlySpan<Sample> samples, long now, long staleness) =>
        samples.Length > 0 && samples[^1].Time > now - staleness;

    /// <summary>How many samples are not after an instant. The newest are looked at first: it is they that are read.</summary>
    internal static int UpTo(ReadOnlySpan<Sample> samples, long time)
    {
        if (samples.Length == 0 || samples[^1].Time <= time) return samples.Length;
        var (low, high) = (0, samples.Length - 1);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (samples[middle].Time <= time) low = middle + 1;
            else high = middle;
        }

        return low;
    }
}

/// <summary>What came of reading a series.</summary>
public enum WindowOutcome
{
    /// <summary>There is a value; it may be no finite number.</summary>
    Value,

    /// <summary>No sample stands for the present.</summary>
    Stale,

    /// <summary>The window has fewer samples than the function needs.</summary>
    TooFew,

    /// <summary>It has them only with those of before the instance had started; there may be a value all the same.</summary>
    Starting,
}

/// <summary>A series' value at an instant.</summary>
/// <param name="Value">What the samples come to.</param>
/// <param name="Range">What it can really be: a point, unless samples are missing in the window.</param>
/// <param name="Newest">The time of the newest sample, milliseconds since 1970.</param>
public readonly record struct WindowValue(double Value, Interval Range, long Newest);
