using System.Buffers;
using System.Text.Json;
using LifecycleManager.Master.Cluster;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Api;

/// <summary>The events of the operator API, in the shape of Mesos' v1 messages.</summary>
internal static class OperatorEventJson
{
    /// <summary>An event as it is sent.</summary>
    public static byte[] Encode(OperatorEvent message, MasterOptions options)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        switch (message)
        {
            case OperatorEvent.Heartbeat: json.WriteString("type", "HEARTBEAT"); break;
            case OperatorEvent.Subscribed { View: var view }:
                Write(json, "SUBSCRIBED",
                () => Subscribed(json, view, options)); break;
            case OperatorEvent.AgentAdded { Agent: var agent }: Write(json, "AGENT_ADDED", () => AgentAdded(json, agent)); break;
            case OperatorEvent.AgentRemoved { Agent: var id }:
                Write(json, "AGENT_REMOVED",
                () => OperatorViews.Id(json, "agent_id", id.Value)); break;
            case OperatorEvent.TaskAdded { Task: var task }: Write(json, "TASK_ADDED", () => TaskAdded(json, task)); break;
            case OperatorEvent.TaskUpdated { Task: var task, Status: var status }:
                Write(json, "TASK_UPDATED",
                () => TaskUpdated(json, task, status)); break;
            case OperatorEvent.FrameworkAdded { Framework: var added }:
                Write(json, "FRAMEWORK_ADDED",
                () => Framework(json, added)); break;
            case OperatorEvent.FrameworkUpdated { Framework: var updated }:
                Write(json, "FRAMEWORK_UPDATED",
                () => Framework(json, updated)); break;
            case OperatorEvent.FrameworkRemoved { Framework: var info }:
                Write(json, "FRAMEWORK_REMOVED",
                () => FrameworkRemoved(json, info)); break;
            default: throw new ArgumentException($"'{message.GetType().Name}' is an unknown event", nameof(message));
        }

        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter json, string type, Action write)
    {
        json.WriteString("type", type);
        json.WriteStartObject(type.ToLowerInvariant());
        write();
        json.WriteEndObject();
    }

    private static void Subscribed(Utf8JsonWriter json, MasterView view, MasterOptions options)
    {
        json.WriteStartObject("get_state");
        OperatorViews.State(json, view);
        json.WriteEndObject();
        json.WriteNumber("heartbeat_interval_seconds", options.HeartbeatInterval.TotalSeconds);
    }

    private static void AgentAdded(Utf8JsonWriter json, AgentView agent)
    {
        json.WriteStartObject("agent");
        OperatorViews.Agent(json, agent);
        json.WriteEndObject();
    }

    private static void TaskAdded(Utf8JsonWriter json, ClusterTask task)
    {
        json.WritePropertyName("task");
        OperatorViews.Task(json, task);
    }

    private static void TaskUpdated(Utf8JsonWriter json, ClusterTask task, TaskStatusInfo status)
    {
        OperatorViews.Id(json, "framework_id", task.FrameworkId.Value);
        json.WritePropertyName("status");
        JsonSerializer.Serialize(json, status with { Data = null }, MesosJson.Default.TaskStatusInfo);
        json.WriteString("state", StateJson.StateName(task.State));
    }

    private static void Framework(Utf8JsonWriter json, FrameworkView framework)
    {
        json.WritePropertyName("framework");
        OperatorViews.Framework(json, framework);
    }

    private static void FrameworkRemoved(Utf8JsonWriter json, FrameworkInfo info)
    {
        json.WritePropertyName("framework_info");
        JsonSerializer.Serialize(json, info, MesosJson.Default.FrameworkInfo);
    }
}
