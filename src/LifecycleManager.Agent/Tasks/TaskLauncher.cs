using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Checks;
using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Agent.Fetching;
using LifecycleManager.Agent.Updates;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Tasks;

/// <summary>Accepts tasks: writes them down and runs them, or tells why not.</summary>
internal sealed class TaskLauncher(
    AgentIdentity identity, TaskTable tasks, UpdateSender updates, UntrackedUpdates untracked, TaskServices services)
{
    /// <summary>Raised for each task that cannot be written down.</summary>
    public event Action<StatusReason>? LaunchFailed;

    /// <summary>Launches the tasks of an offer, or one group of them.</summary>
    public void Launch(RunEvent run)
    {
        if (run.Framework.Id is not { } framework || AgentDirectory.WhyNotId(framework.Value) is not null)
        {
            services.Log.LogError("Tasks of a framework without a proper id are dropped");
            return;
        }

        if (identity.Id is not { } agent)
        {
            // Whoever has given the agent up has ended its tasks: what was under way to it is nobody's.
            services.Log.LogWarning("Tasks for an agent that was given up are dropped: {Tasks}",
                string.Join(", ", run.Tasks.Select(task => task.TaskId.Value)));
            return;
        }

        var group = run.Group ? Guid.NewGuid().ToString("N") : null;
        var accepted = new List<(TaskRun Run, Refusal? Refusal)>();
        foreach (var task in run.Tasks)
        {
            if (IsKnown(framework, task)) continue;
            var record = new TaskRecord
            {
                Framework = run.Framework,
                Task = task,
                ContainerId = Guid.NewGuid().ToString(),
                Containerizer = task.Container?.Type == ContainerType.Docker ? "docker" : "process",
                AgentId = agent,
                Home = identity.Home,
                Accepted = services.Time.GetUtcNow(),
                Begun = services.Clock.Now,
                BootId = services.Options.BootId,
                Group = group,
                User = UserOf(task, run.Framework),
            };
            if (Accept(record, run) is { } task1) accepted.Add(task1);
        }

        var (other, cause) = accepted.FirstOrDefault(task => task.Refusal is not null);
        foreach (var (task, refusal) in accepted)
        {
            if (refusal is not null) task.Refuse(TaskState.Error, refusal.Reason, refusal.Message);
            else if (group is not null && cause is not null)
                task.Refuse(TaskState.Error, cause.ReasonOfGroup,
                    $"the task {other.Record.TaskId.Value} of its group {cause.Verdict}");
            tasks.Run(task);
        }
    }

    /// <summary>Launches none of the tasks: the agent stops, and ends what it has.</summary>
    public void Drop(RunEvent run)
    {
        if (run.Framework.Id is not { } framework) return;
        var isAware = run.Framework.Capabilities?.Any(capability =>
            capability.Type == FrameworkCapability.PartitionAware) == true;
        foreach (var task in run.Tasks.Where(task => tasks.Find(framework, task.TaskId) is null))
        {
            var state = isAware ? TaskState.Dropped : TaskState.Lost;
            untracked.Tell(framework, task.TaskId, state, StatusReason.AgentDisconnected, "the agent stops");
        }
    }

    /// <summary>Whether a task is not launched for its id: it is wrong, or the task is here or was here.</summary>
    private bool IsKnown(FrameworkId framework, TaskInfo task)
    {
        if (AgentDirectory.WhyNotId(task.TaskId.Value) is { } wrongId)
        {
            untracked.Tell(framework, task.TaskId, TaskState.Error, StatusReason.TaskInvalid, $"the task's id {wrongId}");
            return true;
        }

        if (tasks.Find(framework, task.TaskId) is { } known)
        {
            services.Log.LogWarning("Task {Task} is here already, as {State}; it is not launched again", task.TaskId.Value,
                known.State);
            updates.Repeat(framework, known.Status);
            return true;
        }

        if (tasks.FindCompleted(framework, task.TaskId) is null) return false;
        untracked.Tell(framework, task.TaskId, TaskState.Error, StatusReason.TaskInvalid,
            "a task of this id has already run here");
        return true;
    }

    /// <summary>Writes a task down and takes it in.</summary>
    /// <returns>The task, and why it is not run; null where it cannot be written down, which is told.</returns>
    private (TaskRun Run, Refusal? Refusal)? Accept(TaskRecord record, RunEvent run)
    {
        try
        {
            // An agent that would be another after its restart would find none of its tasks.
            if (!identity.SaveAgain()) throw new IOException("the agent's own record cannot be written");
            services.Directory.Write(record);
            var refusal = TaskAdmission.WhyRefused(record.Task, run.Framework, services.Options) is { } forbidden
                ? new Refusal(StatusReason.TaskUnauthorized, StatusReason.TaskGroupUnauthorized, "is not admitted", forbidden)
                : WhyInvalid(record, run) is { } invalid
                    ? new Refusal(StatusReason.TaskInvalid, StatusReason.TaskGroupInvalid, "is not valid", invalid) : null;
            return (tasks.Add(record, recovered: false), refusal);
        }
        catch (Exception e)
        {
            // Nothing was started for it: whoever launches it is told, and nothing of it is left.
            services.Directory.Undo(record);
            var isDisk = e is IOException or UnauthorizedAccessException;
            if (!isDisk) services.Log.LogError(e, "Task {Task} cannot be accepted", record.TaskId.Value);
            LaunchFailed?.Invoke(StatusReason.ContainerLaunchFailed);
            var message = isDisk ? $"the task cannot be written down: {e.Message}" : $"the agent failed: {e.Message}";
            untracked.Tell(record.FrameworkId, record.TaskId, TaskState.Failed, StatusReason.ContainerLaunchFailed, message);
            return null;
        }
    }

    private string UserOf(TaskInfo task, FrameworkInfo framework) => task.Command?.User is { Length: > 0 } user ? user
        : services.Options.SwitchUser && framework.User.Length > 0 ? framework.User : services.Options.DefaultUser ?? "";

    private string? WhyInvalid(TaskRecord record, RunEvent run)
    {
        if (record.Task.Executor is not null && !run.Group) return "custom executors are not supported by this agent";
        if (!services.Options.Containerizers.Contains(record.Containerizer) || services.Containerizers.Find(record.Containerizer)
            is not { } containerizer)
            return $"this agent has no containerizer '{record.Containerizer}'";
        if (record.Task.HealthCheck is not null && record.Task.Check is { }
            && CheckRunner.WhyInvalid(record.Task with { HealthCheck = null }) is { } check) return check;
        try
        {
            foreach (var uri in record.Task.Command?.Uris ?? []) _ = TaskArtifact.Of(uri);
            _ = TaskMark.Of(record);
        }
        catch (FormatException e)
        {
            return e.Message;
        }

        return containerizer.WhyInvalid(record) ?? TaskEnvironment.WhyInvalid(record.Task.Command)
            ?? CheckRunner.WhyInvalid(record.Task);
    }

    /// <summary>Why a task is not run.</summary>
    /// <param name="Reason">Its own reason.</param>
    /// <param name="ReasonOfGroup">That of the others of its group.</param>
    /// <param name="Verdict">What the others are told of it.</param>
    /// <param name="Message">Why.</param>
    private sealed record Refusal(StatusReason Reason, StatusReason ReasonOfGroup, string Verdict, string Message);
}
