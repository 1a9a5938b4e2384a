using System.Collections.Concurrent;
using System.Threading.Channels;
using LifecycleManager.Metrics.Discovery;
using LifecycleManager.Metrics.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Series;
using LifecycleManager.Metrics.Sources;
using LifecycleManager.Primitives.Timing;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Metrics.Collecting;

/// <summary>
/// The owner of what is collected: one logical loop that takes in new targets and demands, starts jobs that are due and publishes
/// views. Everybody else hands in work or reads what is published.
/// </summary>
internal sealed class CollectorLoop : IDisposable
{
    private static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(3);
    private readonly ScrapeContext _context;
    private readonly PushedStore _pushed;
    private readonly ILogger _log;
    private readonly JobQueue _queue;
    private readonly long _start;
    private readonly CappedTimer _timer;
    private readonly Channel<bool> _wake =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly ConcurrentQueue<(ScrapeJob Job, JobStatus Before)> _done = new();
    private readonly ConcurrentDictionary<string, Instance> _instances = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, AppView> _views = new(StringComparer.Ordinal);

    private readonly Dictionary<string, AppState> _apps = new(StringComparer.Ordinal);
    private readonly Dictionary<SeriesKey, SourceJob> _sources = [];
    private readonly Dictionary<Uri, AgentJob> _agents = [];
    private Dictionary<(string App, SeriesKey Key), Selection> _pushSelections = [];
    private AgentDirectoryJob? _directory;
    private readonly Target[] _static;
    private readonly List<DiscoveryJob> _discoveries = [];
    private TargetSnapshot? _snapshot;
    private Dictionary<string, (TargetApp App, List<Target> Targets)> _targets = [];
    private ILookup<string, string> _eurekaApps = Array.Empty<string>().ToLookup(name => name);
    private int _running;

    private TargetSnapshot? _newSnapshot;
    private bool _newDiscoveries;
    private IReadOnlyCollection<MetricDemand>? _newDemands;
    private IReadOnlyList<Uri>? _newAgents;
    private Exception? _defect;
    private ScrapeJob[] _jobs = [];
    private bool _jobsChanged;

    public CollectorLoop(ScrapeContext context, PushedStore pushed, ILogger log)
    {
        (_context, _pushed, _log) = (context, pushed, log);
        _queue = new JobQueue(context.Options.Interval);
        _start = context.Time.GetTimestamp();
        if (context.Options.Eurekas is { } eurekas)
            _discoveries.Add(new EurekaJob(context, eurekas, () => Volatile.Read(ref _eurekaApps)));
        _discoveries.AddRange(context.Options.TargetFiles.Select(pattern => new FileJob(context, pattern)));
        _static = [.. context.Options.StaticTargets.SelectMany(group => group.Read("static"))];
        _timer = new CappedTimer(context.Time, Wake);
    }

    /// <summary>What readers see, by app.</summary>
    public IReadOnlyDictionary<string, AppView> Views => _views;

    /// <summary>All jobs, at some moment.</summary>
    public ScrapeJob[] Jobs => Volatile.Read(ref _jobs);

    /// <summary>Hands in a new view of the scheduler; the newest wins.</summary>
    public void Use(TargetSnapshot snapshot)
    {
        Volatile.Write(ref _newSnapshot, snapshot);
        Wake();
    }

    /// <summary>Hands in new demands; the newest win.</summary>
    public void Use(IReadOnlyCollection<MetricDemand> demands)
    {
        Volatile.Write(ref _newDemands, demands);
        Wake();
    }

    /// <summary>Runs until cancelled, and until the scrapes under way have ended.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        Join();
        foreach (var discovery in _discoveries)
        {
            discovery.Changed = () =>
            {
                Volatile.Write(ref _newDiscoveries, true);
                Wake();
            };
            Schedule(discovery);
        }

        try
        {
            while (true)
            {
                Step(cancellation);
                await _wake.Reader.ReadAsync(cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }

        using var patience = new CancellationTokenSource(LongestStop);
        while (_running > 0 && !patience.IsCancellationRequested)
        {
            while (_done.TryDequeue(out _)) _running--;
            if (_running > 0) await Task.Delay(10, CancellationToken.None);
        }
    }

    public void Dispose() => _timer.Dispose();

    private long Now => (long)_context.Time.GetElapsedTime(_start).TotalMilliseconds;

    private void Wake() => _wake.Writer.TryWrite(true);

    private void Step(CancellationToken cancellation)
    {
        if (Volatile.Read(ref _defect) is { } defect) throw new InvalidOperationException($"a scrape failed unexpectedly: {defect.Message}", defect);
        // Demands before targets: a target is only made where something is demanded of its app.
        if (Interlocked.Exchange(ref _newDemands, null) is { } demands) Apply(demands);
        var snapshot = Interlocked.Exchange(ref _newSnapshot, null);
        if (Interlocked.Exchange(ref _newDiscoveries, false) || snapshot is not null) Apply(snapshot);
        if (Interlocked.Exchange(ref _newAgents, null) is { } agents) Apply(agents);
        var now = Now;
        while (_done.TryDequeue(out var done))
        {
            _running--;
            done.Job.Scheduled = false;
            LogChange(done.Job, done.Before);
            if (!done.Job.Removed) _queue.AddNext(done.Job, now);
        }

        if (_jobsChanged) PublishJobs();
        while (_running < _context.Options.MaxConcurrentScrapes && _queue.TryTake(now, out var job))
        {
            _running++;
            _ = RunAsync(job!, cancellation);
        }

        if (_running < _context.Options.MaxConcurrentScrapes && _queue.NextDue is { } due)
            _timer.Set(TimeSpan.FromMilliseconds(Math.Max(1, due - now)));
    }

    private async Task RunAsync(ScrapeJob job, CancellationToken cancellation)
    {
        var before = job.Status;
        try
        {
            await job.RunAsync(cancellation);
        }
        catch (Exception e)
        {
            // A job tells what goes wrong by its status; what it throws is a defect.
            Volatile.Write(ref _defect, e);
        }
        finally
        {
            _done.Enqueue((job, before));
            Wake();
        }
    }

    private void LogChange(ScrapeJob job, JobStatus before)
    {
        var after = job.Status;
        if (after.Up == before.Up) return;
        if (after.Up == false) _log.LogWarning("target {Target} is down: {Reason}", job.Id, after.Error);
        else if (before.Up == false) _log.LogInformation("target {Target} is up again", job.Id);
    }

    private void Apply(IReadOnlyCollection<MetricDemand> demands)
    {
        var byApp = demands.GroupBy(demand => demand.App, demand => demand.Query, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Distinct().ToArray(), StringComparer.Ordinal);
        foreach (var id in _apps.Keys.Where(id => !byApp.ContainsKey(id)).ToArray())
        {
            foreach (var instance in _apps[id].Instances.Values) Remove(instance);
            _apps.Remove(id);
            _views.TryRemove(id, out _);
        }

        var changed = new List<AppState>();
        foreach (var (id, queries) in byApp)
        {
            if (!_apps.TryGetValue(id, out var app)) _apps.Add(id, app = new AppState(id));
            else if (app.Queries.AsSpan().SequenceEqual(queries)) continue;
            app.Queries = queries;
            changed.Add(app);
        }

        ApplySources();
        foreach (var app in changed)
        {
            UpdateInstances(app);
            Bind(app);
        }
    }

    private void Apply(TargetSnapshot? snapshot)
    {
        var first = _snapshot is null;
        _snapshot = snapshot ?? _snapshot;
        Volatile.Write(ref _eurekaApps, (_snapshot?.Apps.Values ?? []).Where(app => app.Labels.Eureka is not null)
            .ToLookup(app => app.Labels.Eureka!.ToLowerInvariant(), app => app.Id));
        Join();
        foreach (var app in _apps.Values)
        {
            if (UpdateInstances(app) || first) Bind(app);
        }
    }

    private void Join() =>
        _targets = TargetJoin.Join(_snapshot, _discoveries.Select(discovery => discovery.Targets).Append(_static));

    private void Apply(IReadOnlyList<Uri> agents)
    {
        if (_directory is null) return;
        foreach (var gone in _agents.Keys.Except(agents).ToArray()) Drop(_agents, gone);
        foreach (var agent in agents.Distinct())
        {
            if (_agents.ContainsKey(agent)) continue;
            var job = new AgentJob(_context, agent, id => _instances.GetValueOrDefault(id));
            _agents.Add(agent, job);
            Schedule(job);
        }
    }

    // True where the set of instances changed, or the app came or went.
    private bool UpdateInstances(AppState app)
    {
        var (known, targets) = _targets.GetValueOrDefault(app.Id, (null!, []));
        var changed = known is null != app.Known is null;
        app.Known = known;
        foreach (var id in app.Instances.Keys.Where(id => !targets.Exists(target => target.Id == id)).ToArray())
        {
            Remove(app.Instances[id]);
            app.Instances.Remove(id);
            changed = true;
        }

        foreach (var target in targets)
        {
            if (app.Instances.TryGetValue(target.Id, out var instance))
            {
                instance.Target = target;
                instance.App = known!;
                continue;
            }

            instance = new Instance(target, known!);
            app.Instances.Add(target.Id, instance);
            _instances[target.Id] = instance;
            changed = true;
        }

        return changed;
    }

    private void Remove(Instance instance)
    {
        _instances.TryRemove(instance.Target.Id, out _);
        foreach (var job in instance.Jobs.Values) job.Removed = true;
        _jobsChanged = true;
    }

    // Sources that have no instances, and what is pushed.
    private void ApplySources()
    {
        var wanted = new Dictionary<SeriesKey, long>();
        var pushed = new Dictionary<(string App, SeriesKey Key), Selection>();
        var container = false;
        foreach (var app in _apps.Values)
        {
            foreach (var query in app.Queries)
            {
                var key = SeriesKey.Of(query);
                container |= query.Source == MetricSource.Container;
                if (query.Source is MetricSource.PromQl or MetricSource.RabbitMq)
                    wanted[key] = Math.Max(wanted.GetValueOrDefault(key), Retention(query));
                if (query.Source != MetricSource.Pushed || !SeriesSelector.TryParse(query.Selector, out var selector, out _))
                    continue;
                if (!pushed.TryGetValue((app.Id, key), out var selection))
                {
                    selection = _pushSelections.GetValueOrDefault((app.Id, key))
                        ?? new Selection(key, selector!, new SeriesSet(_pushed.Gate) { Problem = "nothing has been pushed yet" });
                    pushed.Add((app.Id, key), selection);
                    selection.Set.Retention = 0;
                }

                selection.Set.Retention = Math.Max(selection.Set.Retention, Retention(query));
            }
        }

        foreach (var gone in _sources.Keys.Where(key => !wanted.ContainsKey(key)).ToArray()) Drop(_sources, gone);
        foreach (var (key, retention) in wanted)
        {
            if (!_sources.TryGetValue(key, out var job))
            {
                if (MakeSource(key) is not { } made) continue;
                _sources.Add(key, job = made);
                Schedule(job);
            }

            job.Set.Retention = retention;
        }

        _pushSelections = pushed;
        _pushed.Use(pushed.GroupBy(pair => pair.Key.App, pair => pair.Value)
            .ToDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal));
        ApplyDirectory(container);
    }

    private SourceJob? MakeSource(SeriesKey key) => key.Source switch
    {
        MetricSource.PromQl when _context.Options.Prometheus is { } server => new PromQlJob(_context, key, server),
        MetricSource.RabbitMq when _context.Options.RabbitMq is { } management => new RabbitMqJob(_context, key, management),
        _ => null,
    };

    private void ApplyDirectory(bool wanted)
    {
        if (wanted && _directory is null && _context.Options.Masters is { } masters)
        {
            _directory = new AgentDirectoryJob(_context, masters, agents =>
            {
                Volatile.Write(ref _newAgents, agents);
                Wake();
            });
            Schedule(_directory);
        }
        else if (!wanted && _directory is not null)
        {
            _directory.Removed = true;
            _directory = null;
            foreach (var agent in _agents.Keys.ToArray()) Drop(_agents, agent);
            _jobsChanged = true;
        }
    }

    // Gives every instance the sets and jobs that the app's queries need, and publishes where they are.
    private void Bind(AppState app)
    {
        var wanted = new Dictionary<SeriesKey, (SeriesSelector? Selector, long Retention)>();
        var problems = new Dictionary<SeriesKey, string>();
        foreach (var query in app.Queries)
        {
            var key = SeriesKey.Of(query);
            if (QueryCheck.Problem(query, _context.Options, out var selector) is { } problem) problems[key] = problem;
            else wanted[key] = (selector, Math.Max(wanted.GetValueOrDefault(key).Retention, Retention(query)));
        }

        var instances = app.Instances.Values.ToArray();
        foreach (var instance in instances) Bind(app, instance, wanted);
        var bound = new Dictionary<MetricQuery, BoundQuery>(app.Queries.Length);
        foreach (var query in app.Queries)
        {
            var key = SeriesKey.Of(query);
            bound[query] = problems.TryGetValue(key, out var problem)
                ? BoundQuery.Broken(query, problem)
                : Bind(app, query, key, instances);
        }

        _views[app.Id] = new AppView(Absent(app), instances, bound);
    }

    private string? Absent(AppState app) =>
        app.Known is not null ? null
        : _context.Options.Scheduler is null ? $"no target of {app.Id} is known"
        : $"the scheduler has no app {app.Id}";

    private BoundQuery Bind(AppState app, MetricQuery query, SeriesKey key, Instance[] instances) => query.Source switch
    {
        MetricSource.PromQl or MetricSource.RabbitMq => new BoundQuery(query, null, [_sources[key].Set], [_sources[key]], false),
        MetricSource.Pushed => new BoundQuery(query, null, [_pushSelections[(app.Id, key)].Set], [null], false),
        _ => new BoundQuery(
            query, null, [.. instances.Select(instance => instance.Sets[key])],
            [.. instances.Select(instance => EndpointKey.Of(key) is { } endpoint ? instance.Jobs[endpoint] : null)], true),
    };

    private void Bind(AppState app, Instance instance, Dictionary<SeriesKey, (SeriesSelector? Selector, long Retention)> wanted)
    {
        foreach (var gone in instance.Sets.Keys.Where(key => !wanted.ContainsKey(key)).ToArray()) instance.Sets.Remove(gone);
        foreach (var (key, (_, retention)) in wanted)
        {
            if (key.Source is MetricSource.PromQl or MetricSource.RabbitMq or MetricSource.Pushed) continue;
            if (!instance.Sets.TryGetValue(key, out var set)) instance.Sets.Add(key, set = new SeriesSet(instance.Gate));
            lock (instance.Gate) set.Retention = retention;
        }

        instance.Container = [.. instance.Sets.Where(pair => pair.Key.Source == MetricSource.Container)
            .Select(pair => new ContainerSet(pair.Key.Selector, pair.Value))];
        var endpoints = instance.Sets.Keys.Where(key => EndpointKey.Of(key) is not null)
            .GroupBy(key => EndpointKey.Of(key)!.Value).ToDictionary(group => group.Key, group => group.ToArray());
        foreach (var gone in instance.Jobs.Keys.Where(key => !endpoints.ContainsKey(key)).ToArray()) Drop(instance.Jobs, gone);
        foreach (var (endpoint, keys) in endpoints)
        {
            if (!instance.Jobs.TryGetValue(endpoint, out var job))
            {
                job = endpoint.Kind == EndpointKind.Text
                    ? new TextJob(_context, instance, endpoint, app.Hints)
                    : new ActuatorJob(_context, instance, endpoint, app.Hints);
                instance.Jobs.Add(endpoint, job);
                Schedule(job);
            }

            // The same array where nothing changed: a job keeps what it has learned with it.
            if (job.Selections.Length != keys.Length || !keys.All(key => job.Selections.Any(selection => selection.Key == key)))
                job.Selections = [.. keys.Select(key => new Selection(key, wanted[key].Selector!, instance.Sets[key]))];
        }
    }

    private long Retention(MetricQuery query) =>
        (long)(query.Window + _context.Options.EffectiveStaleness + _context.Options.Interval).TotalMilliseconds;

    private void Schedule(ScrapeJob job)
    {
        _jobsChanged = true;
        _queue.AddNew(job, Now, _apps.Count + _instances.Count);
    }

    private void Drop<TKey, TJob>(Dictionary<TKey, TJob> jobs, TKey key) where TKey : notnull where TJob : ScrapeJob
    {
        jobs[key].Removed = true;
        jobs.Remove(key);
        _jobsChanged = true;
    }

    private void PublishJobs()
    {
        var jobs = new List<ScrapeJob>();
        foreach (var app in _apps.Values)
        {
            foreach (var instance in app.Instances.Values) jobs.AddRange(instance.Jobs.Values);
        }

        jobs.AddRange(_discoveries);
        jobs.AddRange(_sources.Values);
        if (_directory is not null) jobs.Add(_directory);
        jobs.AddRange(_agents.Values);
        Volatile.Write(ref _jobs, [.. jobs]);
        _jobsChanged = false;
    }
}
