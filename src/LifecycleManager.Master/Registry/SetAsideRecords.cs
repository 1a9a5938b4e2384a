using System.Collections.Concurrent;
using LifecycleManager.Storage;

namespace LifecycleManager.Master.Registry;

/// <summary>
/// The stored records that cannot be read. They stay as they are; where one must be written after all, since its agent or
/// framework has returned, what was there is kept under <see cref="Prefix"/>.
/// </summary>
internal sealed class SetAsideRecords
{
    /// <summary>Before the key of a record that was overwritten.</summary>
    public const string Prefix = "master/set-aside/";

    private readonly ConcurrentDictionary<string, (StateEntry Entry, string Problem)> _records = new(StringComparer.Ordinal);

    /// <summary>The records by their keys, and what is wrong with each.</summary>
    public IEnumerable<(string Key, string Problem)> All =>
        _records.Select(record => (record.Key, record.Value.Problem)).OrderBy(record => record.Key, StringComparer.Ordinal);

    /// <summary>A record cannot be read.</summary>
    public void Add(StateEntry entry, string problem) => _records[entry.Key] = (entry, problem);

    /// <summary>Writes that keep what others are about to overwrite.</summary>
    public IEnumerable<StateWrite> Keep(IEnumerable<string> keys)
    {
        foreach (var key in keys)
        {
            if (_records.TryGetValue(key, out var record)) yield return new StateWrite(Prefix + key, record.Entry.Value);
        }
    }

    /// <summary>They have been overwritten.</summary>
    public void Forget(IEnumerable<string> keys)
    {
        foreach (var key in keys) _records.TryRemove(key, out _);
    }
}
