using System.Text.Json.Serialization;

namespace LifecycleManager.Storage;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(StateArchive.Line))]
internal sealed partial class StateArchiveJson : JsonSerializerContext;
