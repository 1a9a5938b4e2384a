using LifecycleManager.Agent.Tasks;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Runtime.Health;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Oversubscription;

/// <summary>
/// Measures what tasks use, tells the master the slack, and ends best-effort tasks before a guaranteed one suffers.
/// </summary>
internal sealed class Oversubscriber(
    AgentOptions options, Func<IReadOnlyCollection<TaskRun>> tasks, double cpus, TimeProvider time, ILogger log)
{
    // For all of them: an engine that hangs keeps nobody from being told what the others use.
    private static readonly TimeSpan EstimateTimeout = TimeSpan.FromSeconds(5);
    private readonly LoadMeter _meter = new(time);
    private readonly HostLoad _host = new(time, options.MachineStat);
    private (double Slack, Uri? Master)? _told;
    private double _slack;

    /// <summary>The cpus that were last told the master as its slack; 0 before.</summary>
    public double Slack => Volatile.Read(ref _slack);

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(
        Func<AgentCall, CancellationToken, Task<bool>> send, Func<Uri?> master, LoopReport report, CancellationToken stopping)
    {
        while (true)
        {
            await time.DelayAsync(options.OversubscribeInterval, stopping);
            report.BeginTurn();
            await LookAsync(send, master, stopping);
            report.EndTurn();
        }
    }

    private async Task LookAsync(Func<AgentCall, CancellationToken, Task<bool>> send, Func<Uri?> master,
        CancellationToken stopping)
    {
        var runs = tasks().Where(run => run.Container is not null && !run.State.IsTerminal())
            .ToDictionary(run => run.Record.ContainerId);
        var loads = await MeasureAsync(runs.Values, stopping);
        var machine = _host.Take();
        foreach (var victim in SlackEstimator.Preempt(loads, cpus, options.OversubscribeBusy, machine))
            Preempt(runs[victim], loads.First(load => load.ContainerId == victim).Used ?? 0);

        // A new master starts without an estimate.
        var now = (SlackEstimator.Slack(loads, options.OversubscribeReserve, machine), master());
        if (now.Item2 is null || now == _told) return;
        var call = new AgentCall
        {
            Type = AgentCallType.Oversubscribe,
            Oversubscribe = new OversubscribeCall(SlackEstimator.Offer(now.Item1))
        };
        if (!await send(call, stopping)) return;
        _told = now;
        Volatile.Write(ref _slack, now.Item1);
    }

    private async Task<List<TaskLoad>> MeasureAsync(IReadOnlyCollection<TaskRun> runs, CancellationToken stopping)
    {
        var loads = new List<TaskLoad>();
        using var limit = new TimeLimit(time, EstimateTimeout, stopping);
        foreach (var run in runs)
        {
            double? used = null;
            try
            {
                if (await run.Container!.UsageAsync(limit.Token).WaitAsync(limit.Token) is { } usage)
                    used = _meter.Take(run.Record.ContainerId, usage);
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                log.LogDebug(e, "Task {Task} is not measured just now", run.Record.TaskId.Value);
            }

            var given = run.Record.Task.Resources.Where(resource => resource.Name == "cpus").ToList();
            loads.Add(new TaskLoad(
                run.Record.ContainerId, given.Any(resource => resource.Revocable is not null),
                given.Sum(resource => resource.Scalar?.Value ?? 0), used,
                run.Record.Accepted));
        }

        _meter.Keep(runs.Select(run => run.Record.ContainerId).ToHashSet());
        return loads;
    }

    private void Preempt(TaskRun run, double used)
    {
        log.LogInformation("The best-effort task {Task} is ended: the machine needs its cpus", run.Record.TaskId.Value);
        var state = run.Record.PartitionAware ? TaskState.Gone : TaskState.Lost;
        run.Kill(run.KillOf(state, StatusReason.ContainerPreempted, "guaranteed tasks, or the machine itself, need its cpus") with
        {
            GraceSeconds = 0,
            Limitation = [Resource.OfScalar("cpus", Math.Round(used, 2)) with { Revocable = new RevocableInfo() }],
        });
    }
}
