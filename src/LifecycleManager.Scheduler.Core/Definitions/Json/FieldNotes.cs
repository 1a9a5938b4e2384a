using System.Collections.Frozen;
using System.Text.Json;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Scheduler.Core.Definitions.Json;

/// <summary>
/// Fields of requests that the wire types do not have, or that say nothing to the scheduler: those that only answers have, which
/// come back as whole subtrees from clients that read, change and write; those that Marathon once had, which definitions still
/// carry; and those that Marathon has and no part of the stack carries out.
/// </summary>
internal static class FieldNotes
{
    private static readonly FrozenSet<string> OfAnswers = FrozenSet.ToFrozenSet(
    [
        "versionInfo", "countOwner", "countSuspended", "createdAt", "tasksStaged", "tasksRunning", "tasksHealthy",
        "tasksUnhealthy", "deployments", "tasks", "lastTaskFailure", "taskStats", "readinessCheckResults",
    ]);

    private static readonly FrozenDictionary<(Type, string), string> Unsupported = new Dictionary<(Type, string), string>
    {
        [(typeof(App), "storeUrls")] = "is not supported, as in Marathon since 1.5: name the files in 'fetch'",
        [(typeof(App), "taskRateLimit")] =
            "is not supported, as in Marathon since 0.7: see 'backoffSeconds' and 'backoffFactor'",
        [(typeof(App), "check")] = "is not supported: checks that end nothing are 'readinessChecks'",
        [(typeof(App), "resourceLimits")] = "is not supported: an instance may use what it asks for",
        [(typeof(AppContainer), "appc")] = "is not supported: images are Docker's",
        [(typeof(Pod), "linuxInfo")] = "is not supported",
        [(typeof(Pod), "legacySharedCgroups")] = "is not supported: each container has a control group of its own",
        [(typeof(PodContainer), "check")] = "is not supported: health checks are 'healthCheck'",
        [(typeof(PodContainer), "linuxInfo")] = "is not supported",
        [(typeof(PodContainer), "resourceLimits")] = "is not supported: a container may use what it asks for",
        [(typeof(PodExec), "overrideEntrypoint")] = "is not supported: what 'argv' has is added to the image's entry point",
        [(typeof(PodImage), "labels")] = "is not supported: images are Docker's",
        [(typeof(PodEndpoint), "networkNames")] = "is not supported: pods are on the host's network",
    }.ToFrozenDictionary();

    /// <summary>Fields that are known and not supported, with why, by type and name.</summary>
    public static IReadOnlyDictionary<(Type Type, string Name), string> AllUnsupported => Unsupported;

    /// <summary>Whether a field is of answers alone: whatever a request says there is passed over.</summary>
    public static bool IsOfAnswers(Type type, string name) => type == typeof(App) && OfAnswers.Contains(name);

    /// <summary>Why a field that says something is not supported; null where it is not one of those.</summary>
    public static string? WhyUnsupported(Type type, string name) => Unsupported.GetValueOrDefault((type, name));

    /// <summary>
    /// Whether a field says nothing: clients write nulls for whatever they know, and of what is not supported what is without it.
    /// </summary>
    public static bool SaysNothing(Type type, string name, JsonElement value) => value.ValueKind == JsonValueKind.Null
        || (WhyUnsupported(type, name) is not null && IsEmpty(value));

    private static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => value.EnumerateObject().All(field => IsEmpty(field.Value)),
        _ => false,
    };
}
