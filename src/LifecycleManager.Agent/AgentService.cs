using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Agent.Containerizers.Docker;
using LifecycleManager.Agent.Containerizers.Processes;
using LifecycleManager.Agent.Fetching;
using LifecycleManager.Agent.Garbage;
using LifecycleManager.Agent.Health;
using LifecycleManager.Agent.Masters;
using LifecycleManager.Agent.Oversubscription;
using LifecycleManager.Agent.Recovery;
using LifecycleManager.Agent.Resources;
using LifecycleManager.Agent.Secrets;
using LifecycleManager.Agent.Tasks;
using LifecycleManager.Agent.Timing;
using LifecycleManager.Agent.Updates;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Runtime.Loops;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent;

/// <summary>
/// The agent: recovers what an earlier run left, composes its parts, and runs their loops. A loop that dies ends the agent; its
/// tasks run on, and the next agent on the same directory finds them.
/// </summary>
internal sealed class AgentService : IHostedService, IAsyncDisposable
{
    private const string OwnerName = "the agent's loop";
    private const int MaxInputs = 1024;
    private const int MaxBatch = 64;
    private static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(2);
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _log;
    private readonly RoleHealth _health;
    private readonly RoleFailure _failure;
    private readonly AgentOffer _offer;
    private readonly MasterConnection _connection;
    private readonly UpdateSender _updates;
    private readonly BackgroundWork _work;
    private readonly CancellationTokenSource _stopping = new();
    private AgentDirectory? _directory;
    private AgentIdentity? _identity;
    private ContainerizerSet? _containerizers;
    private DockerEngine? _engine;
    private Fetcher? _fetcher;
    private TaskTable? _tasks;
    private GarbageCollector? _garbage;
    private Oversubscriber? _oversubscriber;
    private OwnerLoop<AgentInput>? _owner;
    private LoopReport? _report;
    private Task _running = Task.CompletedTask;
    private volatile string? _end;

    public AgentService(
        AgentOptions options, TimeProvider time, ILoggerFactory loggers, RoleHealth health, RoleFailure failure)
    {
        (Options, _time, _loggers, _health, _failure) = (options, time, loggers, health, failure);
        _log = loggers.CreateLogger<AgentService>();
        _offer = new AgentOffer(options);
        _updates = new UpdateSender(options, time, loggers.CreateLogger<UpdateSender>()) { Counts = Counts };
        _connection = new MasterConnection(options, time, loggers.CreateLogger<MasterConnection>());
        _work = new BackgroundWork(_stopping.Token);
        Started = time.GetUtcNow();
    }

    /// <summary>Raised with each launch that failed.</summary>
    public event Action<StatusReason>? LaunchFailed;

    public AgentOptions Options { get; }

    /// <summary>When this run of the agent began.</summary>
    public DateTimeOffset Started { get; }

    /// <summary>What it can do now.</summary>
    public IReadOnlyList<string> Features => _containerizers?.Features ?? [];

    /// <summary>The agent as Mesos' APIs describe one; its resources without their reservations.</summary>
    public AgentInfo Info => _offer.Describe(_identity?.Id, _offer.Resources, Features);

    /// <summary>The master that has registered the agent, or null.</summary>
    public Uri? Master => _connection.Master;

    /// <summary>The tasks that run, or whose last status is not acknowledged.</summary>
    public IReadOnlyCollection<TaskRun> Tasks => _tasks?.All ?? [];

    /// <summary>Tasks that are over, the oldest first; few, and only since the agent's start.</summary>
    public IReadOnlyCollection<CompletedTask> Completed => _tasks?.Completed ?? [];

    /// <summary>Status updates that are not acknowledged.</summary>
    public int PendingUpdates => _updates.Pending;

    /// <summary>What it counts.</summary>
    public AgentCounts Counts { get; } = new();

    /// <summary>How many bytes the fetcher's cache has.</summary>
    public long FetchCacheUsed => _fetcher?.CacheUsed ?? 0;

    /// <summary>How many sandboxes of ended tasks wait for their removal.</summary>
    public int EndedSandboxes => _garbage?.Waiting ?? 0;

    /// <summary>The revocable cpus that it has told the master.</summary>
    public double Slack => _oversubscriber?.Slack ?? 0;

    /// <summary>Whether a Docker engine answers; null without that containerizer.</summary>
    public bool? DockerUp => _engine?.IsUp;

    /// <summary>Names the work directory for ever; null before the start.</summary>
    public string? Home => _identity?.Home;

    /// <summary>Where the sandboxes are; null before the start.</summary>
    public AgentDirectory? Directory => _directory;

    /// <summary>Changes a loop before it runs, for tests that make one fail.</summary>
    internal Func<NamedLoop, NamedLoop> Wrap { get; set; } = static loop => loop;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            Start();
            return Task.CompletedTask;
        }
        catch (UnauthorizedAccessException e)
        {
            // Another word for the same: what the agent needs cannot be had.
            throw new IOException(e.Message, e);
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_stopping.IsCancellationRequested) return;
        if (Options.StopTasksOnExit && _owner is not null)
        {
            // Bounded by its own option: a host's shorter patience would leave tasks half ended.
            var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Post(new AgentInput.EndTasks(ended));
            await Task.WhenAny(ended.Task, _running,
                _time.DelayAsync(TaskShutdown.Longest(Options) + FirstLook, CancellationToken.None));
        }

        await _stopping.CancelAsync();
        await _running;
        await _work.EndedAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        _report?.Dispose();
        _tasks?.Dispose();
        _connection.Dispose();
        _engine?.Dispose();
        _fetcher?.Dispose();
        _directory?.Dispose();
        _stopping.Dispose();
    }

    /// <summary>Opens the directory, makes the parts, finds the tasks, and begins the loops.</summary>
    private void Start()
    {
        var began = _time.GetTimestamp();
        _directory = new AgentDirectory(Options.WorkDirectory);
        _offer.Measure(_directory.Root);
        var recovery = new TaskRecovery(_directory, Options.BootId, _log);
        var (known, isWritten) = recovery.Identify();
        _identity = new AgentIdentity(_directory, known, isWritten, _log);
        _fetcher = new Fetcher(Options, Path.Combine(_directory.Root, "cache"), _time, _loggers.CreateLogger<Fetcher>())
        {
            Counts = Counts,
        };
        var secrets = new SecretStore(Options.SecretsDirectory);
        var processes = new ProcessContainerizer(Options, known.Home, secrets, _time,
            _loggers.CreateLogger<ProcessContainerizer>());
        var strays = new List<string>();
        var found = recovery.Tasks(known.Home, processes.Grouped(), strays);

        // Tasks of a kind that is launched no more run on all the same.
        var kinds = Options.Containerizers.Union(found.Select(task => task.Containerizer)).ToList();
        var containerizers = new List<IContainerizer>();
        if (kinds.Contains(processes.Name)) containerizers.Add(processes);
        ImageCollector? images = null;
        DockerContainerizer? docker = null;
        if (kinds.Contains("docker"))
        {
            _engine = new DockerEngine(Options, _time, _loggers.CreateLogger<DockerEngine>())
            {
                IsNeeded = kinds is ["docker"] || found.Any(task => task.Containerizer == "docker"),
            };
            images = new ImageCollector(_directory.Root, _engine, _time, _log);
            docker = new DockerContainerizer(
                _engine, Options, known.Home, secrets, images, _time, _loggers.CreateLogger<DockerContainerizer>());
            containerizers.Add(docker);
        }

        _containerizers = new ContainerizerSet(Options.Containerizers, containerizers);
        var registration = Own(docker);
        foreach (var task in found) _tasks!.Recover(task);
        Counts.Recovery = _time.GetElapsedTime(began);
        for (var i = 0; i < recovery.Errors; i++) Counts.NotRecovered();
        if (found.Count > 0) _log.LogInformation("Recovered {Count} tasks", found.Count);
        if (strays.Count > 0)
        {
            registration.Hold(RegistrationHold.OrphanedProcesses, Deregistration.ExtraTime);
            _work.Begin("the end of stray processes", async stopping =>
            {
                await OrphanedProcesses.EndAsync(strays, processes, _time, _log, stopping);
                Post(new AgentInput.Release(RegistrationHold.OrphanedProcesses));
            });
        }

        if (_engine is not null) registration.Hold(RegistrationHold.FirstLook, FirstLook);
        _running = RunAsync(Loops(images));
    }

    /// <summary>Makes the owner and its parts.</summary>
    private Registration Own(DockerContainerizer? docker)
    {
        var untracked = new UntrackedUpdates(_identity!, _updates, _time, _log);
        var clock = new BootClock(_time, Options.BootId);
        var services = new TaskServices(_directory!, _containerizers!, _fetcher!, Options, _time, clock, _log);
        _tasks = new TaskTable(services, _updates, untracked, _work);
        var launcher = new TaskLauncher(_identity!, _tasks, _updates, untracked, services);
        var registration = new Registration(_offer, _identity!, _tasks, _containerizers!, _connection, _time, _log);
        var removal = new Deregistration(_identity!, _tasks, untracked, registration, _log);
        var containers = docker is null ? null
            : new LostContainers(_engine!, docker, _directory!, _tasks, registration, _work, Options, _time, _log);
        var shutdown = new TaskShutdown(_tasks, () => _connection.Master is not null, Options, _time, _log);
        var owner = new AgentOwner(_identity!, _tasks, launcher, _updates, untracked, registration, removal, containers, shutdown,
            Counts, _log);
        _report = _health.Loop(OwnerName);
        _owner = new OwnerLoop<AgentInput>(owner, _time, _report, MaxInputs, MaxBatch);

        _tasks.Ended += run => Counts.Ended(run.Status);
        _tasks.Ended += run => Post(new AgentInput.Ended(run));
        _tasks.Done += run => Post(new AgentInput.Done(run));
        _tasks.Identified += () => Post(new AgentInput.Identified());
        foreach (var failed in (Action<StatusReason>[])[reason => LaunchFailed?.Invoke(reason), _ => Counts.LaunchFailed()])
        {
            _tasks.LaunchFailed += failed;
            launcher.LaunchFailed += failed;
        }

        if (containers is not null)
        {
            containers.Found += found => Post(new AgentInput.ContainersFound(found));
            _engine!.Changed += () => Post(new AgentInput.EngineChanged());
        }

        return registration;
    }

    private List<NamedLoop> Loops(ImageCollector? images)
    {
        var watch = new WorkDirectoryWatch(_directory!.Root, _time, _log);
        watch.Writable += () =>
        {
            if (_identity!.Problem is not null) Post(new AgentInput.DirectoryWritable());
        };
        Watch(watch);
        var garbage = _garbage = new GarbageCollector(
            _directory, _tasks!, _engine, images, Options, _time, Counts, _log);
        List<NamedLoop> loops =
        [
            new(OwnerName, _owner!.RunAsync) { Report = _report },
            new("the tasks", _work.RunAsync),
            new("the updates", (report, stopping) => _updates.RunAsync(_connection.SendAsync, report, stopping)),
            new("the garbage collection", garbage.RunAsync) { LongestTurn = GarbageCollector.LongestTurn },
            new("the watch over the work directory", watch.RunAsync),
            new("the connection to the master", stopping => _connection.RunAsync(RegisterAsync, HandleAsync, stopping)),
        ];
        if (_engine is not null) loops.Add(
            new("the watch over the Docker engine", WatchEngineAsync)
            {
                LongestTurn = Options.DockerTimeout
                + RoleHealth.LongestTurn
            });
        if (Options.Oversubscribe)
        {
            var cpus = MachineResources.Scalar(_offer.Resources, "cpus");
            var oversubscriber = _oversubscriber = new Oversubscriber(Options, () => _tasks!.All, cpus, _time, _log);
            loops.Add(new(
                "the oversubscription",
                (report, stopping) => oversubscriber.RunAsync(_connection.SendAsync, () => _connection.Master, report,
                stopping)));
        }

        return loops;
    }

    /// <summary>What is asked for the agent's health, beside its loops.</summary>
    private void Watch(WorkDirectoryWatch directory)
    {
        _health.State = () => _connection.Master is { } master ? $"registered with {master.GetLeftPart(UriPartial.Authority)}"
            : "without a master; its tasks run on";
        _health.Watch(() => _end);
        _health.Watch(() => directory.Problem is { } problem ? $"the work directory cannot be written: {problem}" : null);
        _health.Watch(() => _identity!.Problem is { } problem ? $"what the agent knows of itself cannot be written: {problem}"
            : null);
        if (_engine is not null) _health.Watch(() => _engine.Problem);
    }

    private async Task RunAsync(List<NamedLoop> loops)
    {
        try
        {
            await LoopGroup.RunAsync(_health, _stopping.Token, [.. loops.Select(Wrap)]);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The agent stops.
        }
        catch (Exception e)
        {
            _end = $"the agent has failed: {e.Message}";
            _log.LogCritical(e, "The agent has failed, and its tasks run on: {Reason}", e.Message);
            _failure.Fail(e);
        }
    }

    private async Task WatchEngineAsync(LoopReport report, CancellationToken stopping)
    {
        await _engine!.LookAsync(stopping);
        Post(new AgentInput.Release(RegistrationHold.FirstLook));
        await _engine.RunAsync(report, stopping);
    }

    private async Task<Protocol.Agents.RegisterCall> RegisterAsync(CancellationToken cancellation)
    {
        // In its turn: what an earlier stream has brought is part of what the agent runs.
        var call = new TaskCompletionSource<Protocol.Agents.RegisterCall>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _owner!.PostAsync(new AgentInput.Describe(call), cancellation);
        return await call.Task.WaitAsync(cancellation);
    }

    private async ValueTask HandleAsync(Protocol.Agents.AgentEvent message, CancellationToken cancellation) =>
        await _owner!.PostAsync(
        ReferenceEquals(message, MasterConnection.Ready) ? new AgentInput.Connected() : new AgentInput.FromMaster(message),
        cancellation);

    // Nobody who tells something waits for the loop: the loop may itself be what ended the task.
    private void Post(AgentInput input)
    {
        if (!_owner!.TryPost(input)) _ = _owner.PostAsync(input).AsTask();
    }
}
