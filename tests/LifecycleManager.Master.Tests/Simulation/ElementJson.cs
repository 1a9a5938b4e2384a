using System.Text.Json;
using System.Text.Json.Serialization;

namespace LifecycleManager.Master.Tests.Simulation;

[JsonSerializable(typeof(JsonElement))]
internal sealed partial class ElementJson : JsonSerializerContext;
