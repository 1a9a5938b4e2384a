using LifecycleManager.Scheduler.Core.Definitions.Labels;

namespace LifecycleManager.Scheduler.Core.Placement;

/// <summary>One round of placement: serves requests one after another from what the agents still have free.</summary>
internal sealed class PlacementRound
{
    private readonly IReadOnlyList<AgentPool> _agents;
    private readonly Random _random;
    private readonly Dictionary<string, int> _byId;
    private readonly double _mostCpus = 1;
    private readonly double _mostMem = 1;
    private readonly int[] _instances;

    // Of the requests before: a heap of thousands of agents is memory that is better used again than collected.
    private readonly List<Bucket> _buckets = [];
    private int _used;

    public PlacementRound(IReadOnlyList<AgentPool> agents, Random random)
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
        var ledgers = Placer.Ledgers(spec, request.Existing);
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
        _used = 0;
        var single = balancing is null ? NextBucket(null) : null;
        var byValue = balancing is null ? null : new Dictionary<string, Bucket>(StringComparer.Ordinal);
        for (var index = 0; index < _agents.Count; index++)
        {
            var agent = _agents[index];
            var reasons = Never(request, agent, ledgers);
            if (reasons != RefusalReasons.None)
            {
                Refuse(index, reasons | ResourceFit.Lacking(spec, agent), outcome);
                continue;
            }

            var bucket = single;
            if (byValue is not null)
            {
                // An agent without the attribute was refused above.
                var value = balancing!.ValueAt(agent)!;
                if (!byValue.TryGetValue(value, out bucket)) byValue[value] = bucket = NextBucket(value);
            }

            bucket!.Agents.Enqueue(index, RankOf(request, index));
        }

        return _buckets[.._used];
    }

    private Bucket NextBucket(string? value)
    {
        if (_used == _buckets.Count) _buckets.Add(new Bucket());
        var bucket = _buckets[_used++];
        bucket.Value = value;
        bucket.Agents.Clear();
        return bucket;
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
        int number, PlacementRequest request, Bucket bucket, ConstraintLedger[] moving, RequestOutcome outcome,
        List<Placement> placements)
    {
        var spec = request.Spec;
        List<(int Agent, Rank Rank)>? later = null;
        var done = false;
        while (!done && bucket.Agents.TryPeek(out var index, out var rank))
        {
            var agent = _agents[index];
            var (refused, forGood) = Moving(agent, moving);
            var lacking = refused ? RefusalReasons.None : ResourceFit.Lacking(spec, agent);
            if (refused && !forGood)
            {
                bucket.Agents.Dequeue();
                (later ??= []).Add((index, rank));
                continue;
            }

            if (refused || lacking != RefusalReasons.None)
            {
                bucket.Agents.Dequeue();
                Refuse(index, refused ? RefusalReasons.UnfulfilledConstraint | ResourceFit.Lacking(spec, agent) : lacking,
                    outcome);
                continue;
            }

            placements.Add(ResourceFit.Take(number, spec, index, agent, _random));
            foreach (var ledger in moving) ledger.Add(ledger.ValueAt(agent));
            if (_instances[index]++ == 0) outcome.Processed++;

            // In its place, further down: half of what taking it out and putting it back costs.
            bucket.Agents.DequeueEnqueue(index, RankOf(request, index));
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

    private static void RefuseAll(Bucket bucket, RequestOutcome outcome)
    {
        while (bucket.Agents.TryDequeue(out var agent, out _)) Refuse(agent, RefusalReasons.UnfulfilledConstraint, outcome);
    }

    private static void Refuse(int agent, RefusalReasons reasons, RequestOutcome outcome)
    {
        outcome.Processed++;
        outcome.RefusedBy[reasons.FirstIndex()]++;
        if (outcome.Refused.Count < Placer.MaxSamples) outcome.Refused.Add((agent, reasons));
    }

    /// <summary>First those that fewest preferences speak against, then the strategy's order.</summary>
    private readonly record struct Rank(int Disliked, int Instances, double Order) : IComparable<Rank>
    {
        public int CompareTo(Rank other)
        {
            if (Disliked != other.Disliked) return Disliked < other.Disliked ? -1 : 1;
            if (Instances != other.Instances) return Instances < other.Instances ? -1 : 1;
            return Order < other.Order ? -1 : Order > other.Order ? 1 : 0;
        }
    }

    /// <summary>Agents that have the same value of the first balancing constraint (all of them where there is none).</summary>
    private sealed class Bucket
    {
        public string? Value { get; set; }

        public PriorityQueue<int, Rank> Agents { get; } = new();
    }
}
