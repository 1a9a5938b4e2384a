using System.Text.Json;
using System.Text.Json.Serialization;
using LifecycleManager.Protocol.Agents;

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
[JsonSerializable(typeof(AgentCall))]
[JsonSerializable(typeof(AgentEvent))]
[JsonSerializable(typeof(TaskInfo))]
[JsonSerializable(typeof(TaskStatusInfo))]
[JsonSerializable(typeof(FrameworkInfo))]
[JsonSerializable(typeof(AgentInfo))]
[JsonSerializable(typeof(Offer))]
[JsonSerializable(typeof(Resource[]))]
[JsonSerializable(typeof(List<Resource>))]
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

/// <summary>Enums in protobuf's spelling: <c>DockerInfo.Network.Bridge</c> is <c>BRIDGE</c>. Public for the rooms' own JSON contexts.</summary>
public sealed class UpperSnake<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseUpper, allowIntegerValues: false)
    where T : struct, Enum;

/// <summary>As <see cref="UpperSnake{T}"/>, with the prefix that the protobuf enum carries: <c>TASK_RUNNING</c>.</summary>
public sealed class TaskPrefixed<T>() : JsonStringEnumConverter<T>(new Prefix("TASK_"), allowIntegerValues: false)
    where T : struct, Enum;

/// <summary>As <see cref="UpperSnake{T}"/>, with the prefix <c>REASON_</c>.</summary>
public sealed class ReasonPrefixed<T>() : JsonStringEnumConverter<T>(new Prefix("REASON_"), allowIntegerValues: false)
    where T : struct, Enum;

/// <summary>As <see cref="UpperSnake{T}"/>, with the prefix <c>SOURCE_</c>.</summary>
public sealed class SourcePrefixed<T>() : JsonStringEnumConverter<T>(new Prefix("SOURCE_"), allowIntegerValues: false)
    where T : struct, Enum;

internal sealed class Prefix(string prefix) : JsonNamingPolicy
{
    public override string ConvertName(string name) => prefix + SnakeCaseUpper.ConvertName(name);
}
