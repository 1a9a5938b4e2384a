using System.Globalization;
using System.Text.Json.Nodes;
using LifecycleManager.Master.Resources;
using LifecycleManager.Master.State;
using LifecycleManager.Protocol.Mesos;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Master.Api;

/// <summary>The classic endpoints, as Mesos' tools read them.</summary>
internal static class StateApi
{
    public static void Map(WebApplication app, MasterService master)
    {
        app.MapGet("/health", (Delegate)(() => Results.Ok()));
        app.MapGet("/redirect", context => Requests.RedirectAsync(context, master));
        MapJson(app, master, "/slaves", core => new JsonObject { ["slaves"] = Agents(core) });
        MapJson(app, master, "/frameworks", core => new JsonObject { ["frameworks"] = Frameworks(core) });
        MapJson(app, master, "/tasks", core => new JsonObject
        {
            ["tasks"] = new JsonArray([.. core.Frameworks.Values.SelectMany(framework => framework.Tasks.Values).Select(Task)]),
        });
        MapJson(app, master, "/state", core => new JsonObject
        {
            ["id"] = core.MasterId,
            ["cluster"] = master.Options.Cluster,
            ["hostname"] = master.Options.Address.Host,
            ["leader"] = $"master@{master.Options.Address.Authority}",
            ["start_time"] = master.StartTime.ToUnixTimeMilliseconds() / 1000.0,
            ["activated_slaves"] = core.Agents.Values.Count(agent => agent.Standing == AgentStanding.Connected),
            ["unreachable_slaves"] = core.Agents.Values.Count(agent => agent.Standing == AgentStanding.Unreachable),
            ["slaves"] = Agents(core),
            ["frameworks"] = Frameworks(core),
            ["completed_frameworks"] = new JsonArray([.. core.CompletedFrameworks.Select(Framework)]),
        });
    }

    private static void MapJson(WebApplication app, MasterService master, string path, Func<MasterCore, JsonObject> make)
    {
        app.MapGet(path, Handle);
        app.MapGet("/master" + path, Handle);

        Task Handle(HttpContext context) => Requests.HandleAsync(context, master, async () =>
        {
            var json = await master.AskAsync(core => make(core));
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(json.ToJsonString(), context.RequestAborted);
        });
    }

    private static JsonArray Agents(MasterCore core) => [.. core.Agents.Values.Where(agent => agent.Standing != AgentStanding.Unreachable).Select(Agent)];

    private static JsonArray Frameworks(MasterCore core) => [.. core.Frameworks.Values.Select(Framework)];

    private static JsonObject Agent(AgentEntry agent) => new()
    {
        ["id"] = agent.Id.Value,
        ["hostname"] = agent.Info.Hostname,
        ["port"] = agent.Info.Port ?? 5051,
        ["pid"] = $"slave(1)@{agent.Info.Hostname}:{agent.Info.Port ?? 5051}",
        ["active"] = agent.Standing == AgentStanding.Connected,
        ["version"] = agent.Version,
        ["registered_time"] = agent.Registered.ToUnixTimeMilliseconds() / 1000.0,
        ["resources"] = Resources(agent.Total),
        ["used_resources"] = Resources(agent.Used),
        ["offered_resources"] = Resources(agent.Offered),
        ["attributes"] = new JsonObject((agent.Info.Attributes ?? []).GroupBy(attribute => attribute.Name)
            .Select(group => KeyValuePair.Create(group.Key, Value(group.Last())))),
    };

    private static JsonObject Framework(FrameworkEntry framework) => new()
    {
        ["id"] = framework.Id.Value,
        ["name"] = framework.Info.Name,
        ["user"] = framework.Info.User,
        ["hostname"] = framework.Info.Hostname ?? "",
        ["webui_url"] = framework.Info.WebuiUrl ?? "",
        ["failover_timeout"] = framework.Info.FailoverTimeout ?? 0,
        ["checkpoint"] = framework.Info.Checkpoint ?? false,
        ["roles"] = new JsonArray([.. framework.Roles.Select(role => (JsonNode)role)]),
        ["active"] = framework.Connected,
        ["connected"] = framework.Connected,
        ["registered_time"] = framework.Registered.ToUnixTimeMilliseconds() / 1000.0,
        ["tasks"] = new JsonArray([.. framework.Tasks.Values.Select(Task)]),
        ["completed_tasks"] = new JsonArray([.. framework.Completed.Select(Task)]),
    };

    private static JsonNode Task(TaskEntry task) => new JsonObject
    {
        ["id"] = task.Info.TaskId.Value,
        ["name"] = task.Info.Name,
        ["framework_id"] = task.Framework.Value,
        ["slave_id"] = task.Info.AgentId.Value,
        ["executor_id"] = "",
        ["state"] = "TASK_" + task.State.ToString().ToUpperInvariant(),
        ["resources"] = Resources(task.Resources),
        ["statuses"] = new JsonArray([.. task.History.Select(status => new JsonObject
        {
            ["state"] = "TASK_" + status.State.ToString().ToUpperInvariant(), ["timestamp"] = status.Timestamp, ["healthy"] = status.Healthy,
        })]),
    };

    private static JsonObject Resources(ResourceBag bag)
    {
        var json = new JsonObject { ["cpus"] = bag.Scalar("cpus"), ["mem"] = bag.Scalar("mem"), ["disk"] = bag.Scalar("disk"), ["gpus"] = bag.Scalar("gpus") };
        foreach (var (name, thousandths) in bag.Scalars()) json[name] = thousandths / 1000.0;
        foreach (var name in bag.Keys.Select(key => key.Name).Distinct())
        {
            if (bag.RangesOf(name) is { IsEmpty: false } ranges)
                json[name] = "[" + string.Join(", ", ranges.Ranges.Select(range => $"{range.Begin}-{range.End}")) + "]";
        }

        return json;
    }

    private static JsonNode? Value(AgentAttribute attribute) => attribute.Type switch
    {
        ResourceType.Scalar => attribute.Scalar?.Value,
        ResourceType.Ranges => "[" + string.Join(", ", attribute.Ranges?.Range.Select(range => string.Create(CultureInfo.InvariantCulture, $"{range.Begin}-{range.End}")) ?? []) + "]",
        ResourceType.Set => "{" + string.Join(", ", attribute.Set?.Item ?? []) + "}",
        _ => attribute.Text?.Value,
    };
}
