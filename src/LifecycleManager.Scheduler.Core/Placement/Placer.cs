namespace LifecycleManager.Scheduler.Core.Placement;

/// <summary>
/// Places instances on offered agents: deterministic for given agents, requests and random numbers; no clock, no network.
/// Requests are served in their order. For one request the agents that can never take it are sorted out once; the others wait in
/// a heap by the strategy, so that each instance costs the logarithm of the agents.
/// </summary>
internal static class Placer
{
    /// <summary>Refused agents of one request that are kept with every reason.</summary>
    public const int MaxSamples = 20;

    /// <summary>Places what fits, and takes it from <paramref name="agents"/>.</summary>
    public static PlacementResult Place(IReadOnlyList<AgentPool> agents, IReadOnlyList<PlacementRequest> requests, Random random)
    {
        var round = new PlacementRound(agents, random);
        var placements = new List<Placement>();
        var outcomes = new List<RequestOutcome>(requests.Count);
        for (var index = 0; index < requests.Count; index++)
        {
            foreach (var rule in requests[index].Near)
                foreach (var placed in placements) rule.Note(requests[placed.Request].App, agents[placed.Agent]);
            outcomes.Add(round.Serve(index, requests[index], placements));
        }

        return new PlacementResult(placements, outcomes);
    }

    /// <summary>Every reason why an agent, as it is now, does not take one more instance; empty where it does.</summary>
    public static IReadOnlyList<string> Explain(PlacementRequest request, AgentPool agent, IReadOnlyList<PlacedInstance> existing)
    {
        var spec = request.Spec;
        var messages = new List<string>();
        var usable = ResourceFit.Usable(spec, agent);
        if (usable.Count == 0)
            messages.Add($"no resources for the roles {string.Join(", ", spec.Roles)}");
        messages.AddRange(Forbidden(request, agent, existing));
        if (spec.NeedsDocker && agent.LacksDocker) messages.Add("the agent has no Docker engine");
        Compare("cpus", spec.Cpus, role => role.Cpus, "");
        Compare("memory", spec.Mem, role => role.Mem, " MB");
        Compare("disk", spec.Disk, role => role.Disk, " MB");
        Compare("gpus", spec.Gpus, role => role.Gpus, "");
        var fixedPorts = spec.Ports.Where(port => port > 0).Select(port => port!.Value).Distinct().ToList();
        var missing = fixedPorts.Where(port => !usable.Any(role => role.Ports.Contains(port))).ToList();
        if (missing.Count > 0) messages.Add($"host port {string.Join(", ", missing)} is not free");
        var wanted = fixedPorts.Count + spec.Ports.Count(port => port == 0);
        var free = usable.Sum(role => role.Ports.Count);
        if (wanted > free) messages.Add($"needs {wanted} ports, {free} are free");
        return messages;

        void Compare(string name, long need, Func<RoleResources, long> of, string unit)
        {
            var has = usable.Sum(of);
            if (need > has)
                messages.Add(
                    FormattableString.Invariant($"needs {need / 1000.0:0.###}{unit} {name}, {has / 1000.0:0.###} are free"));
        }
    }

    /// <summary>What the app's constraints and affinities have against an agent.</summary>
    internal static IEnumerable<string> Forbidden(PlacementRequest request, AgentPool agent,
        IReadOnlyList<PlacedInstance> existing)
    {
        foreach (var ledger in Ledgers(request.Spec, existing))
        {
            var value = ledger.ValueAt(agent);
            if (!ledger.Allows(value)) yield return ledger.Explain(value);
        }

        foreach (var rule in request.Near)
            if (rule.IsRequired && !rule.Allows(agent)) yield return rule.Explain(agent);
    }

    internal static ConstraintLedger[] Ledgers(PlacementSpec spec, IReadOnlyList<PlacedInstance> existing)
    {
        var ledgers = new ConstraintLedger[spec.Constraints.Count];
        for (var index = 0; index < ledgers.Length; index++)
        {
            var ledger = ledgers[index] = new ConstraintLedger(spec.Constraints[index]);
            if (ledger.IsStatic) continue;
            foreach (var placed in existing)
                ledger.Add(ledger.ValueAt(placed.Host, placed.Region, placed.Zone, placed.Attributes));
        }

        return ledgers;
    }
}
