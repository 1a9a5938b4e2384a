using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Updates;

/// <summary>
/// Statuses of tasks that are not kept here, told until they are acknowledged; after a crash, whoever misses one asks again.
/// Changed by the agent's owner.
/// </summary>
internal sealed class UntrackedUpdates(AgentIdentity identity, UpdateSender sender, TimeProvider time, ILogger log)
{
    private const int MaxTasks = 1000;
    private readonly Dictionary<(FrameworkId Framework, TaskId Task), StatusLog> _updates = [];

    /// <summary>Tells a status; one that is told of the task already stays as it is.</summary>
    public void Tell(FrameworkId framework, TaskId task, TaskState state, StatusReason reason, string message)
    {
        log.LogInformation("Task {Task} is {State}: {Message}", task.Value, state, message);
        if (_updates.ContainsKey((framework, task)) || _updates.Count >= MaxTasks) return;
        var updates = new StatusLog(null);
        updates.Append(new TaskStatusInfo
        {
            TaskId = task,
            State = state,
            Message = message,
            Reason = reason,
            Source = StatusSource.Agent,
            AgentId = identity.Id,
            Timestamp = time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0,
            Uuid = Guid.NewGuid().ToByteArray(),
        });
        _updates[(framework, task)] = updates;
        sender.Add(framework, task, updates);
    }

    /// <summary>Takes an acknowledgement.</summary>
    public void Acknowledge(AcknowledgeEvent acknowledge)
    {
        var key = (acknowledge.FrameworkId, acknowledge.TaskId);
        if (!_updates.TryGetValue(key, out var updates) || !updates.Acknowledge(acknowledge.Uuid)) return;
        _updates.Remove(key);
        sender.Remove(acknowledge.FrameworkId, acknowledge.TaskId);
    }

    /// <summary>A task is kept from now on: its own updates are told.</summary>
    public void Forget(FrameworkId framework, TaskId task) => _updates.Remove((framework, task));

    /// <summary>Nobody waits for any of them any more.</summary>
    public void Clear()
    {
        foreach (var (framework, task) in _updates.Keys) sender.Remove(framework, task);
        _updates.Clear();
    }
}
