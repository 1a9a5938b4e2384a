using System.Net;
using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.Deployments;
using LifecycleManager.Scheduler.Events;
using LifecycleManager.Scheduler.Health;
using LifecycleManager.Scheduler.Launching;
using LifecycleManager.Scheduler.Mesos;
using LifecycleManager.Scheduler.State;
using LifecycleManager.Scheduler.State.Core;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace LifecycleManager.Scheduler;

/// <summary>
/// The scheduler to its API: reads are immutable snapshots, changes run one after another on the owner's loop and are durable when
/// their task completes. Every change throws <see cref="NotLeaderException"/> where another scheduler leads.
/// </summary>
public sealed class SchedulerService : IDisposable
{
    private const string Election = "scheduler";
    private static readonly TimeSpan MasterLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Restart = TimeSpan.FromSeconds(1);

    // A term that has lasted so long shows that what ended the one before is over.
    private static readonly TimeSpan Proof = TimeSpan.FromSeconds(10);

    private readonly SchedulerOptions _options;
    private readonly IStateStore _store;
    private readonly ILeaderElection _election;
    private readonly TimeProvider _time;
    private readonly ILogger<SchedulerService> _log;
    private readonly EventBus _bus;
    private readonly SchedulerMetrics _metrics;
    private readonly TermSurroundings _with;
    private volatile SchedulerSnapshot _snapshot;
    private volatile Term? _term;
    private CancellationTokenSource? _abdication;
    private volatile string? _failure;
    private long _termBegan;

    /// <summary>Makes a scheduler; it does nothing before <see cref="RunAsync"/>.</summary>
    public SchedulerService(
        SchedulerOptions options,
        IStateStore store,
        ILeaderElection election,
        TimeProvider time,
        ILoggerFactory loggers,
        CollectorRegistry registry)
        : this(options, store, election, time, loggers, registry, Random.Shared)
    {
    }

    internal SchedulerService(
        SchedulerOptions options,
        IStateStore store,
        ILeaderElection election,
        TimeProvider time,
        ILoggerFactory loggers,
        CollectorRegistry registry,
        Random random)
    {
        (_options, _store, _election, _time) = (options, store, election, time);
        _log = loggers.CreateLogger<SchedulerService>();
        _metrics = new SchedulerMetrics(registry);
        _bus = new EventBus(options.MaxEventSubscribers, options.MaxEventBytes, time, (remote, reason) =>
        {
            _metrics.CountDroppedSubscriber(_bus!.Count);
            _log.LogWarning("The event stream of {Remote} is dropped: {Reason}", remote, reason);
        });
        _snapshot = Idle(null);
        var master = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            SslOptions = { ClientCertificates = options.Certificate is { } certificate ? [certificate] : null },
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _with = new TermSurroundings(
            options, store, time, loggers, _bus, _metrics, master, new Probe(Probe.Client(), time), random, snapshot => _snapshot = snapshot);
    }

    /// <summary>Why the last term ended by a defect, until another has lasted for ten seconds; null where all is well.</summary>
    public string? Failure => _term is not null && _time.GetElapsedTime(Volatile.Read(ref _termBegan)) >= Proof ? null : _failure;

    /// <summary>Everything at this moment; free to take.</summary>
    public SchedulerSnapshot Snapshot => _snapshot;

    /// <summary>
    /// Changes the tree of groups and apps, and stores the deployment that carries the change out. The function gets the newest tree
    /// and gives the wanted one; apps that differ get a new version here, whatever version they carry. What it throws is thrown to
    /// the caller and nothing is changed.
    /// </summary>
    /// <exception cref="AppLockedException">A deployment holds one of the apps, and the change is not forced.</exception>
    /// <exception cref="ChangeRefusedException">The wanted tree is not possible, for example its dependencies have a cycle.</exception>
    public Task<DeploymentReceipt> ChangeAsync(
        Func<GroupDefinition, GroupDefinition> change, ChangeOptions options, CancellationToken cancellation) =>
        AskAsync(new ChangeRequest(change, options), cancellation);

    /// <summary>Replaces all instances of some apps, keeping their upgrade strategies.</summary>
    /// <exception cref="AppNotFoundException">There is no such app.</exception>
    public Task<DeploymentReceipt> RestartAsync(
        IReadOnlyCollection<AppId> apps, ChangeOptions options, CancellationToken cancellation) =>
        AskAsync(new RestartRequest(apps, options), cancellation);

    /// <summary>Ends instances; unknown ids are left out of the answer.</summary>
    /// <exception cref="AppLockedException">With <see cref="KillOptions.Scale"/>: a deployment holds the app.</exception>
    public Task<KillReceipt> KillAsync(IReadOnlyCollection<string> taskIds, KillOptions options, CancellationToken cancellation) =>
        AskAsync(new KillRequest(taskIds, options), cancellation);

    /// <summary>Which instances would be better off elsewhere, by constraints, affinities and strategies; nothing is changed.</summary>
    /// <param name="most">The most moves.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="TimeoutException">The master does not tell its agents.</exception>
    public async Task<IReadOnlyList<Placement.Move>> PlanMovesAsync(int most, CancellationToken cancellation)
    {
        var snapshot = Snapshot;
        if (snapshot.Framework.Master is not { } master) throw new TimeoutException("no master is connected");
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(MasterLimit);
            var agents = await AgentsReader.ReadAsync(_with.MasterHttp, _options, new Uri(new Uri(master), "slaves"), limit.Token);
            return await Task.Run(() => Placement.Rebalancing.Plan(agents, AppPlacement.Settled(snapshot, _options.Placement), most, cancellation), cancellation);
        }
        catch (Exception e) when (e is HttpRequestException or System.Text.Json.JsonException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"the master at {master} does not tell its agents: {e.Message}", e);
        }
    }

    /// <summary>Replaces instances by others elsewhere, one app after another, each within its upgrade strategy.</summary>
    /// <exception cref="AppLockedException">A deployment holds one of their apps.</exception>
    public Task<DeploymentReceipt> MoveAsync(IReadOnlyCollection<string> taskIds, CancellationToken cancellation) =>
        AskAsync(new RebalanceRequest(taskIds), cancellation);

    /// <summary>
    /// Cancels a deployment. Without <paramref name="force"/> a new deployment takes the affected apps back to what they were; with
    /// it everything is left as it is.
    /// </summary>
    /// <returns>The deployment that rolls back; null when forced.</returns>
    /// <exception cref="DeploymentNotFoundException">There is no such deployment.</exception>
    public Task<DeploymentReceipt?> CancelDeploymentAsync(string id, bool force, CancellationToken cancellation) =>
        AskAsync(new CancelRequest(id, force), cancellation);

    /// <summary>Pauses, resumes or promotes a deployment.</summary>
    /// <param name="id">The deployment.</param>
    /// <param name="word">What it is to do.</param>
    /// <param name="force">Promote also what is not healthy.</param>
    /// <param name="cancellation">Ends the waiting for the answer.</param>
    /// <returns>The deployment as it was left by that.</returns>
    /// <exception cref="DeploymentNotFoundException">There is no such deployment.</exception>
    /// <exception cref="DeploymentStateException">It waits for nothing, or not for this.</exception>
    public Task<DeploymentStatus> SteerAsync(string id, DeploymentSteering word, bool force, CancellationToken cancellation) =>
        AskAsync(new SteerRequest(id, word, force), cancellation);

    /// <summary>Lets a delayed launch go on at once.</summary>
    /// <returns>False when the app has nothing in the queue.</returns>
    public Task<bool> ResetDelayAsync(AppId app, CancellationToken cancellation) => AskAsync(new ResetDelayRequest(app), cancellation);

    /// <summary>The stored versions of an app, newest first; empty for an unknown one.</summary>
    public Task<IReadOnlyList<DateTimeOffset>> AppVersionsAsync(AppId app, CancellationToken cancellation) =>
        Task.FromResult(Snapshot.Apps.TryGetValue(app, out var status) && !status.IsRemoved ? status.Versions : []);

    /// <summary>One stored version of an app, or null.</summary>
    public async Task<AppDefinition?> AppVersionAsync(AppId app, DateTimeOffset version, CancellationToken cancellation) =>
        await _store.GetAsync(StateKeys.Version(app, version), cancellation) is { } entry ? StateMapping.ReadApp(entry.Value).Definition : null;

    /// <summary>The stored versions of the tree, newest first.</summary>
    public async Task<IReadOnlyList<DateTimeOffset>> GroupVersionsAsync(CancellationToken cancellation)
    {
        var history = await AskAsync(new HistoryRequest(), cancellation);
        return history.Changes.Count == 0 ? [history.Root.Version] : [.. history.Changes.Select(change => Instants.Read(change.Version))];
    }

    /// <summary>The whole tree at one of its versions, or null.</summary>
    public async Task<GroupDefinition?> GroupVersionAsync(DateTimeOffset version, CancellationToken cancellation)
    {
        var history = await AskAsync(new HistoryRequest(), cancellation);
        return await OlderTrees.AtAsync(history, version, AppVersionAsync, cancellation);
    }

    /// <summary>Gives the leadership up, so that another scheduler (or this one again) is elected.</summary>
    public async Task AbdicateAsync(CancellationToken cancellation)
    {
        if (_term is null || _abdication is not { } abdication) throw new NotLeaderException(_snapshot.Leader.Address);
        _log.LogWarning("The leadership is given up on request");
        await abdication.CancelAsync();
    }

    /// <summary>
    /// The event bus from now on. A subscriber that does not keep up is dropped, its stream ends. Other subscribers see <c>event_stream_attached</c> and <c>event_stream_detached</c>.
    /// </summary>
    /// <param name="types">The wanted types; null or empty for all.</param>
    /// <param name="full">Whether deployment plans come with their trees.</param>
    /// <param name="remote">The subscriber, for people.</param>
    /// <exception cref="TooManySubscribersException">The bus is full.</exception>
    public EventSubscription Subscribe(IReadOnlySet<string>? types, bool full, string remote) => _bus.Subscribe(types, full, remote);

    /// <summary>Publishes <c>api_post_event</c>: a request that changed an app.</summary>
    public void PublishApiPost(string uri, IPAddress? client, AppDefinition app) =>
        _bus.Publish(EventMessages.ApiPost(_time.GetUtcNow(), client?.ToString() ?? "", uri, app.Wire));

    /// <summary>Publishes <c>pod_created_event</c>, <c>pod_updated_event</c> or <c>pod_deleted_event</c>.</summary>
    public void PublishPod(string type, string uri, IPAddress? client) =>
        _bus.Publish(EventMessages.PodChanged(_time.GetUtcNow(), type, client?.ToString() ?? "", uri));

    /// <inheritdoc />
    public void Dispose() => _bus.Dispose();

    /// <summary>Stands for election, leads while elected, and stands again, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await LeadAsync(cancellation);
            }
            catch (OperationCanceledException)
            {
                // Stopped, deposed or given up; the loop's condition tells.
            }
            catch (Exception e)
            {
                _log.LogError(e, "The scheduler's term has ended: {Reason}. Another begins with what is stored", e.Message);
            }

            try
            {
                if (!cancellation.IsCancellationRequested) await Task.Delay(Restart, _time, cancellation);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task LeadAsync(CancellationToken cancellation)
    {
        await using var leadership = await StandAsync(cancellation);
        using var abdication = new CancellationTokenSource();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation, leadership.Lost, abdication.Token);
        try
        {
            var term = await Term.LoadAsync(_with, leadership.Fence, ending.Token);
            _abdication = abdication;
            Volatile.Write(ref _termBegan, _time.GetTimestamp());
            _term = term;
            await term.RunAsync(ending.Token);
        }
        catch (Exception e) when (e is not (OperationCanceledException or FencedException))
        {
            _failure = e.Message;
            throw;
        }
        finally
        {
            _term = null;
            _abdication = null;
            _metrics.Clear(_snapshot);
            _snapshot = Idle(null);
        }
    }

    private async Task<ILeadership> StandAsync(CancellationToken cancellation)
    {
        var standing = _election.StandAsync(Election, _options.Address.GetLeftPart(UriPartial.Authority), cancellation);
        while (await Task.WhenAny(standing, Task.Delay(Restart, _time, cancellation)) != standing && !cancellation.IsCancellationRequested)
        {
            try
            {
                var leader = await _election.LeaderAsync(Election, cancellation);

                // Another one does the work now.
                if (leader is not null && leader != _options.Address.GetLeftPart(UriPartial.Authority)) _failure = null;
                if (leader != _snapshot.Leader.Address) _snapshot = Idle(leader);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                _log.LogDebug(e, "The leader is not known");
            }
        }

        return await standing;
    }

    private Task<T> AskAsync<T>(Request<T> request, CancellationToken cancellation) =>
        _term is { } term ? term.AskAsync(request, cancellation) : Task.FromException<T>(new NotLeaderException(_snapshot.Leader.Address));

    private static SchedulerSnapshot Idle(string? leader) => new()
    {
        Root = GroupDefinition.Empty,
        Apps = new Dictionary<AppId, AppStatus>(),
        Instances = new Dictionary<string, Instance>(),
        Deployments = [],
        Queue = [],
        Framework = new FrameworkStatus(null, false, null),
        Leader = new LeaderStatus(false, leader, null),
    };
}

/// <summary>The event bus has as many subscribers as it takes: 503.</summary>
public sealed class TooManySubscribersException() : Exception("too many event streams are open");

/// <summary>How a change is made.</summary>
/// <param name="Force">Cancel the deployments that are in the way.</param>
/// <param name="Reason">Why, for people and the log.</param>
public sealed record ChangeOptions(bool Force = false, string? Reason = null)
{
    /// <summary>
    /// Whoever owns the counts that this change sets from now on, such as <c>policy search</c>; <c>none</c> takes them from whoever
    /// owned them. Null, for a person or a pipeline: counts that are owned stay, and the receipt says so.
    /// </summary>
    public string? CountOwner { get; init; }

    /// <summary>The app that is changed is deployed blue-green; null for a rolling deployment.</summary>
    public BlueGreenOptions? BlueGreen { get; init; }
}

/// <summary>A word to a deployment.</summary>
public enum DeploymentSteering
{
    /// <summary>Nothing more is replaced until it is resumed.</summary>
    Pause,

    /// <summary>It goes on from where it was paused.</summary>
    Resume,

    /// <summary>The pause that it is in is over.</summary>
    Promote,

    /// <summary>All its stages and pauses are over.</summary>
    PromoteFull,
}

/// <summary>A change that is stored, and the deployment that carries it out.</summary>
/// <param name="DeploymentId">The deployment; already over where nothing had to be done.</param>
/// <param name="Version">The version of the tree, and of each app that changed.</param>
/// <param name="Root">The tree after the change.</param>
public sealed record DeploymentReceipt(string DeploymentId, DateTimeOffset Version, GroupDefinition Root)
{
    /// <summary>What was kept in place of a requested value, and why; empty where everything was taken as asked.</summary>
    public IReadOnlyList<string> Messages { get; init; } = [];
}

/// <summary>How to end instances.</summary>
/// <param name="Scale">Lower the count of the apps by the instances that end.</param>
/// <param name="Wipe">Forget unreachable instances at once.</param>
/// <param name="Force">With <paramref name="Scale"/>: cancel deployments that are in the way.</param>
public sealed record KillOptions(bool Scale = false, bool Wipe = false, bool Force = false);

/// <summary>What a kill did.</summary>
/// <param name="Instances">The instances that end, as they were before.</param>
/// <param name="Deployment">With scale: the deployment.</param>
public sealed record KillReceipt(IReadOnlyList<Instance> Instances, DeploymentReceipt? Deployment);
