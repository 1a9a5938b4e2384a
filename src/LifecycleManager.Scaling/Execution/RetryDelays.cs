namespace LifecycleManager.Scaling.Execution;

/// <summary>
/// Delays an app's next change after failures in a row: by the first delay, twice, four times that, ... up to the longest. It has
/// no clock: each call states the present.
/// </summary>
internal sealed class RetryDelays(TimeSpan first, TimeSpan max)
{
    private readonly Dictionary<string, (int Failures, DateTimeOffset NotBefore)> _apps = new(StringComparer.Ordinal);

    public DateTimeOffset? NotBefore(string app, DateTimeOffset now) =>
        _apps.TryGetValue(app, out var delayed) && delayed.NotBefore > now ? delayed.NotBefore : null;

    public void Failed(string app, DateTimeOffset now)
    {
        var failures = _apps.TryGetValue(app, out var delayed) ? delayed.Failures : 0;
        var delay = TimeSpan.FromTicks(Math.Min(max.Ticks, first.Ticks << Math.Min(failures, 10)));
        _apps[app] = (failures + 1, now + delay);
    }

    public void Succeeded(string app) => _apps.Remove(app);
}
