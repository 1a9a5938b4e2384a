using System.Security.Cryptography;
using System.Text.Json;

namespace LifecycleManager.Console.Live;

/// <summary>What a value holds, in short: two that hold the same have the same. All that their JSON has is looked at.</summary>
internal static class Fingerprint
{
    /// <summary>How values are looked at.</summary>
    internal static readonly JsonSerializerOptions Options = new(JsonSerializerOptions.Web) { IncludeFields = true };

    /// <summary>The SHA-256 of its JSON.</summary>
    public static byte[] Of<T>(T value)
    {
        using var hash = SHA256.Create();
        using (var stream = new CryptoStream(Stream.Null, hash, CryptoStreamMode.Write))
            JsonSerializer.Serialize(stream, value, Options);
        return hash.Hash!;
    }
}
