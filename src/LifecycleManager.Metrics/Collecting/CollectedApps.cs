using System.Collections.Concurrent;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Series;
using LifecycleManager.Metrics.Targets;

namespace LifecycleManager.Metrics.Collecting;

/// <summary>The apps that somebody demands metrics of, with their instances, and what readers see of each.</summary>
/// <param name="context">What all scrapes share.</param>
/// <param name="schedule">Gets the jobs of instances.</param>
/// <param name="sources">The sources that have no instances.</param>
/// <param name="pushed">What is pushed.</param>
internal sealed class CollectedApps(ScrapeContext context, ScrapeSchedule schedule, SourceJobs sources, PushedSelections pushed)
{
    private readonly Dictionary<string, CollectedApp> _apps = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, CollectedInstance> _instances = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, CollectedView> _views = new(StringComparer.Ordinal);

    /// <summary>What readers see, by app; for any thread.</summary>
    public IReadOnlyDictionary<string, CollectedView> Views => _views;

    /// <summary>All queries.</summary>
    public IEnumerable<(string App, MetricQuery Query)> Queries =>
        _apps.Values.SelectMany(app => app.Queries.Select(query => (app.Id, query)));

    /// <summary>The queries that servers are asked for, with what they ask for.</summary>
    public IEnumerable<(string App, SeriesKey Key, MetricQuery Query)> Questions =>
        from app in _apps.Values
        from query in app.Queries
        where query.HasServer && app.Keys[query].Problem is null && QueryCheck.Problem(query, context.Options, out _) is null
        select (app.Id, app.Keys[query].Key, query);

    /// <summary>An instance that metrics are collected of, for any thread; null where there is none of that id.</summary>
    public CollectedInstance? Find(string id) => _instances.GetValueOrDefault(id);

    /// <summary>Makes the apps and their queries those that are demanded.</summary>
    /// <returns>The apps whose queries are new; to be bound once their sources are there.</returns>
    public IReadOnlyList<CollectedApp> Demand(IReadOnlyCollection<MetricDemand> demands)
    {
        var byApp = demands.GroupBy(demand => demand.App, StringComparer.Ordinal).ToDictionary(
            group => group.Key,
            group => (Queries: group.Select(demand => demand.Query).Distinct().ToArray(),
                Startup: group.FirstOrDefault(demand => demand.Startup is not null)?.Startup,
                Labels: group.FirstOrDefault(demand => demand.Labels is not null)?.Labels),
            StringComparer.Ordinal);
        foreach (var id in _apps.Keys.Where(id => !byApp.ContainsKey(id)).ToArray())
        {
            foreach (var instance in _apps[id].Instances.Values) Remove(instance);
            _apps.Remove(id);
            _views.TryRemove(id, out _);
        }

        var changed = new List<CollectedApp>();
        foreach (var (id, (queries, startup, labels)) in byApp)
        {
            var isNew = !_apps.TryGetValue(id, out var app);
            if (isNew) _apps.Add(id, app = new CollectedApp(id));
            app!.StatedStartup = startup;
            app.Startup.Say(startup, app.Known?.Labels.Startup);
            if (app.Demand(queries, labels) || isNew) changed.Add(app);
        }

        return changed;
    }

    /// <summary>Gives apps whose queries have changed their instances, jobs and views.</summary>
    public void Bind(IEnumerable<CollectedApp> changed, TargetSources targets)
    {
        foreach (var app in changed)
        {
            UpdateInstances(app, targets);
            Bind(app);
        }
    }

    /// <summary>Takes in new targets.</summary>
    public void Update(TargetSources targets)
    {
        foreach (var app in _apps.Values)
        {
            if (UpdateInstances(app, targets)) Bind(app);
        }
    }

    // True where the set of instances changed, or the app came or went.
    private bool UpdateInstances(CollectedApp app, TargetSources sources)
    {
        var found = sources.Find(app.Id);
        var targets = found?.Targets ?? [];
        var changed = found is null != app.Known is null;
        app.Known = found?.App;
        app.Startup.Say(app.StatedStartup, app.Known?.Labels.Startup);
        foreach (var id in app.Instances.Keys.Where(id => !targets.Any(target => target.Id == id)).ToArray())
        {
            Remove(app.Instances[id]);
            app.Instances.Remove(id);
            changed = true;
        }

        foreach (var target in targets)
        {
            if (app.Instances.TryGetValue(target.Id, out var instance))
            {
                if (instance.Target.FirstHealthy is null) LearnStart(app, target);
                instance.Target = target;
                instance.App = app.Known!;
                continue;
            }

            LearnStart(app, target);
            instance = new CollectedInstance(target, app.Known!) { Startup = app.Startup };
            app.Instances.Add(target.Id, instance);
            _instances[target.Id] = instance;
            changed = true;
        }

        return changed;
    }

    // Both times are of the scheduler's clock. Those that run when the collector begins are history too.
    private static void LearnStart(CollectedApp app, Target target)
    {
        if (target.FirstHealthy - target.Started is { } took) app.Startup.Learn(took);
    }

    private void Remove(CollectedInstance instance)
    {
        _instances.TryRemove(instance.Target.Id, out _);
        foreach (var job in instance.Jobs.Values) schedule.Remove(job);
    }

    // Gives every instance the sets and jobs that the app's queries need, and publishes where they are.
    private void Bind(CollectedApp app)
    {
        var wanted = new Dictionary<SeriesKey, (SeriesSelector? Selector, long Retention)>();
        var problems = new Dictionary<SeriesKey, string>();
        foreach (var query in app.Queries)
        {
            SeriesSelector? selector = null;
            var (key, unfilled) = app.Keys[query];
            if ((unfilled ?? QueryCheck.Problem(query, context.Options, out selector)) is { } problem) problems[key] = problem;
            else if (query.HasInstances)
                wanted[key] = (selector, Math.Max(wanted.GetValueOrDefault(key).Retention, context.Retention(query)));
        }

        foreach (var gone in app.Sightings.Keys.Where(key => !wanted.ContainsKey(key)).ToArray()) app.Sightings.Remove(gone);
        var instances = app.Instances.Values.ToArray();
        foreach (var instance in instances) Bind(app, instance, wanted);
        var bound = new Dictionary<MetricQuery, BoundQuery>(app.Queries.Length);
        foreach (var query in app.Queries)
        {
            var key = app.Keys[query].Key;
            bound[query] = problems.TryGetValue(key, out var problem)
                ? BoundQuery.Broken(query, problem)
                : Bind(app, query, key, instances);
        }

        _views[app.Id] = new CollectedView(Absent(app), instances, bound) { Startup = app.Startup };
    }

    private string? Absent(CollectedApp app) =>
        app.Known is not null ? null
        : context.Options.Scheduler is null ? $"no target of {app.Id} is known"
        : $"the scheduler has no app {app.Id}";

    private BoundQuery Bind(CollectedApp app, MetricQuery query, SeriesKey key, CollectedInstance[] instances) =>
        query.Source switch
        {
            // Several values have become one already.
            _ when query.HasServer => new BoundQuery(
                query with { Across = Aggregation.Sum }, null, [sources[key].Set], [sources[key]], false),
            MetricSource.Pushed => new BoundQuery(query, null, [pushed[app.Id, key]], [null], false),
            _ => new BoundQuery(
                query, null, [.. instances.Select(instance => instance.Sets[key])],
                [.. instances.Select(instance => EndpointKey.Of(key) is { } endpoint ? instance.Jobs[endpoint] : null)], true),
        };

    private void Bind(CollectedApp app, CollectedInstance instance,
        Dictionary<SeriesKey, (SeriesSelector? Selector, long Retention)> wanted)
    {
        foreach (var gone in instance.Sets.Keys.Where(key => !wanted.ContainsKey(key)).ToArray()) instance.Sets.Remove(gone);
        foreach (var (key, (_, retention)) in wanted)
        {
            if (!instance.Sets.TryGetValue(key, out var set))
            {
                if (!app.Sightings.TryGetValue(key, out var sighting)) app.Sightings.Add(key, sighting = new Sighting());
                instance.Sets.Add(key, set = new SeriesSet(instance.SyncRoot) { Sighting = sighting });
            }

            lock (instance.SyncRoot) set.Retention = retention;
        }

        instance.Container = [.. instance.Sets.Where(pair => pair.Key.Source == MetricSource.Container)
            .Select(pair => new ContainerSet(pair.Key.Selector, pair.Value))];
        var endpoints = instance.Sets.Keys.Where(key => EndpointKey.Of(key) is not null)
            .GroupBy(key => EndpointKey.Of(key)!.Value).ToDictionary(group => group.Key, group => group.ToArray());
        foreach (var gone in instance.Jobs.Keys.Where(key => !endpoints.ContainsKey(key)).ToArray())
        {
            schedule.Remove(instance.Jobs[gone]);
            instance.Jobs.Remove(gone);
        }

        instance.HasHealthJob = endpoints.Keys.Any(key => key.Kind == EndpointKind.Health);
        foreach (var (endpoint, keys) in endpoints)
        {
            if (!instance.Jobs.TryGetValue(endpoint, out var job))
            {
                job = endpoint.Kind switch
                {
                    EndpointKind.Text => new TextJob(context, instance, endpoint, app.Hints),
                    EndpointKind.Health => new HealthJob(context, instance, endpoint, app.Hints),
                    _ => new ActuatorJob(context, instance, endpoint, app.Hints),
                };
                instance.Jobs.Add(endpoint, job);
                schedule.Add(job);
            }

            // The same array where nothing changed: a job keeps what it has learned with it.
            if (job.Selections.Length != keys.Length || !keys.All(key => job.Selections.Any(selection => selection.Key == key)))
                job.Selections = [.. keys.Select(key => new Selection(key, wanted[key].Selector!, instance.Sets[key]))];
        }
    }
}
