using System.Text.Json;
using LifecycleManager.Master.Api;
using LifecycleManager.Master.Streams;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>What subscribed operators are told. An event is written off the loop, from what was then.</summary>
internal sealed class OperatorEvents(ClusterServices services, OpenStreams streams)
{
    private readonly ClusterServices _services = services;
    private readonly OpenStreams _streams = streams;

    private readonly HashSet<EventStream<Action<Utf8JsonWriter>>> _operators = [];

    /// <summary>SUBSCRIBE of an operator: the whole state, then each change.</summary>
    /// <param name="stream">Where its events go.</param>
    /// <param name="snapshot">The state as it is now.</param>
    /// <returns>False when there are too many.</returns>
    public bool Subscribe(EventStream<Action<Utf8JsonWriter>> stream, Func<MasterView> snapshot)
    {
        if (_operators.Count >= _services.Options.MaxSubscribers) return false;
        var view = snapshot();
        stream.Send(json =>
        {
            json.WriteString("type", "SUBSCRIBED");
            json.WriteStartObject("subscribed");
            json.WriteStartObject("get_state");
            OperatorViews.State(json, view);
            json.WriteEndObject();
            json.WriteNumber("heartbeat_interval_seconds", _services.Options.HeartbeatInterval.TotalSeconds);
            json.WriteEndObject();
        });
        stream.Send(Heartbeat);
        _services.Changes.Advance();
        _operators.Add(stream);
        _streams.Add(stream);
        Beat(stream);
        return true;
    }

    /// <summary>How many operators are subscribed.</summary>
    public int OperatorCount => _operators.Count;

    /// <summary>An operator's connection has ended.</summary>
    public void StreamEnded(EventStream<Action<Utf8JsonWriter>> stream)
    {
        _services.Changes.Advance();
        stream.Close();
        _operators.Remove(stream);
        _streams.Remove(stream);
    }

    private static void Heartbeat(Utf8JsonWriter json) => json.WriteString("type", "HEARTBEAT");

    private void Beat(EventStream<Action<Utf8JsonWriter>> stream) => _services.Loop.After(_services.Options.HeartbeatInterval, () =>
    {
        if (stream.Send(Heartbeat)) Beat(stream);
    });

    private void Tell(string type, Action<Utf8JsonWriter> write)
    {
        foreach (var stream in _operators)
        {
            stream.Send(json =>
            {
                json.WriteString("type", type);
                json.WriteStartObject(type.ToLowerInvariant());
                write(json);
                json.WriteEndObject();
            });
        }
    }

    public void AgentReturned(Func<AgentView> added)
    {
        if (_operators.Count == 0) return;
        var view = added();
        Tell("AGENT_ADDED", json =>
        {
            json.WriteStartObject("agent");
            OperatorViews.Agent(json, view);
            json.WriteEndObject();
        });
    }

    public void AgentLeft(AgentId id) => Tell("AGENT_REMOVED", json => OperatorViews.Id(json, "agent_id", id.Value));

    public void TaskAdded(TaskRecord task)
    {
        if (_operators.Count == 0) return;
        Tell("TASK_ADDED", json =>
        {
            json.WritePropertyName("task");
            OperatorViews.Task(json, task);
        });
    }

    public void TaskUpdated(TaskRecord task, TaskStatusInfo status)
    {
        if (_operators.Count == 0) return;
        Tell("TASK_UPDATED", json =>
        {
            OperatorViews.Id(json, "framework_id", task.FrameworkId.Value);
            json.WritePropertyName("status");
            JsonSerializer.Serialize(json, status with { Data = null }, MesosJson.Default.TaskStatusInfo);
            json.WriteString("state", StateJson.StateName(task.State));
        });
    }

    public void FrameworkChanged(Func<FrameworkView> changed, bool isNew)
    {
        if (_operators.Count == 0) return;
        var view = changed();
        Tell(isNew ? "FRAMEWORK_ADDED" : "FRAMEWORK_UPDATED", json =>
        {
            json.WritePropertyName("framework");
            OperatorViews.Framework(json, view);
        });
    }

    public void FrameworkRemoved(Framework framework)
    {
        if (_operators.Count == 0) return;
        var info = framework.Info;
        Tell("FRAMEWORK_REMOVED", json =>
        {
            json.WritePropertyName("framework_info");
            JsonSerializer.Serialize(json, info, MesosJson.Default.FrameworkInfo);
        });
    }
}
