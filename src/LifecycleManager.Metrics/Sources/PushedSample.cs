using System.Text.Json;

namespace LifecycleManager.Metrics.Sources;

/// <summary>One pushed sample.</summary>
/// <param name="App">The absolute app id.</param>
/// <param name="Metric">The metric's name.</param>
/// <param name="Value">A finite number.</param>
/// <param name="Time">Milliseconds since 1970; null: when it arrived.</param>
/// <param name="Labels">Labels.</param>
internal sealed record PushedSample(
    string App, string Metric, double Value, long? Time, IReadOnlyDictionary<string, string> Labels)
{
    private const int MaxSamples = 10_000;
    private const int MaxTextLength = 1_024;
    private const int MaxLabels = 32;

    /// <summary>
    /// Reads one sample, an array of samples, or <c>{"samples": [...]}</c>, each
    /// <c>{"app": "/a", "metric": "m", "value": 1.5, "time": "2026-01-02T03:04:05Z" (or milliseconds), "labels": {"k": "v"}}</c>.
    /// </summary>
    /// <exception cref="JsonException">Malformed; the message names the field.</exception>
    public static IReadOnlyList<PushedSample> Read(ReadOnlyMemory<byte> json) => UntrustedJson.Read(json, Read);

    private static PushedSample[] Read(JsonElement root)
    {
        var path = "";
        if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("samples", out var samples))
            (root, path) = (samples, "samples");
        if (root.ValueKind == JsonValueKind.Object) return [One(root, "")];
        if (root.ValueKind != JsonValueKind.Array)
            throw new JsonException($"{(path.Length > 0 ? path : "the body")}: a sample or an array of samples is needed");
        if (root.GetArrayLength() > MaxSamples)
            throw new JsonException($"{root.GetArrayLength()} samples, {MaxSamples} are allowed in one request");
        return [.. root.EnumerateArray().Select((sample, i) => One(sample, $"{path}[{i}]."))];
    }

    private static PushedSample One(JsonElement sample, string path)
    {
        if (sample.ValueKind != JsonValueKind.Object) throw new JsonException($"{path.TrimEnd('.')}: a sample is an object");
        string? app = null, metric = null;
        double? value = null;
        long? time = null;
        IReadOnlyDictionary<string, string> labels = new Dictionary<string, string>();
        foreach (var field in sample.EnumerateObject())
        {
            var name = path + field.Name;
            switch (field.Name)
            {
                case "app":
                    app = Text(field.Value, name);
                    if (!app.StartsWith('/'))
                        throw new JsonException($"{name}: '{app}' is not an absolute app id; it starts with '/'");
                    break;
                case "metric":
                    metric = Text(field.Value, name);
                    break;
                case "value":
                    value = field.Value.ValueKind == JsonValueKind.Number && field.Value.TryGetDouble(out var number)
                        && double.IsFinite(number)
                        ? number
                        : throw new JsonException($"{name}: a finite number is needed");
                    break;
                case "time":
                    time = Instant(field.Value, name);
                    break;
                case "labels":
                    if (field.Value.ValueKind != JsonValueKind.Object)
                        throw new JsonException($"{name}: an object of texts is needed");
                    var read = new Dictionary<string, string>(StringComparer.Ordinal);
                    foreach (var label in field.Value.EnumerateObject())
                        read[label.Name] = Text(label.Value, $"{name}.{label.Name}");
                    if (read.Count > MaxLabels)
                        throw new JsonException($"{name}: {read.Count} labels, {MaxLabels} are allowed");
                    labels = read;
                    break;
                default:
                    throw new JsonException($"{name}: unknown; app, metric, value, time and labels are known");
            }
        }

        return new PushedSample(
            app ?? throw new JsonException($"{path}app: required"), metric ?? throw new JsonException($"{path}metric: required"),
            value ?? throw new JsonException($"{path}value: required"), time, labels);
    }

    private static string Text(JsonElement value, string name)
    {
        if (value.ValueKind != JsonValueKind.String) throw new JsonException($"{name}: a text is needed");
        var text = value.GetString()!;
        return text.Length is > 0 and <= MaxTextLength
            ? text
            : throw new JsonException($"{name}: 1 to {MaxTextLength} characters are needed");
    }

    private static long Instant(JsonElement value, string name)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var milliseconds) && milliseconds > 0)
            return milliseconds;
        if (value.ValueKind == JsonValueKind.String && value.TryGetDateTimeOffset(out var instant))
            return instant.ToUnixTimeMilliseconds();
        throw new JsonException($"{name}: an ISO 8601 instant or milliseconds since 1970 are needed");
    }
}
