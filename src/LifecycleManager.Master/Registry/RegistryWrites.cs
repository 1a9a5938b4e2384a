using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LifecycleManager.Storage;

namespace LifecycleManager.Master.Registry;

/// <summary>Records as they are stored.</summary>
internal static class RegistryWrites
{
    /// <summary>The write of a record under a prefix and an id.</summary>
    public static StateWrite Put<T>(string prefix, string id, T entry, JsonTypeInfo<T> type) =>
        new(prefix + id, JsonSerializer.SerializeToUtf8Bytes(entry, type));

    /// <summary>Whether two records are stored as the same bytes.</summary>
    public static bool Same<T>(T a, T b, JsonTypeInfo<T> type) =>
        JsonSerializer.SerializeToUtf8Bytes(a, type).AsSpan().SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(b, type));
}
