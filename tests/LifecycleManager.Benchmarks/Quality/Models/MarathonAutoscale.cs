namespace LifecycleManager.Benchmarks.Quality.Models;

/// <summary>
/// marathon-autoscale: the count times a factor once a metric has been out of its range so many polls in a row.
/// </summary>
internal sealed class MarathonAutoscale
{
    private int _over;
    private int _under;

    public required int Min { get; init; }

    public required int Max { get; init; }

    /// <summary>The range of the metric, both included.</summary>
    public required (double Min, double Max) Range { get; init; }

    /// <summary>What the count is multiplied with, or divided by.</summary>
    public double Multiplier { get; init; } = 1.5;

    /// <summary>With so many polls over the range it grows.</summary>
    public int ScaleUpFactor { get; init; } = 3;

    /// <summary>With so many polls under the range it shrinks.</summary>
    public int CoolDownFactor { get; init; } = 4;

    /// <summary>One poll.</summary>
    /// <param name="count">The count.</param>
    /// <param name="value">The metric; -1 is no value, which changes nothing.</param>
    /// <returns>The count that is set.</returns>
    public int Poll(int count, double value)
    {
        if (value == -1) return count;
        _over = value > Range.Max ? _over + 1 : 0;
        _under = value < Range.Min ? _under + 1 : 0;
        if (_over >= ScaleUpFactor)
        {
            _over = 0;
            return Math.Min(Max, (int)Math.Ceiling(count * Multiplier));
        }

        if (_under < CoolDownFactor) return count;
        _under = 0;
        return Math.Max(Min, (int)Math.Floor(count / Multiplier));
    }
}
