using System.Text.Json;
using LifecycleManager.Master.Cluster;
using LifecycleManager.Master.Registry;
using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Api;

/// <summary>The shapes of the classic endpoints, <c>/state</c> and its parts, as Mesos' tools read them.</summary>
internal static class StateJson
{
    private static readonly string[] Scalars = ["cpus", "disk", "gpus", "mem"];

    public static void Agents(Utf8JsonWriter json, MasterView view, bool full)
    {
        json.WriteStartArray("slaves");
        foreach (var agent in view.Agents) Agent(json, agent, full);
        json.WriteEndArray();
        json.WriteStartArray("recovered_slaves");
        foreach (var (id, entry) in view.Absent)
        {
            if (entry.Standing != AgentStanding.Admitted) continue;
            json.WriteStartObject();
            json.WriteString("id", id.Value);
            json.WriteString("hostname", entry.Info.Hostname);
            json.WriteNumber("port", entry.Info.Port ?? 0);
            Attributes(json, entry.Info);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>Where agents are, and nothing of what they have and run.</summary>
    public static void AgentPlaces(Utf8JsonWriter json, MasterView view)
    {
        json.WriteStartArray("slaves");
        foreach (var agent in view.Agents)
        {
            json.WriteStartObject();
            json.WriteString("id", agent.Id.Value);
            json.WriteString("hostname", agent.Info.Hostname);
            json.WriteNumber("port", agent.Info.Port ?? 0);
            json.WriteString("pid", agent.Pid);
            json.WriteBoolean("active", agent.IsActive);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public static void Framework(Utf8JsonWriter json, FrameworkView framework)
    {
        json.WriteStartObject();
        FrameworkFields(json, framework);
        json.WriteStartArray("offers");
        foreach (var (offer, agent) in framework.Offers)
        {
            json.WriteStartObject();
            json.WriteString("id", offer.Id.Value);
            json.WriteString("framework_id", framework.Id.Value);
            json.WriteString("slave_id", offer.AgentId.Value);
            json.WriteString("hostname", agent.Hostname);
            json.WriteStartObject("allocation_info");
            json.WriteString("role", offer.Role);
            json.WriteEndObject();
            Amounts(json, "resources", offer.Resources);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Tasks(json, "tasks", framework.Tasks);
        Tasks(json, "unreachable_tasks", framework.Unreachable);
        Tasks(json, "completed_tasks", framework.Completed);
        json.WriteStartArray("executors");
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>The fields of a framework, without its offers and tasks.</summary>
    public static void FrameworkFields(Utf8JsonWriter json, FrameworkView framework)
    {
        json.WriteString("id", framework.Id.Value);
        json.WriteString("name", framework.Info.Name);
        json.WriteString("user", framework.Info.User);
        json.WriteString("hostname", framework.Info.Hostname ?? "");
        json.WriteNumber("failover_timeout", framework.Info.FailoverTimeout ?? 0);
        json.WriteBoolean("checkpoint", framework.Info.Checkpoint ?? false);
        if (framework.Info.Principal is { } principal) json.WriteString("principal", principal);
        json.WriteString("webui_url", framework.Info.WebuiUrl ?? "");
        json.WriteBoolean("active", framework.IsConnected);
        json.WriteBoolean("connected", framework.IsConnected);
        json.WriteBoolean("recovered", framework.IsRecovered);
        json.WriteNumber("registered_time", Seconds(framework.RegisteredAt));
        if (framework.ReregisteredAt is { } again) json.WriteNumber("reregistered_time", Seconds(again));
        json.WriteNumber("unregistered_time", framework.UnregisteredAt is { } ended ? Seconds(ended) : 0);
        json.WriteStartArray("capabilities");
        foreach (var capability in framework.Info.Capabilities ?? [])
        {
            json.WriteStringValue(JsonNamingPolicy.SnakeCaseUpper.ConvertName(capability.Type.ToString()));
        }

        json.WriteEndArray();
        if (FrameworkInfos.Has(framework.Info, FrameworkCapability.MultiRole)) Strings(json, "roles", framework.Roles);
        else json.WriteString("role", framework.Roles.Count > 0 ? framework.Roles[0] : Resources.Roles.Default);

        var used = Sum(framework.Tasks.Where(task => !task.State.IsTerminal()).Select(task => task.Resources));
        var offered = Sum(framework.Offers.Select(offer => offer.Offer.Resources));
        Amounts(json, "resources", used.Plus(offered));
        Amounts(json, "used_resources", used);
        Amounts(json, "offered_resources", offered);
    }

    public static void Tasks(Utf8JsonWriter json, string name, IEnumerable<ClusterTask> tasks)
    {
        json.WriteStartArray(name);
        foreach (var task in tasks) Task(json, task);
        json.WriteEndArray();
    }

    // Neither command, environment nor data: nothing that may hold a secret.
    public static void Task(Utf8JsonWriter json, ClusterTask task)
    {
        json.WriteStartObject();
        json.WriteString("id", task.Id.Value);
        json.WriteString("name", task.Info.Name);
        json.WriteString("framework_id", task.FrameworkId.Value);
        json.WriteString("executor_id", task.Executor?.Value ?? "");
        json.WriteString("slave_id", task.AgentId.Value);
        json.WriteString("state", StateName(task.State));
        json.WriteString("role", task.Role);
        Amounts(json, "resources", task.Resources);
        json.WriteStartArray("statuses");
        foreach (var status in task.Statuses)
        {
            json.WriteStartObject();
            json.WriteString("state", StateName(status.State));
            json.WriteNumber("timestamp", status.Timestamp ?? 0);
            if (status.Healthy is { } healthy) json.WriteBoolean("healthy", healthy);
            if (status.Labels is { } own) Labels(json, own);
            if (status.ContainerStatus is { } container)
            {
                json.WritePropertyName("container_status");
                JsonSerializer.Serialize(json, container, MesosJson.Default.ContainerStatus);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (task.Info.Labels is { } labels) Labels(json, labels);
        if (task.Info.Discovery is { } discovery)
        {
            json.WritePropertyName("discovery");
            JsonSerializer.Serialize(json, discovery, MesosJson.Default.DiscoveryInfo);
        }

        if (task.Info.Container is { } info)
        {
            json.WritePropertyName("container");
            JsonSerializer.Serialize(json, WithoutSecrets(info), MesosJson.Default.ContainerInfo);
        }

        json.WriteEndObject();
    }

    public static void Amounts(Utf8JsonWriter json, string name, ResourceSet resources)
    {
        json.WriteStartObject(name);
        var own = resources.Where(kind => !kind.IsRevocable);
        foreach (var scalar in Scalars) json.WriteNumber(scalar, own.Scalar(scalar));

        // As Mesos has it: what is revocable apart, since it is there beside what it was lent from.
        foreach (var group in resources.Entries.GroupBy(entry => (
            Name: entry.Kind.IsRevocable ? entry.Kind.Name + "_revocable" : entry.Kind.Name, entry.Kind.Type)))
        {
            if (Array.IndexOf(Scalars, group.Key.Name) >= 0) continue;
            var amount = group.Aggregate(default(ResourceAmount), (sum, entry) => sum.Plus(entry.Amount));
            if (group.Key.Type == ResourceType.Scalar) json.WriteNumber(group.Key.Name, amount.Milli / 1000.0);
            else json.WriteString(group.Key.Name, amount.ToString());
        }

        json.WriteEndObject();
    }

    public static ResourceSet Sum(IEnumerable<ResourceSet> sets) =>
        sets.Aggregate(ResourceSet.Empty, (sum, set) => sum.Plus(set));

    public static double Seconds(DateTimeOffset time) => time.ToUnixTimeMilliseconds() / 1000.0;

    public static string StateName(TaskState state) => "TASK_" + JsonNamingPolicy.SnakeCaseUpper.ConvertName(state.ToString());

    /// <summary>A container without the <c>docker run</c> options that may hold an environment.</summary>
    public static ContainerInfo WithoutSecrets(ContainerInfo info) => info.Docker?.Parameters is not { Count: > 0 } parameters
        ? info
        : info with
        {
            Docker =
            info.Docker with { Parameters = [.. parameters.Where(p => p.Key is not ("env" or "e" or "env-file"))] }
        };

    public static void Strings(Utf8JsonWriter json, string name, IEnumerable<string> items)
    {
        json.WriteStartArray(name);
        foreach (var item in items) json.WriteStringValue(item);
        json.WriteEndArray();
    }

    private static void Agent(Utf8JsonWriter json, AgentView agent, bool full)
    {
        json.WriteStartObject();
        AgentFields(json, agent, full);
        json.WriteEndObject();
    }

    /// <summary>The fields of an agent.</summary>
    public static void AgentFields(Utf8JsonWriter json, AgentView agent, bool full)
    {
        json.WriteString("id", agent.Id.Value);
        json.WriteString("hostname", agent.Info.Hostname);
        json.WriteNumber("port", agent.Info.Port ?? 0);
        json.WriteString("pid", agent.Pid);
        Attributes(json, agent.Info);
        if (agent.Info.Domain is { } domain)
        {
            json.WritePropertyName("domain");
            JsonSerializer.Serialize(json, domain, MesosJson.Default.DomainInfo);
        }

        json.WriteNumber("registered_time", Seconds(agent.RegisteredAt));
        if (agent.ReregisteredAt is { } again) json.WriteNumber("reregistered_time", Seconds(again));
        json.WriteBoolean("active", agent.IsActive);
        json.WriteBoolean("connected", agent.IsConnected);
        json.WriteBoolean("deactivated", agent.Entry.Deactivated);
        OperatorViews.Drain(json, agent);
        json.WriteString("version", agent.Version);
        Strings(json, "capabilities", agent.Features);
        Amounts(json, "resources", agent.Total);
        Amounts(json, "used_resources", agent.Used);
        Amounts(json, "offered_resources", agent.Offered);
        Amounts(json, "unreserved_resources", agent.Total.Where(kind => kind.ReservedRole is null));
        json.WriteStartObject("reserved_resources");
        foreach (var role in agent.Total.Entries.Select(entry => entry.Kind.ReservedRole).OfType<string>()
            .Distinct(StringComparer.Ordinal))
        {
            Amounts(json, role, agent.Total.Where(kind => kind.ReservedRole == role));
        }

        json.WriteEndObject();
        if (full)
        {
            Full(json, "unreserved_resources_full", agent.Total.Where(kind => kind.ReservedRole is null));
            Full(json, "used_resources_full", agent.Used);
            Full(json, "offered_resources_full", agent.Offered);
            json.WriteStartObject("reserved_resources_full");
            foreach (var role in agent.Total.Entries.Select(entry => entry.Kind.ReservedRole).OfType<string>()
                .Distinct(StringComparer.Ordinal))
            {
                Full(json, role, agent.Total.Where(kind => kind.ReservedRole == role));
            }

            json.WriteEndObject();
        }
    }

    private static void Full(Utf8JsonWriter json, string name, ResourceSet resources)
    {
        json.WritePropertyName(name);
        JsonSerializer.Serialize(json, resources.ToWire(refined: false), MesosJson.Default.ResourceArray);
    }

    private static void Attributes(Utf8JsonWriter json, AgentInfo info)
    {
        json.WriteStartObject("attributes");
        foreach (var attribute in (info.Attributes ?? []).GroupBy(attribute => attribute.Name, StringComparer.Ordinal))
        {
            var last = attribute.Last();
            if (last.Scalar is { } scalar) json.WriteNumber(last.Name, scalar.Value);
            else if (last.Text is { } text) json.WriteString(last.Name, text.Value);
            else if (last.Ranges is { } ranges)
                json.WriteString(last.Name, $"[{string.Join(", ", ranges.Range.Select(r => $"{r.Begin}-{r.End}"))}]");
            else if (last.Set is { } set) json.WriteString(last.Name, $"{{{string.Join(", ", set.Item)}}}");
        }

        json.WriteEndObject();
    }

    private static void Labels(Utf8JsonWriter json, Labels labels)
    {
        json.WriteStartArray("labels");
        foreach (var label in labels.Items) JsonSerializer.Serialize(json, label, MesosJson.Default.Label);
        json.WriteEndArray();
    }
}
