using System.Buffers;
using System.Text;
using System.Text.Json;
using LifecycleManager.Metrics.Exposition;

namespace LifecycleManager.Metrics.Sources;

/// <summary>Reads the answer of Prometheus' <c>/api/v1/query</c>.</summary>
internal static class PromQlAnswer
{
    /// <summary>Reads a scalar, or a vector with its series by the text of their labels.</summary>
    /// <exception cref="JsonException">Malformed; with its place or with what is wrong.</exception>
    public static IReadOnlyList<(string Series, double Value)> Read(ReadOnlyMemory<byte> json) => UntrustedJson.Read(json, Read);

    private static IReadOnlyList<(string Series, double Value)> Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("data", out var data)
            || data.ValueKind != JsonValueKind.Object
            || !data.TryGetProperty("resultType", out var type) || !data.TryGetProperty("result", out var result)
            || result.ValueKind != JsonValueKind.Array)
            throw new JsonException("not the answer of a query");
        switch (type.ValueKind == JsonValueKind.String ? type.GetString() : null)
        {
            case "scalar":
                return [("", Value(result))];
            case "vector":
                var values = new List<(string, double)>(result.GetArrayLength());
                foreach (var element in result.EnumerateArray())
                {
                    if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty("metric", out var metric))
                        throw new JsonException("an element of the vector has no labels");
                    // 2.40 and later may answer native histograms, which have no one value.
                    if (!element.TryGetProperty("value", out var value))
                        throw new JsonException("the result is a histogram: use histogram_quantile() or the like");
                    values.Add((metric.GetRawText(), Value(value)));
                }

                return values;
            default:
                throw new JsonException($"the result is a {type.GetRawText()}; a scalar or an instant vector is needed");
        }
    }

    /// <summary>The message of an error answer; null where there is none.</summary>
    public static string? ReadError(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            using var document = JsonDocument.ParseValue(ref reader);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("error", out var error)
                && error.ValueKind == JsonValueKind.String ? error.GetString() : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    // [time, "value"]
    private static double Value(JsonElement pair)
    {
        if (pair.ValueKind == JsonValueKind.Array && pair.GetArrayLength() == 2 && pair[1].ValueKind == JsonValueKind.String
            && ExpositionNumber.TryParse(Encoding.UTF8.GetBytes(pair[1].GetString()!), out var value)) return value;
        throw new JsonException("a value is a pair of a time and a number in quotes");
    }
}
