using System.Globalization;
using System.Text;
using System.Text.Json;
using LifecycleManager.Metrics.Exposition;

namespace LifecycleManager.Metrics.Sources;

/// <summary>What a query server says.</summary>
/// <param name="Values">A scalar's value, or those of a vector's series.</param>
/// <param name="Doubt">Why they may not be the whole, or not of now; null where nothing speaks against them.</param>
/// <param name="Note">What it remarks on the query, which takes nothing from the values; null for nothing.</param>
internal readonly record struct PromQlResult(IReadOnlyList<double> Values, string? Doubt, string? Note);

/// <summary>Reads the answer of Prometheus' <c>/api/v1/query</c>.</summary>
internal static class PromQlAnswer
{
    private const int MaxText = 300;

    /// <summary>Reads a scalar or a vector.</summary>
    /// <param name="json">The answer.</param>
    /// <param name="asked">The instant that was asked for, milliseconds since 1970.</param>
    /// <param name="staleness">How much older values may be, in milliseconds.</param>
    /// <exception cref="JsonException">Malformed; with its place or with what is wrong.</exception>
    public static PromQlResult Read(ReadOnlyMemory<byte> json, long asked, long staleness) =>
        UntrustedJson.Read(json, root => Read(root, asked, staleness));

    private static PromQlResult Read(JsonElement root, long asked, long staleness)
    {
        if (root.ValueKind != JsonValueKind.Object) throw new JsonException("not the answer of a query");
        if (Text(root, "status") == "error")
            return new PromQlResult([], $"the server answers an error: {Error(root) ?? "without a reason"}", null);
        if (!root.TryGetProperty("data", out var data) || data.ValueKind != JsonValueKind.Object
            || !data.TryGetProperty("resultType", out var type) || !data.TryGetProperty("result", out var result)
            || result.ValueKind != JsonValueKind.Array)
            throw new JsonException("not the answer of a query");
        var oldest = double.PositiveInfinity;
        var values = new List<double>();
        switch (type.ValueKind == JsonValueKind.String ? type.GetString() : null)
        {
            case "scalar":
                values.Add(Value(result, ref oldest));
                break;
            case "vector":
                foreach (var element in result.EnumerateArray())
                {
                    if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty("metric", out _))
                        throw new JsonException("an element of the vector has no labels");
                    // 2.40 and later may answer native histograms, which have no one value.
                    if (!element.TryGetProperty("value", out var value))
                        throw new JsonException("the result is a histogram: use histogram_quantile() or the like");
                    values.Add(Value(value, ref oldest));
                }

                break;
            default:
                throw new JsonException($"the result is a {type.GetRawText()}; a scalar or an instant vector is needed");
        }

        var doubt = Texts(root, "warnings") is { } warnings
            ? $"the server warns, so that this may be a part of the whole: {warnings}"
            : asked - oldest > staleness ? string.Create(CultureInfo.InvariantCulture,
                $"the answer is of {(asked - oldest) / 1000:0} s ago; a cache on the way?")
            : null;
        return new PromQlResult(values, doubt, Texts(root, "infos"));
    }

    /// <summary>The message of an error answer; null where there is none.</summary>
    public static string? ReadError(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            using var document = JsonDocument.ParseValue(ref reader);
            return document.RootElement.ValueKind == JsonValueKind.Object ? Error(document.RootElement) : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string? Error(JsonElement root) =>
        Text(root, "error") is { Length: > 0 } error ? Short(error) : Text(root, "errorType");

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>Annotations; null where there are none.</summary>
    private static string? Texts(JsonElement root, string name)
    {
        if (!root.TryGetProperty(name, out var list) || list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0)
            return null;
        return Short(string.Join("; ", list.EnumerateArray().Select(text => text.ToString())));
    }

    private static string Short(string text) => text.Length <= MaxText ? text : text[..MaxText] + "...";

    // [time, "value"]
    private static double Value(JsonElement pair, ref double oldest)
    {
        if (pair.ValueKind != JsonValueKind.Array || pair.GetArrayLength() != 2 || pair[0].ValueKind != JsonValueKind.Number
            || !pair[0].TryGetDouble(out var time) || pair[1].ValueKind != JsonValueKind.String
            || !ExpositionNumber.TryParse(Encoding.UTF8.GetBytes(pair[1].GetString()!), out var value))
            throw new JsonException("a value is a pair of a time and a number in quotes");
        oldest = Math.Min(oldest, time * 1000);
        return value;
    }
}
