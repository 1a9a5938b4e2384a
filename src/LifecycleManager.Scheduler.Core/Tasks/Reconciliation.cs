using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Framework;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Tasks;

/// <summary>
/// Asking the master for the states of the known tasks: at each subscription, from time to time, and again where it has not
/// answered.
/// </summary>
internal sealed class Reconciliation(CoreContext context, MasterSubscription connection, ClockReading began)
{
    private const int ChunkSize = 1_000;

    // What a new master does not answer is of agents that are on their way back to it, which takes them seconds.
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan MaxRetry = TimeSpan.FromMinutes(2);

    private readonly HashSet<string> _unreconciled = new(StringComparer.Ordinal);
    private TimeSpan _nextAt = began.Clock + context.Options.ReconciliationInterval;
    private TimeSpan _retryAt = TimeSpan.MaxValue;
    private TimeSpan _retry;

    /// <summary>When there is something to ask next.</summary>
    public TimeSpan Next => Instants.Earlier(_nextAt, _retryAt);

    public bool IsDue(ClockReading now) => now.Clock >= _nextAt;

    public bool IsRetryDue(ClockReading now) => now.Clock >= _retryAt;

    /// <summary>Asks for every known task by name, then for whatever else the master knows of this framework.</summary>
    public void Begin(IEnumerable<string> tasks, Func<string, AgentId?> agentOf, ClockReading now)
    {
        _unreconciled.Clear();
        _unreconciled.UnionWith(tasks);
        _retry = FirstRetry;
        _nextAt = now.Clock + context.Options.ReconciliationInterval;
        AskForStates(agentOf, now);
        connection.Call(new SchedulerCall { Type = CallType.Reconcile, Reconcile = new ReconcileCall([]) });
    }

    /// <summary>Asks for the tasks that the master has not answered for.</summary>
    public void AskForStates(Func<string, AgentId?> agentOf, ClockReading now)
    {
        _retryAt = _unreconciled.Count == 0 ? TimeSpan.MaxValue : now.Clock + _retry;
        _retry = _retry * 2 > MaxRetry ? MaxRetry : _retry * 2;
        foreach (var chunk in _unreconciled.Chunk(ChunkSize))
        {
            connection.Call(new SchedulerCall
            {
                Type = CallType.Reconcile,
                Reconcile = new ReconcileCall([.. chunk.Select(task => new ReconcileCall.Task(new TaskId(task), agentOf(task)))]),
            });
        }
    }

    /// <summary>The master has told the state of a task.</summary>
    public void Answered(string taskId)
    {
        _unreconciled.Remove(taskId);
        if (_unreconciled.Count == 0) _retryAt = TimeSpan.MaxValue;
    }

    /// <summary>A task is not known any more.</summary>
    public void Forget(string taskId) => _unreconciled.Remove(taskId);

    /// <summary>There is no master to ask.</summary>
    public void Stop()
    {
        _unreconciled.Clear();
        _retryAt = TimeSpan.MaxValue;
    }
}
