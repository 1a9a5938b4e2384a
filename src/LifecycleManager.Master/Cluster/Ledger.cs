using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>
/// The accounts of all resources. Of each agent: offered + used + free = total, always; of each framework and role: what it
/// has, offers included, for the shares. Every amount enters and leaves exactly once; a wrong entry throws.
/// </summary>
internal sealed class Ledger(ChangeMark changes)
{
    private readonly Dictionary<AgentId, Account> _agents = [];
    private readonly Dictionary<(FrameworkId Framework, string Role), Quantities> _byFramework = [];
    private readonly Dictionary<string, Quantities> _byRole = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Quantities> _unreserved = new(StringComparer.Ordinal);

    /// <summary>All that the agents have.</summary>
    public Quantities Total { get; } = new();

    /// <summary>What is offered.</summary>
    public Quantities Offered { get; } = new();

    /// <summary>What tasks and executors use.</summary>
    public Quantities Used { get; } = new();

    /// <summary>What the frameworks have in each role.</summary>
    public IReadOnlyDictionary<string, Quantities> ByRole => _byRole;

    /// <summary>What of that counts against quotas: neither reserved nor revocable.</summary>
    public IReadOnlyDictionary<string, Quantities> UnreservedByRole => _unreserved;

    /// <summary>What a framework has in a role, or null.</summary>
    public Quantities? Of(FrameworkId framework, string role) => _byFramework.GetValueOrDefault((framework, role));

    /// <summary>An agent's account.</summary>
    public Account Of(AgentId agent) => _agents[agent];

    /// <summary>Opens an account.</summary>
    public Account Open(AgentId agent, ResourceSet total)
    {
        changes.Advance();
        var account = new Account(total);
        _agents.Add(agent, account);
        Total.Add(total);
        return account;
    }

    /// <summary>Closes an account: whatever was offered or used there must have been given back.</summary>
    public void Close(AgentId agent)
    {
        var account = _agents[agent];
        if (!account.Offered.IsEmpty || !account.Used.IsEmpty)
        {
            throw new InvalidOperationException(
                $"agent {agent.Value} still has {account.Offered} offered and {account.Used} used");
        }

        changes.Advance();
        _agents.Remove(agent);
        Total.Remove(account.Total);
    }

    /// <summary>The agent has other resources now. What is used beyond them stays used, and nothing is free of it.</summary>
    public void Resize(AgentId agent, ResourceSet total)
    {
        changes.Advance();
        var account = _agents[agent];
        Total.Remove(account.Total);
        account.Total = total;
        Total.Add(total);
    }

    /// <summary>
    /// Replaces resources by the same amounts under another reservation; what is replaced is offered now. It cannot be done where
    /// tasks use more than the agent has, since it came back with less: what becomes of a reservation may be used up before it is
    /// there.
    /// </summary>
    /// <returns>Whether it was done; if not, nothing has changed.</returns>
    public bool TryConvert(AgentId agent, FrameworkId framework, string role, ResourceSet from, ResourceSet to)
    {
        var account = _agents[agent];
        if (!account.Total.Contains(from)) return false;
        var total = account.Total.Minus(from).Plus(to);
        if (!total.Without(account.Offered.Without(from)).Without(account.Used).Contains(to)) return false;
        TakeBack(agent, framework, role, from);
        Resize(agent, total);
        Offer(agent, framework, role, to);
        return true;
    }

    /// <summary>Offers what is free.</summary>
    public void Offer(AgentId agent, FrameworkId framework, string role, ResourceSet resources)
    {
        var account = _agents[agent];
        if (!account.Free.Contains(resources))
            throw new InvalidOperationException($"{resources} is not free on {agent.Value}: {account.Free}");
        changes.Advance();
        account.Offered = account.Offered.Plus(resources);
        Offered.Add(resources);
        Charge(framework, role, resources);
    }

    /// <summary>Takes an offer back.</summary>
    public void TakeBack(AgentId agent, FrameworkId framework, string role, ResourceSet resources)
    {
        changes.Advance();
        var account = _agents[agent];
        account.Offered = account.Offered.Minus(resources);
        Offered.Remove(resources);
        Discharge(framework, role, resources);
    }

    /// <summary>A task uses what was offered to its framework.</summary>
    public void Use(AgentId agent, ResourceSet resources)
    {
        changes.Advance();
        var account = _agents[agent];
        account.Offered = account.Offered.Minus(resources);
        account.Used = account.Used.Plus(resources);
        Offered.Remove(resources);
        Used.Add(resources);
    }

    /// <summary>A task was found to use resources, whether they are free or not: its agent says so.</summary>
    public void Find(AgentId agent, FrameworkId framework, string role, ResourceSet resources)
    {
        changes.Advance();
        var account = _agents[agent];
        account.Used = account.Used.Plus(resources);
        Used.Add(resources);
        Charge(framework, role, resources);
    }

    /// <summary>A task has ended.</summary>
    public void Free(AgentId agent, FrameworkId framework, string role, ResourceSet resources)
    {
        changes.Advance();
        var account = _agents[agent];
        account.Used = account.Used.Without(resources);
        Used.Remove(resources);
        Discharge(framework, role, resources);
    }

    /// <summary>Checks the sums against the accounts.</summary>
    /// <exception cref="InvalidOperationException">They differ.</exception>
    public void Verify()
    {
        var total = new Quantities();
        var offered = new Quantities();
        var used = new Quantities();
        foreach (var account in _agents.Values)
        {
            total.Add(account.Total);
            offered.Add(account.Offered);
            used.Add(account.Used);
        }

        var allocated = new Quantities();
        foreach (var own in _byFramework.Values) allocated.Add(own);
        var byRole = new Quantities();
        foreach (var own in _byRole.Values) byRole.Add(own);
        var both = offered.Copy();
        both.Add(used);
        if (!Same(total, Total) || !Same(offered, Offered) || !Same(used, Used))
            throw new InvalidOperationException("the sums are wrong");
        if (!Same(both, allocated) || !Same(both, byRole)) throw new InvalidOperationException("the shares are wrong");
    }

    private static bool Same(Quantities a, Quantities b) =>
        a.Milli.Count == b.Milli.Count && a.Milli.All(entry => b[entry.Key] == entry.Value);

    private void Charge(FrameworkId framework, string role, ResourceSet resources)
    {
        if (!_byFramework.TryGetValue((framework, role), out var own)) _byFramework[(framework, role)] = own = new Quantities();
        own.Add(resources);
        if (!_byRole.TryGetValue(role, out var all)) _byRole[role] = all = new Quantities();
        all.Add(resources);
        if (!_unreserved.TryGetValue(role, out var counted)) _unreserved[role] = counted = new Quantities();
        counted.Add(resources.Where(CountsForQuota));
    }

    private void Discharge(FrameworkId framework, string role, ResourceSet resources)
    {
        var own = _byFramework[(framework, role)];
        own.Remove(resources);
        if (own.Milli.Count == 0) _byFramework.Remove((framework, role));
        var all = _byRole[role];
        all.Remove(resources);
        if (all.Milli.Count == 0) _byRole.Remove(role);
        _unreserved[role].Remove(resources.Where(CountsForQuota));
    }

    private static bool CountsForQuota(ResourceKind kind) => kind.ReservedRole is null && !kind.IsRevocable;

    /// <summary>An agent's account.</summary>
    internal sealed class Account(ResourceSet total)
    {
        private ResourceSet? _free = total;
        private ResourceSet _total = total;
        private ResourceSet _offered = ResourceSet.Empty;
        private ResourceSet _used = ResourceSet.Empty;

        public ResourceSet Total
        {
            get => _total;
            internal set => (_total, _free) = (value, null);
        }

        public ResourceSet Offered
        {
            get => _offered;
            internal set => (_offered, _free) = (value, null);
        }

        public ResourceSet Used
        {
            get => _used;
            internal set => (_used, _free) = (value, null);
        }

        /// <summary>What is neither offered nor used.</summary>
        public ResourceSet Free => _free ??= Total.Without(Offered).Without(Used);
    }
}
