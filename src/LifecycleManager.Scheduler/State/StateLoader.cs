using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.State.Core;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Scheduler.State;

/// <summary>
/// Reads the stored state. A new leader does so after its election, so that nobody writes meanwhile. A document that cannot be
/// read keeps no other from being read: it is set aside and named.
/// </summary>
internal sealed partial class StateLoader
{
    /// <summary>The version of the stored documents that this code writes.</summary>
    public const int Schema = 1;

    private readonly IStateStore _store;
    private readonly ILogger _log;
    private readonly CancellationToken _cancellation;

    private StateLoader(IStateStore store, ILogger log, CancellationToken cancellation) =>
        (_store, _log, _cancellation) = (store, log, cancellation);

    /// <summary>Everything that the owner of the state needs; a new store is marked with the schema's version.</summary>
    /// <exception cref="InvalidDataException">
    /// The store was written by a newer version, or it cannot be read who this scheduler is: what it runs would be another's.
    /// </exception>
    public static async Task<LoadedState> LoadAsync(IStateStore store, Fence fence, ILogger log, CancellationToken cancellation)
    {
        await CheckSchemaAsync(store, fence, cancellation);
        return await new StateLoader(store, log, cancellation).LoadAsync();
    }

    /// <summary>
    /// Writes something that changes nothing: the schema's version, which is there already once a term has begun.
    /// </summary>
    public static Task ProbeAsync(IStateStore store, Fence fence, CancellationToken cancellation) => store.WriteAsync(
        [new StateWrite(SchedulerKeys.Schema, StateMapping.Write(new StoredSchema(Schema), StoredJson.Default.StoredSchema))],
        fence, cancellation);

    /// <summary>Reads a version of an app.</summary>
    /// <exception cref="InvalidDataException">What is stored is not that version.</exception>
    public static AppRecord ReadVersion(StateEntry entry, AppId app, DateTimeOffset version)
    {
        var record = Read(entry, StateMapping.ReadApp);
        return record.Definition.Id == app && record.Definition.Version == version
            ? record : throw new InvalidDataException("it is another app's, or another version");
    }

    private async Task<LoadedState> LoadAsync()
    {
        var framework = await _store.GetAsync(SchedulerKeys.Framework, _cancellation);
        var (groups, groupsProblem) = await GroupsAsync();
        var unreadableApps = new Dictionary<AppId, string>();
        var unreadableDeployments = new Dictionary<string, string>(StringComparer.Ordinal);
        var lost = new List<string>();
        var apps = await ListAsync(SchedulerKeys.Apps, ReadApp, (id, reason) => unreadableApps[new AppId("/" + id)] = reason);
        var storedInstances = await ListAsync(SchedulerKeys.Instances, ReadInstance, (id, _) => lost.Add(id));
        var deployments = await ListAsync(SchedulerKeys.Deployments, ReadDeployment,
            (id, reason) => unreadableDeployments[id] = reason);
        var delays = await ListAsync(SchedulerKeys.Delays,
            entry => StateMapping.Read(entry.Value, StoredJson.Default.StoredDelay));
        var clock = await ClockAsync(storedInstances, deployments, delays);
        var instances = storedInstances.ConvertAll(stored => StateMapping.ReadInstance(stored, clock));
        instances.AddRange(lost.Select(id => Instance.WithoutRecord(id, clock)));
        var (older, unreadableVersions) = await OlderAsync(apps, instances, deployments);

        return new LoadedState
        {
            FrameworkId = framework is null
                ? null : Read(framework, bytes => StateMapping.Read(bytes, StoredJson.Default.StoredFramework)).Id,
            Root = GroupTree.With(groups, apps.ToDictionary(app => app.Definition.Id, app => (AppDefinition?)app.Definition)),
            Apps = apps,
            Older = older,
            Instances = instances,
            Deployments = [.. deployments.OrderBy(deployment => deployment.CreatedAt, StringComparer.Ordinal)],
            Delays = delays,
            History = await HistoryAsync(),
            Clock = clock,
            UnreadableApps = unreadableApps,
            UnreadableVersions = unreadableVersions,
            UnreadableDeployments = unreadableDeployments,
            UnreadableGroups = groupsProblem,
        };
    }

    private static async Task CheckSchemaAsync(IStateStore store, Fence fence, CancellationToken cancellation)
    {
        if (await store.GetAsync(SchedulerKeys.Schema, cancellation) is { } entry)
        {
            var schema = Read(entry, bytes => StateMapping.Read(bytes, StoredJson.Default.StoredSchema)).Version;
            if (schema > Schema)
                throw new InvalidDataException(
                    $"the stored state has schema {schema}; this version reads schemas up to {Schema}");
            return;
        }

        await ProbeAsync(store, fence, cancellation);
    }

    private static T Read<T>(StateEntry entry, Func<ReadOnlyMemory<byte>, T> read)
    {
        try
        {
            return read(entry.Value);
        }
        catch (Exception e)
        {
            throw new InvalidDataException($"the stored state at '{entry.Key}' cannot be read: {e.Message}", e);
        }
    }

    private static AppRecord ReadApp(StateEntry entry)
    {
        var record = StateMapping.ReadApp(entry.Value);
        return SchedulerKeys.App(record.Definition.Id) == entry.Key
            ? record : throw new InvalidDataException("it is another app's");
    }

    private static StoredInstance ReadInstance(StateEntry entry)
    {
        var stored = StateMapping.Read(entry.Value, StoredJson.Default.StoredInstance);
        if (SchedulerKeys.Instance(stored.TaskId) != entry.Key) throw new InvalidDataException("it is another instance's");
        _ = StateMapping.ReadInstance(stored, TimeSpan.Zero);
        return stored;
    }

    private static StoredDeployment ReadDeployment(StateEntry entry)
    {
        var stored = StateMapping.Read(entry.Value, StoredJson.Default.StoredDeployment);
        if (SchedulerKeys.Deployment(stored.Id) != entry.Key) throw new InvalidDataException("it is another deployment's");
        var any = new AppRecord(AppDefinition.FromWire(new Protocol.Marathon.App { Id = "/any" }), default, default);
        _ = DeploymentMapping.Read(stored, (_, _) => any, default);
        return stored;
    }

    private async Task<(GroupDefinition Root, string? Problem)> GroupsAsync()
    {
        if (await _store.GetAsync(SchedulerKeys.Groups, _cancellation) is not { } entry) return (GroupDefinition.Empty, null);
        try
        {
            return (GroupTree.From(StateMapping.Read(entry.Value, StoredJson.Default.StoredGroups)), null);
        }
        catch (Exception e)
        {
            // Which groups there are follows from their apps' ids; what is lost are dependencies and empty groups.
            LogUnreadable(_log, entry.Key, e.Message);
            return (GroupDefinition.Empty, e.Message);
        }
    }

    /// <summary>
    /// How far the scheduler's clock has come: not less than anything that is stored by it. So whatever is due is never early,
    /// and late by what passed since the last of these.
    /// </summary>
    private async Task<TimeSpan> ClockAsync(
        IEnumerable<StoredInstance> instances, IEnumerable<StoredDeployment> deployments, IEnumerable<StoredDelay> delays)
    {
        var stored = await ListAsync(SchedulerKeys.Clock,
            entry => StateMapping.Read(entry.Value, StoredJson.Default.StoredClock).Clock);
        var readings = instances.SelectMany(instance =>
            new[] { instance.StagedClock, instance.StartedClock, instance.UnreachableClock })
            .Concat(deployments.SelectMany(deployment => new[] { deployment.CreatedClock, deployment.StepStartedClock,
                deployment.HeldClock }))
            .Concat(delays.Select(delay => (long?)delay.FailedClock))
            .Concat(stored.Select(clock => (long?)clock));
        return TimeSpan.FromMilliseconds(readings.Max() ?? 0);
    }

    /// <summary>
    /// The changes, oldest first. Older trees are found by walking back, and what is before a gap cannot be walked to.
    /// </summary>
    private async Task<List<StoredChange>> HistoryAsync()
    {
        string? gap = null;
        var history = await ListAsync(
            SchedulerKeys.History, entry => StateMapping.Read(entry.Value, StoredJson.Default.StoredChange), (version, _) =>
                gap = version);
        if (gap is not null) history.RemoveAll(change => string.CompareOrdinal(change.Version, gap) <= 0);
        return history;
    }

    /// <summary>Versions that are not current, but run or may come back.</summary>
    private async Task<(List<AppRecord> Older, Dictionary<(AppId, DateTimeOffset), string> Unreadable)> OlderAsync(
        List<AppRecord> apps, List<Instance> instances, List<StoredDeployment> deployments)
    {
        var current = apps.Select(app => (app.Definition.Id, app.Definition.Version)).ToHashSet();
        var wanted = instances.Where(instance => !instance.IsWithoutRecord).Select(instance => (instance.AppId, instance.Version))
            .Concat(deployments.SelectMany(deployment => deployment.Before)
                .Where(app => app.Value is not null)
                .Select(app => (new AppId(app.Key), Instants.Read(app.Value!))))
            .Where(version => !current.Contains(version))
            .Distinct();
        var older = new List<AppRecord>();
        var unreadable = new Dictionary<(AppId, DateTimeOffset), string>();
        foreach (var (app, version) in wanted)
        {
            if (await _store.GetAsync(SchedulerKeys.Version(app, version), _cancellation) is not { } entry) continue;
            try
            {
                older.Add(ReadVersion(entry, app, version));
            }
            catch (InvalidDataException e)
            {
                var reason = (e.InnerException ?? e).Message;
                LogUnreadable(_log, entry.Key, reason);
                unreadable[(app, version)] = reason;
            }
        }

        return (older, unreadable);
    }

    private async Task<List<T>> ListAsync<T>(string prefix, Func<StateEntry, T> read, Action<string, string>? unreadable = null)
    {
        var all = new List<T>();
        await foreach (var entry in _store.ListAsync(prefix, _cancellation))
        {
            try
            {
                all.Add(read(entry));
            }
            catch (Exception e)
            {
                LogUnreadable(_log, entry.Key, e.Message);
                unreadable?.Invoke(entry.Key[prefix.Length..], e.Message);
            }
        }

        return all;
    }

    [LoggerMessage(LogLevel.Error, "The stored state at '{Key}' cannot be read and is set aside: {Reason}")]
    private static partial void LogUnreadable(ILogger log, string key, string reason);
}
