using System.Collections.Immutable;
using System.Text.Json.Serialization;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Storage;

namespace LifecycleManager.Manager.Overriding;

/// <summary>
/// The overrides that users have set, as the leader of one term has them: durable before they are acknowledged. One whose time is
/// over is kept only as long as it may still hold an app at 0. Who does not lead reads the store.
/// </summary>
internal sealed class OverrideStore(IStateStore store, TimeProvider time) : IDisposable
{
    private const string Key = "manager/overrides";

    /// <summary>The most entries at once.</summary>
    public const int MaxEntries = 1_000;

    private readonly StoredList<OverrideEntry> _list = new(store, Key, OverrideJson.Default.IReadOnlyListOverrideEntry);

    /// <summary>What is in force.</summary>
    public IReadOnlyList<OverrideEntry> Current => InForce(_list.Entries, time);

    /// <summary>Reads what is in force out of the store.</summary>
    public static async Task<IReadOnlyList<OverrideEntry>> ReadAsync(IStateStore store, TimeProvider time,
        CancellationToken cancellation) => InForce(
            await StoredList<OverrideEntry>.ReadAsync(
                store, Key, OverrideJson.Default.IReadOnlyListOverrideEntry, cancellation), time);

    /// <summary>Reads what is in force, once: at the beginning of a leadership.</summary>
    public Task LoadAsync(CancellationToken cancellation) => _list.LoadAsync(cancellation);

    /// <summary>The override of an app that is in force, or null.</summary>
    public OverrideEntry? Of(string app) => _list.Entries.Find(entry => entry.App == app) is { } known && known.Until > Now
        ? known : null;

    /// <summary>Whether an override of an app is in force, or may still hold it at 0.</summary>
    public bool Concerns(string app) => _list.Entries.Exists(entry => entry.App == app);

    /// <summary>Whether it is an override, in force or ended, that has brought an app to 0.</summary>
    public bool HoldsZero(string app) => _list.Entries.Find(entry => entry.App == app)?.HoldsZero == true;

    /// <summary>Sets an override in place of any that the app has.</summary>
    /// <exception cref="InvalidOperationException">There are too many entries.</exception>
    public Task SetAsync(OverrideEntry entry, Fence? fence, CancellationToken cancellation) => _list.ChangeAsync(
        entries =>
        {
            var known = entries.Find(other => other.App == entry.App);
            if (known is null && entries.Count >= MaxEntries)
                throw new InvalidOperationException($"{MaxEntries} overrides are in force: lift some");
            if (known is not null) entries = entries.Remove(known);
            return entries.Add(known is { HoldsZero: true } && entry.Instances > 0 ? entry with { FromZero = true } : entry);
        },
        fence, cancellation);

    /// <summary>Ends an override now; true where there was one.</summary>
    public async Task<bool> LiftAsync(string app, Fence? fence, CancellationToken cancellation)
    {
        var lifted = false;
        await _list.ChangeAsync(
            entries =>
            {
                if (entries.Find(entry => entry.App == app && entry.Until > Now) is not { } known) return entries;
                lifted = true;
                return known.HoldsZero ? entries.Replace(known, known with { Until = Now }) : entries.Remove(known);
            },
            fence, cancellation);
        return lifted;
    }

    /// <summary>Forgets what has ended and holds no app at 0 any more.</summary>
    /// <param name="apps">All apps, as they are now.</param>
    /// <param name="fence">Of the lead.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task SettleAsync(IReadOnlyList<ScalableApp> apps, Fence? fence, CancellationToken cancellation)
    {
        if (_list.Entries.IsEmpty) return;
        var atZero = apps.Where(app => app.Instances == 0).Select(app => app.Id).ToHashSet(StringComparer.Ordinal);
        await _list.ChangeAsync(
            entries =>
            {
                var now = Now;
                foreach (var entry in entries)
                {
                    var isOver = entry.Until <= now;
                    if (isOver && !(entry.HoldsZero && atZero.Contains(entry.App))) entries = entries.Remove(entry);
                    else if (!isOver && entry.FromZero == true && !atZero.Contains(entry.App))
                        entries = entries.Replace(entry, entry with { FromZero = null });
                }

                return entries;
            },
            fence, cancellation);
    }

    public void Dispose() => _list.Dispose();

    private DateTimeOffset Now => time.GetUtcNow();

    private static ImmutableList<OverrideEntry> InForce(ImmutableList<OverrideEntry> entries, TimeProvider time)
    {
        var now = time.GetUtcNow();
        return entries.RemoveAll(entry => entry.Until <= now);
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(IReadOnlyList<OverrideEntry>))]
internal sealed partial class OverrideJson : JsonSerializerContext;
