using System.Text.Json;
using LifecycleManager.Master.Cluster;
using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Api;

/// <summary>The shapes of <c>/state-summary</c> and <c>/roles</c>, as Mesos' tools read them.</summary>
internal static class SummaryJson
{
    private static readonly TaskState[] Counted =
    [
        TaskState.Staging, TaskState.Starting, TaskState.Running, TaskState.Killing, TaskState.Finished, TaskState.Killed,
        TaskState.Failed, TaskState.Lost, TaskState.Error, TaskState.Unreachable,
    ];

    private static readonly string[] Scalars = ["cpus", "disk", "gpus", "mem"];

    /// <summary>The state with numbers in the place of tasks.</summary>
    public static void State(Utf8JsonWriter json, MasterView view, MasterOptions options)
    {
        json.WriteString("hostname", options.Address.Host);
        if (options.Cluster is { } cluster) json.WriteString("cluster", cluster);
        var tasks = view.Frameworks.SelectMany(framework =>
            framework.Tasks.Concat(framework.Unreachable).Concat(framework.Completed)).ToList();
        var byAgent = tasks.ToLookup(task => task.AgentId);
        var byFramework = tasks.ToLookup(task => task.FrameworkId);
        json.WriteStartArray("slaves");
        foreach (var agent in view.Agents)
        {
            json.WriteStartObject();
            StateJson.AgentFields(json, agent, full: false);
            Counts(json, byAgent[agent.Id]);
            StateJson.Strings(json, "framework_ids", byAgent[agent.Id].Select(task => task.FrameworkId.Value).Distinct());
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("frameworks");
        foreach (var framework in view.Frameworks)
        {
            json.WriteStartObject();
            StateJson.FrameworkFields(json, framework);
            Counts(json, byFramework[framework.Id]);
            StateJson.Strings(json, "slave_ids", byFramework[framework.Id].Select(task => task.AgentId.Value).Distinct());
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>The roles: what each has, may have and is owed.</summary>
    public static void Roles(Utf8JsonWriter json, MasterView view)
    {
        json.WriteStartArray("roles");
        foreach (var role in view.Roles)
        {
            var used = StateJson.Sum(view.Tasks.Where(task => task.Role == role.Name && !task.State.IsTerminal())
                .Select(task => task.Resources));
            var offered = StateJson.Sum(view.Frameworks.SelectMany(framework => framework.Offers)
                .Where(offer => offer.Offer.Role == role.Name).Select(offer => offer.Offer.Resources));
            var reserved = StateJson.Sum(view.Agents.Select(agent => agent.Total.Where(kind => kind.ReservedRole == role.Name)));
            json.WriteStartObject();
            json.WriteString("name", role.Name);
            json.WriteNumber("weight", role.Weight);
            json.WriteStartObject("quota");
            json.WriteString("role", role.Name);
            Scalar(json, "guarantee", role.Quota?.Guarantees);
            Scalar(json, "limit", role.Quota?.Limits);

            // What is reserved counts, whether it is used or not; of what is used, the rest.
            var consumed = reserved.Plus(used.Where(kind => kind is { ReservedRole: null, IsRevocable: false }));
            json.WriteStartObject("consumed");
            foreach (var scalar in Scalars.Where(scalar => consumed.Milli(scalar) > 0))
                json.WriteNumber(scalar, consumed.Scalar(scalar));
            json.WriteEndObject();
            json.WriteEndObject();
            StateJson.Amounts(json, "resources", used.Plus(offered));
            StateJson.Amounts(json, "allocated", used);
            StateJson.Amounts(json, "offered", offered);
            StateJson.Amounts(json, "reserved", reserved);
            StateJson.Strings(json, "frameworks", role.Frameworks.Select(framework => framework.Value));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Counts(Utf8JsonWriter json, IEnumerable<ClusterTask> tasks)
    {
        var counts = tasks.CountBy(task => task.State).ToDictionary();
        foreach (var state in Counted) json.WriteNumber(StateJson.StateName(state), counts.GetValueOrDefault(state));
    }

    private static void Scalar(Utf8JsonWriter json, string name, IReadOnlyDictionary<string, Scalar>? scalars)
    {
        json.WriteStartObject(name);
        foreach (var (resource, scalar) in scalars ?? new Dictionary<string, Scalar>())
            json.WriteNumber(resource, scalar.Value);
        json.WriteEndObject();
    }
}
