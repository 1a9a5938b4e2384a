namespace LifecycleManager.Agent.Masters;

/// <summary>
/// Doubling delays with full jitter (each uniform between nothing and the doubled bound), so that a thousand agents do not
/// return to a new master at one moment.
/// </summary>
internal sealed class Backoff(TimeSpan first, TimeSpan longest, Random random)
{
    private int _doublings;

    /// <summary>The next delay.</summary>
    public TimeSpan Next()
    {
        var bound = first * Math.Pow(2, _doublings);
        if (bound < longest) _doublings++;
        return (bound < longest ? bound : longest) * random.NextDouble();
    }

    /// <summary>Begins anew after a success.</summary>
    public void Reset() => _doublings = 0;
}
