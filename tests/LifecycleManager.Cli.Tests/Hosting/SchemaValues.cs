using System.Globalization;
using System.Text.Json.Nodes;
using CsCheck;

namespace LifecycleManager.Cli.Tests.Hosting;

/// <summary>Values that a schema allows: of each kind that our documents use; any other is an error.</summary>
internal sealed class SchemaValues(DescribedApi api)
{
    private const int Deepest = 5;

    private static readonly HashSet<string> Known =
    [
        "type", "properties", "required", "additionalProperties", "items", "enum", "const", "oneOf", "anyOf", "allOf", "minimum",
        "maximum", "exclusiveMinimum", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "pattern", "format",
        "examples", "example", "description", "title", "default", "readOnly", "nullable", "minProperties", "deprecated",
    ];

    /// <summary>Values of a schema; null is JSON's null.</summary>
    public Gen<JsonNode?> Of(JsonNode node, int depth = 0)
    {
        var schema = api.Resolve(node);
        if (schema.FirstOrDefault(word => !Known.Contains(word.Key) && !word.Key.StartsWith("x-", StringComparison.Ordinal))
            is { Key: { } unknown })
        {
            throw new InvalidDataException($"no values are made for the word '{unknown}' of a schema");
        }

        if (schema.TryGetPropertyValue("const", out var constant)) return Gen.Const(0).Select(_ => Copy(constant));
        if (schema["enum"] is JsonArray values) return OneOf(values);
        if ((schema["oneOf"] ?? schema["anyOf"]) is JsonArray choices)
            return Gen.OneOf([.. choices.Select(choice => Of(choice!, depth))]);
        if (schema["examples"] is JsonArray examples) return OneOf(examples);
        var types = schema["type"] switch
        {
            JsonArray several => [.. several.Select(type => (string)type!)],
            { } type => [(string)type!],
            null => new[] { "string" },
        };
        return Gen.OneOf([.. types.Select(type => Of(type, schema, depth))]);
    }

    private Gen<JsonNode?> Of(string type, JsonObject schema, int depth) => type switch
    {
        "null" => Gen.Const((JsonNode?)null),
        "boolean" => Gen.Bool.Select(value => (JsonNode?)value),
        "integer" => Gen.Long[Whole(schema, "minimum", -3), Whole(schema, "maximum", 1000)].Select(value => (JsonNode?)value),
        "number" => Gen.Double[Number(schema, "exclusiveMinimum", Number(schema, "minimum", 0)),
            Number(schema, "maximum", 1000)].Select(value => (JsonNode?)Math.Round(value, 3)),
        "string" => Text(schema),
        "array" => Items(schema, depth),
        "object" => Object(schema, depth),
        _ => throw new InvalidDataException($"no values are made for the type '{type}'"),
    };

    private static Gen<JsonNode?> Text(JsonObject schema)
    {
        if (schema.ContainsKey("pattern")) throw new InvalidDataException("a pattern has no examples");
        var at = Gen.Long[0, 4_000_000_000].Select(seconds =>
            DateTimeOffset.FromUnixTimeSeconds(seconds).ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture));
        return ((string?)schema["format"] switch
        {
            null or "binary" => Gen.String[Gen.Char.AlphaNumeric,
                (int)Whole(schema, "minLength", 1), (int)Math.Min(Whole(schema, "maxLength", 12), 12)],
            "date-time" => at,
            "uuid" => Gen.Guid.Select(id => id.ToString()),
            "ipv4" => Gen.Byte.Array[4].Select(bytes => string.Join('.', bytes)),
            var format => throw new InvalidDataException($"no values are made for the format '{format}'"),
        }).Select(text => (JsonNode?)text);
    }

    private Gen<JsonNode?> Items(JsonObject schema, int depth)
    {
        var least = (int)Whole(schema, "minItems", 0);
        var items = Of(schema["items"] ?? new JsonObject(), depth + 1);
        return items.Array[least, depth >= Deepest ? least : Math.Max(least, (int)Math.Min(Whole(schema, "maxItems", 2), 2))]
            .Select(array => (JsonNode?)new JsonArray([.. array.Select(Copy)]));
    }

    private Gen<JsonNode?> Object(JsonObject schema, int depth)
    {
        var required = (schema["required"]?.AsArray() ?? []).Select(name => (string)name!).ToHashSet();
        var properties = (schema["properties"]?.AsObject() ?? []).Where(property =>
            (bool?)api.Resolve(property.Value!)["readOnly"] != true && (required.Contains(property.Key) || depth < Deepest)).ToList();
        var least = (int)Whole(schema, "minProperties", 0);
        var values = properties.Select(property => Of(property.Value!, depth + 1)).ToArray();
        var keeps = Gen.Int[0, 3].Array[properties.Count];
        if (values.Length == 0) return More(schema, depth);
        return Gen.Select(All(values), keeps, (made, keep) =>
        {
            var json = new JsonObject();
            for (var i = 0; i < properties.Count; i++)
            {
                if (keep[i] == 0 || required.Contains(properties[i].Key) || json.Count < least)
                    json[properties[i].Key] = Copy(made[i]);
            }

            return (JsonNode?)json;
        });
    }

    // Of an object that may hold anything under any name.
    private Gen<JsonNode?> More(JsonObject schema, int depth) => schema["additionalProperties"] is not JsonObject value || depth >= Deepest
        ? Gen.Const(0).Select(_ => (JsonNode?)new JsonObject())
        : Gen.Select(Gen.String[Gen.Char['a', 'z'], 1, 8], Of(value, depth + 1)).Array[0, 2].Select(pairs =>
        {
            var json = new JsonObject();
            foreach (var (name, one) in pairs) json[name] = Copy(one);
            return (JsonNode?)json;
        });

    private static Gen<JsonNode?[]> All(Gen<JsonNode?>[] gens) => gens.Aggregate(
        Gen.Const(Array.Empty<JsonNode?>()), (all, one) => Gen.Select(all, one, (made, value) => (JsonNode?[])[.. made, value]));

    private static Gen<JsonNode?> OneOf(JsonArray values) => Gen.Int[0, values.Count - 1].Select(i => Copy(values[i]));

    private static JsonNode? Copy(JsonNode? node) => node?.DeepClone();

    private static long Whole(JsonObject schema, string word, long otherwise) => (long?)schema[word] ?? otherwise;

    private static double Number(JsonObject schema, string word, double otherwise) => (double?)schema[word] ?? otherwise;
}
