namespace LifecycleManager.Metrics.Core.Windows;

/// <summary>
/// How far the growth between the first and the last sample of a window is stretched towards its edges, as Prometheus 3 does: up
/// to an edge that is near, else by half a step, and never to before a counter's zero.
/// </summary>
internal static class Extrapolation
{
    private const double Near = 1.1;

    /// <summary>What the growth is to be multiplied by.</summary>
    /// <param name="first">The time of the first sample, milliseconds since 1970.</param>
    /// <param name="last">The time of the last sample.</param>
    /// <param name="samples">How many there are, 2 at least.</param>
    /// <param name="from">The window's start.</param>
    /// <param name="to">The window's end.</param>
    /// <param name="start">A counter's value at the first sample; NaN for what is no counter.</param>
    /// <param name="growth">What it has grown by.</param>
    public static double Factor(long first, long last, int samples, long from, long to, double start, double growth)
    {
        var sampled = (last - first) / 1000.0;
        var step = sampled / (samples - 1);
        var (toStart, toEnd) = ((first - from) / 1000.0, (to - last) / 1000.0);
        if (toStart >= step * Near) toStart = step / 2;
        if (growth > 0 && start >= 0) toStart = Math.Min(toStart, sampled * (start / growth));
        if (toEnd >= step * Near) toEnd = step / 2;
        return (sampled + toStart + toEnd) / sampled;
    }
}
