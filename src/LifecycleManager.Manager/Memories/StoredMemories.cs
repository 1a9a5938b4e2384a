using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Memories;

/// <summary>
/// What the decision engine remembers, as it is in the store: a document an app, and one for how far its clock came.
/// </summary>
internal sealed class StoredMemories
{
    public const string Prefix = "manager/memory/";

    /// <summary>The last tick that is known: of each app what is stored was so until then.</summary>
    public const string ClockKey = "manager/memory-clock";

    /// <summary>By app.</summary>
    public Dictionary<string, StoredMemory> ByApp { get; } = new(StringComparer.Ordinal);

    /// <summary>By key: why a document is refused, for the app that it is about alone.</summary>
    public Dictionary<string, string> Refused { get; } = new(StringComparer.Ordinal);

    public static async Task<StoredMemories> ReadAsync(IStateStore store, ILogger log, CancellationToken cancellation)
    {
        var read = new StoredMemories();
        var until = await ReadClockAsync(store, log, cancellation);
        await foreach (var entry in store.ListAsync(Prefix, cancellation))
        {
            try
            {
                var memory = JsonSerializer.Deserialize(entry.Value.Span, MemoryJson.Default.StoredMemory);
                if (memory is { IsSound: true } && Key(memory.App) == entry.Key)
                    read.ByApp[memory.App] = memory.At < until ? memory.AsOf(until) : memory;
                else read.Refused[entry.Key] = Problem(memory);
            }
            catch (JsonException e)
            {
                read.Refused[entry.Key] = e.Message;
            }
        }

        foreach (var (key, why) in read.Refused)
        {
            log.LogError(
                "What {Key} in the store remembers of an app cannot be used, and follows from the decisions on record: {Reason}",
                key, why);
        }

        return read;
    }

    public static StateWrite Write(StoredMemory memory) =>
        new(Key(memory.App), JsonSerializer.SerializeToUtf8Bytes(memory, MemoryJson.Default.StoredMemory));

    public static StateWrite WriteClock(DateTimeOffset at) =>
        new(ClockKey, JsonSerializer.SerializeToUtf8Bytes(new MemoryClock(at), MemoryJson.Default.MemoryClock));

    /// <summary>The key of an app's document; an id may be longer than a key.</summary>
    public static string Key(string app) =>
        Prefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(app)).AsSpan(0, 16));

    private static async Task<DateTimeOffset> ReadClockAsync(IStateStore store, ILogger log, CancellationToken cancellation)
    {
        if (await store.GetAsync(ClockKey, cancellation) is not { } entry) return default;
        try
        {
            return JsonSerializer.Deserialize(entry.Value.Span, MemoryJson.Default.MemoryClock)?.At ?? default;
        }
        catch (JsonException e)
        {
            log.LogWarning("{Key} in the store cannot be read and is left out: {Reason}", ClockKey, e.Message);
            return default;
        }
    }

    private static string Problem(StoredMemory? memory) => memory switch
    {
        null => "it is null",
        { Version: > StoredMemory.CurrentVersion } =>
            $"it is of version {memory.Version}, and this manager reads versions up to {StoredMemory.CurrentVersion}",
        { IsSound: true } => "it is another app's",
        _ => "its values cannot be what was written",
    };
}

/// <summary>The last tick that is known.</summary>
internal sealed record MemoryClock(DateTimeOffset At);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StoredMemory))]
[JsonSerializable(typeof(MemoryClock))]
internal sealed partial class MemoryJson : JsonSerializerContext;
