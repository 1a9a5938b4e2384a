using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>The agents whose resources are to be offered anew; gathered for a few milliseconds, then allocated at once.</summary>
internal sealed class AllocationQueue(ClusterServices services)
{
    private readonly HashSet<AgentId> _dirty = [];
    private bool _allDirty;
    private bool _isScheduled;

    /// <summary>Allocates what waits.</summary>
    public Action? OnDue { get; set; }

    /// <summary>What an agent has free has changed.</summary>
    public void MarkDirty(Agent agent)
    {
        _dirty.Add(agent.Id);
        Schedule();
    }

    /// <summary>What the frameworks want has changed, or what they may have.</summary>
    public void MarkAllDirty()
    {
        _allDirty = true;
        Schedule();
    }

    /// <summary>Takes what waits: the agents, or null for all.</summary>
    public IReadOnlyList<AgentId>? Take()
    {
        IReadOnlyList<AgentId>? taken = _allDirty ? null : [.. _dirty];
        _allDirty = false;
        _dirty.Clear();
        return taken;
    }

    private void Schedule()
    {
        if (_isScheduled) return;
        _isScheduled = true;
        var since = services.Time.GetTimestamp();
        services.Loop.After(services.Options.AllocationDelay, () =>
        {
            _isScheduled = false;
            services.Metrics.AllocationLatencies.Add(services.Time.GetElapsedTime(since));
            OnDue?.Invoke();
        });
    }
}
