using System.Collections.Frozen;
using System.Text.Json;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Scheduler.Core.Definitions.Json;

/// <summary>
/// Fields of requests that say nothing to the scheduler: those that only answers have, which come back as whole subtrees from
/// clients that read, change and write; and those that Marathon once had, which definitions still carry.
/// </summary>
internal static class FieldNotes
{
    private static readonly FrozenSet<string> OfAnswers = FrozenSet.ToFrozenSet(
    [
        "versionInfo", "countOwner", "countSuspended", "createdAt", "tasksStaged", "tasksRunning", "tasksHealthy",
        "tasksUnhealthy", "deployments", "tasks", "lastTaskFailure", "taskStats", "readinessCheckResults",
    ]);

    private static readonly FrozenDictionary<string, string> Gone = new Dictionary<string, string>
    {
        ["storeUrls"] = "is not supported, as in Marathon since 1.5: name the files in 'fetch'",
        ["taskRateLimit"] = "is not supported, as in Marathon since 0.7: see 'backoffSeconds' and 'backoffFactor'",
    }.ToFrozenDictionary();

    /// <summary>Whether a field is of answers alone: whatever a request says there is passed over.</summary>
    public static bool IsOfAnswers(Type type, string name) => type == typeof(App) && OfAnswers.Contains(name);

    /// <summary>Why a field that says something is not supported; null where it is not one of those.</summary>
    public static string? WhyUnsupported(Type type, string name) => type == typeof(App) ? Gone.GetValueOrDefault(name) : null;

    /// <summary>Whether a field says nothing: clients write nulls for whatever they know, older ones empty lists.</summary>
    public static bool SaysNothing(Type type, string name, JsonElement value) => value.ValueKind == JsonValueKind.Null
        || (WhyUnsupported(type, name) is not null && value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0);
}
