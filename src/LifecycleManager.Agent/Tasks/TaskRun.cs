using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Checks;
using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Agent.Launching;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Tasks;

/// <summary>
/// One task's life on this agent, from its acceptance to the acknowledgement of its end. Every step that a crash could cut
/// off is written down before it is taken, and taken again on recovery.
/// </summary>
internal sealed class TaskRun : IDisposable
{
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(1);
    private readonly TaskServices _services;
    private readonly string _meta;
    private readonly bool _recovered;
    private readonly IContainerizer? _containerizer;
    private readonly TaskKill _kill;
    private readonly ContainerStop _stop;
    private readonly TaskPreparation _preparation;
    private readonly TaskStatuses _statuses;
    private readonly TimeSpan _firstAge;
    private readonly long _begun;
    private readonly Lock _gate = new();
    private IContainer? _container;

    /// <summary>A task that was accepted, or found.</summary>
    /// <param name="record">The task.</param>
    /// <param name="recovered">Whether an earlier agent accepted it, and may have launched it.</param>
    /// <param name="services">What all tasks use.</param>
    public TaskRun(TaskRecord record, bool recovered, TaskServices services)
    {
        (Record, _recovered, _services) = (record, recovered, services);
        Sandbox = services.Directory.Sandbox(record);
        _meta = services.Directory.Meta(record.ContainerId);
        _containerizer = services.Containerizers.Find(record.Containerizer);
        Updates = new StatusLog(services.Directory.UpdatesFile(record.ContainerId));
        if (Updates.Damaged)
            services.Log.LogWarning("The log of the status of {Task} is damaged; what is left of it counts", record.TaskId.Value);
        _statuses = new TaskStatuses(services, Updates);
        _kill = new TaskKill(Path.Combine(_meta, "kill.json"), record.TaskId, services.Clock, services.Log);
        _preparation = new TaskPreparation(services);
        _stop = new ContainerStop(record.TaskId, _kill, services.Time, services.Log);
        (_firstAge, _begun) = (AgeOf(record, services), services.Time.GetTimestamp());
        if (_kill.IsDamaged) Kill(KillOf(TaskState.Killed, null, "it was to end, and the record of the reason is damaged"));
    }

    /// <summary>The task; another record when one was found for a task whose own was lost.</summary>
    public TaskRecord Record { get; private set; }

    public string Sandbox { get; }

    public StatusLog Updates { get; }

    /// <summary>The container once it runs.</summary>
    public IContainer? Container => Volatile.Read(ref _container);

    /// <summary>The present state; STAGING before the first status.</summary>
    public TaskState State => Updates.Latest?.State ?? TaskState.Staging;

    /// <summary>
    /// What a master is told that registers the agent: of a task that may have run for long, whatever its log has lost, no
    /// state from before.
    /// </summary>
    public TaskStatusInfo Status => Updates.Latest is { } latest && !(IsOnlySought && latest.State == TaskState.Starting)
        ? latest
        : new TaskStatusInfo
        {
            TaskId = Record.TaskId,
            State = IsOnlySought ? TaskState.Running : TaskState.Staging,
            AgentId = Record.AgentId,
        };

    /// <summary>Raised once, when the terminal status is written; not when it was found at recovery.</summary>
    public event Action<TaskRun>? Ended;

    /// <summary>Raised when a container was found that tells more of the task than its record did.</summary>
    public event Action? Found;

    /// <summary>Raised for each launch that failed, with its reason.</summary>
    public event Action<StatusReason>? LaunchFailed;

    // Who does not know what has happened launches nothing, and says of nothing that it is on its way.
    private bool IsOnlySought => _recovered && (Record.Origin != RecordOrigin.Launch || Updates.Damaged);

    /// <summary>How long ago the task was accepted, whatever the wall clock has done since.</summary>
    public TimeSpan Age => _firstAge + _services.Time.GetElapsedTime(_begun);

    /// <summary>How long the task has to end once it is asked to; zero while it is not.</summary>
    public TimeSpan KillGrace => _kill.Grace;

    /// <summary>That the task is to end, with its own grace period where the one who asks states none.</summary>
    public KillRecord KillOf(TaskState state, StatusReason? reason, string message, KillPolicy? policy = null)
    {
        var grace = (policy ?? Record.Task.KillPolicy)?.GracePeriod?.ToTimeSpan() ?? _services.Options.KillGracePeriod;
        return new KillRecord(_services.Time.GetUtcNow(), Math.Max(0, grace.TotalSeconds), state, reason, message)
        {
            Begun = _services.Clock.Now,
        };
    }

    /// <summary>
    /// Asks the task to end; at any time, even before it runs. What it is asked to end as does not change with a second call,
    /// but a shorter grace period counts.
    /// </summary>
    public void Kill(KillRecord kill)
    {
        lock (_gate)
        {
            var isAgain = _kill.Record is not null;
            if (State.IsTerminal() || !_kill.Ask(kill)) return;
            if (isAgain && Container is { } container) _ = _stop.AskAsync(container, CancellationToken.None);
        }
    }

    /// <summary>Ends the run at once with a terminal status, before anything was launched.</summary>
    public void Refuse(TaskState state, StatusReason reason, string message) =>
        Report(state, message, reason, StatusSource.Agent);

    /// <summary>Runs, or goes on after a restart, until the terminal status is acknowledged or the agent stops.</summary>
    /// <param name="stopping">Cancelled when the agent stops; the task runs on.</param>
    /// <returns>True when the task needs no more remembering.</returns>
    public async Task<bool> RunAsync(CancellationToken stopping)
    {
        try
        {
            while (!State.IsTerminal())
            {
                try
                {
                    await LiveAsync(stopping);
                }
                catch (Exception e) when (!stopping.IsCancellationRequested)
                {
                    _services.Log.LogError(e, "Task {Task} failed in the agent", Record.TaskId.Value);
                    await FailAsync(e, stopping);
                }
            }

            // The end is durable first: what is removed before it could not be told any more.
            if (_containerizer is not null) await _containerizer.RemoveAsync(Record.ContainerId, stopping);
            await Updates.TerminalAcknowledged.WaitAsync(stopping);
            return true;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return false;
        }
    }

    public void Dispose()
    {
        Updates.Dispose();
        _kill.Dispose();
    }

    /// <summary>What the agent fails at ends no task that may run: it is looked for again.</summary>
    private async Task FailAsync(Exception failure, CancellationToken stopping)
    {
        if (State.IsTerminal()) return;
        if (_recovered || Container is not null)
        {
            await _services.Time.DelayAsync(Again, stopping);
            return;
        }

        await _containerizer!.RemoveAsync(Record.ContainerId, stopping);
        _preparation.Undo(Record, Sandbox, failure.Message);
        Report(TaskState.Failed, $"the agent failed: {failure.Message}", StatusReason.ContainerLaunchFailed, StatusSource.Agent);
    }

    private async Task LiveAsync(CancellationToken stopping)
    {
        if (_containerizer is null)
        {
            Report(Lost, $"the agent has no containerizer '{Record.Containerizer}' any more", StatusReason.AgentRestarted,
                StatusSource.Agent);
            return;
        }

        var isSought = IsOnlySought || Container is not null || State is TaskState.Running or TaskState.Killing;
        var isWritten = State != TaskState.Staging || isSought || Report(TaskState.Starting, null, null, StatusSource.Executor);
        if (!isWritten && !_recovered)
        {
            const StatusReason Reason = StatusReason.ContainerLaunchFailed;
            LaunchFailed?.Invoke(Reason);
            Report(TaskState.Failed, "the task's status cannot be written down", Reason, StatusSource.Agent);
            return;
        }

        if (await LaunchAsync(isSought, stopping) is not { } container) return;
        Volatile.Write(ref _container, container);
        if (Record.Origin == RecordOrigin.Remains) Identify(container);
        if (State is not (TaskState.Running or TaskState.Killing))
            Report(TaskState.Running, null, null, StatusSource.Executor, container);

        using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var watches = new TaskWatches(this, Checks(container), _services).RunAsync(end.Token);
        ContainerExit exit;
        try
        {
            // Watches that fail are no longer there: the task is looked for, and watched, anew.
            if (await Task.WhenAny(container.Exit, _kill.Signal, watches) == watches) await watches;
            stopping.ThrowIfCancellationRequested();
            if (!container.Exit.IsCompleted)
            {
                if (State != TaskState.Killing && Record.Can(FrameworkCapability.TaskKillingState))
                    Report(TaskState.Killing, _kill.Record!.Message, _kill.Record.Reason, StatusSource.Executor, container);
                await _stop.RunAsync(container, stopping);
            }

            exit = await container.Exit;
        }
        finally
        {
            await end.CancelAsync();
            await watches.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        lock (_gate)
        {
            _statuses.ReportEnd(Record, _kill.Record, exit, container);
        }

        Ended?.Invoke(this);
    }

    private async Task<IContainer?> LaunchAsync(bool wasRunning, CancellationToken stopping)
    {
        try
        {
            var launch = new Launch(Record, _meta, Sandbox, wasRunning, _recovered, Progress);
            if (!wasRunning)
            {
                using var either = CancellationTokenSource.CreateLinkedTokenSource(_kill.Asked, stopping);
                await _preparation.RunAsync(launch, _containerizer!, either.Token);
            }

            return await _containerizer!.LaunchAsync(launch, _kill.Asked, stopping);
        }
        catch (LaunchException e)
        {
            LaunchFailed?.Invoke(e.Reason);
            _preparation.Undo(Record, Sandbox, e.Message);
            Report(e.State, e.Message, e.Reason, StatusSource.Agent, limitation: e.Limitation);
        }
        catch (ContainerNotFoundException e)
        {
            if (_kill.Record is { } kill) Report(kill.State, $"{kill.Message}; {e.Message}", kill.Reason, StatusSource.Agent);
            else Report(Lost, e.Message, StatusReason.AgentRestarted, StatusSource.Agent);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested && _kill.Record is { } kill)
        {
            _preparation.Undo(Record, Sandbox, kill.Message);
            Report(kill.State, $"{kill.Message}, before it ran", StatusReason.TaskKilledDuringLaunch, StatusSource.Agent);
        }

        return null;
    }

    /// <summary>
    /// What is found of a task that is only a name is what its mark says, or it is ended: nobody knows what it may use.
    /// </summary>
    private void Identify(IContainer container)
    {
        if (container.Mark is not { } mark)
        {
            // How it has ended can be told without.
            if (!container.Exit.IsCompleted)
                Kill(KillOf(Lost, StatusReason.AgentRestarted, "its record was lost, and what it uses is not known"));
            return;
        }

        Record = mark;
        try
        {
            _services.Directory.Write(mark);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is found by its mark again.
            _services.Log.LogError("Task {Task} cannot be written down: {Reason}", Record.TaskId.Value, e.Message);
        }

        Found?.Invoke();
    }

    private TaskState Lost => Record.PartitionAware ? TaskState.Gone : TaskState.Lost;

    private void Progress(string message)
    {
        if (IsOnlySought || Updates.Latest is not { State: TaskState.Starting } latest || latest.Message == message) return;
        Report(TaskState.Starting, message, null, StatusSource.Agent);
    }

    private CheckRunner Checks(IContainer container) => new(Record.Task, container, () => Age, _services.Time, _services.Log)
    {
        OnHealth = (healthy, kill, failure) =>
        {
            lock (_gate)
            {
                _statuses.Healthy = healthy;
                if (State == TaskState.Running)
                {
                    Report(
                        TaskState.Running, failure is null ? null : $"health check: {failure}",
                        StatusReason.TaskHealthCheckStatusUpdated,
                        StatusSource.Executor, container);
                }
            }

            if (!kill) return;
            var reason = $"killed for failed health checks: {failure}";
            Kill(KillOf(TaskState.Killed, StatusReason.TaskHealthCheckStatusUpdated, reason) with { Healthy = false });
        },
        OnCheck = status =>
        {
            lock (_gate)
            {
                _statuses.Check = status;
                if (State == TaskState.Running)
                    Report(TaskState.Running, null, StatusReason.TaskCheckStatusUpdated, StatusSource.Executor, container);
            }
        },
    };

    /// <summary>Tells a status.</summary>
    /// <returns>Whether it is written, so that it outlives the agent.</returns>
    private bool Report(TaskState state, string? message, StatusReason? reason, StatusSource source, IContainer? container = null,
        IReadOnlyList<Resource>? limitation = null)
    {
        var isWritten = _statuses.Report(Record, state, message, reason, source, container, limitation);
        if (!state.IsTerminal()) return isWritten;
        // Of what has not run nothing may be left that a later agent would run.
        if (!isWritten && Container is null) _services.Directory.Discard(Record.ContainerId);
        Ended?.Invoke(this);
        return isWritten;
    }

    // Version 0.1.0 wrote the wall clock's time alone.
    private static TimeSpan AgeOf(TaskRecord record, TaskServices services)
    {
        var age = services.Clock.Since(record.Begun) ?? services.Time.GetUtcNow() - record.Accepted;
        return age > TimeSpan.Zero ? age : TimeSpan.Zero;
    }
}
