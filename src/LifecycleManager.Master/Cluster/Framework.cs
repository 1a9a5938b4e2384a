using LifecycleManager.Master.Resources;
using LifecycleManager.Master.Streams;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Runtime.Loops;

namespace LifecycleManager.Master.Cluster;

/// <summary>A framework that may have tasks. Owned by the master's loop.</summary>
internal sealed class Framework(FrameworkInfo info, DateTimeOffset registeredAt)
{
    private readonly Dictionary<(string Role, AgentId Agent), List<Refusal>> _refusals = [];
    private FrameworkInfo _info = info;

    public FrameworkId Id { get; } = info.Id!.Value;

    public FrameworkInfo Info
    {
        get => _info;
        set
        {
            _info = value;
            Roles = FrameworkInfos.Roles(value);
        }
    }

    public IReadOnlyList<string> Roles { get; private set; } = FrameworkInfos.Roles(info);

    public DateTimeOffset RegisteredAt { get; } = registeredAt;

    public DateTimeOffset? ReregisteredAt { get; set; }

    public DateTimeOffset? UnregisteredAt { get; set; }

    /// <summary>Set while its removal is being made durable.</summary>
    public bool IsLeaving { get; set; }

    /// <summary>How many changes of its description are being made durable.</summary>
    public int Updates { get; set; }

    /// <summary>Null while it is not connected.</summary>
    public EventStream<SchedulerEvent>? Stream { get; set; }

    public bool IsConnected => Stream is not null;

    /// <summary>Whether this master has only heard of it, from the registry or an agent.</summary>
    public bool IsRecovered { get; set; }

    public bool IsPartitionAware => Has(FrameworkCapability.PartitionAware);

    public HashSet<string> Suppressed { get; } = new(StringComparer.Ordinal);

    public Dictionary<TaskId, ClusterTask> Tasks { get; } = [];

    /// <summary>Tasks of unreachable agents, and those that were ended by the master's word; oldest first, bounded.</summary>
    public BoundedLog<TaskId, ClusterTask> Unreachable { get; } = new();

    public BoundedLog<TaskId, ClusterTask> Completed { get; } = new();

    /// <summary>Kills of tasks whose agent is away: sent when it brings them.</summary>
    public BoundedLog<TaskId, KillEvent> PendingKills { get; } = new();

    public Dictionary<OfferId, OfferRecord> Offers { get; } = [];

    public FrameworkCounts Counts { get; } = new();

    public Deadline<Action>? Failover { get; set; }

    public Deadline<Action>? Heartbeat { get; set; }

    public bool Has(FrameworkCapability capability) => FrameworkInfos.Has(Info, capability);

    public void Refuse(string role, AgentId agent, ResourceSet resources, long until)
    {
        if (!_refusals.TryGetValue((role, agent), out var list)) _refusals[(role, agent)] = list = [];

        // A wider and longer refusal makes the others needless: the list stays short.
        list.RemoveAll(old => old.Until <= until && resources.Contains(old.Resources));
        list.Add(new Refusal(resources, until));
    }

    public bool Refuses(string role, AgentId agent, ResourceSet resources, long now)
    {
        if (!_refusals.TryGetValue((role, agent), out var list)) return false;
        list.RemoveAll(refusal => refusal.Until <= now);
        if (list.Count == 0) _refusals.Remove((role, agent));
        return list.Exists(refusal => refusal.Resources.Contains(resources));
    }

    public IReadOnlyDictionary<string, int> CountRefusals(long now) => _refusals.GroupBy(own => own.Key.Role)
        .ToDictionary(own => own.Key, own => own.Sum(list => list.Value.Count(refusal => refusal.Until > now)));

    public void ForgetRefusals(IReadOnlyCollection<string> roles)
    {
        foreach (var key in _refusals.Keys.Where(key => roles.Contains(key.Role)).ToList()) _refusals.Remove(key);
    }

    public void ForgetRefusals(AgentId agent)
    {
        foreach (var role in Roles) _refusals.Remove((role, agent));
    }

    private readonly record struct Refusal(ResourceSet Resources, long Until);
}
