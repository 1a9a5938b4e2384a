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
            if (!spec.Roles.Contains(role.Role)) continue;
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
            if (port > 0 && !agent.Roles.Any(role => spec.Roles.Contains(role.Role) && role.Ports.Contains(port))) return false;
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
        var usable = Usable(spec, agent);
        var ports = new int?[spec.Ports.Count];
        var portsOf = new List<int>?[usable.Count];

        // Fixed ports first, lest a random choice takes one of them.
        for (var at = 0; at < ports.Length; at++)
        {
            if (spec.Ports[at] is not > 0) continue;
            ports[at] = spec.Ports[at];
            for (var role = 0; role < usable.Count; role++)
            {
                if (!usable[role].Ports.Take(ports[at]!.Value)) continue;
                (portsOf[role] ??= []).Add(ports[at]!.Value);
                break;
            }
        }

        for (var at = 0; at < ports.Length; at++)
        {
            if (spec.Ports[at] is not 0) continue;
            var role = usable.FindIndex(candidate => candidate.Ports.Count > 0);
            var port = usable[role].Ports.At(random.Next(usable[role].Ports.Count));
            usable[role].Ports.Take(port);
            (portsOf[role] ??= []).Add(port);
            ports[at] = port;
        }

        var taken = new List<TakenResources>(1);
        long cpus = spec.Cpus, mem = spec.Mem, disk = spec.Disk, gpus = spec.Gpus;
        for (var at = 0; at < usable.Count; at++)
        {
            var role = usable[at];
            var part = new TakenResources(
                role, Math.Min(cpus, role.Cpus), Math.Min(mem, role.Mem), Math.Min(disk, role.Disk), Math.Min(gpus, role.Gpus),
                portsOf[at] ?? (IReadOnlyList<int>)[]);
            if (part is { Cpus: 0, Mem: 0, Disk: 0, Gpus: 0, Ports.Count: 0 }) continue;
            (role.Cpus, cpus) = (role.Cpus - part.Cpus, cpus - part.Cpus);
            (role.Mem, mem) = (role.Mem - part.Mem, mem - part.Mem);
            (role.Disk, disk) = (role.Disk - part.Disk, disk - part.Disk);
            (role.Gpus, gpus) = (role.Gpus - part.Gpus, gpus - part.Gpus);
            taken.Add(part);
        }

        return new Placement(number, index, ports, taken);
    }

    /// <summary>The resources of the roles that an app accepts.</summary>
    public static List<RoleResources> Usable(PlacementSpec spec, AgentPool agent)
    {
        var usable = new List<RoleResources>(agent.Roles.Count);
        foreach (var role in agent.Roles)
            if (spec.Roles.Contains(role.Role)) usable.Add(role);
        return usable;
    }
}
