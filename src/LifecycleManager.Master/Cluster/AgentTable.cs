using LifecycleManager.Master.Registry;
using LifecycleManager.Master.Streams;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>
/// The agents: those that are registered, those that are being admitted, and those that are absent; and their records.
/// </summary>
internal sealed class AgentTable(ClusterServices services)
{
    private readonly Dictionary<AgentId, Agent> _registered = [];
    private readonly Dictionary<AgentId, AbsentAgent> _absent = [];
    private readonly Dictionary<AgentId, EventStream<AgentEvent>> _admitting = [];
    private long _nextAbsence;

    /// <summary>The registered agents.</summary>
    public IReadOnlyDictionary<AgentId, Agent> Registered => _registered;

    /// <summary>Agents that the registry knows and that are not registered.</summary>
    public IReadOnlyDictionary<AgentId, AbsentAgent> Absent => _absent;

    /// <summary>Whether an agent may still return in time that was registered with the former master.</summary>
    public bool AnyRecovering => _absent.Values.Any(agent => agent.IsRecovering);

    /// <summary>Whether an agent that is away may bring an unknown task: this one, else one of the former master's.</summary>
    public bool MayReturn(AgentId? agent) => agent is { } id
        ? _absent.TryGetValue(id, out var absent) && absent.Entry.Standing != AgentStanding.Gone : AnyRecovering;

    /// <summary>Takes over what is stored.</summary>
    public void Recover(IEnumerable<AgentEntry> entries)
    {
        foreach (var entry in entries.OrderBy(entry => entry.Since)) PutAbsent(entry.Info.Id!.Value, entry);
    }

    /// <summary>Adds an agent that is registered now.</summary>
    public void Add(Agent agent) => _registered[agent.Id] = agent;

    /// <summary>Removes an agent that has left.</summary>
    public void Remove(Agent agent) => _registered.Remove(agent.Id);

    /// <summary>Whether this agent has not been removed since.</summary>
    public bool Has(Agent agent) => _registered.GetValueOrDefault(agent.Id) == agent;

    /// <summary>Removes an absent agent, which returns; null where it is unknown.</summary>
    public AbsentAgent? TakeAbsent(AgentId id) => _absent.Remove(id, out var absent) ? absent : null;

    /// <summary>Remembers an agent that has left, and forgets the oldest where there are too many.</summary>
    public void AddAbsent(AgentId id, AgentEntry entry)
    {
        PutAbsent(id, entry);
        if (_absent.Count <= services.Options.MaxRemembered) return;
        var oldest = _absent.Values.Where(agent => !agent.IsRecovering).MinBy(agent => agent.Order);
        if (oldest is null) return;
        _absent.Remove(oldest.Id);
        services.Forget(RegistryKeys.Agents, [oldest.Id.Value]);
    }

    /// <summary>Whether an agent's registration is being stored.</summary>
    public bool IsAdmitting(AgentId id) => _admitting.ContainsKey(id);

    /// <summary>An agent registers on a stream; that overtakes a registration that is not yet stored.</summary>
    public void BeginAdmission(AgentId id, EventStream<AgentEvent> stream) => _admitting[id] = stream;

    /// <summary>Ends a registration.</summary>
    /// <returns>False where a newer one has overtaken it.</returns>
    public bool TryEndAdmission(AgentId id, EventStream<AgentEvent> stream)
    {
        if (_admitting.GetValueOrDefault(id) != stream) return false;
        services.Changes.Advance();
        _admitting.Remove(id);
        return true;
    }

    /// <summary>Stores an agent's record.</summary>
    public void Store(AgentEntry entry, Action durable, Action<string> refused) => services.Commit(
        [RegistryWrites.Put(RegistryKeys.Agents, entry.Info.Id!.Value.Value, entry, RegistryJson.Default.AgentEntry)], durable,
        refused);

    /// <summary>Changes an agent's record. What waits is stored all or, where the store refuses it, not at all.</summary>
    public void Change(Agent agent, Func<AgentEntry, AgentEntry> change, Action durable, Action<string> refused)
    {
        services.Changes.Advance();
        var entry = agent.Newest = change(agent.Newest);
        Store(
            entry,
            () =>
            {
                agent.Entry = entry;
                durable();
            },
            cause =>
            {
                agent.Newest = agent.Entry;
                refused(cause);
            });
    }

    private void PutAbsent(AgentId id, AgentEntry entry) => _absent[id] = new AbsentAgent(id, entry, _nextAbsence++);
}
