using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Checks;

/// <summary>Runs a task's health check and check while it runs.</summary>
internal sealed class CheckRunner(TaskInfo task, IContainer container, Func<TimeSpan> age, TimeProvider time, ILogger log)
{
    /// <summary>Told of each new verdict: healthy, to be killed, and why.</summary>
    public required Action<bool, bool, string?> OnHealth { get; init; }

    /// <summary>Told of each new result of the check.</summary>
    public required Action<CheckStatusInfo> OnCheck { get; init; }

    /// <summary>Why a check cannot be run; null when it can.</summary>
    public static string? WhyInvalid(TaskInfo task)
    {
        if (task.HealthCheck is { } health)
        {
            return WhyInvalid("health_check", TypeOf(health.Type, health.Command, health.Http, health.Tcp), health.Command,
                health.Http, health.Tcp,
                health.DelaySeconds, health.IntervalSeconds, health.TimeoutSeconds, health.GracePeriodSeconds);
        }

        return task.Check is { } check
            ? WhyInvalid("check", TypeOf(check.Type, check.Command?.Command, check.Http, check.Tcp), check.Command?.Command,
                check.Http, check.Tcp,
                check.DelaySeconds, check.IntervalSeconds, check.TimeoutSeconds, null)
            : null;
    }

    /// <summary>Runs until cancelled, or until the task is to be killed.</summary>
    public IEnumerable<Task> Run(CancellationToken cancellation)
    {
        if (task.HealthCheck is { } health) yield return WatchHealthAsync(health, cancellation);
        if (task.Check is { } check) yield return WatchAsync(check, cancellation);
    }

    private async Task WatchHealthAsync(HealthCheck check, CancellationToken cancellation)
    {
        var verdict = new CheckVerdict(check);
        var type = TypeOf(check.Type, check.Command, check.Http, check.Tcp);
        await time.DelayAsync(Seconds(check.DelaySeconds, 15), cancellation);
        while (true)
        {
            var result = await Prober.ProbeAsync(
                type, check.Command, check.Http, check.Tcp, Timeout(check.TimeoutSeconds), container, time, cancellation);
            if (!result.Success) log.LogDebug("The health check of {Task} failed: {Reason}", task.TaskId.Value, result.Failure);
            var (changed, kill) = verdict.Observe(result.Success, age());
            if (changed || kill) OnHealth(result.Success, kill, result.Failure);
            if (kill) return;
            await time.DelayAsync(Seconds(check.IntervalSeconds, 10), cancellation);
        }
    }

    private async Task WatchAsync(CheckInfo check, CancellationToken cancellation)
    {
        CheckStatusInfo? last = null;
        var type = TypeOf(check.Type, check.Command?.Command, check.Http, check.Tcp);
        await time.DelayAsync(Seconds(check.DelaySeconds, 15), cancellation);
        while (true)
        {
            var result = await Prober.ProbeAsync(
                type, check.Command?.Command, check.Http, check.Tcp, Timeout(check.TimeoutSeconds), container, time,
                cancellation);
            if (result.Status != last) OnCheck(result.Status);
            last = result.Status;
            await time.DelayAsync(Seconds(check.IntervalSeconds, 10), cancellation);
        }
    }

    private static CheckType TypeOf(CheckType? stated, CommandInfo? command, HttpCheck? http, TcpCheck? tcp) => stated
        ?? (command is not null ? CheckType.Command : http is not null ? CheckType.Http : tcp is not null
            ? CheckType.Tcp : CheckType.Unknown);

    private static TimeSpan Seconds(double? stated, double otherwise) => LongDurations.FromSeconds(stated ?? otherwise);

    // Zero is Mesos' word for no limit.
    private static TimeSpan Timeout(double? stated) => stated is 0 ? TimeSpan.MaxValue : Seconds(stated, 20);

    private static string? WhyInvalid(
        string what, CheckType type, CommandInfo? command, HttpCheck? http, TcpCheck? tcp, params ReadOnlySpan<double?> times)
    {
        foreach (var seconds in times)
        {
            if (seconds is < 0 or double.NaN) return $"{what} has a negative time";
        }

        return type switch
        {
            CheckType.Command => TaskCommandLine.Of(command) is null ? $"{what}.command is missing" : null,
            CheckType.Http when http is null => $"{what}.http is missing",
            CheckType.Http when http.Scheme is not (null or "http" or "https") =>
                $"{what}.http.scheme '{http.Scheme}' is neither http nor https",
            CheckType.Http => http!.Port is 0 or > ushort.MaxValue ? $"{what}.http.port is none" : null,
            CheckType.Tcp => tcp is null ? $"{what}.tcp is missing" : tcp.Port is 0 or > ushort.MaxValue
                ? $"{what}.tcp.port is none" : null,
            _ => $"{what} has no type",
        };
    }
}
