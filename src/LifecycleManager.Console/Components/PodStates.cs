using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Console.Components;

/// <summary>How pods stand, in words.</summary>
internal static class PodStates
{
    /// <summary>Whether an instance is stable.</summary>
    public static bool IsStable(PodInstanceStatus instance) => instance.Status == "STABLE";

    /// <summary>A state of a pod, or of an instance of one, as a word.</summary>
    public static string Word(string status) => status.Length == 0 ? "unknown" : status[..1] + status[1..].ToLowerInvariant();

    /// <summary>What color it has.</summary>
    public static string Kind(string status) => status switch
    {
        "STABLE" => "good",
        "PENDING" or "STAGING" => "busy",
        "DEGRADED" => "warn",
        _ => "quiet",
    };

    /// <summary>A container in a line, as <c>web running :31245</c>.</summary>
    public static string Described(PodContainerStatus container)
    {
        var health = container.Conditions.Any(condition => condition is { Name: "healthy", Value: "false" }) ? ", unhealthy" : "";
        var ports = string.Concat(container.Endpoints.Where(endpoint => endpoint.AllocatedHostPort is not null)
            .Select(endpoint => $" :{endpoint.AllocatedHostPort}"));
        return $"{container.Name} {container.Status.Replace("TASK_", "").ToLowerInvariant()}{health}{ports}";
    }
}
