using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Documents;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Scheduler.State;

/// <summary>Loads the stored state. A new leader does so after its election, so that nobody writes meanwhile.</summary>
internal static partial class StateLoader
{
    /// <summary>Everything that the owner of the state needs; a new store is marked with the schema's version.</summary>
    /// <exception cref="InvalidDataException">
    /// The store was written by a newer version, or it cannot be read who this scheduler is: what it runs would be another's.
    /// </exception>
    public static async Task<LoadedState> LoadAsync(IStateStore store, Fence fence, ILogger log, CancellationToken cancellation)
    {
        var entries = new List<KeyValuePair<string, ReadOnlyMemory<byte>>>();
        foreach (var prefix in StateReader.Prefixes)
        {
            await foreach (var entry in store.ListAsync(prefix, cancellation))
                entries.Add(new KeyValuePair<string, ReadOnlyMemory<byte>>(entry.Key, entry.Value));
        }

        var reader = new StateReader(entries);
        if (!reader.HasSchema) await ProbeAsync(store, fence, cancellation);
        var versions = new List<(AppId, DateTimeOffset, ReadOnlyMemory<byte>)>();
        foreach (var (app, version) in reader.NeededVersions)
        {
            if (await store.GetAsync(SchedulerKeys.Version(app, version), cancellation) is { } entry)
                versions.Add((app, version, entry.Value));
        }

        var loaded = reader.Complete(versions);
        foreach (var (key, reason) in reader.Unreadable) LogUnreadable(log, key, reason);
        return loaded;
    }

    /// <summary>
    /// Writes something that changes nothing: the schema's version, which is there already once a term has begun.
    /// </summary>
    public static Task ProbeAsync(IStateStore store, Fence fence, CancellationToken cancellation) => store.WriteAsync(
        [
            new StateWrite(
                SchedulerKeys.Schema,
                StateMapping.Write(new StoredSchema(StateReader.Schema), StoredJson.Default.StoredSchema)),
        ],
        fence, cancellation);

    [LoggerMessage(LogLevel.Error, "The stored state at '{Key}' cannot be read and is set aside: {Reason}")]
    private static partial void LogUnreadable(ILogger log, string key, string reason);
}
