namespace LifecycleManager.Scaling.Evaluation;

/// <summary>
/// Holds an app's change back after failures in a row: 5 s, 10 s, 20 s, ... up to the longest delay. Its clock is what it is
/// told.
/// </summary>
internal sealed class RetryDelays(TimeSpan first, TimeSpan longest)
{
    private readonly Dictionary<string, (int Failures, DateTimeOffset NotBefore)> _apps = new(StringComparer.Ordinal);

    public DateTimeOffset? NotBefore(string app, DateTimeOffset now) =>
        _apps.TryGetValue(app, out var gate) && gate.NotBefore > now ? gate.NotBefore : null;

    public void Failed(string app, DateTimeOffset now)
    {
        var failures = _apps.TryGetValue(app, out var gate) ? gate.Failures : 0;
        var delay = TimeSpan.FromTicks(Math.Min(longest.Ticks, first.Ticks << Math.Min(failures, 10)));
        _apps[app] = (failures + 1, now + delay);
    }

    public void Succeeded(string app) => _apps.Remove(app);
}
