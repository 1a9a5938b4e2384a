using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Console.Clients;

/// <summary>Definitions of apps, pods and groups as text, and what differs between two.</summary>
internal static class Definitions
{
    /// <summary>Places of the table of two texts' lines: beyond, one is told after the other.</summary>
    private const long MaxTable = 1_000_000;

    /// <summary>What is shown in place of what may be a secret.</summary>
    public const string CoverText = "•••";

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,

        // For people: the page escapes what it shows.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>How an app stands, and what the scheduler has made of it: no person writes it.</summary>
    private static readonly string[] Answered =
    [
        "version", "versionInfo", "countOwner", "countSuspended", "createdAt", "tasksStaged", "tasksRunning", "tasksHealthy",
        "tasksUnhealthy", "deployments", "tasks", "lastTaskFailure", "taskStats", "readinessCheckResults", "pod",
    ];

    /// <summary>What a text says.</summary>
    /// <exception cref="JsonException">It is no object of JSON, or names a field twice.</exception>
    public static JsonObject Read(string text) => JsonNode.Parse(text, documentOptions: Strict) as JsonObject
        ?? throw new JsonException("An object in braces is needed.", null, 0, 0);

    /// <summary>What a person has written: nothing of how it stands. In place.</summary>
    public static JsonObject Bare(JsonObject definition)
    {
        foreach (var name in Answered) definition.Remove(name);
        foreach (var (name, _) in definition.Where(field => field.Value is null).ToList()) definition.Remove(name);
        foreach (var name in (string[])["apps", "pods", "groups"])
        {
            if (definition[name] is not JsonArray inner) continue;
            foreach (var one in inner.OfType<JsonObject>()) Bare(one);
        }

        return definition;
    }

    /// <summary>The definition in JSON, a line a field.</summary>
    public static string Written(JsonNode definition) => definition.ToJsonString(Indented);

    /// <summary>The definition in JSON; covered, without what variables hold.</summary>
    public static string Shown(App app, bool covered)
    {
        var definition = Of(app);
        if (covered) Cover(definition, null);
        return Written(definition);
    }

    /// <summary>
    /// What differs between two definitions. What a variable holds may be a secret: covered, it is told which has another value,
    /// and not which one.
    /// </summary>
    public static IReadOnlyList<(char Side, string Line)> Difference(App old, App @new, bool covered) =>
        Difference(Of(old), Of(@new), covered);

    /// <inheritdoc cref="Difference(App, App, bool)"/>
    public static IReadOnlyList<(char Side, string Line)> Difference(JsonObject old, JsonObject @new, bool covered)
    {
        var (before, after) = ((JsonObject)old.DeepClone(), (JsonObject)Ordered(@new, old)!);
        if (covered)
        {
            Cover(after, old);
            Cover(before, null);
        }

        return Difference(Written(before), Written(after));
    }

    /// <summary>
    /// What somebody has made of a definition, and what somebody else has made of it meanwhile, in one: whoever touched a field
    /// has his, and of what both have touched it is told, and mine stays.
    /// </summary>
    /// <returns>Both, and the fields that both have touched.</returns>
    public static (JsonObject Merged, IReadOnlyList<string> Both) Merge(JsonObject read, JsonObject present, JsonObject mine)
    {
        var theirs = Changed(read, present);
        var merged = (JsonObject)mine.DeepClone();
        var both = theirs.Intersect(Changed(read, mine)).Where(name => !JsonNode.DeepEquals(mine[name], present[name])).ToList();
        foreach (var name in theirs.Except(both))
        {
            if (present[name] is { } value) merged[name] = value.DeepClone();
            else merged.Remove(name);
        }

        return (merged, both);
    }

    /// <summary>The fields in which two differ.</summary>
    public static IReadOnlyList<string> Changed(JsonObject old, JsonObject @new) =>
        [.. old.Select(field => field.Key).Union(@new.Select(field => field.Key))
            .Where(name => !JsonNode.DeepEquals(old[name], @new[name]))];

    private static JsonObject Of(App app) => Bare((JsonObject)JsonSerializer.SerializeToNode(app, MarathonJson.Default.App)!);

    /// <summary>The same with its fields in the order of another: an order is no difference.</summary>
    private static JsonNode? Ordered(JsonNode? node, JsonNode? like)
    {
        if (node is JsonArray list)
            return new JsonArray([.. list.Select((one, i) => Ordered(one, (like as JsonArray)?.ElementAtOrDefault(i)))]);
        if (node is not JsonObject fields) return node?.DeepClone();
        var known = like as JsonObject ?? [];
        return new JsonObject(known.Select(field => field.Key).Where(fields.ContainsKey)
            .Concat(fields.Select(field => field.Key).Where(name => !known.ContainsKey(name)))
            .Select(name => KeyValuePair.Create(name, Ordered(fields[name], known[name]))));
    }

    /// <summary>Covers what variables hold, at any depth; beside an old one, says which hold something else.</summary>
    private static void Cover(JsonNode? node, JsonNode? old)
    {
        if (node is JsonArray list)
        {
            foreach (var (index, one) in list.Index()) Cover(one, (old as JsonArray)?.ElementAtOrDefault(index));
            return;
        }

        if (node is not JsonObject fields) return;
        foreach (var (name, value) in fields.ToList())
        {
            var before = (old as JsonObject)?[name];
            if (name is "env" or "environment" && value is JsonObject variables) CoverValues(variables, before as JsonObject);
            else Cover(value, before);
        }
    }

    private static void CoverValues(JsonObject variables, JsonObject? before)
    {
        foreach (var (name, value) in variables.ToList())
        {
            if (value?.GetValueKind() != JsonValueKind.String) continue;
            variables[name] = before is null || !before.TryGetPropertyValue(name, out var was) || JsonNode.DeepEquals(was, value)
                ? CoverText : CoverText + " (another value)";
        }
    }

    /// <summary>
    /// The lines of two texts side by side: <c>' '</c> in both, <c>'-'</c> in the old one alone, <c>'+'</c> in the new one alone.
    /// </summary>
    public static IReadOnlyList<(char Side, string Line)> Difference(string old, string @new)
    {
        var (a, b) = (old.Split('\n'), @new.Split('\n'));

        // The longest common subsequence; beginnings and ends that are the same are left out of the table.
        var begin = a.Zip(b).TakeWhile(pair => pair.First == pair.Second).Count();
        var end = a.Skip(begin).Reverse().Zip(b.Skip(begin).Reverse()).TakeWhile(pair => pair.First == pair.Second).Count();
        var (rows, columns) = (a.Length - begin - end, b.Length - begin - end);
        if ((long)rows * columns > MaxTable)
        {
            return
            [
                .. a.Take(begin).Select(line => (' ', line)), .. a.Skip(begin).Take(rows).Select(line => ('-', line)),
                .. b.Skip(begin).Take(columns).Select(line => ('+', line)), .. a.Skip(a.Length - end).Select(line => (' ', line)),
            ];
        }

        var lengths = new int[rows + 1, columns + 1];
        for (var i = rows - 1; i >= 0; i--)
        {
            for (var j = columns - 1; j >= 0; j--)
            {
                lengths[i, j] = a[begin + i] == b[begin + j]
                    ? lengths[i + 1, j + 1] + 1 : Math.Max(lengths[i + 1, j], lengths[i, j + 1]);
            }
        }

        var lines = a.Take(begin).Select(line => (' ', line)).ToList();
        for (int i = 0, j = 0; i < rows || j < columns;)
        {
            if (i < rows && j < columns && a[begin + i] == b[begin + j])
            {
                lines.Add((' ', a[begin + i++]));
                j++;
            }
            else if (i < rows && (j == columns || lengths[i + 1, j] >= lengths[i, j + 1])) lines.Add(('-', a[begin + i++]));
            else lines.Add(('+', b[begin + j++]));
        }

        lines.AddRange(a.Skip(a.Length - end).Select(line => (' ', line)));
        return lines;
    }
}
