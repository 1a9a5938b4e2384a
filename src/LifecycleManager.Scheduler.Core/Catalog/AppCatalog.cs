using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Documents;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Catalog;

/// <summary>
/// The apps and groups as they are meant to be, with their versions and the history of their changes; which apps are to be
/// decided about again, and which are to be shown anew.
/// </summary>
internal sealed class AppCatalog(CoreContext context, SetAside aside, GroupDefinition root, IEnumerable<StoredChange> history)
{
    private readonly Dictionary<AppId, AppEntry> _apps = [];
    private readonly List<StoredChange> _history = [.. history];
    private readonly HashSet<AppId> _dirty = [];
    private readonly HashSet<AppId> _stale = [];
    private DateTimeOffset _lastVersion;

    /// <summary>Every app that is in the tree or still has instances.</summary>
    public IReadOnlyDictionary<AppId, AppEntry> Apps => _apps;

    /// <summary>The tree of groups and apps.</summary>
    public GroupDefinition Root { get; private set; } = root;

    /// <summary>The changes that led to the tree, oldest first.</summary>
    public IReadOnlyList<StoredChange> History => _history;

    public void Add(AppEntry entry) => _apps[entry.Id] = entry;

    public void Remove(AppId app) => _apps.Remove(app);

    /// <summary>Takes an app out of the tree that is set aside.</summary>
    public void TakeOut(AppId app)
    {
        _apps.Remove(app);
        Root = GroupTree.With(Root, new Dictionary<AppId, AppDefinition?> { [app] = null });
    }

    /// <summary>Takes one of the apps that are to be decided about again.</summary>
    public bool TryTakeDirty(out AppId app)
    {
        app = default;
        if (_dirty.Count == 0) return false;
        app = _dirty.First();
        return _dirty.Remove(app);
    }

    public bool HasDirty => _dirty.Count > 0;

    /// <summary>An app is decided about: what has happened to it until now is taken into account.</summary>
    public void ClearDirty(AppId app) => _dirty.Remove(app);

    /// <summary>An app is to be shown anew.</summary>
    public void MarkStale(AppId app) => _stale.Add(app);

    /// <summary>The apps to be shown anew; the next ones are gathered from here.</summary>
    public List<AppId> TakeStale()
    {
        List<AppId> stale = [.. _stale];
        _stale.Clear();
        return stale;
    }

    /// <summary>Something has happened to an app: it is to be decided about, and shown anew.</summary>
    public void Touch(AppId app)
    {
        _dirty.Add(app);
        _stale.Add(app);
    }

    public void RememberVersion(DateTimeOffset version)
    {
        if (version > _lastVersion) _lastVersion = version;
    }

    /// <summary>A version later than any before, to the millisecond.</summary>
    public DateTimeOffset NewVersion(ClockReading now)
    {
        var version = Timestamps.Truncate(now.Wall);
        if (version <= _lastVersion) version = _lastVersion.AddMilliseconds(1);
        return _lastVersion = version;
    }

    public void SetRecord(AppId app, AppRecord? record)
    {
        var isNew = !_apps.TryGetValue(app, out var entry);
        entry ??= _apps[app] = new AppEntry(app, record!);
        if (record is null)
        {
            entry.IsRemoved = true;
            context.Effects.Delete(SchedulerKeys.App(app));
        }
        else if (isNew || entry.IsRemoved || !ReferenceEquals(entry.Record, record))
        {
            entry.Older[entry.Record.Definition.Version] = entry.Record;
            entry.IsRemoved = false;
            StoreRecord(entry, record);
        }

        Touch(app);
    }

    /// <summary>Gives an app's count another owner, which makes no version.</summary>
    public void StoreOwner(AppRecord record)
    {
        var app = record.Definition.Id;
        _apps[app].Record = record;
        context.Effects.Put(SchedulerKeys.App(app), StateMapping.Write(record));
        MarkStale(app);
    }

    /// <summary>Remembers a version that instances run or a deployment may go back to.</summary>
    public static void Remember(AppEntry entry, AppRecord older) => entry.Older.TryAdd(older.Definition.Version, older);

    /// <summary>Makes a record the app's, with the version added to its versions.</summary>
    public void StoreRecord(AppEntry entry, AppRecord record)
    {
        entry.Record = Prune(entry, record);
        context.Effects.Put(SchedulerKeys.App(entry.Id), StateMapping.Write(entry.Record));
        context.Effects.Put(SchedulerKeys.Version(entry.Id, record.Definition.Version), StateMapping.Write(entry.Record));
    }

    /// <summary>Adds the version to the app's list, and forgets the oldest beyond the limit that nothing uses.</summary>
    private AppRecord Prune(AppEntry entry, AppRecord record)
    {
        var version = record.Definition.Version;
        var known = entry.IsRemoved ? [] : entry.Record.Versions;
        var all = known.Append(version).Concat(record.Versions).Distinct().OrderDescending().ToList();
        var used = VersionsInUse(entry.Id);
        used.Add(version);
        foreach (var old in all.Skip(context.Options.MaxVersions).Where(old => !used.Contains(old)).ToList())
        {
            all.Remove(old);
            context.Effects.Delete(SchedulerKeys.Version(entry.Id, old));
        }

        foreach (var old in entry.Older.Keys.Where(old => !used.Contains(old)).ToList()) entry.Older.Remove(old);
        return record with { Versions = all };
    }

    /// <summary>
    /// The versions of an app that it has, that its instances run, or that its deployment may go back to: the next leader needs
    /// them to carry on with either.
    /// </summary>
    private HashSet<DateTimeOffset> VersionsInUse(AppId app)
    {
        var used = aside.VersionsOf(app).ToHashSet();
        if (!_apps.TryGetValue(app, out var entry)) return used;
        used.Add(entry.Record.Definition.Version);
        used.UnionWith(entry.Instances.Values.Select(instance => instance.Version));
        if (entry.Deployment?.Before.GetValueOrDefault(app) is { } origin) used.Add(origin.Definition.Version);
        return used;
    }

    private void StoreHistory(
        Dictionary<AppId, AppRecord?> before,
        Dictionary<AppId, AppRecord?> target,
        List<AppId> changed,
        StoredGroups groups,
        DateTimeOffset version)
    {
        var groupsBefore = GroupMapping.Write(Root, Root.Version);
        var change = new StoredChange
        {
            Version = Timestamps.Write(version),
            Apps = [.. changed.Select(app => new StoredAppChange(
                app.Path,
                before[app] is { } was ? Timestamps.Write(was.Definition.Version) : null,
                target[app] is { } @is ? Timestamps.Write(@is.Definition.Version) : null,
                target[app] is null ? [.. (before[app]?.Versions ?? []).Select(Timestamps.Write)] : null))],
            GroupsBefore = SameGroups(groupsBefore, groups) ? null : groupsBefore,
        };
        _history.Add(change);
        context.Effects.Put(SchedulerKeys.Change(version), StateMapping.Write(change, StoredJson.Default.StoredChange));
        while (_history.Count > context.Options.MaxVersions)
        {
            var oldest = _history[0];
            _history.RemoveAt(0);
            context.Effects.Delete(SchedulerKeys.Change(Timestamps.Read(oldest.Version)));
            foreach (var removed in oldest.Apps.Where(app => app.After is null))
            {
                var app = new AppId(removed.App);
                var kept = VersionsInUse(app);
                if (_apps.TryGetValue(app, out var entry)) kept.UnionWith(entry.Record.Versions);
                foreach (var old in (removed.Versions ?? []).Select(Timestamps.Read).Where(old => !kept.Contains(old)))
                    context.Effects.Delete(SchedulerKeys.Version(app, old));
            }
        }
    }

    /// <summary>
    /// Makes a tree the one that is wanted: with every app whose definition is not what was handed in, new versions, kept counts.
    /// </summary>
    public void SetTree(
        GroupDefinition wanted,
        Dictionary<AppId, AppRecord?> before,
        Dictionary<AppId, AppRecord?> target,
        List<AppId> changed,
        DateTimeOffset version,
        bool putsGroups)
    {
        var root = Stamp(wanted, target, version);
        var groups = GroupMapping.Write(root, version);
        if (putsGroups && aside.HasGroups) aside.ReleaseGroups();
        else if (target.Count == 0 && SameGroups(GroupMapping.Write(Root, version), groups)) return;
        StoreHistory(before, target, changed, groups, version);

        // Groups that cannot be read are there for whoever can mend them, until somebody puts others.
        if (!aside.HasGroups)
            context.Effects.Put(SchedulerKeys.Groups, StateMapping.Write(groups, StoredJson.Default.StoredGroups));
        Root = root;
    }

    /// <summary>
    /// The tree with the definitions that really came about, and the version on every group that is not as it was, and above it.
    /// </summary>
    private GroupDefinition Stamp(GroupDefinition wanted, Dictionary<AppId, AppRecord?> target, DateTimeOffset version)
    {
        // Removed apps are not there already, and their groups may be gone with them.
        var root = GroupTree.With(
            wanted, target.Where(app => app.Value is not null)
            .ToDictionary(app => app.Key, app => (AppDefinition?)app.Value!.Definition));
        var touched = new HashSet<string>(StringComparer.Ordinal);
        foreach (var app in target.Keys) Touch(app.Path);
        var before = Root.AllGroups.ToDictionary(group => group.Id);
        foreach (var group in root.AllGroups)
        {
            var isAsBefore = before.Remove(group.Id, out var was) && was.Version > DateTimeOffset.UnixEpoch
                && was.Dependencies.SequenceEqual(group.Dependencies);
            if (!isAsBefore && touched.Add(group.Id.Path)) Touch(group.Id.Path);
        }

        foreach (var gone in before.Keys) Touch(gone.Path);
        return Mark(root);

        void Touch(string path)
        {
            for (path = GroupTree.Parent(path); touched.Add(path) && path != "/";) path = GroupTree.Parent(path);
        }

        GroupDefinition Mark(GroupDefinition group) => !touched.Contains(group.Id.Path) && group.Id.Path != "/"
            ? group : group with
            {
                Version = version,
                Groups = [.. group.Groups.Select(Mark)],
            };
    }

    private static bool SameGroups(StoredGroups left, StoredGroups right) =>
        left.Groups.Count == right.Groups.Count && left.Groups.Zip(right.Groups).All(pair =>
            pair.First.Id == pair.Second.Id
            && (pair.First.Dependencies ?? []).SequenceEqual(pair.Second.Dependencies ?? [])
            && pair.First.EnforceRole == pair.Second.EnforceRole);
}
