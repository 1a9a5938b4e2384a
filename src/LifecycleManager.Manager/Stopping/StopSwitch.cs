using System.Collections.Immutable;
using System.Text.Json.Serialization;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Storage;

namespace LifecycleManager.Manager.Stopping;

/// <summary>
/// The switch by which people stop all changes, as the leader of one term has it: durable before it is acknowledged, read just
/// before each change. Who does not lead reads the store. A record that cannot be read is a stop: nobody knows that it is none.
/// </summary>
internal sealed class StopSwitch(IStateStore store, TimeProvider time) : IDisposable
{
    private const string Key = "manager/stop";
    private const string Unreadable = "what is stored of a stop cannot be read; a start ends it";

    private readonly StoredList<StopEntry> _list = new(store, Key, StopJson.Default.IReadOnlyListStopEntry);

    /// <summary>The stop that is in force; null for none. For any thread.</summary>
    public StopEntry? Current => _list.Entries is [var stop, ..] ? stop : null;

    /// <summary>Reads what is in force out of the store.</summary>
    public static async Task<StopEntry?> ReadAsync(IStateStore store, TimeProvider time, CancellationToken cancellation) =>
        await StoredList<StopEntry>.ReadAsync(
            store, Key, StopJson.Default.IReadOnlyListStopEntry, cancellation, OfUnreadable(time)) is [var stop, ..]
            ? stop : null;

    /// <summary>Reads what is in force, once: at the beginning of a leadership.</summary>
    public Task LoadAsync(CancellationToken cancellation) => _list.LoadAsync(cancellation, OfUnreadable(time));

    /// <summary>Stops all changes; a stop that is in force already stays as it is.</summary>
    /// <returns>The stop that is in force.</returns>
    public async Task<StopEntry> StopAsync(string? reason, string? by, Fence? fence, CancellationToken cancellation)
    {
        var stop = new StopEntry { Since = time.GetUtcNow(), By = by, Reason = reason };
        await _list.ChangeAsync(
            entries =>
            {
                if (entries is not [var standing, ..]) return [stop];
                stop = standing;
                return entries;
            },
            fence, cancellation);
        return stop;
    }

    /// <summary>Lets changes begin again.</summary>
    /// <returns>The stop that was in force; null for none.</returns>
    public async Task<StopEntry?> StartAsync(Fence? fence, CancellationToken cancellation)
    {
        StopEntry? ended = null;
        await _list.ChangeAsync(
            entries =>
            {
                ended = entries is [var stop, ..] ? stop : null;
                return entries.Clear();
            },
            fence, cancellation);
        return ended;
    }

    public void Dispose() => _list.Dispose();

    private static ImmutableList<StopEntry> OfUnreadable(TimeProvider time) =>
        [new StopEntry { Since = time.GetUtcNow(), Reason = Unreadable }];
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(IReadOnlyList<StopEntry>))]
internal sealed partial class StopJson : JsonSerializerContext;
