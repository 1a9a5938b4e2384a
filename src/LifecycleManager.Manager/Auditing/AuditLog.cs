using System.Collections.Immutable;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Security;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Auditing;

/// <summary>
/// What people changed, as the leader of one term keeps it in the state: the newest, which a table has for longer where there is
/// one. An entry that the state does not take is logged, and goes with the next. Read from any thread.
/// </summary>
internal sealed class AuditLog(IStateStore store, TimeProvider time, ILogger<AuditLog> log) : IDisposable
{
    private const string Key = "manager/audit";

    /// <summary>The most that the state keeps; a few hundred bytes each, as ZooKeeper takes them in one record.</summary>
    public const int MaxEntries = 200;

    private readonly StoredList<AuditEntry> _list = new(store, Key, AuditJson.Default.IReadOnlyListAuditEntry);
    private readonly DecisionIds _ids = new();
    private readonly Lock _gate = new();
    private ImmutableList<AuditEntry> _entries = [];

    /// <summary>The entries, the oldest first.</summary>
    public ImmutableList<AuditEntry> Entries
    {
        get { lock (_gate) return _entries; }
    }

    /// <summary>Told of the id of each new entry: must not wait, nor throw.</summary>
    public event Action<string>? Added;

    /// <summary>Reads the entries out of the store.</summary>
    public static Task<ImmutableList<AuditEntry>> ReadAsync(IStateStore store, CancellationToken cancellation) =>
        StoredList<AuditEntry>.ReadAsync(store, Key, AuditJson.Default.IReadOnlyListAuditEntry, cancellation, []);

    /// <summary>Reads what is kept, once: at the beginning of a leadership.</summary>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        await _list.LoadAsync(cancellation, []);
        lock (_gate) _entries = _list.Entries;
        foreach (var entry in Entries) _ids.Follow(entry.Id);
    }

    /// <summary>Keeps an entry, which gets its id and time.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="fence">Of the lead; null once it is lost.</param>
    /// <returns>The entry with both.</returns>
    public async Task<AuditEntry> AddAsync(AuditEntry entry, Fence? fence)
    {
        ImmutableList<AuditEntry> entries;
        lock (_gate)
        {
            var now = time.GetUtcNow();
            entry = entry with { Id = _ids.Next(now), At = now };
            entries = _entries.Add(entry);
            _entries = entries = entries.RemoveRange(0, Math.Max(0, entries.Count - MaxEntries));
        }

        Added?.Invoke(entry.Id);
        try
        {
            if (fence is null) throw new StateUnavailableException("another manager leads");

            // All that there are by then: what was not stored before is now. The caller may be gone, the change is not.
            await _list.ChangeAsync(_ => Entries, fence, CancellationToken.None);
        }
        catch (Exception e) when (e.IsStoreFailure() || e is FencedException or ObjectDisposedException)
        {
            log.LogError("The audit entry {Id} cannot be stored yet, and is in this log: {Reason}", entry.Id, e.Message);
        }

        return entry;
    }

    public void Dispose() => _list.Dispose();
}
