using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Checks;
using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Tasks;

/// <summary>Makes a task's statuses, and writes them to its log.</summary>
internal sealed class TaskStatuses(TaskServices services, StatusLog updates)
{
    private const int MaxMessage = 4096;

    /// <summary>Whether the task is healthy; null before the first health check, and without one.</summary>
    public bool? Healthy { get; set; } = updates.Latest?.Healthy;

    /// <summary>The last result of its check.</summary>
    public CheckStatusInfo? Check { get; set; } = updates.Latest?.CheckStatus;

    /// <summary>Tells a status.</summary>
    /// <returns>Whether it is written, so that it outlives the agent.</returns>
    public bool Report(
        TaskRecord record, TaskState state, string? message, StatusReason? reason, StatusSource source,
        IContainer? container = null, IReadOnlyList<Resource>? limitation = null)
    {
        var status = new TaskStatusInfo
        {
            TaskId = record.TaskId,
            State = state,
            Message = message is { Length: > MaxMessage } ? message[..MaxMessage] + "..." : message,
            Reason = reason,
            Source = source,
            AgentId = record.AgentId,
            ExecutorId = new ExecutorId(record.TaskId.Value),
            Timestamp = services.Time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0,
            Uuid = Guid.NewGuid().ToByteArray(),
            Healthy = Healthy,
            CheckStatus = Check ?? (record.Task.Check is { } check ? Prober.NoResult(check.Type ?? CheckType.Command) : null),
            Limitation = limitation is null ? null : new TaskResourceLimitation(limitation),
            ContainerStatus = container?.Status ?? updates.Latest?.ContainerStatus,
        };
        var isWritten = true;
        try
        {
            updates.Append(status);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            isWritten = false;
            services.Log.LogError("The status of {Task} cannot be written: {Reason}", record.TaskId.Value, e.Message);
        }

        services.Log.LogInformation("Task {Task} is {State}{Message}", record.TaskId.Value, state, message is null ? ""
            : $": {message}");
        return isWritten;
    }

    /// <summary>Tells how a container has ended: as it was asked to, else by its exit.</summary>
    public void ReportEnd(TaskRecord record, KillRecord? kill, ContainerExit exit, IContainer container)
    {
        var how = ExitText.Of(exit);
        if (kill is not null)
        {
            Healthy = kill.Healthy ?? Healthy;
            Report(record, kill.State, $"{kill.Message}; {how}", kill.Reason, StatusSource.Executor, container, kill.Limitation);
        }
        else if (exit.MemoryLimit)
        {
            var limit = TaskLimits.Of(record, services.Options.TaskPids).MemoryBytes / (1024 * 1024);
            Report(record, TaskState.Failed, $"it exceeded its memory limit of {limit} MB; {how}",
                StatusReason.ContainerLimitationMemory, StatusSource.Agent, container, [Resource.OfScalar("mem", limit)]);
        }
        else if (exit.Code == 0)
        {
            Report(record, TaskState.Finished, how, null, StatusSource.Executor, container);
        }
        else
        {
            Report(record, TaskState.Failed, how, StatusReason.CommandExecutorFailed, StatusSource.Executor, container);
        }
    }
}
