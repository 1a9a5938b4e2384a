using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;

namespace LifecycleManager.Manager.Tests.Api;

/// <summary>The API's document, which holds answers against what it says of them: more than it says is wrong, too.</summary>
internal sealed class ApiDocument
{
    private readonly JsonObject _root;
    private readonly JsonObject _schemas;

    public ApiDocument(string text)
    {
        _root = JsonNode.Parse(text.Replace("#/components/schemas/", "#/$defs/", StringComparison.Ordinal))!.AsObject();
        _schemas = _root["components"]!["schemas"]!.AsObject();
        Close(_schemas);
    }

    /// <summary>The operations, as <c>GET /v1/apps</c>.</summary>
    public HashSet<string> Operations =>
    [
        .. from path in _root["paths"]!.AsObject()
           from operation in path.Value!.AsObject()
           where operation.Key != "parameters"
           select $"{operation.Key.ToUpperInvariant()} {path.Key}",
    ];

    /// <summary>What is wrong with an answer; null for nothing.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="status">The answer's status.</param>
    /// <param name="type">Its media type.</param>
    /// <param name="body">Its body.</param>
    public string? Problem(string operation, int status, string? type, string body)
    {
        var (method, path) = (operation.Split(' ')[0].ToLowerInvariant(), operation.Split(' ')[1]);
        var responses = _root["paths"]![path]![method]!["responses"]!.AsObject();
        if (responses[$"{status}"] is not { } response)
            return $"{operation} answers {status}, which is not in the document: {body}";
        if ((string?)response["$ref"] is { } shared)
            response = _root["components"]!["responses"]![shared.Split('/')[^1]]!;
        if (response["content"]![type ?? ""] is not { } content)
            return $"{operation} answers {status} as {type}, which is not in the document";
        if (type?.EndsWith("json", StringComparison.Ordinal) != true) return null;
        var schema = content["schema"]!.DeepClone().AsObject();
        schema["$defs"] = _schemas.DeepClone();
        var results = JsonSchema.FromText(schema.ToJsonString()).Evaluate(
            JsonDocument.Parse(body).RootElement, new EvaluationOptions { OutputFormat = OutputFormat.List });
        return results.IsValid ? null : $"{operation} {status}: "
            + string.Join("; ", (results.Details ?? []).Where(detail => detail.Errors is not null).Select(detail =>
                $"{detail.InstanceLocation}: {string.Join(", ", detail.Errors!.Select(error => error.Value))}")) + "\n" + body;
    }

    /// <summary>The names of a schema's properties.</summary>
    public IEnumerable<string> Properties(string schema) =>
        _schemas[schema]!["properties"]!.AsObject().Select(property => property.Key);

    /// <summary>The parameters in the query that an operation takes.</summary>
    public IEnumerable<string> Parameters(string path, string method) =>
        (_root["paths"]![path]![method]!["parameters"]?.AsArray() ?? []).Where(one => (string?)one!["in"] == "query")
            .Select(one => (string)one!["name"]!);

    private static void Close(JsonNode? node)
    {
        if (node is JsonArray array)
        {
            foreach (var item in array) Close(item);
        }
        else if (node is JsonObject one)
        {
            foreach (var (_, value) in one) Close(value);
            if (one["properties"] is JsonObject && one["type"] is JsonValue && !one.ContainsKey("additionalProperties"))
                one["additionalProperties"] = false;
        }
    }
}
