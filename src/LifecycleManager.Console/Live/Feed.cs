using LifecycleManager.Clients.Addresses;
using LifecycleManager.Clients.Agents;
using LifecycleManager.Clients.Schedulers;
using LifecycleManager.Console.Callers;
using LifecycleManager.Console.Charts;
using LifecycleManager.Console.Clients;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Runtime.Reconnecting;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Console.Live;

/// <summary>
/// What all open pages of one caller show: each of it read once, however many pages there are, and only while there is one.
/// </summary>
internal sealed class Feed
{
    private static readonly TimeSpan Told = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Untold = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Rarely = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Sampled = TimeSpan.FromSeconds(5);
    private const int Decided = 200;

    /// <summary>The manager ends a tool after half a minute, and has one wait for another for ten seconds.</summary>
    private static readonly TimeSpan Worked = TimeSpan.FromSeconds(50);

    private static readonly string[] Events =
    [
        "status_update_event", "instance_changed_event", "instance_health_changed_event", "health_status_changed_event",
        "unknown_instance_terminated_event", "deployment_info", "deployment_step_success", "deployment_step_failure",
        "deployment_paused", "deployment_success", "deployment_failed", "app_terminated_event", "api_post_event",
        "group_change_success", "pod_created_event", "pod_updated_event", "pod_deleted_event",
    ];

    private readonly SharedWatches _shared = new();
    private readonly TimeProvider _time;
    private readonly ILogger<Feed> _log;
    private readonly Signal _events;
    private readonly Signal? _decisions;

    /// <param name="caller">Who asks.</param>
    /// <param name="http">Makes his clients.</param>
    /// <param name="options">Where the roles are.</param>
    /// <param name="places">Finds where instances are.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">The logs.</param>
    public Feed(
        PageCaller caller, RoleHttp http, ConsoleOptions options, AgentListClient places, TimeProvider time,
        ILoggerFactory loggers)
    {
        (Caller, _time, _log) = (caller, time, loggers.CreateLogger<Feed>());
        Scheduler = new SchedulerClient(http.For(caller, options.Scheduler));
        Sandboxes = new SandboxClient(caller, http, places, time);
        _events = new Signal(
            (told, cancellation) => FollowEventsAsync(told, loggers.CreateLogger<SchedulerEvents>(), cancellation), time, _log);
        Apps = Of(Scheduler.AppsAsync, _events);
        Pods = Of(Scheduler.PodsAsync, _events);
        Groups = Of(Scheduler.GroupsAsync, _events);
        Tasks = Of(Scheduler.TasksAsync, _events);
        Info = Of(Scheduler.InfoAsync, null);
        Deployments = Of(Scheduler.DeploymentsAsync, _events, Untold);

        // No event tells that an offer was refused, or a delay is over.
        Queue = Of(Scheduler.QueueAsync, _events, Untold);
        if (options.Masters is { } masters && caller.Scope.MayEverywhere(Security.GroupPermission.View))
        {
            Cluster = http.Cluster(caller, masters, options.MasterCredential);
            Agents = Of(Cluster.AgentsAsync, _events, Untold);
            Master = Of(Cluster.ClusterAsync, _events, Untold);
            Processes = Of(cancellation => ProbeAsync(http, options, masters, cancellation), null, Rarely);
        }

        if (options.Manager is not { } address) return;
        var calls = http.For(caller, address);
        var manager = new ManagerClient(calls);
        _decisions = new Signal((told, cancellation) => FollowDecisionsAsync(manager, told, cancellation), time, _log);
        Manager = manager;
        Tools = new PolicyToolsClient(http.For(caller, address, Worked));
        Governed = Of(manager.GovernedAsync, _decisions);
        Policies = Of(manager.PoliciesAsync, _decisions);
        Decisions = Of(cancellation => manager.DecisionsAsync(null, Decided, cancellation), _decisions);
        Planning = new ManagerCalls(calls);
        Stop = Of(Planning.StopAsync, _decisions);
        Sizes = Of(Planning.SizesAsync, null, Rarely);
        if (!caller.Scope.MayEverywhere(Security.GroupPermission.View)) return;
        Targets = Of(manager.TargetsAsync, null, Untold);
        Schedules = Of(Planning.AllAsync, _decisions);
    }

    /// <summary>Who asks.</summary>
    public PageCaller Caller { get; }

    /// <summary>The scheduler.</summary>
    public SchedulerClient Scheduler { get; }

    /// <summary>The sandboxes of instances.</summary>
    public SandboxClient Sandboxes { get; }

    /// <summary>The manager; null where the console was not told of one.</summary>
    public ManagerClient? Manager { get; }

    /// <summary>The master; null where there is none to ask, or the caller may not see the cluster.</summary>
    public ClusterCalls? Cluster { get; }

    /// <summary>Who leads, for whom resources are, and who has which; null as above.</summary>
    public Watch<ClusterRow>? Master { get; }

    /// <summary>How the processes of all roles say that they are; null as above.</summary>
    public Watch<IReadOnlyList<RoleRow>>? Processes { get; }

    /// <summary>The manager's tools for policy files; null where the console was not told of one.</summary>
    public PolicyToolsClient? Tools { get; }

    /// <summary>All apps.</summary>
    public Watch<IReadOnlyList<App>> Apps { get; }

    /// <summary>All pods.</summary>
    public Watch<IReadOnlyList<PodStatus>> Pods { get; }

    /// <summary>The tree of groups.</summary>
    public Watch<Group> Groups { get; }

    /// <summary>All instances of apps.</summary>
    public Watch<IReadOnlyList<AppTask>> Tasks { get; }

    /// <summary>Which scheduler leads.</summary>
    public Watch<SchedulerInfo> Info { get; }

    /// <summary>The deployments under way.</summary>
    public Watch<IReadOnlyList<Deployment>> Deployments { get; }

    /// <summary>What waits.</summary>
    public Watch<IReadOnlyList<QueueItem>> Queue { get; }

    /// <summary>The agents; null where there is no master to ask, or the caller may not see them.</summary>
    public Watch<IReadOnlyList<AgentRow>>? Agents { get; }

    /// <summary>The apps that policies govern; null without a manager.</summary>
    public Watch<IReadOnlyDictionary<string, GovernedRow>>? Governed { get; }

    /// <summary>The policies; null without a manager.</summary>
    public Watch<PolicyPage>? Policies { get; }

    /// <summary>The newest decisions; null without a manager.</summary>
    public Watch<IReadOnlyList<DecisionRow>>? Decisions { get; }

    /// <summary>The scraped targets; null without a manager, or where the caller may not see them.</summary>
    public Watch<IReadOnlyList<TargetRow>>? Targets { get; }

    /// <summary>The manager, asked about what is scheduled, advised and stopped; null without one.</summary>
    public ManagerCalls? Planning { get; }

    /// <summary>Whether all changes are stopped; null without a manager.</summary>
    public Watch<StopRow>? Stop { get; }

    /// <summary>What apps ask for beside what they use; null without a manager.</summary>
    public Watch<SizePage>? Sizes { get; }

    /// <summary>What is scheduled; null without a manager, or where the caller may not see it.</summary>
    public Watch<SchedulePage>? Schedules { get; }

    /// <summary>What fires until some time, for one page; null as above.</summary>
    public Watch<ComingFires>? Coming(DateTimeOffset end) => Schedules is null || Planning is not { } planning ? null
        : Of(cancellation => planning.ComingAsync(end, cancellation), _decisions, Rarely);

    /// <summary>One scheduled job; null as above.</summary>
    public Watch<JobDetail>? Schedule(string name) => Schedules is null || Planning is not { } planning ? null
        : Of(name, cancellation => planning.OneAsync(name, cancellation), _decisions);

    /// <summary>One app with its instances.</summary>
    public Watch<App> App(string id) => Of(id, cancellation => Scheduler.AppAsync(id, cancellation), _events);

    /// <summary>The instances of an app or pod that have ended and that the master remembers.</summary>
    public Watch<IReadOnlyList<SandboxInstance>> Ended(string id) =>
        Of(id, cancellation => Sandboxes.EndedAsync(id, cancellation), _events);

    /// <summary>How an app's blue-green deployment stands.</summary>
    public Watch<BlueGreenStanding> BlueGreen(string id) =>
        Of(id, async cancellation => new BlueGreenStanding(await Scheduler.BlueGreenAsync(id, cancellation)), _events, Untold);

    /// <summary>An app's versions.</summary>
    public Watch<IReadOnlyList<string>> Versions(string id) =>
        Of(id, cancellation => Scheduler.VersionsAsync(id, cancellation), _events);

    /// <summary>An app's decisions, newest first; null without a manager.</summary>
    public Watch<IReadOnlyList<DecisionRow>>? DecisionsOf(string id) => Manager is not { } manager ? null
        : Of(id, cancellation => manager.DecisionsAsync(id, 20, cancellation), _decisions);

    /// <summary>The newest decisions of an outcome and a time, for one page; null without a manager.</summary>
    public Watch<IReadOnlyList<DecisionRow>>? DecisionsWhere(string outcome, DateTimeOffset? since, DateTimeOffset? until) =>
        Manager is not { } manager ? null
            : Of(cancellation => manager.DecisionsAsync(null, Decided, cancellation, outcome, since, until), _decisions);

    /// <summary>Why an app's count is what it is; null without a manager.</summary>
    public Watch<Explained>? Explanation(string id) => Manager is not { } manager ? null
        : Of(id, async cancellation => new Explained(await manager.ExplainAsync(id, cancellation)), _decisions, Untold);

    /// <summary>An app's counts, metrics and decisions of the last time, for one page; null without a manager.</summary>
    public Watch<AppHistory>? HistoryOf(string id, TimeSpan range) => Manager is not { } manager ? null
        : Of(async cancellation =>
        {
            var since = _time.GetUtcNow() - range;
            var table = manager.HistoryAsync(id, since, cancellation);
            var decisions = manager.DecisionsAsync(id, Decided, cancellation, since: since);
            return new AppHistory(await table, await decisions, since, since + range);
        }, _decisions);

    /// <summary>What an app's instances use from now on, for one page.</summary>
    public Watch<UsageHistory> UsageOf(string id)
    {
        var sampler = new UsageSampler(Sandboxes, _time);
        return Of(
            async cancellation => await sampler.ReadAsync(await Scheduler.AppAsync(id, cancellation), cancellation),
            null, Sampled);
    }

    /// <summary>Whether somebody follows anything of it.</summary>
    public bool IsFollowed => _events.IsRunning || _decisions?.IsRunning == true;

    private Watch<T> Of<T>(Func<CancellationToken, Task<T>> read, Signal? signal, TimeSpan? period = null)
        where T : class => new(read, period ?? Told, signal, _time, _log);

    private Watch<T> Of<T>(string of, Func<CancellationToken, Task<T>> read, Signal? signal, TimeSpan? period = null)
        where T : class => _shared.Get(of, () => Of(read, signal, period));

    // Each at its own address, and so many agents: more are no page for people.
    private async Task<IReadOnlyList<RoleRow>> ProbeAsync(
        RoleHttp http, ConsoleOptions options, AddressList masters, CancellationToken cancellation)
    {
        const int MostAgents = 100;
        var agents = (await Agents!.LatestAsync(cancellation)).Value ?? [];
        var scheme = masters.Current.Scheme is "https" ? "https" : "http";
        IEnumerable<(string Role, Uri Address)> all =
        [
            ("scheduler", options.Scheduler),
            .. options.Manager is { } manager ? [("manager", manager)] : Array.Empty<(string, Uri)>(),
            .. masters.Known.Select(master => ("master", master)),
            .. agents.Where(agent => agent.Authority.Length > 0 && !agent.IsLost).Take(MostAgents)
                .Select(agent => ($"agent {agent.Hostname}", new Uri($"{scheme}://{agent.Authority}"))),
        ];
        var found = new List<RoleRow>();
        foreach (var some in all.Chunk(8))
        {
            found.AddRange(await Task.WhenAll(some.Select(async one =>
            {
                using var client = http.For(Caller, one.Address);
                return await HealthProbe.AskAsync(client, one.Role, _time, cancellation);
            })));
        }

        return found;
    }

    private async Task FollowEventsAsync(Action told, ILogger<SchedulerEvents> log, CancellationToken cancellation)
    {
        var events = new SchedulerEvents(Scheduler.Api, Events, _time, Random.Shared, log);
        var running = events.RunAsync(cancellation);
        while (!running.IsCompleted)
        {
            await events.WaitAsync(events.IsOpen ? Told : Untold, cancellation);
            cancellation.ThrowIfCancellationRequested();
            told();
        }

        await running;
    }

    private async Task FollowDecisionsAsync(ManagerClient manager, Action told, CancellationToken cancellation)
    {
        var opening = Reconnect.Pipeline(FirstPause, MaxPause, _time, Random.Shared);
        while (true)
        {
            await opening.ExecuteAsync(async token => await manager.FollowDecisionsAsync(told, token), cancellation);
            cancellation.ThrowIfCancellationRequested();
            await LifecycleManager.Primitives.Timing.LongDurations.DelayAsync(_time, FirstPause, cancellation);
        }
    }
}

/// <summary>Why an app's count is what it is; null where no policy governs it.</summary>
internal sealed record Explained(ExplanationRow? Explanation);

/// <summary>An app's counts, metrics and decisions within a time.</summary>
internal sealed record AppHistory(
    MetricTable Table, IReadOnlyList<DecisionRow> Decisions, DateTimeOffset From, DateTimeOffset To);

/// <summary>How an app's blue-green deployment stands; null where there is none.</summary>
internal sealed record BlueGreenStanding(BlueGreenState? State);
