using LifecycleManager.Master.Allocators;
using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Tests.Allocators;

/// <summary>
/// Frameworks that launch one task from each offer, as long as it fits, and an allocator; no clock, no network.
/// </summary>
internal sealed class SimulatedCluster
{
    private readonly HierarchicalDrfAllocator _allocator = new();
    private readonly Dictionary<AgentId, ResourceSet> _free = [];
    private readonly ResourceSet _perAgent;
    private readonly List<Member> _members = [];
    private readonly Quantities _total = new();

    public SimulatedCluster(int agents, double cpus, double mem)
    {
        _perAgent = ResourceWire.Parse([Resource.OfScalar("cpus", cpus), Resource.OfScalar("mem", mem)]);
        for (var i = 0; i < agents; i++)
        {
            _free[new AgentId("a" + i)] = _perAgent;
            _total.Add(_perAgent);
        }
    }

    public Dictionary<string, double> Weights { get; } = [];

    public Dictionary<string, (Dictionary<string, long>? Guarantee, Dictionary<string, long>? Limit)> Quotas { get; } = [];

    public void Add(string name, string role, double cpus, double mem) =>
        _members.Add(new Member(new FrameworkId(name), role,
            ResourceWire.Parse([Resource.OfScalar("cpus", cpus), Resource.OfScalar("mem", mem)])));

    public int Tasks(string name) => _members.Single(member => member.Id.Value == name).Tasks;

    /// <summary>Offers, one launch each, until nobody launches any more.</summary>
    /// <exception cref="InvalidOperationException">Somebody starved, or it never came to rest.</exception>
    public void RunUntilQuiet()
    {
        // Who cannot use an agent refuses it; it never has more than it has now, so for good.
        var refused = new HashSet<(FrameworkId, AgentId)>();
        while (_allocator.Allocate(Request(refused)) is [var first, ..])
        {
            var member = _members.Single(m => m.Id == first.Framework);
            if (!first.Resources.Contains(member.Task))
            {
                if (!refused.Add((member.Id, first.Agent))) throw new InvalidOperationException("it offers what was refused");
                continue;
            }

            if (Starving(member, _free[first.Agent]) is { } starving)
            {
                throw new InvalidOperationException(
                    $"{starving.Id.Value} in {starving.Role} starves: {member.Id.Value} in {member.Role} is served before it");
            }

            member.Tasks++;
            _free[first.Agent] = _free[first.Agent].Minus(member.Task);
        }
    }

    public void Verify()
    {
        var free = new Quantities();
        foreach (var own in _free.Values) free.Add(own);
        foreach (var member in _members)
        {
            for (var i = 0; i < member.Tasks; i++) free.Add(member.Task);
        }

        Assert.Equal(_total.Milli.OrderBy(entry => entry.Key), free.Milli.OrderBy(entry => entry.Key));
    }

    // Somebody with less than the one who is served who could use the very agent.
    private Member? Starving(Member served, ResourceSet free)
    {
        // With quotas the shares are not what decides.
        if (Quotas.Count > 0) return null;
        return _members.FirstOrDefault(other => other != served && free.Contains(other.Task)
            && (other.Role == served.Role ? ShareOf([other]) < ShareOf([served]) : IsBehind(other.Role, served.Role)));
    }

    // Roles compete where their paths part.
    private bool IsBehind(string role, string other)
    {
        var (mine, theirs) = (role.Split('/'), other.Split('/'));
        var at = 0;
        while (mine[at] == theirs[at]) at++;
        return SubtreeShare(string.Join('/', mine[..(at + 1)])) < SubtreeShare(string.Join('/', theirs[..(at + 1)]));
    }

    private double SubtreeShare(string role) =>
        ShareOf(_members.Where(member => (member.Role + "/")
            .StartsWith(role + "/", StringComparison.Ordinal))) / Weights.GetValueOrDefault(role, 1);

    private double ShareOf(IEnumerable<Member> members) => Allocated(members).ShareOf(_total);

    private static Quantities Allocated(IEnumerable<Member> members)
    {
        var all = new Quantities();
        foreach (var member in members)
        {
            for (var i = 0; i < member.Tasks; i++) all.Add(member.Task);
        }

        return all;
    }

    private AllocationRequest Request(HashSet<(FrameworkId, AgentId)> refused)
    {
        var free = new Quantities();
        foreach (var own in _free.Values) free.Add(own);
        var byRole = _members.GroupBy(member => member.Role).ToDictionary(group => group.Key, Allocated);
        return new AllocationRequest
        {
            Total = _total,
            FreeUnreserved = free,
            Agents = [.. _free.Select(agent => new AgentSupply(agent.Key, agent.Value))],
            Roles = Weights.Keys.Union(Quotas.Keys).ToDictionary(role => role, role => new RolePolicy(
                Weights.GetValueOrDefault(role, 1), Quotas.GetValueOrDefault(role).Guarantee,
                Quotas.GetValueOrDefault(role).Limit,
                byRole.GetValueOrDefault(role) ?? new Quantities())),
            Frameworks = [.. _members.Select(member => new FrameworkDemand(
                member.Id, [member.Role], new Dictionary<string, Quantities> { [member.Role] = Allocated([member]) }))],
            AllocatedByRole = byRole,
            IsRefused = (framework, _, agent, _) => refused.Contains((framework, agent)),
        };
    }

    private sealed class Member(FrameworkId id, string role, ResourceSet task)
    {
        public FrameworkId Id { get; } = id;

        public string Role { get; } = role;

        public ResourceSet Task { get; } = task;

        public int Tasks { get; set; }
    }
}
