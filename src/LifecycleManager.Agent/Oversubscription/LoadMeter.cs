using LifecycleManager.Agent.Containerizers;

namespace LifecycleManager.Agent.Oversubscription;

/// <summary>Turns growing cpu times into smoothed use, a container each.</summary>
/// <param name="time">The clock.</param>
internal sealed class LoadMeter(TimeProvider time)
{
    private const double Weight = 0.5;
    private readonly Dictionary<string, (long At, double Seconds, double? Used)> _last = new(StringComparer.Ordinal);

    /// <summary>Takes a measurement.</summary>
    /// <returns>Cpu seconds a second, smoothed exponentially; null with the first.</returns>
    public double? Take(string containerId, ContainerStatistics usage)
    {
        var seconds = (usage.CpuUser ?? 0) + (usage.CpuSystem ?? 0);
        var at = time.GetTimestamp();
        double? used = null;
        if (_last.TryGetValue(containerId, out var last))
        {
            var span = time.GetElapsedTime(last.At, at).TotalSeconds;
            if (span <= 0) return last.Used;
            var now = Math.Max(0, (seconds - last.Seconds) / span);
            // A rise counts at once: guaranteed tasks come before best effort.
            used = last.Used is { } before && now < before ? before + (Weight * (now - before)) : now;
        }

        _last[containerId] = (at, seconds, used);
        return used;
    }

    /// <summary>Forgets containers that are gone.</summary>
    public void Keep(IReadOnlySet<string> containers)
    {
        foreach (var gone in _last.Keys.Where(id => !containers.Contains(id)).ToList()) _last.Remove(gone);
    }
}
