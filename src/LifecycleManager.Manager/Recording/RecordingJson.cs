using System.Text.Json;
using System.Text.Json.Serialization;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Rules;

namespace LifecycleManager.Manager.Recording;

/// <summary>How decisions look in the store and in the API: camelCase, absent fields left out.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(CamelCase<DecisionKind>), typeof(CamelCase<DecisionOutcome>), typeof(CamelCase<RuleVerdict>)])]
[JsonSerializable(typeof(DecisionRecord))]
[JsonSerializable(typeof(DecisionPage))]
internal sealed partial class RecordingJson : JsonSerializerContext;

/// <summary>Enumerations as camelCase names.</summary>
internal sealed class CamelCase<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;
