namespace LifecycleManager.Scheduler.Core.Placement;

/// <summary>Whether an agent has what an instance needs, and taking it.</summary>
internal static class ResourceFit
{
    /// <summary>What an agent has too little of.</summary>
    public static RefusalReasons Lacking(PlacementSpec spec, AgentPool agent)
    {
        long cpus = 0, mem = 0, disk = 0, gpus = 0;
        var ports = 0;
        var any = false;
        foreach (var role in agent.Roles)
        {
            if (!MayUse(spec, role)) continue;
            any = true;
            cpus += role.Cpus;
            mem += role.Mem;
            disk += role.Disk;
            gpus += role.Gpus;
            ports += role.Ports.Count;
        }

        var reasons = any ? RefusalReasons.None : RefusalReasons.UnfulfilledRole;
        if (cpus < spec.Cpus) reasons |= RefusalReasons.InsufficientCpus;
        if (mem < spec.Mem) reasons |= RefusalReasons.InsufficientMemory;
        if (disk < spec.Disk) reasons |= RefusalReasons.InsufficientDisk;
        if (gpus < spec.Gpus) reasons |= RefusalReasons.InsufficientGpus;
        if (spec.Ports.Count > 0 && !PortsFit(spec, agent, ports)) reasons |= RefusalReasons.InsufficientPorts;
        return reasons;
    }

    private static bool PortsFit(PlacementSpec spec, AgentPool agent, int free)
    {
        var wanted = 0;
        for (var index = 0; index < spec.Ports.Count; index++)
        {
            if (spec.Ports[index] is not { } port || (port > 0 && IsRepeated(spec.Ports, index))) continue;
            wanted++;
            if (port > 0 && !agent.Roles.Any(role => MayUse(spec, role) && role.Ports.Contains(port))) return false;
        }

        return wanted <= free;
    }

    // One host port may serve two protocols; it is one resource.
    private static bool IsRepeated(IReadOnlyList<int?> ports, int index)
    {
        for (var earlier = 0; earlier < index; earlier++)
            if (ports[earlier] == ports[index]) return true;
        return false;
    }

    /// <summary>Takes what an instance needs from an agent that has it.</summary>
    /// <param name="number">The request.</param>
    /// <param name="spec">What the instance needs.</param>
    /// <param name="index">The agent, by its place in the round.</param>
    /// <param name="agent">The agent.</param>
    /// <param name="random">Chooses among free ports.</param>
    public static Placement Take(int number, PlacementSpec spec, int index, AgentPool agent, Random random)
    {
        // By the agent's reservations; null where an instance has no ports, as most have not.
        var portsOf = spec.Ports.Count == 0 ? null : new List<int>?[agent.Roles.Length];
        int?[] ports = portsOf is null ? [] : TakePorts(spec, agent.Roles, portsOf, random);
        TakenResources? first = null;
        List<TakenResources>? all = null;
        long cpus = spec.Cpus, mem = spec.Mem, disk = spec.Disk, gpus = spec.Gpus;
        for (var at = 0; at < agent.Roles.Length; at++)
        {
            var role = agent.Roles[at];
            if (!MayUse(spec, role)) continue;
            var part = new TakenResources(
                role, Math.Min(cpus, role.Cpus), Math.Min(mem, role.Mem), Math.Min(disk, role.Disk), Math.Min(gpus, role.Gpus),
                portsOf?[at] ?? (IReadOnlyList<int>)[]);
            if (part is { Cpus: 0, Mem: 0, Disk: 0, Gpus: 0, Ports.Count: 0 }) continue;
            (role.Cpus, cpus) = (role.Cpus - part.Cpus, cpus - part.Cpus);
            (role.Mem, mem) = (role.Mem - part.Mem, mem - part.Mem);
            (role.Disk, disk) = (role.Disk - part.Disk, disk - part.Disk);
            (role.Gpus, gpus) = (role.Gpus - part.Gpus, gpus - part.Gpus);
            if (first is null) first = part;
            else (all ??= [first]).Add(part);
        }

        return new Placement(number, index, ports, all ?? (first is null ? (IReadOnlyList<TakenResources>)[] : [first]));
    }

    private static int?[] TakePorts(PlacementSpec spec, RoleResources[] roles, List<int>?[] of, Random random)
    {
        var ports = new int?[spec.Ports.Count];

        // Fixed ports first, lest a random choice takes one of them.
        for (var at = 0; at < ports.Length; at++)
        {
            if (spec.Ports[at] is not > 0) continue;
            ports[at] = spec.Ports[at];
            for (var role = 0; role < roles.Length; role++)
            {
                if (!MayUse(spec, roles[role]) || !roles[role].Ports.Take(ports[at]!.Value)) continue;
                (of[role] ??= []).Add(ports[at]!.Value);
                break;
            }
        }

        for (var at = 0; at < ports.Length; at++)
        {
            if (spec.Ports[at] is not 0) continue;
            var role = Array.FindIndex(roles, candidate => MayUse(spec, candidate) && candidate.Ports.Count > 0);
            var port = roles[role].Ports.At(random.Next(roles[role].Ports.Count));
            roles[role].Ports.Take(port);
            (of[role] ??= []).Add(port);
            ports[at] = port;
        }

        return ports;
    }

    /// <summary>The resources of the roles that an app accepts.</summary>
    public static List<RoleResources> Usable(PlacementSpec spec, AgentPool agent) =>
        [.. agent.Roles.Where(role => MayUse(spec, role))];

    // An app accepts one role or two, and this is asked three times an instance.
    private static bool MayUse(PlacementSpec spec, RoleResources role)
    {
        for (var index = 0; index < spec.Roles.Count; index++)
            if (spec.Roles[index] == role.Role) return true;
        return false;
    }
}
