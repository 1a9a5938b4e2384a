using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.State.Core;
using LifecycleManager.Storage;

namespace LifecycleManager.Scheduler.State;

/// <summary>Reads the stored state. A new leader does so after its election, so that nobody writes meanwhile.</summary>
internal static class StateLoader
{
    /// <summary>The version of the stored documents that this code writes.</summary>
    public const int Schema = 1;

    /// <summary>Everything that the owner of the state needs; a new store is marked with the schema's version.</summary>
    /// <exception cref="InvalidDataException">The store was written by a newer version.</exception>
    public static async Task<LoadedState> LoadAsync(IStateStore store, Fence fence, CancellationToken cancellation)
    {
        await CheckSchemaAsync(store, fence, cancellation);
        var framework = await store.GetAsync(StateKeys.Framework, cancellation);
        var groups = await store.GetAsync(StateKeys.Groups, cancellation);
        var apps = await ListAsync(store, StateKeys.Apps, StateMapping.ReadApp, cancellation);
        var storedInstances = await ListAsync(
            store, StateKeys.Instances, bytes => StateMapping.Read(bytes, StateJson.Default.StoredInstance), cancellation);
        var deployments = await ListAsync(
            store, StateKeys.Deployments, bytes => StateMapping.Read(bytes, StateJson.Default.StoredDeployment), cancellation);
        var delays = await ListAsync(store, StateKeys.Delays, bytes => StateMapping.Read(bytes, StateJson.Default.StoredDelay), cancellation);
        var clock = ClockOf(await store.GetAsync(StateKeys.Clock, cancellation), storedInstances, deployments, delays);
        var instances = storedInstances.ConvertAll(stored => StateMapping.ReadInstance(stored, clock));
        var history = await ListAsync(
            store, StateKeys.History, bytes => StateMapping.Read(bytes, StateJson.Default.StoredChange), cancellation);

        var root = GroupTree.From(groups is null
            ? new StoredGroups(Instants.Write(DateTimeOffset.UnixEpoch), [])
            : StateMapping.Read(groups.Value, StateJson.Default.StoredGroups));
        return new LoadedState
        {
            FrameworkId = framework is null ? null : StateMapping.Read(framework.Value, StateJson.Default.StoredFramework).Id,
            Root = GroupTree.With(root, apps.ToDictionary(app => app.Definition.Id, app => (AppDefinition?)app.Definition)),
            Apps = apps,
            Older = await OlderAsync(store, apps, instances, deployments, cancellation),
            Instances = instances,
            Deployments = [.. deployments.OrderBy(deployment => deployment.CreatedAt, StringComparer.Ordinal)],
            Delays = delays,
            History = history,
            Clock = clock,
        };
    }

    /// <summary>
    /// How far the scheduler's clock has come: not less than anything that is stored by it. So whatever is due is never early, and late by
    /// what passed since the last of these.
    /// </summary>
    private static TimeSpan ClockOf(
        StateEntry? entry, IEnumerable<StoredInstance> instances, IEnumerable<StoredDeployment> deployments, IEnumerable<StoredDelay> delays)
    {
        var last = entry is null ? 0 : StateMapping.Read(entry.Value, StateJson.Default.StoredClock).Clock;
        var readings = instances.SelectMany(instance => new[] { instance.StagedClock, instance.StartedClock, instance.UnreachableClock })
            .Concat(deployments.SelectMany(deployment => new[] { deployment.CreatedClock, deployment.StepStartedClock, deployment.HeldClock }))
            .Concat(delays.Select(delay => (long?)delay.FailedClock));
        return TimeSpan.FromMilliseconds(Math.Max(last, readings.Max() ?? 0));
    }

    /// <summary>Writes something that changes nothing: the schema's version, which is there already once a term has begun.</summary>
    public static Task ProbeAsync(IStateStore store, Fence fence, CancellationToken cancellation) => store.WriteAsync(
        [new StateWrite(StateKeys.Schema, StateMapping.Write(new StoredSchema(Schema), StateJson.Default.StoredSchema))], fence, cancellation);

    private static async Task CheckSchemaAsync(IStateStore store, Fence fence, CancellationToken cancellation)
    {
        if (await store.GetAsync(StateKeys.Schema, cancellation) is { } entry)
        {
            var schema = StateMapping.Read(entry.Value, StateJson.Default.StoredSchema).Version;
            if (schema > Schema)
                throw new InvalidDataException($"the stored state has schema {schema}; this version reads schemas up to {Schema}");
            return;
        }

        await ProbeAsync(store, fence, cancellation);
    }

    /// <summary>Versions that are not current, but run or may come back.</summary>
    private static async Task<IReadOnlyList<AppRecord>> OlderAsync(
        IStateStore store,
        List<AppRecord> apps,
        List<Instance> instances,
        List<StoredDeployment> deployments,
        CancellationToken cancellation)
    {
        var current = apps.Select(app => (app.Definition.Id, app.Definition.Version)).ToHashSet();
        var wanted = instances.Select(instance => (instance.AppId, instance.Version))
            .Concat(deployments.SelectMany(deployment => deployment.Before)
                .Where(app => app.Value is not null)
                .Select(app => (new AppId(app.Key), Instants.Read(app.Value!))))
            .Where(version => !current.Contains(version))
            .Distinct();
        var older = new List<AppRecord>();
        foreach (var (app, version) in wanted)
            if (await store.GetAsync(StateKeys.Version(app, version), cancellation) is { } entry) older.Add(StateMapping.ReadApp(entry.Value));
        return older;
    }

    private static async Task<List<T>> ListAsync<T>(
        IStateStore store, string prefix, Func<ReadOnlyMemory<byte>, T> read, CancellationToken cancellation)
    {
        var all = new List<T>();
        await foreach (var entry in store.ListAsync(prefix, cancellation))
        {
            try
            {
                all.Add(read(entry.Value));
            }
            catch (Exception e)
            {
                throw new InvalidDataException($"the stored state at '{entry.Key}' cannot be read: {e.Message}", e);
            }
        }

        return all;
    }
}
