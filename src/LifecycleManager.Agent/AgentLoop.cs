using System.Collections.Concurrent;
using System.Threading.Channels;
using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Checks;
using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Agent.Containerizers.Docker;
using LifecycleManager.Agent.Containerizers.Processes;
using LifecycleManager.Agent.Fetching;
using LifecycleManager.Agent.Garbage;
using LifecycleManager.Agent.Masters;
using LifecycleManager.Agent.Oversubscription;
using LifecycleManager.Agent.Recovery;
using LifecycleManager.Agent.Resources;
using LifecycleManager.Agent.Secrets;
using LifecycleManager.Agent.Tasks;
using LifecycleManager.Agent.Updates;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Runtime.Health;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent;

/// <summary>
/// The agent: recovers what an earlier run left, keeps registered with the leading master, and owns the set of tasks. The
/// set is changed by one loop only; readers see it as it is at that moment.
/// </summary>
internal sealed class AgentLoop : IHostedService, IAsyncDisposable
{
    private const int MaxCompleted = 100;
    private const int MaxMessages = 1024;
    private const int MaxUntracked = 1000;
    private static readonly TimeSpan LastUpdates = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(2);
    private readonly AgentOptions _options;
    private readonly TimeProvider _time;
    private readonly RoleHealth _health;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _log;
    private readonly IReadOnlyList<AgentAttribute> _attributes;
    private readonly DomainInfo? _domain;
    private readonly Channel<LoopMessage> _messages = Channel.CreateBounded<LoopMessage>(MaxMessages);
    private readonly ConcurrentDictionary<(FrameworkId, TaskId), TaskRun> _tasks = new();
    private readonly ConcurrentDictionary<TaskRun, Task> _runs = new();
    private readonly ConcurrentQueue<CompletedTask> _completed = new();
    private readonly Dictionary<string, IContainerizer> _containerizers = new(StringComparer.Ordinal);
    private readonly Dictionary<(FrameworkId, TaskId), StatusLog> _untracked = [];
    private readonly UpdateSender _sender;
    private readonly MasterConnection _connection;
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _loops = [];
    private AgentDirectory? _directory;
    private DockerEngine? _engine;
    private DockerContainerizer? _docker;
    private ImageCollector? _images;
    private Fetcher? _fetcher;
    private AgentRecord? _agent;
    private bool _saved;
    private IReadOnlyList<string> _registeredFeatures = [];
    private Task _accepting = Task.CompletedTask;
    private Task _finding = Task.CompletedTask;

    public AgentLoop(AgentOptions options, TimeProvider time, ILoggerFactory loggers, RoleHealth health)
    {
        _health = health;
        _options = options;
        _time = time;
        _loggers = loggers;
        _log = loggers.CreateLogger<AgentLoop>();
        // Errors in what was stated show at once, not when a master is found.
        Resources = MachineResources.Detect(options.Resources, Path.GetTempPath());
        _attributes = options.Attributes is { } attributes ? AttributeText.Parse(attributes) : [];
        if (options.Region is null != options.Zone is null) throw new FormatException("region and zone are stated together");
        _domain = options.Region is { } region ? new DomainInfo(new(new(region), new(options.Zone!))) : null;
        foreach (var name in options.Containerizers)
        {
            if (name is not ("docker" or "process")) throw new FormatException($"containerizers: '{name}' is neither docker nor process");
        }

        _sender = new UpdateSender(options, time, loggers.CreateLogger<UpdateSender>());
        _connection = new MasterConnection(options, time, loggers.CreateLogger<MasterConnection>());
        Started = time.GetUtcNow();
    }

    /// <summary>When this run of the agent began.</summary>
    public DateTimeOffset Started { get; }

    /// <summary>All that the agent offers.</summary>
    public IReadOnlyList<Resource> Resources { get; private set; }

    /// <summary>Its attributes, with what its containerizers are.</summary>
    public IReadOnlyList<AgentAttribute> Attributes => [.. _attributes.Where(attribute => attribute.Name != "containerizers"),
        AttributeText.OfText("containerizers", string.Join(',', Features))];

    /// <summary>What it can do now.</summary>
    public IReadOnlyList<string> Features =>
    [
        .. _containerizers.Values.Where(c => c.Available && _options.Containerizers.Contains(c.Name)).Select(c => c.Name)
            .Order(StringComparer.Ordinal),
    ];

    public AgentOptions Options => _options;

    public AgentId? Id => Volatile.Read(ref _agent)?.AgentId;

    public DomainInfo? Domain => _domain;

    /// <summary>The master that has registered the agent, or null.</summary>
    public Uri? Master => _connection.Master;

    /// <summary>The tasks that run, or whose last status is not acknowledged.</summary>
    public IReadOnlyCollection<TaskRun> Tasks => [.. _tasks.Values];

    /// <summary>Tasks that are over, the oldest first; few, and only since the agent's start.</summary>
    public IReadOnlyCollection<CompletedTask> Completed => [.. _completed];

    /// <summary>Status updates that are not acknowledged.</summary>
    public int PendingUpdates => _sender.Pending;

    /// <summary>Whether a Docker engine answers; null without that containerizer.</summary>
    public bool? DockerUp => _engine?.IsUp;

    /// <summary>Where the sandboxes are; null before the start.</summary>
    public AgentDirectory? Directory => _directory;

    /// <summary>Raised with each launch that failed.</summary>
    public event Action<StatusReason>? LaunchFailed;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _directory = new AgentDirectory(_options.WorkDirectory);
        Resources = MachineResources.Detect(_options.Resources, _directory.Root);
        var recovery = new TaskRecovery(_directory, _options.BootId, _log);
        var known = recovery.Identify();
        if (known.BootId is { } boot && boot != _options.BootId)
            _log.LogInformation("The machine was restarted since the agent last ran");
        Volatile.Write(ref _agent, known);
        // Not on every start: a full disk keeps no agent from finding its tasks.
        _saved = _directory.ReadAgent() is not null && known.BootId == _options.BootId;
        if (!_saved) Save(known with { BootId = _options.BootId });
        _fetcher = new Fetcher(_options, Path.Combine(_directory.Root, "cache"), _loggers.CreateLogger<Fetcher>());
        var secrets = new SecretStore(_options.SecretsDirectory);
        var processes = new ProcessContainerizer(
            _options, known.Home, secrets, _time, _loggers.CreateLogger<ProcessContainerizer>());
        var strays = new List<string>();
        var tasks = recovery.Tasks(known.Home, processes.Grouped(), strays);
        // Tasks of a kind that is launched no more run on all the same.
        var kinds = _options.Containerizers.Union(tasks.Select(task => task.Containerizer)).ToList();
        if (kinds.Contains(processes.Name)) Add(processes);
        if (kinds.Contains("docker"))
        {
            _engine = new DockerEngine(_options, _time, _loggers.CreateLogger<DockerEngine>());
            _images = new ImageCollector(Path.Combine(_directory.Root, "images.json"), _engine, _time, _log);
            _docker = new DockerContainerizer(_engine, _options, known.Home, secrets, _images, _time, _loggers.CreateLogger<DockerContainerizer>());
            Add(_docker);
        }

        foreach (var task in tasks) Recover(task);
        if (tasks.Count > 0) _log.LogInformation("Recovered {Count} tasks", tasks.Count);
        _accepting = StrayProcesses.EndAsync(strays, processes, _time, _log, _stopping.Token);
        var stopping = _stopping.Token;
        _loops.Add(Guard("loop", () => LoopAsync(stopping)));
        _loops.Add(Guard("garbage", () => CollectAsync(stopping)));
        if (_options.Oversubscribe)
        {
            var oversubscriber = new Oversubscriber(_options, () => Tasks, MachineResources.Scalar(Resources, "cpus"), _time, _log);
            _loops.Add(Guard("oversubscription", () => oversubscriber.RunAsync(_connection.SendAsync, () => _connection.Master, stopping)));
        }

        _loops.Add(Guard("updates", () => _sender.RunAsync(_connection.SendAsync, _health.Loop("the updates"), stopping)));
        _loops.Add(Guard("master", async () =>
        {
            // What the agent can do is known before it is told to a master.
            if (_engine is not null) await LookAtDockerAsync(stopping);
            await _connection.RunAsync(RegisterAsync, (message, token) => _messages.Writer.WriteAsync(new LoopMessage.FromMaster(message), token), stopping);
        }));
        return Task.CompletedTask;

        void Add(IContainerizer containerizer) => _containerizers[containerizer.Name] = containerizer;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_directory is null || _stopping.IsCancellationRequested) return;
        // Bounded by its own option: a host's shorter patience would leave tasks half ended.
        if (_options.StopTasksOnExit) await StopTasksAsync();
        await _stopping.CancelAsync();
        await Task.WhenAll([.. _loops, .. _runs.Values]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        foreach (var run in _tasks.Values) run.Dispose();
        _connection.Dispose();
        _engine?.Dispose();
        _fetcher?.Dispose();
        _directory?.Dispose();
        _stopping.Dispose();
    }

    /// <summary>Runs a loop; it ends with the agent, or the log says why.</summary>
    private async Task Guard(string name, Func<Task> loop)
    {
        await Task.Yield();
        try
        {
            await loop();
        }
        catch (Exception e) when (_stopping.IsCancellationRequested)
        {
            _log.LogDebug("The {Loop} of the agent ends: {Reason}", name, e.Message);
        }
        catch (Exception e)
        {
            _log.LogCritical(e, "The {Loop} of the agent failed", name);
        }
    }

    private void Recover(TaskRecord record)
    {
        try
        {
            if (record.Origin != RecordOrigin.Launch) _directory!.Write(record);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is found again as it was found now.
            _log.LogError("Task {Task} cannot be written down: {Reason}", record.TaskId.Value, e.Message);
        }

        try
        {
            Run(Begin(record, recovered: true));
        }
        catch (Exception e)
        {
            // One damaged directory keeps no other task from being found.
            _log.LogError(e, "Task {Task} cannot be recovered", record.TaskId.Value);
        }
    }

    private TaskRun Begin(TaskRecord record, bool recovered)
    {
        var containerizer = _containerizers.GetValueOrDefault(record.Containerizer);
        var task = new TaskRun(record, recovered, _directory!, containerizer, _fetcher!, _options, _time, _log);
        task.Ended += ended => Post(new LoopMessage.Ended(ended));
        task.LaunchFailed += reason => LaunchFailed?.Invoke(reason);
        task.Found += _connection.Renew;
        _untracked.Remove((record.FrameworkId, record.TaskId));
        _tasks[(record.FrameworkId, record.TaskId)] = task;
        _sender.Add(record.FrameworkId, record.TaskId, task.Updates);
        return task;
    }

    private void Run(TaskRun task) => _runs[task] = Guard(task.Record.TaskId.Value, async () =>
    {
        if (await task.RunAsync(_stopping.Token)) await _messages.Writer.WriteAsync(new LoopMessage.Done(task), _stopping.Token);
    });

    private void Post(LoopMessage message)
    {
        // A task never waits for the loop, and the loop may itself be what ended the task.
        if (!_messages.Writer.TryWrite(message)) _ = _messages.Writer.WriteAsync(message, _stopping.Token).AsTask();
    }

    private async Task LoopAsync(CancellationToken stopping)
    {
        await foreach (var message in _messages.Reader.ReadAllAsync(stopping))
        {
            try
            {
                Handle(message);
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                _log.LogError(e, "A message could not be handled");
            }
        }
    }

    private void Handle(LoopMessage message)
    {
        switch (message)
        {
            case LoopMessage.FromMaster { Event: var e } when ReferenceEquals(e, MasterConnection.Ready):
                _sender.SendAllAgain();
                // An engine that came or went while the registration was on its way.
                if (!Features.SequenceEqual(_registeredFeatures)) _connection.Renew();
                break;
            case LoopMessage.Describe { Call: var call }:
                call.TrySetResult(Describe());
                break;
            case LoopMessage.FromMaster { Event: { Type: AgentEventType.Registered, Registered: { } registered } }:
                Registered(registered);
                break;
            case LoopMessage.FromMaster { Event: { Type: AgentEventType.Run, Run: { } run } }:
                Launch(run);
                break;
            case LoopMessage.FromMaster { Event: { Type: AgentEventType.Kill, Kill: { } kill } }:
                Kill(kill);
                break;
            case LoopMessage.FromMaster { Event: { Type: AgentEventType.Acknowledge, Acknowledge: { } acknowledge } }:
                Acknowledge(acknowledge);
                break;
            case LoopMessage.FromMaster { Event: { Type: AgentEventType.KillFramework, KillFramework: { } framework } }:
                foreach (var run in _tasks.Values.Where(run => run.Record.FrameworkId == framework))
                    run.Kill(KillOf(run, TaskState.Killed, StatusReason.FrameworkRemoved, "its framework was removed"));
                break;
            case LoopMessage.FromMaster { Event: { Type: AgentEventType.Resources, Resources: { } resources } }:
                Save(_agent! with { Resources = resources });
                break;
            case LoopMessage.FromMaster { Event: { Type: AgentEventType.Message, Message: { } data } }:
                _log.LogWarning("A message for executor {Executor} is dropped: there are no custom executors", data.ExecutorId.Value);
                break;
            case LoopMessage.FromMaster { Event: { Type: AgentEventType.Shutdown } shutdown }:
                GiveUp(shutdown.Reason);
                break;
            case LoopMessage.FromMaster { Event: var other }:
                _log.LogWarning("The master's event {Type} is not understood", other.Type);
                break;
            case LoopMessage.Found { Container: var container }:
                Found(container);
                break;
            case LoopMessage.Ended { Run: var ended }:
                EndGroup(ended);
                break;
            case LoopMessage.Done { Run: var done }:
                Forget(done);
                break;
        }
    }

    private void Registered(RegisteredEvent registered)
    {
        if (Id is { } old && old != registered.AgentId) _log.LogWarning("The master has given the agent the new id {Id}", registered.AgentId.Value);
        if (Id != registered.AgentId) Save(_agent! with { AgentId = registered.AgentId });
        _log.LogInformation("Registered as agent {Id}", registered.AgentId.Value);
    }

    private void Save(AgentRecord agent)
    {
        Volatile.Write(ref _agent, agent);
        try
        {
            _directory!.Write(agent);
            _saved = true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _saved = false;
            _log.LogError("What the agent knows of itself cannot be written; after a restart it would be another agent: {Reason}", e.Message);
        }
    }

    private async Task<RegisterCall> RegisterAsync(CancellationToken cancellation)
    {
        // An agent that was given up returns only when its tasks have ended.
        await _accepting.WaitAsync(cancellation);
        // What an engine knows of tasks whose records are lost is told too; one that hangs keeps the rest no longer than a call.
        await _finding.WaitAsync(_options.DockerTimeout, _time, cancellation)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
        // In its turn: what an earlier stream has brought is part of what the agent runs.
        var call = new TaskCompletionSource<RegisterCall>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _messages.Writer.WriteAsync(new LoopMessage.Describe(call), cancellation);
        return await call.Task.WaitAsync(cancellation);
    }

    private RegisterCall Describe()
    {
        var features = Features;
        _registeredFeatures = features;
        var tasks = _tasks.Values.ToList();
        return new RegisterCall(
            new AgentInfo
            {
                Hostname = _options.Hostname,
                Port = _options.Port,
                Resources = ReservedResources() ?? Resources,
                Attributes = Attributes,
                Id = Id,
                Domain = _domain,
            },
            AgentVersion.Text,
            [.. tasks.Select(run => new AgentTask(run.Record.FrameworkId, run.Record.Task, run.Status))],
            [.. tasks.Select(run => run.Record.Framework).DistinctBy(framework => framework.Id)],
            features);
    }

    /// <summary>The resources with their reservations, unless what the agent is told to offer has changed since.</summary>
    private IReadOnlyList<Resource>? ReservedResources()
    {
        if (_agent?.Resources is not { } reserved) return null;
        if (MachineResources.Totals(reserved).SequenceEqual(MachineResources.Totals(Resources))) return reserved;
        _log.LogWarning("The agent's resources have changed: reservations of the former ones are void");
        Save(_agent with { Resources = null });
        return null;
    }

    private void Launch(RunEvent run)
    {
        if (run.Framework.Id is not { } framework || AgentDirectory.WhyNotId(framework.Value) is not null)
        {
            _log.LogError("Tasks of a framework without a proper id are dropped");
            return;
        }

        var group = run.Group ? Guid.NewGuid().ToString("N") : null;
        var accepted = new List<TaskRun>();
        var refusals = new List<(TaskRun Run, string Why)>();
        foreach (var task in run.Tasks)
        {
            if (AgentDirectory.WhyNotId(task.TaskId.Value) is { } wrongId)
            {
                Tell(framework, task.TaskId, TaskState.Error, StatusReason.TaskInvalid, $"the task's id {wrongId}");
                continue;
            }

            if (_tasks.TryGetValue((framework, task.TaskId), out var known))
            {
                _log.LogWarning("Task {Task} is here already, as {State}; it is not launched again", task.TaskId.Value, known.State);
                _sender.Repeat(framework, known.Status);
                continue;
            }

            if (_completed.FirstOrDefault(completed => completed.FrameworkId == framework && completed.TaskId == task.TaskId) is not null)
            {
                Tell(framework, task.TaskId, TaskState.Error, StatusReason.TaskInvalid, "a task of this id has already run here");
                continue;
            }

            var record = new TaskRecord
            {
                Framework = run.Framework,
                Task = task,
                ContainerId = Guid.NewGuid().ToString(),
                Containerizer = task.Container?.Type == ContainerType.Docker ? "docker" : "process",
                AgentId = Id!.Value,
                Home = _agent!.Home,
                Accepted = _time.GetUtcNow(),
                BootId = _options.BootId,
                Group = group,
            };
            try
            {
                // An agent that would be another after its restart would find none of its tasks.
                if (!_saved) Save(_agent);
                if (!_saved) throw new IOException("the agent's own record cannot be written");
                _directory!.Write(record);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _directory!.Undo(record);
                LaunchFailed?.Invoke(StatusReason.ContainerLaunchFailed);
                Tell(framework, task.TaskId, TaskState.Failed, StatusReason.ContainerLaunchFailed, $"the task cannot be written down: {e.Message}");
                continue;
            }

            var begun = Begin(record, recovered: false);
            accepted.Add(begun);
            if (WhyInvalid(record, run) is { } why) refusals.Add((begun, why));
        }

        foreach (var task in accepted)
        {
            if (refusals.Find(refusal => refusal.Run == task) is { Run: not null } refused)
                task.Refuse(TaskState.Error, StatusReason.TaskInvalid, refused.Why);
            else if (group is not null && refusals.Count > 0)
                task.Refuse(TaskState.Error, StatusReason.TaskGroupInvalid, $"the task {refusals[0].Run.Record.TaskId.Value} of its group is not valid");
            Run(task);
        }
    }

    private string? WhyInvalid(TaskRecord record, RunEvent run)
    {
        if (record.Task.Executor is not null && !run.Group) return "custom executors are not supported by this agent";
        if (!_options.Containerizers.Contains(record.Containerizer)
            || !_containerizers.TryGetValue(record.Containerizer, out var containerizer))
            return $"this agent has no containerizer '{record.Containerizer}'";
        if (record.Task.HealthCheck is not null && record.Task.Check is { } && CheckRunner.WhyInvalid(record.Task with { HealthCheck = null }) is { } check) return check;
        try
        {
            foreach (var uri in record.Task.Command?.Uris ?? []) _ = Artifact.Of(uri);
            _ = TaskMark.Of(record);
        }
        catch (FormatException e)
        {
            return e.Message;
        }

        return containerizer.WhyInvalid(record) ?? TaskEnvironment.WhyInvalid(record.Task.Command) ?? CheckRunner.WhyInvalid(record.Task);
    }

    private void Kill(KillEvent kill)
    {
        if (_tasks.TryGetValue((kill.FrameworkId, kill.TaskId), out var run))
        {
            // Of a task that has ended, the update that is under way says so.
            run.Kill(KillOf(run, TaskState.Killed, null, "killed by its framework", kill.KillPolicy));
            return;
        }

        var known = _tasks.Values.FirstOrDefault(other => other.Record.FrameworkId == kill.FrameworkId)?.Record;
        var completed = _completed.FirstOrDefault(task => task.FrameworkId == kill.FrameworkId && task.TaskId == kill.TaskId);
        if (completed is not null) _sender.Repeat(kill.FrameworkId, completed.Status);
        else
        {
            var state = known is null || known.PartitionAware ? TaskState.Dropped : TaskState.Lost;
            Tell(kill.FrameworkId, kill.TaskId, state, StatusReason.TaskUnknown, "the agent does not know this task");
        }
    }

    private KillRecord KillOf(TaskRun run, TaskState state, StatusReason? reason, string message, KillPolicy? policy = null)
    {
        var grace = (policy ?? run.Record.Task.KillPolicy)?.GracePeriod?.ToTimeSpan() ?? _options.KillGracePeriod;
        return new KillRecord(_time.GetUtcNow(), Math.Max(0, grace.TotalSeconds), state, reason, message);
    }

    /// <summary>
    /// Tells a status of a task that is not kept here, until it is acknowledged; after a crash, whoever misses it asks again.
    /// </summary>
    private void Tell(FrameworkId framework, TaskId task, TaskState state, StatusReason reason, string message)
    {
        _log.LogInformation("Task {Task} is {State}: {Message}", task.Value, state, message);
        if (_untracked.ContainsKey((framework, task)) || _untracked.Count >= MaxUntracked) return;
        var updates = new StatusLog(null);
        updates.Append(new TaskStatusInfo
        {
            TaskId = task,
            State = state,
            Message = message,
            Reason = reason,
            Source = StatusSource.Agent,
            AgentId = Id,
            Timestamp = _time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0,
            Uuid = Guid.NewGuid().ToByteArray(),
        });
        _untracked[(framework, task)] = updates;
        _sender.Add(framework, task, updates);
    }

    private void Acknowledge(AcknowledgeEvent acknowledge)
    {
        var key = (acknowledge.FrameworkId, acknowledge.TaskId);
        if (_tasks.TryGetValue(key, out var run))
        {
            run.Updates.Acknowledge(acknowledge.Uuid);
        }
        else if (_untracked.TryGetValue(key, out var updates) && updates.Acknowledge(acknowledge.Uuid))
        {
            _untracked.Remove(key);
            _sender.Remove(acknowledge.FrameworkId, acknowledge.TaskId);
        }
    }

    private void EndGroup(TaskRun ended)
    {
        if (ended.Record.Group is not { } group || ended.State == TaskState.Finished) return;
        foreach (var run in _tasks.Values.Where(run => run.Record.Group == group && run != ended))
            run.Kill(KillOf(run, TaskState.Killed, null, $"the task {ended.Record.TaskId.Value} of its group has ended"));
    }

    private void Forget(TaskRun run)
    {
        _tasks.TryRemove((run.Record.FrameworkId, run.Record.TaskId), out _);
        _runs.TryRemove(run, out _);
        _sender.Remove(run.Record.FrameworkId, run.Record.TaskId);
        _completed.Enqueue(CompletedTask.Of(run));
        while (_completed.Count > MaxCompleted) _completed.TryDequeue(out _);
        run.Dispose();
        // The time of its end, for the collection of garbage.
        if (System.IO.Directory.Exists(run.Sandbox)) System.IO.Directory.SetLastWriteTimeUtc(run.Sandbox, _time.GetUtcNow().UtcDateTime);
        _directory!.Discard(run.Record.ContainerId);
    }

    /// <summary>The master has given the agent up: its tasks end, and it returns as a new agent.</summary>
    private void GiveUp(string? reason)
    {
        _log.LogCritical("The master has given this agent up ({Reason}): all tasks are ended, and the agent returns under a new id", reason ?? "no reason given");
        var runs = _tasks.Values.ToList();
        foreach (var run in runs) run.Kill(KillOf(run, TaskState.Killed, StatusReason.AgentRemoved, "the master has given the agent up"));
        _accepting = EndAllAsync();
        _connection.Renew();

        async Task EndAllAsync()
        {
            while (runs.Any(run => !run.State.IsTerminal())) await Task.Delay(TimeSpan.FromMilliseconds(100), _time, _stopping.Token);
            // Nobody waits for their updates any more.
            foreach (var run in runs)
            {
                while (run.Updates.Head is { Uuid: { } uuid }) run.Updates.Acknowledge(uuid);
            }

            Save(_agent! with { AgentId = null, Resources = null });
        }
    }

    private async Task StopTasksAsync()
    {
        var runs = _tasks.Values.Where(run => !run.State.IsTerminal()).ToList();
        if (runs.Count == 0) return;
        _log.LogInformation("Ending {Count} tasks", runs.Count);
        foreach (var run in runs)
        {
            var kill = KillOf(run, TaskState.Killed, null, "the agent stops");
            run.Kill(kill with { GraceSeconds = Math.Min(kill.GraceSeconds, _options.StopTasksTimeout.TotalSeconds) });
        }

        await UntilAsync(() => runs.All(run => run.State.IsTerminal()), _options.StopTasksTimeout + LastUpdates);
        await UntilAsync(() => runs.All(run => run.Updates.Pending == 0) || Master is null, LastUpdates);
        if (runs.Count(run => !run.State.IsTerminal()) is > 0 and var left)
            _log.LogWarning("{Count} tasks have not ended in time; their end goes on when the agent starts again", left);
    }

    private async Task UntilAsync(Func<bool> done, TimeSpan limit)
    {
        var begin = _time.GetTimestamp();
        while (!done() && _time.GetElapsedTime(begin) < limit) await Task.Delay(TimeSpan.FromMilliseconds(20), _time);
    }

    private async Task LookAtDockerAsync(CancellationToken stopping)
    {
        _engine!.Changed += () =>
        {
            if (_engine.IsUp) _finding = Guard("containers", () => FindContainersAsync(stopping));
            if (!Features.SequenceEqual(_registeredFeatures) && _connection.Master is not null) _connection.Renew();
        };
        var look = _engine.LookAsync(stopping);
        await look.WaitAsync(FirstLook, _time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _loops.Add(Guard("docker", async () =>
        {
            await look;
            await _engine.RunAsync(stopping);
        }));
    }

    private async Task CollectAsync(CancellationToken stopping)
    {
        var sandboxes = new SandboxCollector(_directory!.Sandboxes, _log);
        while (true)
        {
            await Task.Delay(_options.CollectInterval, _time, stopping);
            try
            {
                var live = _tasks.Values.Select(run => run.Record).ToList();
                var containers = live.Select(record => record.ContainerId).ToHashSet();
                var age = SandboxCollector.MaxAge(_options.SandboxDelay, _options.DiskHeadroom, SandboxCollector.DiskUsed(_directory.Root));
                sandboxes.Collect(age, _time.GetUtcNow(), containers.Contains);
                if (!_options.CollectImages || _images is null || _engine is not { IsUp: true }) continue;
                await _images.CollectAsync(_options.ImageDelay, live.Select(record => record.Task.Container?.Docker?.Image ?? "").ToHashSet(), stopping);
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                _log.LogError(e, "Garbage could not be collected");
            }
        }
    }

    private async Task FindContainersAsync(CancellationToken stopping)
    {
        // One that ends while the engine is asked is known before, and may be over after.
        HashSet<string> Known() =>
            [.. _tasks.Values.Select(run => run.Record.ContainerId).Concat(_completed.Select(task => task.ContainerId))];
        while (true)
        {
            try
            {
                var before = Known();
                var remains = new TaskRemains(_directory!, _options.BootId, _tasks.Values.Select(run => run.Record.Framework));
                var found = await _docker!.FindAsync(id => before.Contains(id) || Known().Contains(id), remains, stopping);
                foreach (var container in found)
                    await _messages.Writer.WriteAsync(new LoopMessage.Found(container), stopping);
                return;
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                _log.LogWarning("Containers without a task are looked for later: {Reason}", DockerEngine.Reason(e));
                await Task.Delay(_options.DockerPing, _time, stopping);
                await _engine!.UpAsync(stopping);
            }
        }
    }

    /// <summary>A container of this agent's whose record is lost: its task goes on, unless nobody can say which it is.</summary>
    private void Found(FoundContainer container)
    {
        if (container.Task is not { } task || _tasks.ContainsKey((task.FrameworkId, task.TaskId))
            || _completed.Any(completed => completed.FrameworkId == task.FrameworkId && completed.TaskId == task.TaskId))
        {
            _log.LogWarning("The container {Container} belongs to no task any more, and is removed", container.ContainerId);
            _ = Guard("removal", () => _docker!.RemoveAsync(container.Name, container.ContainerId, _stopping.Token));
            return;
        }

        _log.LogWarning("The record of task {Task} is lost; its container was found by its label", task.TaskId.Value);
        Recover(task);
        if (Master is not null) _connection.Renew();
    }
}

/// <summary>A task that is over.</summary>
/// <param name="FrameworkId">Its framework.</param>
/// <param name="FrameworkName">The framework's name.</param>
/// <param name="TaskId">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="ContainerId">Its container.</param>
/// <param name="Sandbox">Its directory.</param>
/// <param name="Resources">What it used.</param>
/// <param name="Status">Its terminal status.</param>
internal sealed record CompletedTask(
    FrameworkId FrameworkId, string FrameworkName, TaskId TaskId, string Name, string ContainerId, string Sandbox,
    IReadOnlyList<Resource> Resources, TaskStatusInfo Status)
{
    public static CompletedTask Of(TaskRun run) => new(
        run.Record.FrameworkId, run.Record.Framework.Name, run.Record.TaskId, run.Record.Task.Name, run.Record.ContainerId,
        run.Sandbox, run.Record.Task.Resources, run.Updates.Latest!);
}

/// <summary>The agent's version.</summary>
internal static class AgentVersion
{
    /// <summary>Such as <c>0.1.0</c>.</summary>
    public static string Text { get; } = typeof(AgentVersion).Assembly.GetName().Version?.ToString(3) ?? "0";
}
