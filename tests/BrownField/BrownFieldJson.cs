using System.Text.Json.Serialization;
using BrownField.Actuator;
using BrownField.Services;

namespace BrownField;

/// <summary>What a service answers when it cannot do what was asked.</summary>
public sealed record Problem(int Status, string Message);

/// <summary>Serializers generated at build time: an instance starts without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, PropertyNameCaseInsensitive = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(SearchQuery))]
[JsonSerializable(typeof(Flight[]))]
[JsonSerializable(typeof(SortedDictionary<string, double>))]
[JsonSerializable(typeof(Boot1.Health))]
[JsonSerializable(typeof(Boot2.Health), TypeInfoPropertyName = "Boot2Health")]
[JsonSerializable(typeof(Boot2.MetricNames))]
[JsonSerializable(typeof(Boot2.Metric))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class BrownFieldJson : JsonSerializerContext;
