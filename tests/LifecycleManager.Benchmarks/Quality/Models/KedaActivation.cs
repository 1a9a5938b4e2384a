namespace LifecycleManager.Benchmarks.Quality.Models;

/// <summary>
/// What KEDA's operator adds to the HPA that it makes: it looks every polling interval whether a trigger is active, and takes an
/// app from zero, or to zero once no trigger was active for the cooldown. Times in seconds.
/// </summary>
internal sealed class KedaActivation
{
    private double? _lastActive;

    /// <summary>The least count; 0 is KEDA's default.</summary>
    public int Min { get; init; }

    /// <summary>The cooldown.</summary>
    public double Cooldown { get; init; } = 300;

    /// <summary>The value over which the trigger is active.</summary>
    public double Activation { get; init; }

    /// <summary>One poll.</summary>
    /// <param name="now">When it is.</param>
    /// <param name="count">The count.</param>
    /// <param name="value">The trigger's value.</param>
    /// <returns>The count that is set; all counts over 0 are the HPA's.</returns>
    public int Poll(double now, int count, double value)
    {
        if (value > Activation)
        {
            _lastActive = now;
            return count == 0 ? Math.Max(1, Min) : count;
        }

        if (Min > 0) return Math.Max(count, Min);
        // What was never active has nothing to cool down from.
        return count > 0 && (_lastActive is not { } last || last + Cooldown < now) ? 0 : count;
    }
}
