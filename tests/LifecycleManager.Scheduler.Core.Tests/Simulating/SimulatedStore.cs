using LifecycleManager.Scheduler.Core.Documents;

namespace LifecycleManager.Scheduler.Core.Tests.Simulating;

/// <summary>A store that a simulation can look into; every write is durable at once.</summary>
internal sealed class SimulatedStore
{
    public SortedDictionary<string, ReadOnlyMemory<byte>> Entries { get; } = new(StringComparer.Ordinal);

    public void Write(IReadOnlyDictionary<string, ReadOnlyMemory<byte>?> writes)
    {
        foreach (var (key, written) in writes)
        {
            if (written is { } value) Entries[key] = value.ToArray();
            else Entries.Remove(key);
        }
    }

    /// <summary>The keys of versions that stored instances or deployments refer to, and that are not there.</summary>
    public IReadOnlyList<string> MissingVersions => [.. Reader().NeededVersions
        .Select(needed => SchedulerKeys.Version(needed.App, needed.Version)).Where(key => !Entries.ContainsKey(key))];

    public LoadedState Load()
    {
        var reader = Reader();
        return reader.Complete(
        [
            .. from needed in reader.NeededVersions
            let key = SchedulerKeys.Version(needed.App, needed.Version)
            where Entries.ContainsKey(key)
            select (needed.App, needed.Version, Entries[key]),
        ]);
    }

    private StateReader Reader() => new(Entries.Where(entry =>
        StateReader.Prefixes.Any(prefix => entry.Key.StartsWith(prefix, StringComparison.Ordinal))));
}
