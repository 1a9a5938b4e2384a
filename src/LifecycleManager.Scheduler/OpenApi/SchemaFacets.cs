using System.Globalization;
using System.Text.Json.Nodes;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions;
using Microsoft.OpenApi;

namespace LifecycleManager.Scheduler.OpenApi;

/// <summary>
/// Bounds, words and forms of fields, as definitions are held to them; a test of the documents finds where they are not. A value
/// that a schema allows may still not fit the other fields of its definition.
/// </summary>
internal static class SchemaFacets
{
    private const string Label = "([a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])";
    private const string Part = $@"({Label}\.)*{Label}";
    private const string Path = $"{Part}(/{Part})*";
    private const double Years = 365 * 86_400d;

    private static readonly Dictionary<(Type Type, string Field), Action<OpenApiSchema>> Fields = new()
    {
        [(typeof(App), "id")] = Form($"^/?{Path}$", "/shop/search", "search"),
        [(typeof(App), "cmd")] = schema => schema.MinLength = 1,
        [(typeof(App), "user")] = Form(@"^[^\s:]{1,64}$", "nobody", "www-data"),
        [(typeof(App), "instances")] = Within(0, AppValidation.MaxInstances),
        [(typeof(App), "cpus")] = Within(0, 100_000),
        [(typeof(App), "mem")] = Within(0, 1e9),
        [(typeof(App), "disk")] = Within(0, 1e9),
        [(typeof(App), "gpus")] = Within(0, 0),
        [(typeof(App), "constraints")] = schema => Examples((OpenApiSchema)schema.Items!,
            """["hostname", "UNIQUE"]""", """["rack", "GROUP_BY", "3"]""", """["hostname", "MAX_PER", "2"]"""),
        [(typeof(App), "dependencies")] = schema => Form($"^/?{Path}$", "/shop/database")((OpenApiSchema)schema.Items!),
        [(typeof(App), "backoffSeconds")] = Within(0, 10 * Years),
        [(typeof(App), "backoffFactor")] = Within(1, 1_000),
        [(typeof(App), "maxLaunchDelaySeconds")] = Within(0, 10 * Years),
        [(typeof(App), "taskKillGracePeriodSeconds")] = Within(0, 10 * Years),
        [(typeof(App), "killSelection")] = Words("YOUNGEST_FIRST", "OLDEST_FIRST"),
        [(typeof(App), "version")] = schema => schema.Format = "date-time",
        [(typeof(UpgradeStrategy), "minimumHealthCapacity")] = Within(0, 1),
        [(typeof(UpgradeStrategy), "maximumOverCapacity")] = Within(0, 1),
        [(typeof(PortDefinition), "port")] = Within(0, 65_535),
        [(typeof(PortDefinition), "protocol")] = Words("tcp", "udp", "udp,tcp"),
        [(typeof(PortDefinition), "name")] = Form("^[a-z]([a-z0-9-]*[a-z0-9])?$", "http", "admin"),
        [(typeof(AppHealthCheck), "protocol")] =
            Words("HTTP", "HTTPS", "TCP", "COMMAND", "MESOS_HTTP", "MESOS_HTTPS", "MESOS_TCP"),
        [(typeof(AppHealthCheck), "path")] = Form("^/", "/", "/health"),
        [(typeof(AppHealthCheck), "portIndex")] = schema => (schema.Minimum, schema.Examples) = ("0", [0]),
        [(typeof(AppHealthCheck), "port")] = Within(1, 65_535),
        [(typeof(AppHealthCheck), "gracePeriodSeconds")] = Within(0, Years),
        [(typeof(AppHealthCheck), "intervalSeconds")] = Within(0.1, Years),
        [(typeof(AppHealthCheck), "timeoutSeconds")] = Within(0.1, Years),
        [(typeof(AppHealthCheck), "delaySeconds")] = Within(0, Years),
        [(typeof(AppHealthCheck), "maxConsecutiveFailures")] = Within(0, int.MaxValue),
        [(typeof(AppHealthCheck), "ipProtocol")] = Words("IPv4", "IPv6"),
        [(typeof(Artifact), "uri")] = Form("^(https?://|file:///|/)", "https://files.example/data.tgz", "/opt/data.tgz"),
        [(typeof(Group), "id")] = Form($"^(/|/?{Path})$", "/library"),
        [(typeof(Group), "version")] = schema => schema.Format = "date-time",
        [(typeof(Group), "scaleBy")] = schema => schema.Minimum = "0",
        [(typeof(Pod), "id")] = Form($"^/?{Path}$", "/shop/pair"),
        [(typeof(Pod), "version")] = schema => schema.Format = "date-time",
        [(typeof(Pod), "containers")] = schema => (schema.MinItems, schema.MaxItems) = (1, 100),
        [(typeof(PodContainer), "name")] = Form("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "serve"),
        [(typeof(PodResources), "cpus")] = Within(0, 100_000),
        [(typeof(PodResources), "mem")] = Within(0, 1e9),
        [(typeof(PodResources), "disk")] = Within(0, 1e9),
        [(typeof(PodResources), "gpus")] = Within(0, 0),
        [(typeof(PodScaling), "kind")] = Words("fixed"),
        [(typeof(PodScaling), "instances")] = Within(0, AppValidation.MaxInstances),
        [(typeof(PodEndpoint), "hostPort")] = Within(0, 65_535),
        [(typeof(PodEndpoint), "name")] = Form("^[a-z]([a-z0-9-]*[a-z0-9])?$", "web"),
    };

    /// <summary>Bounds a field's schema.</summary>
    public static void Apply(Type type, string field, OpenApiSchema schema)
    {
        if (Fields.TryGetValue((type, field), out var bound)) bound(schema);
    }

    /// <summary>An id within a path of the API: without its first slash.</summary>
    public static OpenApiSchema IdInPath()
    {
        var schema = new OpenApiSchema { Type = JsonSchemaType.String };
        Form($"^{Path}$", "shop/search")(schema);
        return schema;
    }

    /// <summary>A duration.</summary>
    public static OpenApiSchema Duration()
    {
        var schema = new OpenApiSchema { Type = JsonSchemaType.String };
        Form(@"^\d+(ms|s|m|h|d)$", "30s", "5m")(schema);
        return schema;
    }

    private static Action<OpenApiSchema> Within(double least, double most) => schema => (schema.Minimum, schema.Maximum) =
        (least.ToString(CultureInfo.InvariantCulture), most.ToString("F0", CultureInfo.InvariantCulture));

    private static Action<OpenApiSchema> Words(params string[] words) =>
        schema => schema.Enum = [.. words.Select(word => (JsonNode)word)];

    private static Action<OpenApiSchema> Form(string pattern, params string[] examples) => schema =>
    {
        schema.Pattern = pattern;
        schema.Examples = [.. examples.Select(example => (JsonNode)example)];
    };

    private static void Examples(OpenApiSchema schema, params string[] examples) =>
        schema.Examples = [.. examples.Select(example => JsonNode.Parse(example)!)];
}
