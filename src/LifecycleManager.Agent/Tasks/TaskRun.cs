using System.Globalization;
using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Checks;
using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Agent.Fetching;
using LifecycleManager.Agent.Updates;
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
    private const int MaxMessage = 4096;
    private static readonly TimeSpan PatienceWithStop = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(1);
    private readonly AgentDirectory _directory;
    private readonly string _meta;
    private readonly bool _recovered;
    private readonly IContainerizer? _containerizer;
    private readonly Fetcher _fetcher;
    private readonly AgentOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _killed = new();
    private readonly TaskCompletionSource _killSignal = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private KillRecord? _kill;
    private IContainer? _container;
    private bool? _healthy;
    private CheckStatusInfo? _check;

    /// <summary>A task that was accepted, or found.</summary>
    /// <param name="record">The task.</param>
    /// <param name="recovered">Whether an earlier agent accepted it, and may have launched it.</param>
    /// <param name="directory">Where it is written down.</param>
    /// <param name="containerizer">Who runs it; null when there is none of its kind.</param>
    /// <param name="fetcher">Brings its artifacts.</param>
    /// <param name="options">The agent.</param>
    /// <param name="time">The time.</param>
    /// <param name="log">Told what happens to it.</param>
    public TaskRun(
        TaskRecord record, bool recovered, AgentDirectory directory, IContainerizer? containerizer, Fetcher fetcher,
        AgentOptions options, TimeProvider time, ILogger log)
    {
        Record = record;
        _recovered = recovered;
        _directory = directory;
        Sandbox = directory.Sandbox(record);
        _meta = directory.Meta(record.ContainerId);
        _containerizer = containerizer;
        _fetcher = fetcher;
        _options = options;
        _time = time;
        _log = log;
        Updates = new StatusLog(directory.UpdatesFile(record.ContainerId));
        if (Updates.Damaged)
            log.LogWarning("The log of the status of {Task} is damaged; what is left of it counts", record.TaskId.Value);
        _healthy = Updates.Latest?.Healthy;
        _check = Updates.Latest?.CheckStatus;
        if (DurableFile.Read(KillFile, CheckpointJson.Default.KillRecord) is { } kill) Note(kill);
        else if (File.Exists(KillFile))
            Note(KillOf(TaskState.Killed, null, "it was to end, and the record of the reason is damaged"));
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
            TaskId = Record.TaskId, State = IsOnlySought ? TaskState.Running : TaskState.Staging, AgentId = Record.AgentId,
        };

    /// <summary>Raised once, when the terminal status is written; not when it was found at recovery.</summary>
    public event Action<TaskRun>? Ended;

    /// <summary>Raised when a container was found that tells more of the task than its record did.</summary>
    public event Action? Found;

    /// <summary>Raised for each launch that failed, with its reason.</summary>
    public event Action<StatusReason>? LaunchFailed;

    // Who does not know what has happened launches nothing.
    private bool IsOnlySought => _recovered && (Record.Origin != RecordOrigin.Launch || Updates.Damaged);

    private string KillFile => Path.Combine(_meta, "kill.json");

    /// <summary>How long the task has to end once it is asked to; zero while it is not.</summary>
    public TimeSpan KillGrace => LongDurations.FromSeconds(_kill?.GraceSeconds ?? 0);

    /// <summary>That the task is to end, with its own grace period where the one who asks states none.</summary>
    public KillRecord KillOf(TaskState state, StatusReason? reason, string message, KillPolicy? policy = null)
    {
        var grace = (policy ?? Record.Task.KillPolicy)?.GracePeriod?.ToTimeSpan() ?? _options.KillGracePeriod;
        return new KillRecord(_time.GetUtcNow(), Math.Max(0, grace.TotalSeconds), state, reason, message);
    }

    /// <summary>
    /// Asks the task to end; at any time, even before it runs. What it is asked to end as does not change with a second call,
    /// but a shorter grace period counts.
    /// </summary>
    public void Kill(KillRecord kill)
    {
        lock (_gate)
        {
            if (State.IsTerminal()) return;
            if (_kill is { } earlier)
            {
                if (EndOf(kill) >= EndOf(earlier)) return;
                kill = earlier with { At = kill.At, GraceSeconds = kill.GraceSeconds };
            }

            try
            {
                DurableFile.Write(KillFile, kill, CheckpointJson.Default.KillRecord);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A full disk does not keep a task from being ended.
                _log.LogError("That {Task} is to end cannot be written: {Reason}", Record.TaskId.Value, e.Message);
            }

            var again = _kill is not null;
            Note(kill);
            if (again && Container is { } container) _ = StopOnceAsync(container, CancellationToken.None);
        }
    }

    /// <summary>Ends the run at once with a terminal status, before anything was launched.</summary>
    public void Refuse(TaskState state, StatusReason reason, string message) => Report(state, message, reason, StatusSource.Agent);

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
                    _log.LogError(e, "Task {Task} failed in the agent", Record.TaskId.Value);
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
        _killed.Dispose();
    }

    /// <summary>What the agent fails at ends no task that may run: it is looked for again.</summary>
    private async Task FailAsync(Exception failure, CancellationToken stopping)
    {
        if (State.IsTerminal()) return;
        if (_recovered || Container is not null)
        {
            await Task.Delay(Again, _time, stopping);
            return;
        }

        await _containerizer!.RemoveAsync(Record.ContainerId, stopping);
        Report(TaskState.Failed, $"the agent failed: {failure.Message}", StatusReason.ContainerLaunchFailed, StatusSource.Agent);
    }

    private async Task LiveAsync(CancellationToken stopping)
    {
        if (_containerizer is null)
        {
            Report(Lost, $"the agent has no containerizer '{Record.Containerizer}' any more", StatusReason.AgentRestarted, StatusSource.Agent);
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
        var watches = Task.WhenAll(Checks(container).RunAsync(end.Token), LimitTimeAsync(end.Token), LimitDiskAsync(end.Token));
        ContainerExit exit;
        try
        {
            await Task.WhenAny(container.Exit, _killSignal.Task, StoppedAsync(end.Token));
            stopping.ThrowIfCancellationRequested();
            if (!container.Exit.IsCompleted)
            {
                if (State != TaskState.Killing && Record.Can(FrameworkCapability.TaskKillingState))
                    Report(TaskState.Killing, _kill!.Message, _kill.Reason, StatusSource.Executor, container);
                await StopAsync(container, stopping);
            }

            exit = await container.Exit;
        }
        finally
        {
            await end.CancelAsync();
            await watches.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        ReportEnd(exit, container);
    }

    private async Task<IContainer?> LaunchAsync(bool wasRunning, CancellationToken stopping)
    {
        try
        {
            var launch = new Launch(Record, _meta, Sandbox, wasRunning, _recovered, Progress);
            if (!wasRunning)
            {
                using var either = CancellationTokenSource.CreateLinkedTokenSource(_killed.Token, stopping);
                await _fetcher.FetchAsync(launch, either.Token);
            }

            return await _containerizer!.LaunchAsync(launch, _killed.Token, stopping);
        }
        catch (LaunchException e)
        {
            LaunchFailed?.Invoke(e.Reason);
            Report(e.State, e.Message, e.Reason, StatusSource.Agent);
        }
        catch (ContainerGoneException e)
        {
            if (_kill is { } kill) Report(kill.State, $"{kill.Message}; {e.Message}", kill.Reason, StatusSource.Agent);
            else Report(Lost, e.Message, StatusReason.AgentRestarted, StatusSource.Agent);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested && _kill is not null)
        {
            Report(_kill.State, $"{_kill.Message}, before it ran", StatusReason.TaskKilledDuringLaunch, StatusSource.Agent);
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
            _directory.Write(mark);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is found by its mark again.
            _log.LogError("Task {Task} cannot be written down: {Reason}", Record.TaskId.Value, e.Message);
        }

        Found?.Invoke();
    }

    private TaskState Lost => Record.PartitionAware ? TaskState.Gone : TaskState.Lost;

    private void Progress(string message)
    {
        if (Updates.Latest is not { State: TaskState.Starting } latest || latest.Message == message) return;
        Report(TaskState.Starting, message, null, StatusSource.Agent);
    }

    private CheckRunner Checks(IContainer container) => new(Record.Task, container, Record.Accepted, _time, _log)
    {
        OnHealth = (healthy, kill, failure) =>
        {
            lock (_gate)
            {
                _healthy = healthy;
                if (State == TaskState.Running)
                    Report(TaskState.Running, failure is null ? null : $"health check: {failure}", StatusReason.TaskHealthCheckStatusUpdated, StatusSource.Executor, container);
            }

            if (kill)
            {
                Kill(KillOf(TaskState.Killed, StatusReason.TaskHealthCheckStatusUpdated, $"killed for failed health checks: {failure}") with { Healthy = false });
            }
        },
        OnCheck = status =>
        {
            lock (_gate)
            {
                _check = status;
                if (State == TaskState.Running)
                    Report(TaskState.Running, null, StatusReason.TaskCheckStatusUpdated, StatusSource.Executor, container);
            }
        },
    };

    private async Task LimitTimeAsync(CancellationToken cancellation)
    {
        if (Record.Task.MaxCompletionTime is not { } limit) return;
        await _time.DelayAsync(Record.Accepted.Plus(limit.ToTimeSpan()) - _time.GetUtcNow(), cancellation);
        Kill(KillOf(TaskState.Failed, StatusReason.MaxCompletionTimeReached, $"it ran longer than {limit.ToTimeSpan().TotalSeconds:0.###} s"));
    }

    private async Task LimitDiskAsync(CancellationToken cancellation)
    {
        if (!_options.EnforceDiskQuota || DiskQuota.Of(Record) is not { } quota) return;
        var used = await DiskQuota.ExceededAsync(Sandbox, quota, _options.DiskWatchInterval, _time, cancellation);
        Kill(KillOf(TaskState.Failed, StatusReason.ContainerLimitationDisk,
            string.Create(CultureInfo.InvariantCulture, $"its sandbox of {used / 1048576.0:0.#} MB exceeded its disk limit of {quota / 1048576.0:0.#} MB")));
    }

    private async Task StopAsync(IContainer container, CancellationToken stopping)
    {
        while (!container.Exit.IsCompleted)
        {
            await StopOnceAsync(container, stopping);
            // A container that was stopped ends within moments; one whose stop went wrong is asked again.
            await Task.WhenAny(container.Exit, _time.DelayAsync(Remaining() + PatienceWithStop, stopping));
            stopping.ThrowIfCancellationRequested();
        }
    }

    private async Task StopOnceAsync(IContainer container, CancellationToken stopping)
    {
        try
        {
            await container.StopAsync(Remaining(), stopping);
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            _log.LogWarning("Task {Task} cannot be ended yet: {Reason}", Record.TaskId.Value, e.Message);
        }
    }

    private TimeSpan Remaining()
    {
        var left = EndOf(_kill!) - _time.GetUtcNow();
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private static DateTimeOffset EndOf(KillRecord kill) => kill.At.Plus(LongDurations.FromSeconds(kill.GraceSeconds));

    private void Note(KillRecord kill)
    {
        _kill = kill;
        _killed.Cancel();
        _killSignal.TrySetResult();
    }

    private static async Task StoppedAsync(CancellationToken stopping) =>
        await Task.Delay(Timeout.Infinite, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private void ReportEnd(ContainerExit exit, IContainer container)
    {
        lock (_gate)
        {
            var how = ExitText.Of(exit);
            if (_kill is { } kill)
            {
                _healthy = kill.Healthy ?? _healthy;
                Report(kill.State, $"{kill.Message}; {how}", kill.Reason, StatusSource.Executor, container);
            }
            else if (exit.MemoryLimit)
            {
                var limit = TaskLimits.Of(Record).MemoryBytes / (1024 * 1024);
                Report(TaskState.Failed, $"it exceeded its memory limit of {limit} MB; {how}", StatusReason.ContainerLimitationMemory, StatusSource.Agent, container);
            }
            else if (exit.Code == 0)
            {
                Report(TaskState.Finished, how, null, StatusSource.Executor, container);
            }
            else
            {
                Report(TaskState.Failed, how, StatusReason.CommandExecutorFailed, StatusSource.Executor, container);
            }
        }
    }

    /// <summary>Tells a status.</summary>
    /// <returns>Whether it is written, so that it outlives the agent.</returns>
    private bool Report(TaskState state, string? message, StatusReason? reason, StatusSource source, IContainer? container = null)
    {
        var status = new TaskStatusInfo
        {
            TaskId = Record.TaskId,
            State = state,
            Message = message is { Length: > MaxMessage } ? message[..MaxMessage] + "..." : message,
            Reason = reason,
            Source = source,
            AgentId = Record.AgentId,
            ExecutorId = new ExecutorId(Record.TaskId.Value),
            Timestamp = _time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0,
            Uuid = Guid.NewGuid().ToByteArray(),
            Healthy = _healthy,
            CheckStatus = _check ?? (Record.Task.Check is { } check ? Prober.Nothing(check.Type ?? CheckType.Command) : null),
            ContainerStatus = container?.Status ?? Updates.Latest?.ContainerStatus,
        };
        var written = true;
        try
        {
            Updates.Append(status);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            written = false;
            _log.LogError("The status of {Task} cannot be written: {Reason}", Record.TaskId.Value, e.Message);
            // Of what has not run nothing may be left that a later agent would run.
            if (state.IsTerminal() && Container is null) _directory.Discard(Record.ContainerId);
        }

        _log.LogInformation("Task {Task} is {State}{Message}", Record.TaskId.Value, state, message is null ? "" : $": {message}");
        if (state.IsTerminal()) Ended?.Invoke(this);
        return written;
    }
}
