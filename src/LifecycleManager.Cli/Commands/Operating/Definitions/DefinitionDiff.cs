using System.Text.Json;
using System.Text.Json.Nodes;

namespace LifecycleManager.Cli.Commands.Operating.Definitions;

/// <summary>
/// What a definition would change of one that is there. A field that it leaves out stays as it is, as the scheduler has it with
/// a partial update; within a field, what is left out goes back to its default.
/// </summary>
internal static class DefinitionDiff
{
    /// <summary>What the scheduler tells of an app beside what was asked for.</summary>
    private static readonly HashSet<string> Told = new(StringComparer.Ordinal)
    {
        "id", "version", "versionInfo", "tasks", "tasksStaged", "tasksRunning", "tasksHealthy", "tasksUnhealthy", "deployments",
        "lastTaskFailure", "taskStats", "readinessCheckResults", "countOwner", "countSuspended", "createdAt", "pod",
    };

    /// <summary>Where what is left out is taken away: there is no default of a name that somebody has chosen.</summary>
    private static readonly HashSet<string> Maps = new(StringComparer.Ordinal) { "env", "labels", "secrets", "environment" };

    /// <summary>What the scheduler fills in within a field; ports that are null are given by it.</summary>
    private static readonly Dictionary<string, string?> Defaults = new(StringComparer.Ordinal)
    {
        ["gracePeriodSeconds"] = "300",
        ["intervalSeconds"] = "60",
        ["timeoutSeconds"] = "20",
        ["maxConsecutiveFailures"] = "3",
        ["delaySeconds"] = "15",
        ["portIndex"] = "0",
        ["path"] = "\"/\"",
        ["ipProtocol"] = "\"IPv4\"",
        ["protocol"] = null,
        ["servicePort"] = null,
        ["port"] = null,
        ["hostPort"] = null,
        ["name"] = "\"default\"",
        ["type"] = null,
        ["mode"] = null,
        ["minimumHealthCapacity"] = "1",
        ["maximumOverCapacity"] = "1",
        ["extract"] = "true",
        ["containerPort"] = null,
    };

    /// <summary>The changes, in the order of the definition.</summary>
    /// <param name="current">What is there; null for nothing.</param>
    /// <param name="wanted">The definition.</param>
    /// <param name="isWhole">Whether what it leaves out goes, as with a version that comes back.</param>
    public static IReadOnlyList<Change> Of(JsonObject? current, JsonObject wanted, bool isWhole = false)
    {
        var changes = new List<Change>();
        foreach (var (name, value) in wanted)
        {
            if (Told.Contains(name) || value is null) continue;
            Compare(name, name, current?[name], value, changes);
        }

        foreach (var (name, value) in isWhole && current is not null ? current : [])
        {
            if (!Told.Contains(name) && wanted[name] is null && !IsEmpty(value)) changes.Add(new Change(name, value, null));
        }

        return changes;
    }

    private static void Compare(string path, string name, JsonNode? was, JsonNode? will, List<Change> changes)
    {
        if (Same(was, will)) return;
        switch (was, will)
        {
            case (JsonObject before, JsonObject after):
                foreach (var (field, value) in after) Compare($"{path}.{field}", field, before[field], value, changes);
                foreach (var (field, value) in before)
                {
                    if (!after.ContainsKey(field) && (Maps.Contains(name) || !IsDefault(field, value)))
                        changes.Add(new Change($"{path}.{field}", value, null));
                }

                break;
            case (JsonArray before, JsonArray after) when before.Count == after.Count
                && after.All(item => item is JsonObject or JsonArray):
                for (var i = 0; i < after.Count; i++) Compare($"{path}[{i}]", name, before[i], after[i], changes);
                break;
            default:
                // What was not there and is sent with its default is no change.
                if (was is null && (IsEmpty(will) || (path != name && IsDefault(name, will)))) return;
                changes.Add(new Change(path, was, will));
                break;
        }
    }

    private static bool IsDefault(string name, JsonNode? value) =>
        IsEmpty(value) || (Defaults.TryGetValue(name, out var text) && (text is null || Number(value, text)));

    private static bool Number(JsonNode? value, string text) => Same(value, JsonNode.Parse(text));

    private static bool IsEmpty(JsonNode? value) => value switch
    {
        null => true,
        JsonObject json => json.All(field => IsEmpty(field.Value)),
        JsonArray array => array.Count == 0,
        JsonValue of when of.GetValueKind() == JsonValueKind.False => true,
        JsonValue of when of.GetValueKind() == JsonValueKind.String => of.GetValue<string>().Length == 0,
        _ => false,
    };

    /// <summary>Whether they mean the same: 1 is 1.0.</summary>
    private static bool Same(JsonNode? left, JsonNode? right) => left is JsonValue one && right is JsonValue other
        && one.GetValueKind() == JsonValueKind.Number && other.GetValueKind() == JsonValueKind.Number
        ? AsDouble(one) == AsDouble(other) : JsonNode.DeepEquals(left, right);

    private static double AsDouble(JsonValue number) => double.Parse(
        number.ToJsonString(), System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>One change of a definition.</summary>
/// <param name="Path">The field.</param>
/// <param name="Was">What is there; null for nothing.</param>
/// <param name="Will">What it would be; null for nothing.</param>
internal sealed record Change(string Path, JsonNode? Was, JsonNode? Will)
{
    /// <summary><c>+</c>, <c>-</c> or <c>~</c>.</summary>
    public char Sign => Was is null ? '+' : Will is null ? '-' : '~';

    /// <summary>The line for people; not made safe.</summary>
    public string Text => Sign switch
    {
        '+' => $"{Path}: {Of(Will)}",
        '-' => $"{Path}: {Of(Was)}",
        _ => $"{Path}: {Of(Was)} -> {Of(Will)}",
    };

    private static string Of(JsonNode? value) => value is null ? "null" : value.ToJsonString(Compact);

    private static readonly JsonSerializerOptions Compact = new(ManagerHttp.Indented) { WriteIndented = false };
}
