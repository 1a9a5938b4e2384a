using System.Globalization;
using System.Text.Json;

namespace LifecycleManager.Discovery.Eureka;

/// <summary>Reads a Eureka server's <c>/apps</c>.</summary>
public static class EurekaApps
{
    private static readonly Dictionary<string, string> NoMetadata = [];

    /// <summary>The instances that state where they are. What is of another form in one of them is left out.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="skipped">Told of each instance that states no address: what it is, and why it is skipped.</param>
    /// <exception cref="JsonException">It is no such answer.</exception>
    public static IReadOnlyList<EurekaInstance> Read(JsonElement answer, Action<string>? skipped = null)
    {
        if (Field(answer, "applications") is not { ValueKind: JsonValueKind.Object } applications)
            throw new JsonException("an object with applications is needed");
        return
        [
            .. Many(Field(applications, "application")).SelectMany(application =>
                Many(Field(application, "instance")).Select(instance =>
                    Read(Text(Field(application, "name")) ?? "", instance, skipped)))
                .OfType<EurekaInstance>(),
        ];
    }

    private static EurekaInstance? Read(string app, JsonElement instance, Action<string>? skipped)
    {
        if ((Text(Field(instance, "ipAddr")) ?? Text(Field(instance, "hostName"))) is not { Length: > 0 } host)
        {
            skipped?.Invoke($"{app}/{Text(Field(instance, "instanceId")) ?? "?"} states no address");
            return null;
        }

        var upSince = Number(Field(Field(instance, "leaseInfo"), "serviceUpTimestamp")) is { } up and > 0 and < 253402300800000
            ? DateTimeOffset.FromUnixTimeMilliseconds(up)
            : (DateTimeOffset?)null;
        return new EurekaInstance(
            app, Text(Field(instance, "instanceId")), host, Port(Field(instance, "port")), Port(Field(instance, "securePort")),
            Text(Field(instance, "status")), upSince, Metadata(Field(instance, "metadata")));
    }

    // {"$": 8080, "@enabled": "true"}, where clients may have written the number as text and the text as true.
    private static int? Port(JsonElement? port)
    {
        if (Text(Field(port, "@enabled")) == "false" || Field(port, "@enabled") is { ValueKind: JsonValueKind.False })
            return null;
        return Number(Field(port, "$")) is { } number and > 0 and <= 65535 ? (int)number : null;
    }

    private static long? Number(JsonElement? element) =>
        element is { ValueKind: JsonValueKind.Number } number ? number.TryGetInt64(out var value) ? value : null
        : long.TryParse(Text(element), NumberStyles.None, CultureInfo.InvariantCulture, out var read) ? read : null;

    private static Dictionary<string, string> Metadata(JsonElement? metadata)
    {
        if (metadata is not { ValueKind: JsonValueKind.Object } given) return NoMetadata;
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var field in given.EnumerateObject())
        {
            // Real servers write texts; what registers by hand writes numbers and truth values too.
            if (field.Value.ValueKind is JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False)
                texts[field.Name] = field.Value.GetRawText();
            else if (Text(field.Value) is { } text) texts[field.Name] = text;
        }

        return texts;
    }

    // A list of one is written without its brackets by some versions.
    private static IEnumerable<JsonElement> Many(JsonElement? value) => value switch
    {
        { ValueKind: JsonValueKind.Array } list => list.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.Object),
        { ValueKind: JsonValueKind.Object } one => [one],
        _ => [],
    };

    private static JsonElement? Field(JsonElement? element, string name) =>
        element is { ValueKind: JsonValueKind.Object } found && found.TryGetProperty(name, out var value) ? value : null;

    private static string? Text(JsonElement? element) => element is { ValueKind: JsonValueKind.String } text
        ? text.GetString()
        : null;
}
