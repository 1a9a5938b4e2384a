using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Placement;

/// <summary>An instance that runs somewhere, as preemption sees it. Scalars in thousandths.</summary>
/// <param name="TaskId">The task.</param>
/// <param name="App">Its app.</param>
/// <param name="AgentId">Its agent.</param>
/// <param name="Priority">Its app's priority.</param>
/// <param name="Spec">What it uses.</param>
/// <param name="Ports">The host ports it has.</param>
/// <param name="Staged">When it was launched.</param>
internal sealed record Tenant(
    string TaskId, string App, string AgentId, int Priority, PlacementSpec Spec, IReadOnlyList<int> Ports, ClockReading Staged);

/// <summary>
/// Makes room for an instance of high priority: the fewest instances of lower priorities on one agent whose end lets it fit
/// there. No app is brought below what its upgrade strategy calls the minimum health capacity.
/// </summary>
internal static class Preemption
{
    /// <summary>The instances to end, or null where no end of any helps.</summary>
    /// <param name="request">The waiting app; one instance of it is made room for.</param>
    /// <param name="priority">Its priority.</param>
    /// <param name="agents">The agents with what is free on them.</param>
    /// <param name="tenants">What runs on them.</param>
    /// <param name="spare">By app, how many instances it may lose.</param>
    public static IReadOnlyList<string>? Choose(
        PlacementRequest request,
        int priority,
        IReadOnlyList<AgentPool> agents,
        ILookup<string, Tenant> tenants,
        IReadOnlyDictionary<string, int> spare)
    {
        List<Tenant>? best = null;
        foreach (var agent in agents)
        {
            var lower = tenants[agent.AgentId].Where(tenant => tenant.Priority < priority)
                .OrderBy(tenant => tenant.Priority).ThenByDescending(tenant => tenant.Staged)
                .ThenBy(tenant => tenant.TaskId, StringComparer.Ordinal);
            var victims = On(request, agent, [.. lower], spare);
            if (victims is null || victims.Count == 0) continue;
            if (best is null || Cost(victims).CompareTo(Cost(best)) < 0) best = victims;
        }

        return best?.ConvertAll(tenant => tenant.TaskId);
    }

    private static (int HighestPriority, int Count) Cost(List<Tenant> victims) =>
        (victims.Max(tenant => tenant.Priority), victims.Count);

    private static List<Tenant>? On(
        PlacementRequest request, AgentPool agent, List<Tenant> candidates, IReadOnlyDictionary<string, int> spare)
    {
        var left = new Dictionary<string, int>(spare, StringComparer.Ordinal);
        var victims = new List<Tenant>();
        foreach (var tenant in candidates)
        {
            if (left.GetValueOrDefault(tenant.App) <= 0) continue;
            left[tenant.App]--;
            victims.Add(tenant);
            if (Fits(request, agent, victims)) break;
        }

        if (!Fits(request, agent, victims)) return null;

        // Those taken on the way that turn out not to be needed stay; of the highest priority first.
        for (var index = victims.Count - 1; index >= 0; index--)
        {
            List<Tenant> fewer = [.. victims.Where((_, other) => other != index)];
            if (Fits(request, agent, fewer)) victims = fewer;
        }

        return victims;
    }

    private static bool Fits(PlacementRequest request, AgentPool agent, List<Tenant> victims)
    {
        var free = new RoleResources
        {
            Role = request.Spec.Roles[0],
            Cpus = agent.FreeCpus + victims.Sum(tenant => tenant.Spec.Cpus),
            Mem = agent.FreeMem + victims.Sum(tenant => tenant.Spec.Mem),
            Disk = agent.Roles.Sum(role => role.Disk) + victims.Sum(tenant => tenant.Spec.Disk),
            Gpus = agent.Roles.Sum(role => role.Gpus) + victims.Sum(tenant => tenant.Spec.Gpus),
            Ports = agent.Roles.Length > 0 ? agent.Roles[0].Ports.Clone() : new PortSet([]),
        };
        foreach (var port in victims.SelectMany(tenant => tenant.Ports)) free.Ports.Return(port);
        var vacated = new AgentPool
        {
            AgentId = agent.AgentId,
            Host = agent.Host,
            Region = agent.Region,
            Zone = agent.Zone,
            Attributes = agent.Attributes,
            Roles = [free],
        };
        return Placer.Explain(request, vacated, request.Existing).Count == 0;
    }
}
