using System.Text.Json.Serialization.Metadata;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Documents;

/// <summary>
/// Reads the stored documents. One that cannot be read keeps no other from being read: it is set aside and named. First come all
/// documents but the apps' versions, of which there are many; then those versions that the others refer to.
/// </summary>
internal sealed class StateReader
{
    /// <summary>The version of the stored documents that this code writes.</summary>
    public const int Schema = 1;

    /// <summary>Under these keys is all that is read first.</summary>
    public static readonly IReadOnlyList<string> Prefixes =
    [
        SchedulerKeys.Schema, SchedulerKeys.Framework, SchedulerKeys.Clock, SchedulerKeys.CountLease, SchedulerKeys.Groups,
        SchedulerKeys.Apps, SchedulerKeys.Instances, SchedulerKeys.Deployments, SchedulerKeys.Delays, SchedulerKeys.History,
    ];

    private readonly List<KeyValuePair<string, ReadOnlyMemory<byte>>> _entries;
    private readonly List<(string Key, string Reason)> _unreadable = [];
    private readonly LoadedState _state;

    /// <summary>Reads everything but the versions.</summary>
    /// <param name="entries">What is stored under <see cref="Prefixes"/>.</param>
    /// <exception cref="InvalidDataException">
    /// The store was written by a newer version, or it cannot be read who this scheduler is: what it runs would be another's.
    /// </exception>
    public StateReader(IEnumerable<KeyValuePair<string, ReadOnlyMemory<byte>>> entries)
    {
        _entries = [.. entries.OrderBy(entry => entry.Key, StringComparer.Ordinal)];
        CheckSchema();
        var (groups, groupsProblem) = Groups();
        var unreadableApps = new Dictionary<AppId, string>();
        var unreadableDeployments = new Dictionary<string, string>(StringComparer.Ordinal);
        var lost = new List<string>();
        var apps = List(SchedulerKeys.Apps, ReadApp, (id, reason) => unreadableApps[new AppId("/" + id)] = reason);
        var stored = List(SchedulerKeys.Instances, ReadInstance, (id, _) => lost.Add(id));
        var deployments = List(SchedulerKeys.Deployments, ReadDeployment, (id, reason) => unreadableDeployments[id] = reason);
        var delays = List(SchedulerKeys.Delays, (_, value) => StateMapping.Read(value, StoredJson.Default.StoredDelay));
        var heard = List(SchedulerKeys.CountLease,
            (_, value) => StateMapping.Read(value, StoredJson.Default.StoredCountLease).HeardClock);
        var clock = Clock(stored, deployments, delays, heard);
        _state = new LoadedState
        {
            FrameworkId = Find(SchedulerKeys.Framework) is { } framework
                ? Read(SchedulerKeys.Framework, framework, StoredJson.Default.StoredFramework).Id : null,
            Root = GroupTree.With(groups, apps.ToDictionary(app => app.Definition.Id, app => (AppDefinition?)app.Definition)),
            Apps = apps,
            Instances =
            [
                .. stored.Select(instance => StateMapping.ReadInstance(instance, clock)),
                .. lost.Select(id => Instance.WithoutRecord(id, clock)),
            ],
            Deployments = [.. deployments.OrderBy(deployment => deployment.CreatedAt, StringComparer.Ordinal)],
            Delays = delays,
            History = History(),
            Clock = clock,
            ManagerHeard = StateMapping.Read(heard is [var last] ? last : (long?)null),
            UnreadableApps = unreadableApps,
            UnreadableDeployments = unreadableDeployments,
            UnreadableGroups = groupsProblem,
        };
    }

    /// <summary>Whether the store was ever written to.</summary>
    public bool HasSchema => Find(SchedulerKeys.Schema) is not null;

    /// <summary>What cannot be read so far: the key, and the reason.</summary>
    public IReadOnlyList<(string Key, string Reason)> Unreadable => _unreadable;

    /// <summary>Versions that are not current, but run or may come back: they are to be read next.</summary>
    public IReadOnlyList<(AppId App, DateTimeOffset Version)> NeededVersions
    {
        get
        {
            var current = _state.Apps.Select(app => (app.Definition.Id, app.Definition.Version)).ToHashSet();
            return
            [
                .. _state.Instances.Where(instance => !instance.IsWithoutRecord)
                    .Select(instance => (instance.AppId, instance.Version))
                    .Concat(_state.Deployments.SelectMany(deployment => deployment.Before)
                        .Where(app => app.Value is not null)
                        .Select(app => (new AppId(app.Key), Timestamps.Read(app.Value!))))
                    .Where(version => !current.Contains(version))
                    .Distinct(),
            ];
        }
    }

    /// <summary>Reads a version of an app.</summary>
    /// <param name="app">The app.</param>
    /// <param name="version">The version.</param>
    /// <param name="value">What is stored under the version's key.</param>
    /// <exception cref="InvalidDataException">What is stored is not that version.</exception>
    public static AppRecord ReadVersion(AppId app, DateTimeOffset version, ReadOnlyMemory<byte> value)
    {
        var record = Read(SchedulerKeys.Version(app, version), () => StateMapping.ReadApp(value));
        return record.Definition.Id == app && record.Definition.Version == version
            ? record : throw new InvalidDataException("the document is another app's, or of another version");
    }

    /// <summary>Everything that the owner of the state needs.</summary>
    /// <param name="versions">What is stored of <see cref="NeededVersions"/>.</param>
    public LoadedState Complete(IEnumerable<(AppId App, DateTimeOffset Version, ReadOnlyMemory<byte> Value)> versions)
    {
        var older = new List<AppRecord>();
        var unreadable = new Dictionary<(AppId, DateTimeOffset), string>();
        foreach (var (app, version, value) in versions)
        {
            try
            {
                older.Add(ReadVersion(app, version, value));
            }
            catch (InvalidDataException e)
            {
                var reason = (e.InnerException ?? e).Message;
                _unreadable.Add((SchedulerKeys.Version(app, version), reason));
                unreadable[(app, version)] = reason;
            }
        }

        return _state with { Older = older, UnreadableVersions = unreadable };
    }

    private void CheckSchema()
    {
        if (Find(SchedulerKeys.Schema) is not { } value) return;
        var schema = Read(SchedulerKeys.Schema, value, StoredJson.Default.StoredSchema).Version;
        if (schema > Schema)
            throw new InvalidDataException($"the stored state has schema {schema}; this version reads schemas up to {Schema}");
    }

    private static T Read<T>(string key, ReadOnlyMemory<byte> value, JsonTypeInfo<T> type) =>
        Read(key, () => StateMapping.Read(value, type));

    private static T Read<T>(string key, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e)
        {
            throw new InvalidDataException($"the stored state at '{key}' cannot be read: {e.Message}", e);
        }
    }

    private static AppRecord ReadApp(string key, ReadOnlyMemory<byte> value)
    {
        var record = StateMapping.ReadApp(value);
        return SchedulerKeys.App(record.Definition.Id) == key
            ? record : throw new InvalidDataException("the document is another app's");
    }

    /// <summary>As it is stored: what was not stored by the scheduler's clock waits for how far that has come.</summary>
    private static StoredInstance ReadInstance(string key, ReadOnlyMemory<byte> value)
    {
        var stored = StateMapping.Read(value, StoredJson.Default.StoredInstance);
        if (SchedulerKeys.Instance(stored.TaskId) != key) throw new InvalidDataException("the document is another instance's");
        _ = StateMapping.ReadInstance(stored, TimeSpan.Zero);
        return stored;
    }

    private static StoredDeployment ReadDeployment(string key, ReadOnlyMemory<byte> value)
    {
        var stored = StateMapping.Read(value, StoredJson.Default.StoredDeployment);
        if (SchedulerKeys.Deployment(stored.Id) != key) throw new InvalidDataException("the document is another deployment's");
        var any = new AppRecord(AppDefinition.FromWire(new Protocol.Marathon.App { Id = "/any" }), default, default);
        _ = DeploymentMapping.Read(stored, (_, _) => any, default);
        return stored;
    }

    private (GroupDefinition Root, string? Problem) Groups()
    {
        if (Find(SchedulerKeys.Groups) is not { } value) return (GroupDefinition.Empty, null);
        try
        {
            return (GroupMapping.Read(StateMapping.Read(value, StoredJson.Default.StoredGroups)), null);
        }
        catch (Exception e)
        {
            // Which groups there are follows from their apps' ids; what is lost are dependencies and empty groups.
            _unreadable.Add((SchedulerKeys.Groups, e.Message));
            return (GroupDefinition.Empty, e.Message);
        }
    }

    /// <summary>
    /// How far the scheduler's clock has come: not less than anything that is stored by it. So whatever is due is never early,
    /// and late by what passed since the last of these.
    /// </summary>
    private TimeSpan Clock(
        IEnumerable<StoredInstance> instances, IEnumerable<StoredDeployment> deployments, IEnumerable<StoredDelay> delays,
        IEnumerable<long> heard)
    {
        var stored = List(SchedulerKeys.Clock, (_, value) => StateMapping.Read(value, StoredJson.Default.StoredClock).Clock);
        var readings = instances.SelectMany(instance =>
            new[] { instance.StagedClock, instance.StartedClock, instance.UnreachableClock, instance.DrainClock })
            .Concat(deployments.SelectMany(deployment => new[] { deployment.CreatedClock, deployment.StepStartedClock,
                deployment.HeldClock }))
            .Concat(delays.Select(delay => (long?)delay.FailedClock))
            .Concat(stored.Concat(heard).Select(clock => (long?)clock));
        return TimeSpan.FromMilliseconds(readings.Max() ?? 0);
    }

    /// <summary>
    /// The changes, oldest first. Older trees are found by walking back, and what is before a gap cannot be walked to.
    /// </summary>
    private List<StoredChange> History()
    {
        string? gap = null;
        var history = List(
            SchedulerKeys.History, (_, value) => StateMapping.Read(value, StoredJson.Default.StoredChange),
            (version, _) => gap = version);
        if (gap is not null) history.RemoveAll(change => string.CompareOrdinal(change.Version, gap) <= 0);
        return history;
    }

    private ReadOnlyMemory<byte>? Find(string key)
    {
        foreach (var entry in _entries)
            if (entry.Key == key) return entry.Value;
        return null;
    }

    private List<T> List<T>(
        string prefix, Func<string, ReadOnlyMemory<byte>, T> read, Action<string, string>? unreadable = null)
    {
        var all = new List<T>();
        foreach (var (key, value) in _entries)
        {
            if (!key.StartsWith(prefix, StringComparison.Ordinal)) continue;
            try
            {
                all.Add(read(key, value));
            }
            catch (Exception e)
            {
                _unreadable.Add((key, e.Message));
                unreadable?.Invoke(key[prefix.Length..], e.Message);
            }
        }

        return all;
    }
}
