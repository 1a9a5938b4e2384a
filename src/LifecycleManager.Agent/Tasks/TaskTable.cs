using System.Collections.Concurrent;
using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Updates;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Tasks;

/// <summary>The agent's tasks. Changed by the agent's owner; readers see it as it is at that moment.</summary>
/// <param name="services">What all tasks use.</param>
/// <param name="updates">Sends the tasks' updates.</param>
/// <param name="untracked">What was told of tasks that were not kept here.</param>
/// <param name="work">Runs the tasks.</param>
internal sealed class TaskTable(
    TaskServices services, UpdateSender updates, UntrackedUpdates untracked, BackgroundWork work) : IDisposable
{
    private const int MaxCompleted = 100;
    private readonly ConcurrentDictionary<(FrameworkId, TaskId), TaskRun> _tasks = new();
    private readonly ConcurrentQueue<CompletedTask> _completed = new();

    /// <summary>Raised once for each task, when its terminal status is written; not when it was found at recovery.</summary>
    public event Action<TaskRun>? Ended;

    /// <summary>Raised when a task's terminal status was acknowledged: it needs no more remembering.</summary>
    public event Action<TaskRun>? Done;

    /// <summary>Raised when a container was found that tells more of a task than its record did.</summary>
    public event Action? Identified;

    /// <summary>Raised for each launch that failed.</summary>
    public event Action<StatusReason>? LaunchFailed;

    /// <summary>The tasks that run, or whose last status is not acknowledged.</summary>
    public IReadOnlyCollection<TaskRun> All => [.. _tasks.Values];

    /// <summary>Tasks that are over, the oldest first; few, and only since the agent's start.</summary>
    public IReadOnlyCollection<CompletedTask> Completed => [.. _completed];

    /// <summary>A task by its ids; null where there is none.</summary>
    public TaskRun? Find(FrameworkId framework, TaskId task) => _tasks.GetValueOrDefault((framework, task));

    /// <summary>A task that is over by its ids; null where none is remembered.</summary>
    public CompletedTask? FindCompleted(FrameworkId framework, TaskId task) =>
        _completed.FirstOrDefault(completed => completed.FrameworkId == framework && completed.TaskId == task);

    /// <summary>Takes a task in; it does not run yet.</summary>
    public TaskRun Add(TaskRecord record, bool recovered)
    {
        var run = new TaskRun(record, recovered, services);
        run.LaunchFailed += reason => LaunchFailed?.Invoke(reason);
        run.Ended += ended => Ended?.Invoke(ended);
        run.Found += () => Identified?.Invoke();
        _tasks[(record.FrameworkId, record.TaskId)] = run;
        untracked.Forget(record.FrameworkId, record.TaskId);
        updates.Add(record.FrameworkId, record.TaskId, run.Updates);
        return run;
    }

    /// <summary>Runs a task.</summary>
    public void Run(TaskRun run) => work.Begin($"task {run.Record.TaskId.Value}", async stopping =>
    {
        if (await run.RunAsync(stopping)) Done?.Invoke(run);
    });

    /// <summary>Takes in and runs a task that an earlier agent has accepted.</summary>
    public void Recover(TaskRecord record)
    {
        try
        {
            if (record.Origin != RecordOrigin.Launch) services.Directory.Write(record);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is found again as it was found now.
            services.Log.LogError("Task {Task} cannot be written down: {Reason}", record.TaskId.Value, e.Message);
        }

        try
        {
            Run(Add(record, recovered: true));
        }
        catch (Exception e)
        {
            // One damaged directory keeps no other task from being found.
            services.Log.LogError(e, "Task {Task} cannot be recovered", record.TaskId.Value);
        }
    }

    /// <summary>Ends the other tasks of a group of which one has ended otherwise than well.</summary>
    public void EndGroupOf(TaskRun ended)
    {
        if (ended.Record.Group is not { } group || ended.State == TaskState.Finished) return;
        foreach (var run in _tasks.Values.Where(run => run.Record.Group == group && run != ended))
            run.Kill(run.KillOf(TaskState.Killed, null, $"the task {ended.Record.TaskId.Value} of its group has ended"));
    }

    /// <summary>A task is over, and its end acknowledged.</summary>
    public void Forget(TaskRun run)
    {
        _tasks.TryRemove((run.Record.FrameworkId, run.Record.TaskId), out _);
        updates.Remove(run.Record.FrameworkId, run.Record.TaskId);
        _completed.Enqueue(CompletedTask.Of(run));
        while (_completed.Count > MaxCompleted) _completed.TryDequeue(out _);
        run.Dispose();
        services.Directory.Discard(run.Record.ContainerId);
    }

    public void Dispose()
    {
        foreach (var run in _tasks.Values) run.Dispose();
    }
}
