using System.Text.Json.Serialization;

namespace LifecycleManager.Master.Api;

/// <summary>An operator's call. The type is text, so that a call that this master does not have can be named.</summary>
internal sealed record OperatorCall
{
    public string? Type { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowReadingFromString)]
[JsonSerializable(typeof(OperatorCall))]
internal sealed partial class OperatorJson : JsonSerializerContext;
