using System.Text.Json;
using LifecycleManager.Master.Cluster;
using LifecycleManager.Master.Registry;
using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Api;

/// <summary>The answers of the operator API, in the shape of Mesos' v1 messages.</summary>
internal static class OperatorViews
{
    private static readonly string[] Scalars = ["cpus", "disk", "gpus", "mem"];

    public static void Version(Utf8JsonWriter json)
    {
        json.WriteStartObject("version_info");
        json.WriteString("version", StateApi.Version);
        json.WriteEndObject();
    }

    public static void OfFlags(Utf8JsonWriter json, MasterOptions options)
    {
        json.WriteStartArray("flags");
        foreach (var (name, value) in Flags.Of(options))
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteString("value", value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public static void Master(Utf8JsonWriter json, MasterView view, MasterOptions options, DateTimeOffset elected)
    {
        json.WritePropertyName("master_info");
        JsonSerializer.Serialize(json, MasterInfos.Of(view.MasterId, options.Address), MesosJson.Default.MasterInfo);
        json.WriteNumber("start_time", StateJson.Seconds(view.StartedAt));
        json.WriteNumber("elected_time", StateJson.Seconds(elected));
    }

    public static void State(Utf8JsonWriter json, MasterView view)
    {
        Section(json, "get_tasks", view, Tasks);
        Section(json, "get_executors", view, (inner, _) => Executors(inner));
        Section(json, "get_frameworks", view, Frameworks);
        Section(json, "get_agents", view, Agents);
    }

    // Of this stack's agents: none has an executor that is a process of its own.
    public static void Executors(Utf8JsonWriter json) => EmptyList(json, "executors");

    public static void EmptyList(Utf8JsonWriter json, string name)
    {
        json.WriteStartArray(name);
        json.WriteEndArray();
    }

    public static void Agents(Utf8JsonWriter json, MasterView view)
    {
        json.WriteStartArray("agents");
        foreach (var agent in view.Agents)
        {
            json.WriteStartObject();
            Agent(json, agent);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("recovered_agents");
        foreach (var (_, entry) in view.Absent)
        {
            if (entry.Standing == AgentStanding.Admitted) JsonSerializer.Serialize(json, entry.Info, MesosJson.Default.AgentInfo);
        }

        json.WriteEndArray();
    }

    public static void Agent(Utf8JsonWriter json, AgentView agent)
    {
        json.WritePropertyName("agent_info");
        JsonSerializer.Serialize(json, agent.Info, MesosJson.Default.AgentInfo);
        json.WriteBoolean("active", agent.IsActive);
        json.WriteBoolean("deactivated", agent.Entry.Deactivated);
        json.WriteString("version", agent.Version);
        json.WriteString("pid", agent.Pid);
        Time(json, "registered_time", agent.RegisteredAt);
        if (agent.ReregisteredAt is { } again) Time(json, "reregistered_time", again);
        Resources(json, "total_resources", agent.Total);
        Resources(json, "allocated_resources", agent.Used);
        Resources(json, "offered_resources", agent.Offered);
        StateJson.Strings(json, "features", agent.Features);
        if (agent.Unavailability is { } unavailability)
        {
            json.WritePropertyName("unavailability");
            JsonSerializer.Serialize(json, unavailability, MesosJson.Default.Unavailability);
        }

        Drain(json, agent);
    }

    /// <summary>How far an agent is drained; nothing of one that is not.</summary>
    public static void Drain(Utf8JsonWriter json, AgentView agent)
    {
        if (agent.Entry.Drain is not { } drain) return;
        json.WriteStartObject("drain_info");
        json.WriteString("state", drain.Drained ? "DRAINED" : "DRAINING");
        json.WriteStartObject("config");
        if (drain.MaxGracePeriodSeconds is { } grace)
        {
            json.WriteStartObject("max_grace_period");
            json.WriteNumber("nanoseconds", (long)(grace * 1e9));
            json.WriteEndObject();
        }

        json.WriteBoolean("mark_gone", drain.MarkGone);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public static void Frameworks(Utf8JsonWriter json, MasterView view)
    {
        json.WriteStartArray("frameworks");
        foreach (var framework in view.Frameworks) Framework(json, framework);
        json.WriteEndArray();
        json.WriteStartArray("completed_frameworks");
        foreach (var framework in view.Completed) Framework(json, framework);
        json.WriteEndArray();
    }

    public static void Framework(Utf8JsonWriter json, FrameworkView framework)
    {
        json.WriteStartObject();
        json.WritePropertyName("framework_info");
        JsonSerializer.Serialize(json, framework.Info, MesosJson.Default.FrameworkInfo);
        json.WriteBoolean("active", framework.IsConnected);
        json.WriteBoolean("connected", framework.IsConnected);
        json.WriteBoolean("recovered", framework.IsRecovered);
        Time(json, "registered_time", framework.RegisteredAt);
        if (framework.ReregisteredAt is { } again) Time(json, "reregistered_time", again);
        if (framework.UnregisteredAt is { } ended) Time(json, "unregistered_time", ended);
        Resources(json, "allocated_resources", StateJson.Sum(framework.Tasks.Where(task => !task.State.IsTerminal())
            .Select(task => task.Resources)));
        Resources(json, "offered_resources", StateJson.Sum(framework.Offers.Select(offer => offer.Offer.Resources)));
        json.WriteStartArray("offers");
        foreach (var (offer, agent) in framework.Offers)
        {
            json.WriteStartObject();
            Id(json, "id", offer.Id.Value);
            Id(json, "framework_id", offer.FrameworkId.Value);
            Id(json, "agent_id", offer.AgentId.Value);
            json.WriteString("hostname", agent.Hostname);
            Resources(json, "resources", offer.Resources);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static void Tasks(Utf8JsonWriter json, MasterView view)
    {
        var all = view.Frameworks.Concat(view.Completed).ToList();
        json.WriteStartArray("pending_tasks");
        json.WriteEndArray();
        Tasks(json, "tasks", all.SelectMany(framework => framework.Tasks));
        Tasks(json, "unreachable_tasks", all.SelectMany(framework => framework.Unreachable));
        Tasks(json, "completed_tasks", all.SelectMany(framework => framework.Completed));
        json.WriteStartArray("orphan_tasks");
        json.WriteEndArray();
    }

    // Neither command, environment nor data: nothing that may hold a secret.
    public static void Task(Utf8JsonWriter json, ClusterTask task)
    {
        json.WriteStartObject();
        json.WriteString("name", task.Info.Name);
        Id(json, "task_id", task.Id.Value);
        Id(json, "framework_id", task.FrameworkId.Value);
        if (task.Executor is { } executor) Id(json, "executor_id", executor.Value);
        Id(json, "agent_id", task.AgentId.Value);
        json.WriteString("state", StateJson.StateName(task.State));
        Resources(json, "resources", task.Resources, task.Role);
        json.WriteStartArray("statuses");
        foreach (var status in task.Statuses) JsonSerializer.Serialize(json, status, MesosJson.Default.TaskStatusInfo);
        json.WriteEndArray();
        if (task.SentState is { } sent) json.WriteString("status_update_state", StateJson.StateName(sent));
        if (task.SentUuid is { } uuid) json.WriteBase64String("status_update_uuid", uuid);
        if (task.Info.Labels is { } labels)
        {
            json.WritePropertyName("labels");
            JsonSerializer.Serialize(json, labels, MesosJson.Default.Labels);
        }

        if (task.Info.Discovery is { } discovery)
        {
            json.WritePropertyName("discovery");
            JsonSerializer.Serialize(json, discovery, MesosJson.Default.DiscoveryInfo);
        }

        if (task.Info.Container is { } container)
        {
            json.WritePropertyName("container");
            JsonSerializer.Serialize(json, StateJson.WithoutSecrets(container), MesosJson.Default.ContainerInfo);
        }

        json.WriteEndObject();
    }

    public static void Roles(Utf8JsonWriter json, MasterView view)
    {
        json.WriteStartArray("roles");
        foreach (var role in view.Roles)
        {
            json.WriteStartObject();
            json.WriteString("name", role.Name);
            json.WriteNumber("weight", role.Weight);
            json.WriteStartArray("frameworks");
            foreach (var framework in role.Frameworks)
            {
                json.WriteStartObject();
                json.WriteString("value", framework.Value);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("resources");
            foreach (var scalar in Scalars)
            {
                JsonSerializer.Serialize(json, Resource.OfScalar(scalar, role.Allocated[scalar] / 1000.0),
                    MesosJson.Default.Resource);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public static void OfMetrics(Utf8JsonWriter json, IEnumerable<(string Name, double Value)> metrics)
    {
        json.WriteStartArray("metrics");
        foreach (var (name, value) in metrics)
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteNumber("value", value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public static void Resources(Utf8JsonWriter json, string name, ResourceSet resources, string? role = null)
    {
        json.WritePropertyName(name);
        JsonSerializer.Serialize(json, resources.ToWire(role), MesosJson.Default.ResourceArray);
    }

    public static void Id(Utf8JsonWriter json, string name, string value)
    {
        json.WriteStartObject(name);
        json.WriteString("value", value);
        json.WriteEndObject();
    }

    public static void Time(Utf8JsonWriter json, string name, DateTimeOffset time)
    {
        json.WriteStartObject(name);
        json.WriteNumber("nanoseconds", time.ToUnixTimeMilliseconds() * 1_000_000);
        json.WriteEndObject();
    }

    private static void Tasks(Utf8JsonWriter json, string name, IEnumerable<ClusterTask> tasks)
    {
        json.WriteStartArray(name);
        foreach (var task in tasks) Task(json, task);
        json.WriteEndArray();
    }

    private static void Section(Utf8JsonWriter json, string name, MasterView view, Action<Utf8JsonWriter, MasterView> write)
    {
        json.WriteStartObject(name);
        write(json, view);
        json.WriteEndObject();
    }
}
