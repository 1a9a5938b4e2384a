using System.Text.Json;
using LifecycleManager.Master.Registry;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master;

/// <summary>Reads messages and records that may hold anything: null is refused where something must be.</summary>
internal static class StrictJson
{
    /// <summary>The messages of Mesos.</summary>
    public static readonly MesosJson Mesos =
        new(new JsonSerializerOptions(MesosJson.Default.Options) { RespectNullableAnnotations = true });

    /// <summary>The messages between agents and masters.</summary>
    public static readonly AgentJson Agents =
        new(new JsonSerializerOptions(AgentJson.Default.Options) { RespectNullableAnnotations = true });

    /// <summary>The records of the registry.</summary>
    public static readonly RegistryJson Registry =
        new(new JsonSerializerOptions(RegistryJson.Default.Options) { RespectNullableAnnotations = true });

    /// <summary>Whether a list holds null: no message of Mesos' has one, and nobody who reads a list expects it.</summary>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static bool HasNullItem(ReadOnlySpan<byte> json)
    {
        if (json.IndexOf("null"u8) < 0) return false;
        var reader = new Utf8JsonReader(json);
        var before = JsonTokenType.None;
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.Null && before is not (JsonTokenType.PropertyName or JsonTokenType.None))
                return true;
            before = reader.TokenType;
        }

        return false;
    }
}
