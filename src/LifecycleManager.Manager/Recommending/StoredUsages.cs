using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using LifecycleManager.Decisions.Recommending;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Recommending;

/// <summary>The usage of apps as it is in the store: a document an app, some 2 kB, 30 kB with very many instances.</summary>
internal sealed class StoredUsages
{
    public const string Prefix = "manager/usage/";

    /// <summary>By app.</summary>
    public Dictionary<string, AppUsage> ByApp { get; } = new(StringComparer.Ordinal);

    /// <summary>The documents that are refused, by key: why. Of such an app the usage begins anew.</summary>
    public Dictionary<string, string> Refused { get; } = new(StringComparer.Ordinal);

    public static async Task<StoredUsages> ReadAsync(IStateStore store, ILogger log, CancellationToken cancellation)
    {
        var read = new StoredUsages();
        await foreach (var entry in store.ListAsync(Prefix, cancellation))
        {
            try
            {
                var stored = JsonSerializer.Deserialize(entry.Value.Span, UsageJson.Default.StoredUsage);
                if (stored is { IsSound: true } && Key(stored.App) == entry.Key) read.ByApp[stored.App] = AppUsage.Of(stored);
                else read.Refused[entry.Key] = "it is not of this manager";
            }
            catch (JsonException e)
            {
                read.Refused[entry.Key] = e.Message;
            }
        }

        foreach (var (key, why) in read.Refused)
        {
            log.LogError("What {Key} in the store has of an app's usage cannot be used, and begins anew: {Reason}", key, why);
        }

        return read;
    }

    public static StateWrite Write(AppUsage usage) =>
        new(Key(usage.App), JsonSerializer.SerializeToUtf8Bytes(usage.Export(), UsageJson.Default.StoredUsage));

    /// <summary>The key of an app's document; an id may be longer than a key.</summary>
    public static string Key(string app) =>
        Prefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(app)).AsSpan(0, 16));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(StoredUsage))]
internal sealed partial class UsageJson : JsonSerializerContext;
