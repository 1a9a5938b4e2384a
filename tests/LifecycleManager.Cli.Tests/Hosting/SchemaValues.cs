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
        "examples", "example", "description", "title", "default", "readOnly", "minProperties", "maxProperties",
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

    /// <summary>
    /// An example with another value in the place of one of its own, and the place as Marathon names it, such as
    /// <c>/healthChecks(0)/path</c>.
    /// </summary>
    public Gen<(JsonNode? Value, string Place)> Changed(JsonNode example, JsonNode schema)
    {
        var places = Places(example, api.Resolve(schema), []).ToList();
        var same = Gen.Const(0).Select(_ => (Copy(example), ""));
        return places.Count == 0 ? same : Gen.OneOf([same, .. places.Select(place => Of(place.Schema).Select(value =>
        {
            var json = example.DeepClone();
            var name = Put(json, place.Steps, value);
            return ((JsonNode?)json, name);
        }))]);
    }

    /// <summary>An example with a value in the place of one of its own that its schema does not allow.</summary>
    public IEnumerable<(JsonNode Value, string Place)> Wrong(JsonNode example, JsonNode schema) =>
        from place in Places(example, api.Resolve(schema), [])
        from wrong in WrongValues(place.Schema)
        let json = example.DeepClone()
        let name = Put(json, place.Steps, wrong)
        select (json, $"{name} = {wrong}");

    private static IEnumerable<JsonNode> WrongValues(JsonObject schema)
    {
        if (schema["minimum"] is { } least) yield return (double)least - 1;
        if (schema["exclusiveMinimum"] is { } above) yield return (double)above;
        if (schema["maximum"] is { } most && (double)most < int.MaxValue) yield return (double)most + 1;
        if (schema.ContainsKey("enum")) yield return "no such word";
        if (schema["maxLength"] is { } longest) yield return new string('x', (int)longest + 1);
        if (schema.ContainsKey("pattern")) yield return "  ";
    }

    private static string Put(JsonNode json, object[] steps, JsonNode? value)
    {
        var at = steps[..^1].Aggregate(json, (node, step) => step is int index ? node[index]! : node[(string)step]!);
        if (steps[^1] is int last) at[last] = Copy(value);
        else at[(string)steps[^1]] = Copy(value);
        return string.Concat(steps.Select(step => step is int index ? $"({index})" : $"/{step}"));
    }

    // Whatever of an example its schema says the values of, one by one.
    private IEnumerable<(object[] Steps, JsonObject Schema)> Places(JsonNode? example, JsonObject schema, object[] at)
    {
        if (at.Length > 0 && (schema.ContainsKey("enum") || schema.ContainsKey("examples")
            || (string?)(schema["type"] as JsonValue) is "string" or "integer" or "number" or "boolean"))
        {
            return [(at, schema)];
        }

        return example switch
        {
            JsonObject fields => fields.Where(field => schema["properties"]?[field.Key] is not null).SelectMany(
                field => Places(field.Value, api.Resolve(schema["properties"]![field.Key]!), [.. at, field.Key])),
            JsonArray items when schema["items"] is { } item =>
                items.SelectMany((one, index) => Places(one, api.Resolve(item), [.. at, index])),
            _ => [],
        };
    }

    private Gen<JsonNode?> Of(string type, JsonObject schema, int depth) => type switch
    {
        "null" => Gen.Const((JsonNode?)null),
        "boolean" => Gen.Bool.Select(value => (JsonNode?)value),
        "integer" => Gen.Long[Whole(schema, "minimum", -3),
            Whole(schema, "maximum", Math.Max(1000, Whole(schema, "minimum", 0)))].Select(value => (JsonNode?)value),
        "number" => Gen.Double[Number(schema, "exclusiveMinimum", Number(schema, "minimum", 0) - 0.001) + 0.001,
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
            (bool?)api.Resolve(property.Value!)["readOnly"] != true
            && (required.Contains(property.Key) || depth < Deepest)).ToList();
        var least = (int)Whole(schema, "minProperties", 0);
        var values = properties.Select(property => Of(property.Value!, depth + 1)).ToArray();
        var keeps = Gen.Int[0, 3].Array[properties.Count];
        if (values.Length == 0) return More(schema, depth);
        return Gen.Select(All(values), keeps, (made, keep) =>
        {
            var json = new JsonObject();
            for (var i = 0; i < properties.Count; i++)
            {
                if (keep[i] == 0 || required.Contains(properties[i].Key)
                    || properties.Count - i <= least - json.Count)
                    json[properties[i].Key] = Copy(made[i]);
            }

            return (JsonNode?)json;
        });
    }

    // Of an object that may hold anything under any name.
    private Gen<JsonNode?> More(JsonObject schema, int depth) =>
        schema["additionalProperties"] is not JsonObject value || depth >= Deepest
        ? Gen.Const(0).Select(_ => (JsonNode?)new JsonObject())
        : Gen.Select(Gen.String[Gen.Char['a', 'z'], 1, 8], Of(value, depth + 1)).Array[(int)Whole(schema, "minProperties", 0), 2]
            .Select(pairs =>
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
