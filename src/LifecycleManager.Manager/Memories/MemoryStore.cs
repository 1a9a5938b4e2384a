using LifecycleManager.Decisions.Engine;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Memories;

/// <summary>
/// Keeps what the decision engine remembers of each app, so that limits, cooldowns, stabilization windows and the <c>for</c> of
/// rules outlive a manager. What a change accounts for is stored before the change is made; the rest follows when it has changed,
/// once a tick an app at most, windows less often: a crash costs them <see cref="BetweenWindows"/>. Of an app that a new manager
/// would begin with in the same way nothing is stored. Of one owner, the evaluation of one term.
/// </summary>
internal sealed class MemoryStore(IStateStore store, DecisionLog decisions, ManagerOptions options, ILogger<MemoryStore> log)
{
    /// <summary>How often an app is stored for what stabilizes it alone, and the clock while nothing else is: 10 s.</summary>
    public static readonly TimeSpan BetweenWindows = TimeSpan.FromSeconds(10);

    /// <summary>Small enough for every store's largest batch.</summary>
    private const int Batch = 64;

    /// <summary>By so much the wall clock may drift before instants are stored anew by it.</summary>
    private static readonly TimeSpan Drift = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, Kept> _kept = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StoredMemory> _recalled = new(StringComparer.Ordinal);
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly HashSet<string> _doubted = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _heldUntil = new(StringComparer.Ordinal);
    private readonly HashSet<string> _undeleted = new(StringComparer.Ordinal);
    private StoredMemories _stored = new();
    private DateTimeOffset _clockAt = DateTimeOffset.MinValue;
    private bool _hasFailed;

    /// <summary>Reads everything, once: at the beginning of a leadership, after the decisions on record.</summary>
    public async Task LoadAsync(CancellationToken cancellation) =>
        _stored = await StoredMemories.ReadAsync(store, log, cancellation);

    /// <summary>Lets go of what is stored of apps that went while nobody led, once: before anything is recalled.</summary>
    /// <param name="present">All apps of the target.</param>
    public void Prune(IEnumerable<ScalableApp> present)
    {
        var keys = present.Select(app => StoredMemories.Key(app.Id)).ToHashSet(StringComparer.Ordinal);
        _known.UnionWith(keys);
        foreach (var app in _stored.ByApp.Keys.Where(app => !keys.Contains(StoredMemories.Key(app))).ToList())
        {
            _stored.ByApp.Remove(app);
            _undeleted.Add(StoredMemories.Key(app));
        }

        foreach (var key in _stored.Refused.Keys.Where(key => !keys.Contains(key)).ToList())
        {
            _stored.Refused.Remove(key);
            _undeleted.Add(key);
        }
    }

    /// <summary>
    /// What was remembered of an app that the engine sees for the first time; null where nothing was, or of another app. Where it
    /// cannot be read the changes on record tell what limits and cooldowns rest on; windows and waits begin anew, which holds the
    /// count for longer.
    /// </summary>
    public StoredMemory? Recall(ScalableApp app)
    {
        if (_stored.ByApp.Remove(app.Id, out var memory))
        {
            _known.Remove(StoredMemories.Key(app.Id));
            _recalled[app.Id] = memory;
            return memory.Identity is { } identity && app.HasLastingIdentity && app.Identity != identity ? null : memory;
        }

        // An app that comes later is a new one, whatever was done to another of its id.
        var key = StoredMemories.Key(app.Id);
        if (!_known.Remove(key)) return null;
        if (_stored.Refused.Remove(key)) _doubted.Add(app.Id);
        return FromRecord(app.Id);
    }

    /// <summary>
    /// Why the count of an app is held: what was done to it cannot be told, and might not be allowed again yet. Null where it is
    /// not.
    /// </summary>
    /// <param name="app">The app.</param>
    /// <param name="view">What the engine remembers of it.</param>
    /// <param name="wall">The present.</param>
    /// <param name="steady">The same by a clock that nobody sets.</param>
    public string? Doubt(string app, in MemoryView view, DateTimeOffset wall, DateTimeOffset steady)
    {
        // As far back as the record goes it tells everything; beyond that anything may have happened.
        if (_doubted.Remove(app))
        {
            var known = decisions.Archive.KnownSince(app, options.KeptDecisions, options.KeptDecisionsPerApp);
            if (known is null || wall - known < view.LongestPeriod) _heldUntil[app] = steady + view.LongestPeriod;
        }

        if (!_heldUntil.TryGetValue(app, out var end)) return null;
        if (steady < end) return $"what was done to it before cannot be read, until {wall + (end - steady):HH:mm:ss}";
        _heldUntil.Remove(app);
        return null;
    }

    /// <summary>Stores what the engine remembers of apps whose counts are about to be changed.</summary>
    /// <exception cref="StateUnavailableException">It is not stored: nothing may be changed.</exception>
    public Task KeepAskedAsync(
        IEnumerable<(ScalableApp App, MemoryView View)> apps, DateTimeOffset steady, Fence fence,
        CancellationToken cancellation) =>
        WriteAsync([.. apps.Select(app => Document(app.App, app.View, asked: true, steady))], clock: null, fence, cancellation);

    /// <summary>
    /// Stores what has changed of apps that were decided, whose counts stay. What the store does not take is tried again at the
    /// next tick.
    /// </summary>
    /// <param name="apps">The apps.</param>
    /// <param name="tick">The last tick that has seen them.</param>
    /// <param name="steady">The present, by a clock that nobody sets.</param>
    /// <param name="isEnd">Whether the manager ends: what may wait is stored, too.</param>
    /// <param name="fence">Of the lead.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task KeepAsync(
        IEnumerable<(ScalableApp App, MemoryView View)> apps, DateTimeOffset tick, DateTimeOffset steady, bool isEnd, Fence fence,
        CancellationToken cancellation)
    {
        var entries = _undeleted.Select(key => new Entry(key, null, null, null)).ToList();
        foreach (var (app, view) in apps)
        {
            if (HasNews(app, view, isEnd, steady)) entries.Add(Document(app, view, asked: false, steady));
        }

        if (tick == default || (entries.Count == 0 && !isEnd && steady - _clockAt < BetweenWindows)) return;
        try
        {
            await WriteAsync(entries, tick, fence, cancellation);
            (_clockAt, _hasFailed) = (steady, false);
        }
        catch (Exception e) when (e.IsStoreFailure())
        {
            if (!_hasFailed) log.LogWarning("What is remembered of apps cannot be stored yet: {Reason}", e.Message);
            _hasFailed = true;
        }
    }

    /// <summary>Forgets an app that is gone.</summary>
    public void Forget(string app)
    {
        var isStored = _recalled.Remove(app);
        if (_kept.Remove(app, out var kept)) isStored |= kept.IsStored;
        if (isStored) _undeleted.Add(StoredMemories.Key(app));
        _doubted.Remove(app);
        _heldUntil.Remove(app);
    }

    private bool HasNews(ScalableApp app, in MemoryView view, bool isEnd, DateTimeOffset steady)
    {
        var mark = view.Mark(asked: false);
        if (_kept.TryGetValue(app.Id, out var kept))
        {
            return mark.Deeds != kept.Mark.Deeds || (kept.IsStored && (view.Offset - kept.Offset).Duration() > Drift)
                || (mark.Windows != kept.Mark.Windows && (isEnd || steady - kept.At >= BetweenWindows));
        }

        // An app that is new here: what is stored may say all that there is to say.
        _recalled.Remove(app.Id, out var recalled);
        var memory = view.Export(Identity(app), asked: false);
        _kept[app.Id] = new Kept(mark, view.Offset, steady, IsStored: recalled is not null);
        return recalled is null ? !memory.IsPlain : !recalled.SaysTheSame(memory);
    }

    /// <summary>What is to be stored of an app: nothing where there is nothing to keep.</summary>
    private Entry Document(ScalableApp app, in MemoryView view, bool asked, DateTimeOffset steady)
    {
        var memory = view.Export(Identity(app), asked);
        _recalled.Remove(app.Id);
        return new Entry(
            StoredMemories.Key(app.Id), app.Id, new Kept(view.Mark(asked), view.Offset, steady, !memory.IsPlain),
            memory.IsPlain ? null : memory);
    }

    private async Task WriteAsync(
        IReadOnlyList<Entry> entries, DateTimeOffset? clock, Fence fence, CancellationToken cancellation)
    {
        var left = entries.Count;
        foreach (var chunk in entries.Chunk(Batch).DefaultIfEmpty([]))
        {
            left -= chunk.Length;
            List<StateWrite> writes = [.. chunk.Where(IsNews).Select(entry => entry.Memory is { } memory
                ? StoredMemories.Write(memory) : StateWrite.Delete(entry.Key))];

            // Last of all: what is stored was so until then.
            if (left == 0 && clock is { } tick) writes.Add(StoredMemories.WriteClock(tick));
            if (writes.Count > 0) await store.WriteAsync(writes, fence, cancellation);
            foreach (var (key, app, kept, _) in chunk)
            {
                if (app is not null) _kept[app] = kept!;
                _undeleted.Remove(key);
            }
        }

        // There is nothing to delete of what was not stored.
        bool IsNews(Entry entry) => entry.App is not { } app || entry.Memory is not null
            || (_kept.TryGetValue(app, out var kept) && kept.IsStored);
    }

    /// <summary>The changes that are on record, as far as they go; null where there are none.</summary>
    private StoredMemory? FromRecord(string app)
    {
        var records = decisions.Archive.Query(new DecisionFilter { App = app, Limit = DecisionFilter.MaxPageSize }).Decisions;
        if (records.Count == 0) return null;
        var policy = records[0].Policy;
        return new StoredMemory
        {
            App = app,
            Policy = policy,
            Digest = "",
            At = DateTimeOffset.MaxValue,
            Changes =
            [
                .. records.Where(record => record.Outcome == DecisionOutcome.Applied && record.Policy == policy)
                    .Select(record => new StoredCount(record.OutcomeAt ?? record.At, record.To - record.From))
                    .OrderBy(change => change.At),
            ],
        };
    }

    private static string? Identity(ScalableApp app) => app.HasLastingIdentity ? app.Identity : null;

    /// <summary>How an app is stored.</summary>
    /// <param name="Mark">What is stored of it.</param>
    /// <param name="Offset">How far the wall clock was off the steady one then.</param>
    /// <param name="At">When, by the steady clock.</param>
    /// <param name="IsStored">Whether there is a document; where not there was nothing to keep.</param>
    private sealed record Kept(MemoryMark Mark, TimeSpan Offset, DateTimeOffset At, bool IsStored);

    /// <summary>A document to be written, or deleted where there is none.</summary>
    private readonly record struct Entry(string Key, string? App, Kept? Kept, StoredMemory? Memory);
}
