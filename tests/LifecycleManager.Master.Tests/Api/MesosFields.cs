using System.Text.Json;
using LifecycleManager.Testing;

namespace LifecycleManager.Master.Tests.Api;

/// <summary>The table of Mesos' messages, by which an answer's fields are checked.</summary>
internal sealed class MesosFields
{
    /// <summary>Fields of Mesos 1.9 and later, which the table does not have; and one of our own.</summary>
    private static readonly HashSet<(string, string)> Newer =
    [
        ("master.Response.GetAgents.Agent", "deactivated"), ("master.Response.GetAgents.Agent", "drain_info"),
        ("master.Response.GetAgents.Agent", "features"),
    ];

    private readonly Dictionary<string, Dictionary<string, (string Label, string Type)>> _messages = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _enums = new(StringComparer.Ordinal);

    private MesosFields(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            var entry = JsonDocument.Parse(line).RootElement;
            if (entry.TryGetProperty("e", out var name))
                _enums[name.GetString()!] = [.. entry.GetProperty("v").EnumerateObject().Select(value => value.Name)];
            else
                _messages[entry.GetProperty("m").GetString()!] = entry.GetProperty("f").EnumerateArray()
                    .Select(field => field.GetString()!.Split(' '))
                    .ToDictionary(field => field[0], field => (field[3], field[4]), StringComparer.Ordinal);
        }
    }

    public static MesosFields Read() => new(File.ReadLines(
        Path.Combine(Repository.Root, "tests/LifecycleManager.Master.Tests/Data/mesos-fields.jsonl")));

    /// <summary>What of a message is no field, is missing, or has another type.</summary>
    public IEnumerable<string> Problems(string message, JsonElement value, string at = "")
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            yield return $"{at}: is no {message}";
            yield break;
        }

        var fields = _messages[message];
        foreach (var missing in fields.Where(field => field.Value.Label == "q" && !value.TryGetProperty(field.Key, out _)))
            yield return $"{at}.{missing.Key}: is missing";
        foreach (var field in value.EnumerateObject())
        {
            var path = $"{at}.{field.Name}";
            if (Newer.Contains((message, field.Name))) continue;
            if (!fields.TryGetValue(field.Name, out var known))
            {
                yield return $"{path}: is no field of {message}";
                continue;
            }

            // A map is an object whose values are of one type; the table has no entries of maps.
            if (known.Type.StartsWith("map", StringComparison.Ordinal)) continue;
            var items = known.Label is "r" or "p" ? Items(field.Value) : [field.Value];
            if (items is null) yield return $"{path}: is no list";
            foreach (var problem in (items ?? []).SelectMany((item, i) => OfType(known.Type, item, $"{path}[{i}]")))
                yield return problem;
        }
    }

    private static IReadOnlyList<JsonElement>? Items(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : null;

    private IEnumerable<string> OfType(string type, JsonElement value, string at)
    {
        if (type.StartsWith("enum:", StringComparison.Ordinal))
        {
            if (value.ValueKind == JsonValueKind.String && _enums[type[5..]].Contains(value.GetString()!)) return [];
            return [$"{at}: {value} is no {type}"];
        }

        if (_messages.ContainsKey(type)) return Problems(type, value, at);
        var isRight = type switch
        {
            "string" or "bytes" => value.ValueKind == JsonValueKind.String,
            "bool" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            _ => value.ValueKind == JsonValueKind.Number,
        };
        return isRight ? [] : [$"{at}: {value} is no {type}"];
    }
}
