using LifecycleManager.Master.Streams;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>Tells subscribed operators what changes.</summary>
internal sealed class OperatorEvents(ClusterServices services, OpenStreams streams)
{
    private readonly HashSet<EventStream<OperatorEvent>> _operators = [];

    /// <summary>How many operators are subscribed.</summary>
    public int OperatorCount => _operators.Count;

    /// <summary>SUBSCRIBE of an operator: the whole state, then each change.</summary>
    /// <param name="stream">Where its events go.</param>
    /// <param name="snapshot">The state as it is now.</param>
    /// <returns>False when there are too many.</returns>
    public bool Subscribe(EventStream<OperatorEvent> stream, Func<MasterView> snapshot)
    {
        if (_operators.Count >= services.Options.MaxSubscribers) return false;
        services.Effects.Send(stream, new OperatorEvent.Subscribed(snapshot()));
        services.Effects.Send(stream, new OperatorEvent.Heartbeat());
        services.Changes.Advance();
        _operators.Add(stream);
        streams.Add(stream);
        Beat(stream);
        return true;
    }

    /// <summary>An operator's connection has ended.</summary>
    public void StreamEnded(EventStream<OperatorEvent> stream)
    {
        services.Changes.Advance();
        services.Effects.Close(stream);
        _operators.Remove(stream);
        streams.Remove(stream);
    }

    /// <summary>An agent is registered that was not before.</summary>
    public void AgentAdded(Func<AgentView> agent) => Tell(() => new OperatorEvent.AgentAdded(agent()));

    /// <summary>An agent has left, or is unreachable.</summary>
    public void AgentRemoved(AgentId id) => Tell(() => new OperatorEvent.AgentRemoved(id));

    /// <summary>A task is launched, or found on an agent.</summary>
    public void TaskAdded(ClusterTask task) => Tell(() => new OperatorEvent.TaskAdded(task));

    /// <summary>A task has another status.</summary>
    public void TaskUpdated(ClusterTask task, TaskStatusInfo status) => Tell(() => new OperatorEvent.TaskUpdated(task, status));

    /// <summary>A framework is subscribed, or is disconnected.</summary>
    public void FrameworkChanged(Func<FrameworkView> framework, bool isNew) =>
        Tell(() => isNew ? new OperatorEvent.FrameworkAdded(framework()) : new OperatorEvent.FrameworkUpdated(framework()));

    /// <summary>A framework was removed.</summary>
    public void FrameworkRemoved(Framework framework) => Tell(() => new OperatorEvent.FrameworkRemoved(framework.Info));

    private void Beat(EventStream<OperatorEvent> stream) => services.Loop.After(services.Options.HeartbeatInterval, () =>
    {
        if (stream.IsClosed) return;
        services.Effects.Send(stream, new OperatorEvent.Heartbeat());
        Beat(stream);
    });

    // Made only where somebody is told: a view is a copy.
    private void Tell(Func<OperatorEvent> make)
    {
        if (_operators.Count == 0) return;
        var message = make();
        foreach (var stream in _operators) services.Effects.Send(stream, message);
    }
}
