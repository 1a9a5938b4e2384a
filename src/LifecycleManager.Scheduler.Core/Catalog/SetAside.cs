using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Documents;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Catalog;

/// <summary>
/// What is stored and cannot be read. The instances of apps that are set aside stay known, so that they are neither ended as
/// strangers nor replaced; a definition that is put under the app's id takes them over.
/// </summary>
internal sealed class SetAside
{
    private static readonly Dictionary<AppId, AppRecord> NoOrigins = [];

    private readonly Dictionary<AppId, UnreadableApp> _apps = [];
    private readonly Dictionary<string, AppId> _appOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, UnreadableDeployment> _deployments = new(StringComparer.Ordinal);
    private readonly Dictionary<(AppId App, DateTimeOffset Version), string> _versions;
    private string? _groups;

    public SetAside(LoadedState loaded)
    {
        foreach (var (app, reason) in loaded.UnreadableApps) _apps[app] = new UnreadableApp(reason);
        foreach (var (id, reason) in loaded.UnreadableDeployments) _deployments[id] = new UnreadableDeployment(reason);
        _versions = new Dictionary<(AppId, DateTimeOffset), string>(loaded.UnreadableVersions);
        _groups = loaded.UnreadableGroups;
    }

    /// <summary>Whether deployments are among it: nobody knows which apps they hold.</summary>
    public bool HasDeployments => _deployments.Count > 0;

    /// <summary>Whether the groups' own settings are: they are not written over but by whoever means to.</summary>
    public bool HasGroups => _groups is not null;

    /// <summary>All of it, for those who look.</summary>
    public Unreadable Shown { get; private set; } = Unreadable.None;

    public bool Holds(AppId app) => _apps.ContainsKey(app);

    public bool HoldsTask(string taskId) => _appOf.ContainsKey(taskId);

    public bool HoldsDeployment(string id) => _deployments.ContainsKey(id);

    /// <summary>The versions that instances of an app run that is set aside; none of any other app.</summary>
    public IEnumerable<DateTimeOffset> VersionsOf(AppId app) =>
        _apps.TryGetValue(app, out var aside) ? aside.Instances.Values.Select(instance => instance.Version) : [];

    /// <summary>Takes a version of an app that is set aside.</summary>
    public void Remember(AppRecord record) => _apps[record.Definition.Id].Records[record.Definition.Version] = record;

    /// <summary>Takes an instance of an app that is set aside.</summary>
    public void Remember(Instance instance)
    {
        _apps[instance.AppId].Instances[instance.TaskId] = instance;
        _appOf[instance.TaskId] = instance.AppId;
    }

    /// <summary>
    /// Sets an app aside with all that is known of it, since a deployment that cannot be carried on may hold it.
    /// </summary>
    public void Add(AppEntry entry)
    {
        var deployments = string.Join(", ", _deployments.Keys.Order(StringComparer.Ordinal));
        var app = _apps[entry.Id] = new UnreadableApp($"deployment {deployments}, which may hold it, cannot be carried on");
        app.Records[entry.Record.Definition.Version] = entry.Record;
        foreach (var (version, record) in entry.Older) app.Records[version] = record;
        foreach (var instance in entry.Instances.Values) Remember(instance);
        foreach (var deployment in _deployments.Values) deployment.Apps.Add(entry.Id);
    }

    /// <summary>Sets a deployment aside that can be read but not be carried on.</summary>
    public void Add(string deployment, string reason) => _deployments[deployment] = new UnreadableDeployment(reason);

    /// <summary>An instance has ended.</summary>
    public void Forget(string taskId)
    {
        if (_appOf.Remove(taskId, out var app)) _apps[app].Instances.Remove(taskId);
    }

    /// <summary>
    /// What the apps are taken to have been, where it can be read: the version that most of an app's instances run. A definition
    /// that is put in its place is held against it, so that what is the same is not restarted.
    /// </summary>
    public IReadOnlyDictionary<AppId, AppRecord> Origins()
    {
        if (_apps.Count == 0) return NoOrigins;
        var origins = new Dictionary<AppId, AppRecord>();
        foreach (var (id, app) in _apps)
        {
            var versions = app.Instances.Values.CountBy(instance => instance.Version)
                .OrderByDescending(version => version.Value).ThenByDescending(version => version.Key);
            var known = versions.Select(version => app.Records.GetValueOrDefault(version.Key))
                .FirstOrDefault(record => record is not null);
            if (known is not null) origins[id] = known;
        }

        return origins;
    }

    /// <summary>Gives an app back, to somebody who has put a definition under its id.</summary>
    /// <returns>Its instances and their versions, and the deployments that are over by that.</returns>
    public (IReadOnlyCollection<Instance> Instances, IReadOnlyCollection<AppRecord> Records,
        IReadOnlyList<string> Deployments) Release(AppId app)
    {
        _apps.Remove(app, out var released);
        foreach (var taskId in released!.Instances.Keys) _appOf.Remove(taskId);
        foreach (var version in _versions.Keys.Where(version => version.App == app).ToList()) _versions.Remove(version);
        var over = new List<string>();
        foreach (var (id, deployment) in _deployments)
            if (deployment.Apps.Remove(app) && deployment.Apps.Count == 0) over.Add(id);
        foreach (var id in over) _deployments.Remove(id);
        Show();
        return (released.Instances.Values, released.Records.Values, over);
    }

    /// <summary>A deployment is forgotten, since somebody says so.</summary>
    public void ReleaseDeployment(string id)
    {
        _deployments.Remove(id);
        Show();
    }

    /// <summary>The groups are put anew.</summary>
    public void ReleaseGroups()
    {
        _groups = null;
        Show();
    }

    /// <summary>Makes what is shown anew.</summary>
    public void Show() => Shown = _apps.Count + _deployments.Count + _versions.Count == 0 && _groups is null
        ? Unreadable.None : new Unreadable(
        _apps.ToDictionary(app => app.Key, app => app.Value.Reason),
        _deployments.ToDictionary(deployment => deployment.Key, deployment => deployment.Value.Reason),
        _versions.ToDictionary(version => $"{version.Key.App.Path} in version {Timestamps.Write(version.Key.Version)}",
            version => version.Value),
        _groups);

    private sealed record UnreadableApp(string Reason)
    {
        public Dictionary<string, Instance> Instances { get; } = new(StringComparer.Ordinal);

        public Dictionary<DateTimeOffset, AppRecord> Records { get; } = [];
    }

    private sealed record UnreadableDeployment(string Reason)
    {
        public HashSet<AppId> Apps { get; } = [];
    }
}
