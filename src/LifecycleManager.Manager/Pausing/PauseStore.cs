using System.Collections.Immutable;
using System.Text.Json.Serialization;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Storage;

namespace LifecycleManager.Manager.Pausing;

/// <summary>
/// The pauses that users have set, as the leader of one term has them: durable before they are acknowledged, read by the
/// evaluation just before each change. Who does not lead reads the store.
/// </summary>
internal sealed class PauseStore(IStateStore store, TimeProvider time) : IDisposable
{
    private const string Key = "manager/pauses";

    /// <summary>The most entries at once.</summary>
    public const int MaxEntries = 1_000;

    private readonly StoredList<PauseEntry> _list = new(store, Key, PauseJson.Default.IReadOnlyListPauseEntry);

    /// <summary>What is paused now.</summary>
    public IReadOnlyList<PauseEntry> Current => Unexpired(_list.Entries, time);

    /// <summary>Reads what is paused now out of the store.</summary>
    public static async Task<IReadOnlyList<PauseEntry>> ReadAsync(IStateStore store, TimeProvider time,
        CancellationToken cancellation) => Unexpired(
            await StoredList<PauseEntry>.ReadAsync(store, Key, PauseJson.Default.IReadOnlyListPauseEntry, cancellation), time);

    /// <summary>Reads what is paused, once: at the beginning of a leadership.</summary>
    public Task LoadAsync(CancellationToken cancellation) => _list.LoadAsync(cancellation);

    /// <summary>The entry that stands in the way of a change, or null.</summary>
    public PauseEntry? Against(string app, DecisionKind kind)
    {
        var direction = kind switch
        {
            DecisionKind.ScaleOut => Pause.ScaleOut,
            DecisionKind.ScaleIn => Pause.ScaleIn,
            _ => Pause.None
        };
        if (direction == Pause.None || _list.Entries.IsEmpty) return null;
        return Current.FirstOrDefault(entry => (entry.App is null || entry.App == app) && entry.What.HasFlag(direction));
    }

    /// <summary>Whether an app is paused in both directions.</summary>
    public bool IsPaused(string app) =>
        Against(app, DecisionKind.ScaleOut) is not null && Against(app, DecisionKind.ScaleIn) is not null;

    /// <summary>Suspends; adds to what is suspended in the same scope already.</summary>
    /// <exception cref="InvalidOperationException">There are too many entries.</exception>
    public Task PauseAsync(string? app, Pause what, string? reason, DateTimeOffset? until, Fence? fence,
        CancellationToken cancellation) =>
        ChangeAsync(
            entries =>
            {
                var known = entries.Find(entry => entry.App == app);
                if (known is null && entries.Count >= MaxEntries)
                    throw new InvalidOperationException($"{MaxEntries} pauses are in force: resume some");
                var entry = new PauseEntry
                {
                    App = app,
                    What = what | (known?.What ?? Pause.None),
                    Reason = reason,
                    Since = time.GetUtcNow(),
                    Until = until,
                };
                return entries.RemoveAll(e => e.App == app).Add(entry);
            },
            fence,
            cancellation);

    /// <summary>Lifts what is suspended in one scope; true where there was something to lift.</summary>
    public async Task<bool> ResumeAsync(string? app, Pause what, Fence? fence, CancellationToken cancellation)
    {
        var lifted = false;
        await ChangeAsync(
            entries =>
            {
                var known = entries.Find(entry => entry.App == app);
                lifted = known is not null && (known.What & what) != Pause.None;
                if (!lifted) return entries;
                var left = known!.What & ~what;
                return left == Pause.None ? entries.Remove(known) : entries.Replace(known, known with { What = left });
            },
            fence,
            cancellation);
        return lifted;
    }

    public void Dispose() => _list.Dispose();

    private static ImmutableList<PauseEntry> Unexpired(ImmutableList<PauseEntry> entries, TimeProvider time)
    {
        var now = time.GetUtcNow();
        return entries.RemoveAll(entry => entry.Until <= now);
    }

    private Task ChangeAsync(
        Func<ImmutableList<PauseEntry>, ImmutableList<PauseEntry>> change, Fence? fence, CancellationToken cancellation) =>
        _list.ChangeAsync(entries => change(Unexpired(entries, time)), fence, cancellation);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(CamelCase<Pause>)])]
[JsonSerializable(typeof(IReadOnlyList<PauseEntry>))]
internal sealed partial class PauseJson : JsonSerializerContext;
