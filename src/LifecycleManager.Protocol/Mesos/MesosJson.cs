using System.Text.Json;
using System.Text.Json.Serialization;

namespace LifecycleManager.Protocol.Mesos;

/// <summary>
/// How Mesos' v1 messages look as JSON: fields in snake_case, enums in their protobuf spelling, bytes in base64, absent
/// fields left out. Unknown fields are skipped, as protobuf does; <see cref="Strict"/> refuses them.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowReadingFromString)]
[JsonSerializable(typeof(SchedulerCall))]
[JsonSerializable(typeof(SchedulerEvent))]
[JsonSerializable(typeof(TaskInfo))]
[JsonSerializable(typeof(TaskStatusInfo))]
[JsonSerializable(typeof(FrameworkInfo))]
[JsonSerializable(typeof(AgentInfo))]
[JsonSerializable(typeof(Offer))]
[JsonSerializable(typeof(Resource[]))]
[JsonSerializable(typeof(List<Resource>))]
[JsonSerializable(typeof(ProcessIo))]
[JsonSerializable(typeof(AttachInputCall))]
[JsonSerializable(typeof(LaunchSessionCall))]
public sealed partial class MesosJson : JsonSerializerContext
{
    /// <summary>The same shapes, but an unknown field is a <see cref="JsonException"/> with its path.</summary>
    public static MesosJson Strict => StrictHolder.Instance;

    // A holder, since the order of static initializers over the generated parts of this class is not defined.
    private static class StrictHolder
    {
        internal static readonly MesosJson Instance = new(new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            NumberHandling = JsonNumberHandling.AllowReadingFromString,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        });
    }
}

/// <summary>Enums in protobuf's spelling: <c>DockerInfo.Network.Bridge</c> is <c>BRIDGE</c>.</summary>
public sealed class UpperSnake<T>() : ProtobufEnum<T>("")
    where T : struct, Enum;

/// <summary>As <see cref="UpperSnake{T}"/>, with the prefix that the protobuf enum carries: <c>TASK_RUNNING</c>.</summary>
public sealed class TaskPrefixed<T>() : ProtobufEnum<T>("TASK_")
    where T : struct, Enum;

/// <summary>As <see cref="UpperSnake{T}"/>, with the prefix <c>REASON_</c>.</summary>
public sealed class ReasonPrefixed<T>() : ProtobufEnum<T>("REASON_")
    where T : struct, Enum;

/// <summary>As <see cref="UpperSnake{T}"/>, with the prefix <c>SOURCE_</c>.</summary>
public sealed class SourcePrefixed<T>() : ProtobufEnum<T>("SOURCE_")
    where T : struct, Enum;

/// <summary>
/// An enum by its protobuf names. A name that we do not know is read as the enum's own <c>Unknown</c> or <c>Other</c>, as
/// protobuf does, so that a newer peer's word does not break a stream; where unknown fields are refused, so are unknown names.
/// </summary>
public abstract class ProtobufEnum<T> : JsonConverter<T>
    where T : struct, Enum
{
    private readonly Dictionary<string, T> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<T, JsonEncodedText> _names = [];
    private readonly T? _unknown;

    /// <param name="prefix">What the protobuf enum's names begin with.</param>
    protected ProtobufEnum(string prefix)
    {
        foreach (var value in Enum.GetValues<T>())
        {
            var name = prefix + JsonNamingPolicy.SnakeCaseUpper.ConvertName(value.ToString());
            _values[name] = value;
            _names[value] = JsonEncodedText.Encode(name);
            if (value.ToString() is "Unknown" or "Other") _unknown = value;
        }
    }

    /// <inheritdoc/>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            if (_values.TryGetValue(reader.GetString()!, out var value)) return value;
            if (_unknown is { } unknown && options.UnmappedMemberHandling != JsonUnmappedMemberHandling.Disallow) return unknown;
        }

        throw new JsonException();
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        if (!_names.TryGetValue(value, out var name)) throw new JsonException($"{value} is no {typeof(T).Name}");
        writer.WriteStringValue(name);
    }
}
