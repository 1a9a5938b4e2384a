using System.Net;
using LifecycleManager.Clients.Masters;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Deployments;
using LifecycleManager.Scheduler.Core.Documents;
using LifecycleManager.Scheduler.Core.Events;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Placement;
using LifecycleManager.Scheduler.Core.Snapshots;
using LifecycleManager.Scheduler.Core.Timing;
using LifecycleManager.Scheduler.Events;
using LifecycleManager.Scheduler.Health;
using LifecycleManager.Scheduler.Leadership;
using LifecycleManager.Scheduler.Mesos;
using LifecycleManager.Scheduler.State;
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

    private static readonly TimeSpan HeardInterval = TimeSpan.FromMinutes(1);

    private readonly TermServices _with;
    private readonly SchedulerLeadership _leadership;
    private readonly ILogger<SchedulerService> _log;
    private long _heard;

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
        var master = new MasterHttp(() => options.Credential?.Header, options.Tls, MasterLimit);
        _with = new TermServices(
            options, store, time, loggers, health, bus, metrics, master, new Probe(Probe.Client(), time), Random.Shared);
        _leadership = new SchedulerLeadership(_with, election);
        SchedulerMetrics.Watch(registry, () => bus.WaitingBytes, () => _leadership.WaitingCalls);
        options.Admission.Changed += FollowAdmission;
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

    /// <summary>The manager was heard; told at most once a minute, since it reads every few seconds.</summary>
    public void HearManager()
    {
        var (last, now) = (Interlocked.Read(ref _heard), _with.Time.GetTimestamp());
        if (last != 0 && _with.Time.GetElapsedTime(last, now) < HeardInterval) return;
        Interlocked.Exchange(ref _heard, now);
        _leadership.Tell(ManagerHeard.Instance);
    }

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
    /// <exception cref="TimeoutException">The master did not list its agents.</exception>
    public async Task<IReadOnlyList<Move>> PlanMovesAsync(int most, CancellationToken cancellation)
    {
        var snapshot = Snapshot;
        if (snapshot.Framework.Master is not { } master) throw new TimeoutException("no master is connected");
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(MasterLimit);
            var agents = await AgentsReader.ReadAsync(_with.MasterHttp, new Uri(new Uri(master), "slaves"), limit.Token);
            var settled = SettledApps.Of(snapshot, _with.Options.Placement);
            return await Task.Run(() => Rebalancing.Plan(agents, settled, most, cancellation), cancellation);
        }
        catch (Exception e) when (e is HttpRequestException or System.Text.Json.JsonException or OperationCanceledException
            && !cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"the master at {master} did not list its agents: {e.Message}", e);
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
            return StateReader.ReadVersion(app, version, entry.Value).Definition;
        }
        catch (InvalidDataException e)
        {
            throw new UnreadableStateException($"Version '{Timestamps.Write(version)}' of '{app.Path}': {e.Message}");
        }
    }

    /// <summary>The stored versions of the tree in which a group is there, newest first.</summary>
    public async Task<IReadOnlyList<DateTimeOffset>> GroupVersionsAsync(AppId group, CancellationToken cancellation) =>
        OlderTrees.VersionsOf(await AskAsync(new HistoryRequest(), cancellation), group);

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
    /// <param name="sees">What the subscriber may see; null for all.</param>
    /// <exception cref="TooManySubscribersException">The bus is full.</exception>
    public EventSubscription Subscribe(
        IReadOnlySet<string>? types, bool full, string remote, Predicate<SchedulerEventMessage>? sees = null) =>
        _with.Bus.Subscribe(types, full, remote, sees);

    /// <summary>Publishes <c>api_post_event</c>: a request that changed an app.</summary>
    public void PublishApiPost(string uri, IPAddress? client, AppDefinition app) =>
        _with.Bus.Publish(EventMessages.ApiPost(_with.Time.GetUtcNow(), client?.ToString() ?? "", uri, app.Wire));

    /// <summary>Publishes <c>pod_created_event</c>, <c>pod_updated_event</c> or <c>pod_deleted_event</c>.</summary>
    public void PublishPod(string type, string uri, IPAddress? client, AppId pod) =>
        _with.Bus.Publish(EventMessages.PodChanged(_with.Time.GetUtcNow(), type, client?.ToString() ?? "", uri, pod.Path));

    /// <summary>Stands for election, leads while elected, and stands again, until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation) => _leadership.RunAsync(cancellation);

    /// <inheritdoc />
    public void Dispose()
    {
        _with.Options.Admission.Changed -= FollowAdmission;
        _leadership.Dispose();
        _with.Bus.Dispose();
    }

    // The term looks at the rules with each of its turns.
    private void FollowAdmission() => _leadership.Tell(TimePassed.Instance);

    private Task<T> AskAsync<T>(Request<T> request, CancellationToken cancellation) =>
        _leadership.AskAsync(request, cancellation);
}
