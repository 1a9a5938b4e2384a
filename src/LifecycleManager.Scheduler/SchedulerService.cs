using System.Net;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.Deployments;
using LifecycleManager.Scheduler.Events;
using LifecycleManager.Scheduler.Health;
using LifecycleManager.Scheduler.Launching;
using LifecycleManager.Scheduler.Leadership;
using LifecycleManager.Scheduler.Mesos;
using LifecycleManager.Scheduler.State;
using LifecycleManager.Scheduler.State.Core;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace LifecycleManager.Scheduler;

/// <summary>
/// The scheduler to its API: reads are immutable snapshots, changes run one after another on the owner's loop and are durable
/// when their task completes. Every change throws <see cref="NotLeaderException"/> where another scheduler leads.
/// </summary>
internal sealed class SchedulerService : IDisposable
{
    private static readonly TimeSpan MasterLimit = TimeSpan.FromSeconds(10);

    private readonly TermSurroundings _with;
    private readonly SchedulerLeadership _leadership;
    private readonly ILogger<SchedulerService> _log;

    /// <summary>Makes a scheduler; it does nothing before <see cref="RunAsync"/>.</summary>
    public SchedulerService(
        SchedulerOptions options,
        IStateStore store,
        ILeaderElection election,
        TimeProvider time,
        ILoggerFactory loggers,
        CollectorRegistry registry,
        RoleHealth health)
    {
        _log = loggers.CreateLogger<SchedulerService>();
        var metrics = new SchedulerMetrics(registry);
        EventBus? bus = null;
        bus = new EventBus(options.MaxEventSubscribers, options.MaxEventBytes, time, (remote, reason) =>
        {
            metrics.CountDroppedSubscriber(bus!.Count);
            _log.LogWarning("The event stream of {Remote} is dropped: {Reason}", remote, reason);
        });
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
            options, store, time, loggers, health, bus, metrics, master, new Probe(Probe.Client(), time), Random.Shared);
        _leadership = new SchedulerLeadership(_with, election);
    }

    /// <summary>Why the last term ended by a defect, until another has lasted for ten seconds; null where all is well.</summary>
    public string? Failure => _leadership.Failure;

    /// <summary>Everything at this moment; free to take.</summary>
    public SchedulerSnapshot Snapshot => _leadership.Snapshot;

    /// <summary>
    /// Changes the tree of groups and apps, and stores the deployment that carries the change out. The function gets the newest
    /// tree and gives the wanted one; apps that differ get a new version here, whatever version they carry. What it throws is
    /// thrown to the caller and nothing is changed.
    /// </summary>
    /// <exception cref="AppLockedException">A deployment holds one of the apps, and the change is not forced.</exception>
    /// <exception cref="ChangeRefusedException">The wanted tree is not possible, for example its dependencies have a
    /// cycle.</exception>
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
    public Task<KillReceipt> KillAsync(IReadOnlyCollection<string> taskIds, KillOptions options,
        CancellationToken cancellation) =>
        AskAsync(new KillRequest(taskIds, options), cancellation);

    /// <summary>
    /// Which instances would be better off elsewhere, by constraints, affinities and strategies; nothing is changed.
    /// </summary>
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
            var agents = await AgentsReader.ReadAsync(_with.MasterHttp, _with.Options, new Uri(new Uri(master), "slaves"),
                limit.Token);
            var settled = AppPlacement.Settled(snapshot, _with.Options.Placement);
            return await Task.Run(() => Placement.Rebalancing.Plan(agents, settled, most, cancellation), cancellation);
        }
        catch (Exception e) when (e is HttpRequestException or System.Text.Json.JsonException or OperationCanceledException
            && !cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"the master at {master} does not tell its agents: {e.Message}", e);
        }
    }

    /// <summary>Replaces instances by others elsewhere, one app after another, each within its upgrade strategy.</summary>
    /// <exception cref="AppLockedException">A deployment holds one of their apps.</exception>
    public Task<DeploymentReceipt> MoveAsync(IReadOnlyCollection<string> taskIds, CancellationToken cancellation) =>
        AskAsync(new RebalanceRequest(taskIds), cancellation);

    /// <summary>
    /// Cancels a deployment. Without <paramref name="force"/> a new deployment takes the affected apps back to what they were;
    /// with it everything is left as it is.
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
    public Task<bool> ResetDelayAsync(AppId app, CancellationToken cancellation) =>
        AskAsync(new ResetDelayRequest(app), cancellation);

    /// <summary>The stored versions of an app, newest first; empty for an unknown one.</summary>
    public Task<IReadOnlyList<DateTimeOffset>> AppVersionsAsync(AppId app, CancellationToken cancellation) =>
        Task.FromResult(Snapshot.Apps.TryGetValue(app, out var status) && !status.IsRemoved ? status.Versions : []);

    /// <summary>One stored version of an app, or null.</summary>
    /// <exception cref="UnreadableStateException">It is stored and cannot be read.</exception>
    public async Task<AppDefinition?> AppVersionAsync(AppId app, DateTimeOffset version, CancellationToken cancellation)
    {
        if (await _with.Store.GetAsync(SchedulerKeys.Version(app, version), cancellation) is not { } entry) return null;
        try
        {
            return StateLoader.ReadVersion(entry, app, version).Definition;
        }
        catch (InvalidDataException e)
        {
            throw new UnreadableStateException($"Version '{Instants.Write(version)}' of '{app.Path}': {e.Message}");
        }
    }

    /// <summary>The stored versions of the tree, newest first.</summary>
    public async Task<IReadOnlyList<DateTimeOffset>> GroupVersionsAsync(CancellationToken cancellation)
    {
        var history = await AskAsync(new HistoryRequest(), cancellation);
        return history.Changes.Count == 0 ? [history.Root.Version]
            : [.. history.Changes.Select(change => Instants.Read(change.Version))];
    }

    /// <summary>The whole tree at one of its versions, or null.</summary>
    public async Task<GroupDefinition?> GroupVersionAsync(DateTimeOffset version, CancellationToken cancellation)
    {
        var history = await AskAsync(new HistoryRequest(), cancellation);
        return await OlderTrees.AtAsync(history, version, AppVersionAsync, cancellation);
    }

    /// <summary>Gives the leadership up, so that another scheduler (or this one again) is elected.</summary>
    public Task AbdicateAsync() => _leadership.AbdicateAsync();

    /// <summary>
    /// The event bus from now on. A subscriber that does not keep up is dropped, its stream ends. Other subscribers see
    /// <c>event_stream_attached</c> and <c>event_stream_detached</c>.
    /// </summary>
    /// <param name="types">The wanted types; null or empty for all.</param>
    /// <param name="full">Whether deployment plans come with their trees.</param>
    /// <param name="remote">The subscriber, for people.</param>
    /// <exception cref="TooManySubscribersException">The bus is full.</exception>
    public EventSubscription Subscribe(IReadOnlySet<string>? types, bool full, string remote) =>
        _with.Bus.Subscribe(types, full, remote);

    /// <summary>Publishes <c>api_post_event</c>: a request that changed an app.</summary>
    public void PublishApiPost(string uri, IPAddress? client, AppDefinition app) =>
        _with.Bus.Publish(EventMessages.ApiPost(_with.Time.GetUtcNow(), client?.ToString() ?? "", uri, app.Wire));

    /// <summary>Publishes <c>pod_created_event</c>, <c>pod_updated_event</c> or <c>pod_deleted_event</c>.</summary>
    public void PublishPod(string type, string uri, IPAddress? client) =>
        _with.Bus.Publish(EventMessages.PodChanged(_with.Time.GetUtcNow(), type, client?.ToString() ?? "", uri));

    /// <summary>Stands for election, leads while elected, and stands again, until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation) => _leadership.RunAsync(cancellation);

    /// <inheritdoc />
    public void Dispose()
    {
        _leadership.Dispose();
        _with.Bus.Dispose();
    }

    private Task<T> AskAsync<T>(Request<T> request, CancellationToken cancellation) =>
        _leadership.AskAsync(request, cancellation);
}

/// <summary>The event bus has as many subscribers as it takes: 503.</summary>
internal sealed class TooManySubscribersException() : Exception("too many event streams are open");

/// <summary>How a change is made.</summary>
/// <param name="Force">Cancel the deployments that are in the way.</param>
/// <param name="Reason">Why, for people and the log.</param>
internal sealed record ChangeOptions(bool Force = false, string? Reason = null)
{
    /// <summary>
    /// Whoever owns the counts that this change sets from now on, such as <c>policy search</c>; <c>none</c> takes them from
    /// whoever owned them. Null, for a person or a pipeline: counts that are owned stay, and the receipt says so.
    /// </summary>
    public string? CountOwner { get; init; }

    /// <summary>The change puts groups: it takes the place of groups that cannot be read.</summary>
    internal bool PutsGroups { get; init; }

    /// <summary>The app that is changed is deployed blue-green; null for a rolling deployment.</summary>
    public BlueGreenOptions? BlueGreen { get; init; }
}

/// <summary>A word to a deployment.</summary>
internal enum DeploymentSteering
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
internal sealed record DeploymentReceipt(string DeploymentId, DateTimeOffset Version, GroupDefinition Root)
{
    /// <summary>What was kept in place of a requested value, and why; empty where everything was taken as asked.</summary>
    public IReadOnlyList<string> Messages { get; init; } = [];
}

/// <summary>How to end instances.</summary>
/// <param name="Scale">Lower the count of the apps by the instances that end.</param>
/// <param name="Wipe">Forget unreachable instances at once.</param>
/// <param name="Force">With <paramref name="Scale"/>: cancel deployments that are in the way.</param>
internal sealed record KillOptions(bool Scale = false, bool Wipe = false, bool Force = false);

/// <summary>What a kill did.</summary>
/// <param name="Instances">The instances that end, as they were before.</param>
/// <param name="Deployment">With scale: the deployment.</param>
internal sealed record KillReceipt(IReadOnlyList<Instance> Instances, DeploymentReceipt? Deployment);
