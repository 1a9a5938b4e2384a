using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Json.Schema;

namespace LifecycleManager.Cli.Tests.Hosting;

/// <summary>One operation of an OpenAPI document, with what it refers to in its place.</summary>
internal sealed record DescribedOperation(string Method, string Path, JsonObject Json)
{
    public string Name => $"{Method} {Path}";

    public required IReadOnlyList<JsonObject> Parameters { get; init; }

    public JsonObject Responses => Json["responses"]!.AsObject();

    /// <summary>The media type, the schema and, where there is one, the example of its body.</summary>
    public (string Media, JsonNode Schema, JsonNode? Example, bool IsRequired)? Body { get; init; }

    /// <summary>Whether a path is one of this operation's.</summary>
    public bool Fits(string path) => Regex.IsMatch(path,
        "^" + Regex.Replace(Regex.Escape(Path), @"\\\{\w+}", ".+") + "$", RegexOptions.NonBacktracking);
}

/// <summary>A role's OpenAPI document, by which requests are made and answers are held.</summary>
internal sealed class DescribedApi
{
    private readonly JsonObject _root;
    private readonly Dictionary<string, JsonSchema> _schemas = new(StringComparer.Ordinal);

    public DescribedApi(string text)
    {
        _root = JsonNode.Parse(text)!.AsObject();
        Operations =
        [
            .. from path in _root["paths"]!.AsObject()
               from operation in path.Value!.AsObject()
               where operation.Key != "parameters"
               select Of(operation.Key.ToUpperInvariant(), path.Key, operation.Value!.AsObject(), path.Value!["parameters"]),
        ];
    }

    public JsonObject Root => _root;

    public IReadOnlyList<DescribedOperation> Operations { get; }

    /// <summary>Whatever a node refers to, or itself.</summary>
    public JsonObject Resolve(JsonNode node)
    {
        while (node is JsonObject one && (string?)one["$ref"] is { } pointer)
        {
            node = pointer.Split('/').Skip(1).Aggregate((JsonNode)_root, (at, part) => at[part]
                ?? throw new InvalidDataException($"{pointer} leads nowhere"));
        }

        return node.AsObject();
    }

    /// <summary>What of an answer is not as its operation says; null for nothing.</summary>
    public string? Problem(DescribedOperation operation, int status, string? media, string? body)
    {
        if (operation.Responses[$"{status}"] is not { } found) return $"{status} is not in the document: {Short(body)}";
        var response = Resolve(found);
        if (response["content"] is not JsonObject { Count: > 0 } content)
            return string.IsNullOrEmpty(body) || operation.Method == "HEAD" ? null : $"{status} has no body: {Short(body)}";
        if (operation.Method == "HEAD" || (string.IsNullOrEmpty(body) && media is null)) return null;
        if (content[media ?? ""] is not { } described) return $"{status} as '{media}' is not in the document: {Short(body)}";
        if (media != "application/json" || body is null) return null;
        JsonDocument json;
        try
        {
            json = JsonDocument.Parse(body);
        }
        catch (JsonException)
        {
            return $"{status} is no JSON: {Short(body)}";
        }

        using (json) return SchemaProblem(described["schema"]!, json.RootElement) is { } wrong ? $"{status}: {wrong}" : null;
    }

    /// <summary>What of a value is not as a schema says; null for nothing.</summary>
    public string? SchemaProblem(JsonNode schema, JsonElement value)
    {
        var text = schema.ToJsonString();
        if (!_schemas.TryGetValue(text, out var compiled))
        {
            var own = JsonNode.Parse(text.Replace("#/components/schemas/", "#/$defs/", StringComparison.Ordinal))!.AsObject();
            own["$defs"] = JsonNode.Parse((_root["components"]?["schemas"]?.ToJsonString() ?? "{}")
                .Replace("#/components/schemas/", "#/$defs/", StringComparison.Ordinal));
            _schemas[text] = compiled = JsonSchema.FromText(own.ToJsonString());
        }

        var results = compiled.Evaluate(value, new EvaluationOptions { OutputFormat = OutputFormat.List });
        return results.IsValid ? null : string.Join("; ", (results.Details ?? []).Where(detail => detail.Errors is not null)
            .Select(detail => $"{detail.InstanceLocation}: {string.Join(", ", detail.Errors!.Select(error => error.Value))}"))
            + " in " + Short(value.GetRawText());
    }

    public static string Short(string? text) => text is { Length: > 400 } ? text[..400] + "..." : text ?? "";

    private DescribedOperation Of(string method, string path, JsonObject json, JsonNode? shared)
    {
        (string, JsonNode, JsonNode?, bool)? body = null;
        if (json["requestBody"] is { } node)
        {
            var (media, content) = Resolve(node)["content"]!.AsObject().First();
            body = (media, content!["schema"]!, content["example"], (bool?)Resolve(node)["required"] ?? false);
        }

        return new DescribedOperation(method, path, json)
        {
            Parameters = [.. (shared?.AsArray() ?? []).Concat(json["parameters"]?.AsArray() ?? []).Select(one => Resolve(one!))],
            Body = body,
        };
    }
}
