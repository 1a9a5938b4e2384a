using LifecycleManager.Runtime.Observability;
using Prometheus;

namespace LifecycleManager.Manager.Scheduling;

/// <summary>What the manager shows of its schedules.</summary>
internal sealed class ScheduleMetrics
{
    private readonly Counter _fires;
    private readonly Gauge _schedules;
    private readonly Gauge _open;
    private readonly Gauge _next;

    public ScheduleMetrics(CollectorRegistry registry)
    {
        var metrics = Prometheus.Metrics.WithCustomRegistry(registry);
        _fires = metrics.CreateCounter(
            "lcm_manager_schedule_fires_total", "Fires of schedules that ended, by outcome.", ["outcome"]);
        _schedules = metrics.CreateUnset("lcm_manager_schedules", "Schedules in force.");
        _open = metrics.CreateUnset("lcm_manager_schedule_fires_open", "Fires of schedules that have not ended.");
        _next = metrics.CreateUnset(
            "lcm_manager_schedule_next_fire_timestamp_seconds", "The earliest fire time of all schedules, in Unix time.");
        foreach (var state in (FireState[])[FireState.Done, FireState.Failed, FireState.Skipped, FireState.Misfired])
            _fires.WithLabels(Text(state)).Publish();
    }

    public void Ended(FireRecord fire) => _fires.WithLabels(Text(fire.State)).Inc();

    public void Show(int schedules, int open, DateTimeOffset? next)
    {
        _schedules.Set(schedules);
        _open.Set(open);
        if (next is { } at) _next.Set(at.ToUnixTimeMilliseconds() / 1000.0);
        else _next.Withdraw();
    }

    /// <summary>The term has ended: another manager knows.</summary>
    public void EndTerm()
    {
        foreach (var gauge in (Gauge[])[_schedules, _open, _next]) gauge.Withdraw();
    }

    private static string Text(FireState state) => state.ToString().ToLowerInvariant();
}
