using System.Collections.Concurrent;
using System.Text.Json;
using LifecycleManager.Master.Cluster;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master;

/// <summary>What Mesos' masters count since their start; each has the name <c>master/</c> and its own in snake_case.</summary>
internal enum MasterCount
{
    MessagesRegisterFramework,
    MessagesReregisterFramework,
    MessagesUnregisterFramework,
    MessagesLaunchTasks,
    MessagesDeclineOffers,
    MessagesReviveOffers,
    MessagesSuppressOffers,
    MessagesResourceRequest,
    MessagesKillTask,
    MessagesReconcileTasks,
    MessagesReconcileOperations,
    MessagesOperationStatusUpdateAcknowledgement,
    InvalidOperationStatusUpdateAcknowledgements,
    MessagesStatusUpdate,
    ValidStatusUpdates,
    InvalidStatusUpdates,
    MessagesStatusUpdateAcknowledgement,
    ValidStatusUpdateAcknowledgements,
    InvalidStatusUpdateAcknowledgements,
    MessagesFrameworkToExecutor,
    ValidFrameworkToExecutorMessages,
    InvalidFrameworkToExecutorMessages,
    MessagesExecutorToFramework,
    ValidExecutorToFrameworkMessages,
    InvalidExecutorToFrameworkMessages,
    MessagesRegisterSlave,
    MessagesReregisterSlave,
    MessagesUnregisterSlave,
    MessagesUpdateSlave,
    SlaveRegistrations,
    SlaveReregistrations,
    SlaveRemovals,
    SlaveUnreachableScheduled,
    SlaveUnreachableCompleted,
    SlaveUnreachableCanceled,
    RecoverySlaveRemovals,
}

/// <summary>The counts of a master in Mesos' names. Safe for any thread.</summary>
internal sealed class MesosCounters
{
    private static readonly TaskState[] Ends = [.. Enum.GetValues<TaskState>()
        .Where(state => state.IsTerminal() && state != TaskState.Unknown)];

    private static readonly string[] Names = [.. Enum.GetNames<MasterCount>()
        .Select(name => "master/" + JsonNamingPolicy.SnakeCaseLower.ConvertName(name))];

    private readonly long[] _counts = new long[Names.Length];
    private readonly long[] _ended = new long[Enum.GetValues<TaskState>().Length];
    private readonly ConcurrentDictionary<(TaskState, StatusSource, StatusReason), long> _reasons = new();
    private readonly ConcurrentDictionary<string, long> _removals = new(
        new[] { "unhealthy", "unregistered", "registered" }.Select(reason => KeyValuePair.Create(reason, 0L)));

    /// <summary>Counts one more.</summary>
    public void Inc(MasterCount what) => Interlocked.Increment(ref _counts[(int)what]);

    /// <summary>Counts one of two: of what was good, or of what was not.</summary>
    public void Inc(bool isValid, MasterCount valid, MasterCount invalid) => Inc(isValid ? valid : invalid);

    /// <summary>Counts a message, and it with the good or the others.</summary>
    public void Inc(MasterCount message, bool isValid, MasterCount valid, MasterCount invalid)
    {
        Inc(message);
        Inc(isValid, valid, invalid);
    }

    /// <summary>An agent was removed: <c>unhealthy</c>, <c>unregistered</c>, or <c>registered</c> anew.</summary>
    public void Removed(string reason)
    {
        Inc(MasterCount.SlaveRemovals);
        _removals.AddOrUpdate(reason, 1, (_, count) => count + 1);
    }

    /// <summary>A task of a framework has ended.</summary>
    public void Ended(ClusterTask task, Framework framework) =>
        Ended(task.Statuses.LastOrDefault(status => status.State == task.State)
            ?? new TaskStatusInfo { TaskId = task.Id, State = task.State }, framework);

    /// <summary>A task of a framework has ended, or was never begun.</summary>
    public void Ended(TaskStatusInfo status, Framework framework)
    {
        framework.Counts.Ended(status.State);
        Interlocked.Increment(ref _ended[(int)status.State]);
        if (status is { Source: { } source, Reason: { } reason })
            _reasons.AddOrUpdate((status.State, source, reason), 1, (_, count) => count + 1);
    }

    /// <summary>All counts by name.</summary>
    public IEnumerable<(string Name, double Value)> All()
    {
        for (var i = 0; i < Names.Length; i++) yield return (Names[i], Interlocked.Read(ref _counts[i]));
        foreach (var (reason, count) in _removals) yield return ($"master/slave_removals/reason_{reason}", count);
        foreach (var state in Ends)
            yield return ($"master/tasks_{MasterMetrics.Name(state)}", Interlocked.Read(ref _ended[(int)state]));
        foreach (var ((state, source, reason), count) in _reasons)
        {
            yield return ($"master/task_{MasterMetrics.Name(state)}/source_{Lower(source)}/reason_{Lower(reason)}", count);
        }
    }

    private static string Lower<T>(T value) where T : struct, Enum =>
        JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
