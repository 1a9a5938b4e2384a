namespace LifecycleManager.Scheduler.Placement;

/// <summary>
/// Places instances on offered agents: deterministic for given agents, requests and random numbers; no clock, no network.
/// Requests are served in their order. For one request the agents that can never take it are sorted out once; the others wait in a
/// heap by the strategy, so that each instance costs the logarithm of the agents.
/// </summary>
public static class Placer
{
    /// <summary>Refused agents of one request that are kept with every reason.</summary>
    public const int MaxSamples = 20;

    /// <summary>Places what fits, and takes it from <paramref name="agents"/>.</summary>
    public static PlacementResult Place(IReadOnlyList<AgentPool> agents, IReadOnlyList<PlacementRequest> requests, Random random)
    {
        var round = new Round(agents, random);
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
        var usable = Usable(spec, agent);
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
            if (need > has) messages.Add(FormattableString.Invariant($"needs {need / 1000.0:0.###}{unit} {name}, {has / 1000.0:0.###} are free"));
        }
    }

    /// <summary>What the app's constraints and affinities have against an agent.</summary>
    internal static IEnumerable<string> Forbidden(PlacementRequest request, AgentPool agent, IReadOnlyList<PlacedInstance> existing)
    {
        foreach (var ledger in Ledgers(request.Spec, existing))
        {
            var value = ledger.ValueAt(agent);
            if (!ledger.Allows(value)) yield return ledger.Explain(value);
        }

        foreach (var rule in request.Near)
            if (rule.IsRequired && !rule.Allows(agent)) yield return rule.Explain(agent);
    }

    internal static List<RoleResources> Usable(PlacementSpec spec, AgentPool agent)
    {
        var usable = new List<RoleResources>(agent.Roles.Count);
        foreach (var role in agent.Roles)
            if (spec.Roles.Contains(role.Role)) usable.Add(role);
        return usable;
    }

    private static ConstraintLedger[] Ledgers(PlacementSpec spec, IReadOnlyList<PlacedInstance> existing)
    {
        var ledgers = new ConstraintLedger[spec.Constraints.Count];
        for (var index = 0; index < ledgers.Length; index++)
        {
            var ledger = ledgers[index] = new ConstraintLedger(spec.Constraints[index]);
            if (ledger.IsStatic) continue;
            foreach (var placed in existing) ledger.Add(ledger.ValueAt(placed.Host, placed.Region, placed.Zone, placed.Attributes));
        }

        return ledgers;
    }

    /// <summary>First those that fewest preferences speak against, then the strategy's order.</summary>
    private readonly record struct Rank(int Disliked, int Instances, double Order);

    private sealed class RankOrder : IComparer<Rank>
    {
        public static readonly RankOrder Instance = new();

        public int Compare(Rank x, Rank y)
        {
            if (x.Disliked != y.Disliked) return x.Disliked.CompareTo(y.Disliked);
            var byInstances = x.Instances.CompareTo(y.Instances);
            return byInstances != 0 ? byInstances : x.Order.CompareTo(y.Order);
        }
    }

    /// <summary>Agents that have the same value of the first balancing constraint (all of them where there is none).</summary>
    private sealed class Bucket(string? value)
    {
        public string? Value { get; } = value;

        public PriorityQueue<int, Rank> Agents { get; } = new(RankOrder.Instance);
    }

    private sealed class Round
    {
        private readonly IReadOnlyList<AgentPool> _agents;
        private readonly Random _random;
        private readonly Dictionary<string, int> _byId;
        private readonly double _mostCpus = 1;
        private readonly double _mostMem = 1;
        private readonly int[] _instances;

        public Round(IReadOnlyList<AgentPool> agents, Random random)
        {
            (_agents, _random) = (agents, random);
            _instances = new int[agents.Count];
            _byId = new Dictionary<string, int>(agents.Count, StringComparer.Ordinal);
            for (var index = 0; index < agents.Count; index++)
            {
                _byId[agents[index].AgentId] = index;
                _mostCpus = Math.Max(_mostCpus, agents[index].FreeCpus);
                _mostMem = Math.Max(_mostMem, agents[index].FreeMem);
            }
        }

        public RequestOutcome Serve(int number, PlacementRequest request, List<Placement> placements)
        {
            var spec = request.Spec;
            var outcome = new RequestOutcome();
            var ledgers = Ledgers(spec, request.Existing);
            var moving = ledgers.Where(ledger => !ledger.IsStatic).ToArray();
            var balancing = moving.FirstOrDefault(ledger => ledger.IsBalancing);
            Array.Clear(_instances);
            foreach (var placed in request.Existing)
                if (_byId.TryGetValue(placed.AgentId, out var at)) _instances[at]++;

            var buckets = Buckets(request, ledgers, balancing, outcome);
            var order = new PriorityQueue<Bucket, int>();
            foreach (var bucket in buckets) order.Enqueue(bucket, balancing?.CountAt(bucket.Value) ?? 0);

            while (outcome.Placed < request.Count && order.TryDequeue(out var bucket, out _))
            {
                if (balancing is not null && !balancing.Allows(bucket.Value))
                {
                    // Every other bucket has at least as many instances: none may take one.
                    RefuseAll(bucket, outcome);
                    while (order.TryDequeue(out var other, out _)) RefuseAll(other, outcome);
                    break;
                }

                if (!PlaceOne(number, request, bucket, moving, outcome, placements)) continue;
                outcome.Placed++;
                order.Enqueue(bucket, balancing?.CountAt(bucket.Value) ?? 0);
            }

            return outcome;
        }

        private List<Bucket> Buckets(
            PlacementRequest request, ConstraintLedger[] ledgers, ConstraintLedger? balancing, RequestOutcome outcome)
        {
            var spec = request.Spec;
            var single = new Bucket(null);
            var byValue = balancing is null ? null : new Dictionary<string, Bucket>(StringComparer.Ordinal);
            for (var index = 0; index < _agents.Count; index++)
            {
                var agent = _agents[index];
                var reasons = Never(request, agent, ledgers);
                if (reasons != RefusalReasons.None)
                {
                    Refuse(index, reasons | Lacking(spec, agent), outcome);
                    continue;
                }

                var bucket = single;
                if (byValue is not null)
                {
                    // An agent without the attribute was refused above.
                    var value = balancing!.ValueAt(agent)!;
                    if (!byValue.TryGetValue(value, out bucket)) byValue[value] = bucket = new Bucket(value);
                }

                bucket.Agents.Enqueue(index, RankOf(request, index));
            }

            return byValue is null ? [single] : [.. byValue.Values];
        }

        /// <summary>Reasons that placing other instances of the app cannot undo.</summary>
        private static RefusalReasons Never(PlacementRequest request, AgentPool agent, ConstraintLedger[] ledgers)
        {
            var reasons = RefusalReasons.None;
            foreach (var rule in request.Near)
                if (rule.IsRequired && !rule.Allows(agent)) reasons |= RefusalReasons.UnfulfilledConstraint;
            if (request.Spec.NeedsDocker && agent.LacksDocker) reasons |= RefusalReasons.UnfulfilledContainerizer;
            foreach (var ledger in ledgers)
            {
                var value = ledger.ValueAt(agent);
                if (ledger.IsStatic ? !ledger.Allows(value) : value is null) reasons |= RefusalReasons.UnfulfilledConstraint;
            }

            return reasons;
        }

        private Rank RankOf(PlacementRequest request, int index)
        {
            var agent = _agents[index];
            var disliked = 0;
            foreach (var rule in request.Near)
                if (!rule.IsRequired && !rule.Allows(agent)) disliked++;
            var free = (agent.FreeCpus / _mostCpus) + (agent.FreeMem / _mostMem);
            return request.Spec.Strategy switch
            {
                PlacementStrategy.BinPacking => new Rank(disliked, 0, free),
                PlacementStrategy.Random => new Rank(disliked, 0, _random.NextDouble()),
                _ => new Rank(disliked, _instances[index], -free),
            };
        }

        /// <summary>Places one instance in a bucket, or empties the bucket.</summary>
        private bool PlaceOne(
            int number, PlacementRequest request, Bucket bucket, ConstraintLedger[] moving, RequestOutcome outcome, List<Placement> placements)
        {
            var spec = request.Spec;
            List<(int Agent, Rank Rank)>? later = null;
            var done = false;
            while (!done && bucket.Agents.TryDequeue(out var index, out var rank))
            {
                var agent = _agents[index];
                var (refused, forGood) = Moving(agent, moving);
                var lacking = refused ? RefusalReasons.None : Lacking(spec, agent);
                if (refused && !forGood)
                {
                    (later ??= []).Add((index, rank));
                    continue;
                }

                if (refused || lacking != RefusalReasons.None)
                {
                    Refuse(index, refused ? RefusalReasons.UnfulfilledConstraint | Lacking(spec, agent) : lacking, outcome);
                    continue;
                }

                placements.Add(Take(number, spec, index));
                foreach (var ledger in moving) ledger.Add(ledger.ValueAt(agent));
                if (_instances[index]++ == 0) outcome.Processed++;
                bucket.Agents.Enqueue(index, RankOf(request, index));
                done = true;
            }

            foreach (var (agent, rank) in later ?? [])
            {
                if (done) bucket.Agents.Enqueue(agent, rank);
                else Refuse(agent, RefusalReasons.UnfulfilledConstraint, outcome);
            }

            return done;
        }

        private static (bool Refused, bool ForGood) Moving(AgentPool agent, ConstraintLedger[] moving)
        {
            var refused = false;
            foreach (var ledger in moving)
            {
                if (ledger.Allows(ledger.ValueAt(agent))) continue;
                if (!ledger.IsBalancing) return (true, true);
                refused = true;
            }

            return (refused, false);
        }

        private static RefusalReasons Lacking(PlacementSpec spec, AgentPool agent)
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

        private Placement Take(int number, PlacementSpec spec, int index)
        {
            var usable = Usable(spec, _agents[index]);
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
                var port = usable[role].Ports.At(_random.Next(usable[role].Ports.Count));
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

        private static void RefuseAll(Bucket bucket, RequestOutcome outcome)
        {
            while (bucket.Agents.TryDequeue(out var agent, out _)) Refuse(agent, RefusalReasons.UnfulfilledConstraint, outcome);
        }

        private static void Refuse(int agent, RefusalReasons reasons, RequestOutcome outcome)
        {
            outcome.Processed++;
            outcome.RefusedBy[reasons.FirstIndex()]++;
            if (outcome.Refused.Count < MaxSamples) outcome.Refused.Add((agent, reasons));
        }
    }
}
