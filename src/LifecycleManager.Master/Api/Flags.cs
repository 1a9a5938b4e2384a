using System.Globalization;

namespace LifecycleManager.Master.Api;

/// <summary>The options under Mesos' names of its flags; no secrets.</summary>
internal static class Flags
{
    public static IEnumerable<(string Name, string Value)> Of(MasterOptions options)
    {
        yield return ("allocator", options.Allocator);
        yield return ("allocation_interval", Duration(options.AllocationInterval));
        yield return ("agent_ping_timeout", Duration(options.AgentPingInterval));
        yield return ("max_agent_ping_timeouts", options.MaxAgentPings.ToString(CultureInfo.InvariantCulture));
        yield return ("agent_reregister_timeout", Duration(options.AgentReregisterTimeout));
        yield return ("authenticate_agents", options.Principals.AreRequired ? "true" : "false");
        yield return ("authenticate_http_frameworks", options.Principals.AreRequired ? "true" : "false");
        yield return ("max_completed_frameworks", options.MaxCompletedFrameworks.ToString(CultureInfo.InvariantCulture));
        yield return ("max_completed_tasks_per_framework", options.MaxCompletedTasks.ToString(CultureInfo.InvariantCulture));
        yield return ("max_unreachable_tasks_per_framework", options.MaxUnreachableTasks.ToString(CultureInfo.InvariantCulture));
        if (options.OfferTimeout is { } offers) yield return ("offer_timeout", Duration(offers));
        if (options.Cluster is { } cluster) yield return ("cluster", cluster);
        if (options.Region is { } region) yield return ("domain", region);
        if (options.AgentRemovalLimit is { } limit)
        {
            yield return ("agent_removal_rate_limit", $"{limit}/{Duration(options.AgentRemovalWindow)}");
        }
    }

    private static string Duration(TimeSpan span) => span.TotalSeconds.ToString(CultureInfo.InvariantCulture) + "secs";
}
