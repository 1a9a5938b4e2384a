using System.Globalization;
using System.Text.Json;
using LifecycleManager.Metrics.Targets;

namespace LifecycleManager.Metrics.Discovery;

/// <summary>Reads a Eureka server's <c>/apps</c>.</summary>
/// <remarks>
/// An instance belongs to the app that its metadata names in <c>lcm.app</c>; else to the apps whose label
/// <c>lcm.metrics.eureka</c> is its Eureka name; else to nobody. The metadata <c>management.port</c> and
/// <c>management.context-path</c>, which Spring Cloud sets, say where its actuator is.
/// </remarks>
internal static class EurekaTargets
{
    private const string AppField = "lcm.app";

    /// <summary>Reads the answer.</summary>
    /// <param name="json">The body.</param>
    /// <param name="appsOf">The apps that stand for a Eureka name in lower case.</param>
    /// <exception cref="JsonException">Malformed; with its place or with what is wrong.</exception>
    public static IReadOnlyList<Target> Read(ReadOnlyMemory<byte> json, ILookup<string, string> appsOf) =>
        UntrustedJson.Read(json, root => Read(root, appsOf));

    private static List<Target> Read(JsonElement root, ILookup<string, string> appsOf)
    {
        if (Field(root, "applications") is not { ValueKind: JsonValueKind.Object } applications)
            throw new JsonException("an object with applications is needed");
        var targets = new List<Target>();
        foreach (var application in Many(Field(applications, "application")))
        {
            var name = Text(Field(application, "name")) ?? "";
            foreach (var instance in Many(Field(application, "instance")))
            {
                var metadata = Field(instance, "metadata");
                IEnumerable<string> apps = Text(Field(metadata, AppField)) is { } own ? [own] : appsOf[name.ToLowerInvariant()];
                foreach (var app in apps)
                {
                    if (One(instance, metadata, app) is { } target) targets.Add(target);
                }
            }
        }

        return targets;
    }

    private static Target? One(JsonElement instance, JsonElement? metadata, string app)
    {
        var secure = Port(Field(instance, "securePort"));
        var open = Port(Field(instance, "port"));
        var management = int.TryParse(
            Text(Field(metadata, "management.port")), NumberStyles.None, CultureInfo.InvariantCulture, out var own)
            ? own
            : (int?)null;
        var host = Text(Field(instance, "ipAddr")) ?? Text(Field(instance, "hostName"));
        if (host is null || !app.StartsWith('/') || (management ?? open ?? secure) is not { } port) return null;
        var status = Text(Field(instance, "status"));
        // DOWN and UNKNOWN instances are asked too: their metrics may say why, and they do not count as ready.
        var started = Field(Field(instance, "leaseInfo"), "serviceUpTimestamp") is { ValueKind: JsonValueKind.Number } up
            && up.TryGetInt64(out var milliseconds)
            && milliseconds is > 0 and < 253402300800000
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : (DateTimeOffset?)null;
        var path = Text(Field(metadata, "management.context-path"));
        return new Target(
            "eureka:" + (Text(Field(instance, "instanceId")) ?? $"{host}:{port}") + "@" + app, app, host, [port], started,
            status == "STARTING" ? null : status == "UP")
        {
            IsChecked = true,
            Path = path is { Length: > 0 } && path[0] == '/' ? path : null,
            Scheme = open is null && management is null ? "https" : null,
        };
    }

    // {"$": 8080, "@enabled": "true"}
    private static int? Port(JsonElement? port)
    {
        if (Text(Field(port, "@enabled")) == "false" || Field(port, "@enabled") is { ValueKind: JsonValueKind.False })
            return null;
        return Field(port, "$") is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out var value)
            && value is > 0 and <= 65535
            ? value
            : null;
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
