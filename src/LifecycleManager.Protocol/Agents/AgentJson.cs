using System.Text.Json.Serialization;

namespace LifecycleManager.Protocol.Agents;

/// <summary>How the messages between agents and masters look as JSON: as Mesos' own, see <see cref="Mesos.MesosJson"/>.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowReadingFromString)]
[JsonSerializable(typeof(AgentCall))]
[JsonSerializable(typeof(AgentEvent))]
public sealed partial class AgentJson : JsonSerializerContext;
