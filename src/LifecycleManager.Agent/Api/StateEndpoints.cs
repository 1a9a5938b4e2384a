using System.Text.Json.Nodes;
using LifecycleManager.Agent.Tasks;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LifecycleManager.Agent.Api;

/// <summary>
/// <c>/state</c>, <c>/flags</c> and <c>/version</c>, as Mesos' agent has them. State never shows a task's environment.
/// </summary>
internal static class StateEndpoints
{
    public static void Map(IEndpointRouteBuilder app, AgentService agent)
    {
        foreach (var path in (string[])["/state", "/state.json"])
        {
            app.MapGet(path, (HttpContext context) => MesosAnswers.Answer(State(agent, new TaskScope(agent, context))))
                .AsksByApp();
        }

        app.MapGet("/flags", () => MesosAnswers.Answer(new JsonObject { ["flags"] = Flags(agent) }));
        app.MapGet("/version", () => MesosAnswers.Answer(new JsonObject { ["version"] = AgentVersion.Text }))
            .Needs(Permission.None);
    }

    /// <summary>The options under Mesos' names of its flags; no secrets.</summary>
    public static JsonObject Flags(AgentService agent) => new()
    {
        ["work_dir"] = agent.Options.WorkDirectory,
        ["hostname"] = agent.Options.Hostname,
        ["port"] = agent.Options.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["containerizers"] = string.Join(',', agent.Options.Containerizers),
        ["master"] = string.Join(',', agent.Options.Masters),
    };

    private static JsonObject State(AgentService agent, TaskScope scope)
    {
        var info = agent.Info;
        var tasks = agent.Tasks.Where(scope.Sees).ToList();
        var completed = agent.Completed.Where(scope.Sees);
        return new JsonObject
        {
            ["version"] = AgentVersion.Text,
            ["start_time"] = agent.Started.ToUnixTimeMilliseconds() / 1000.0,
            ["id"] = info.Id?.Value,
            ["pid"] = $"slave(1)@{agent.Options.Address.Host}:{agent.Options.Address.Port}",
            ["hostname"] = agent.Options.Hostname,
            ["master_hostname"] = agent.Master?.Host,
            ["resources"] = MesosAnswers.Of(info.Resources!),
            ["attributes"] = MesosAnswers.Of(info.Attributes!),
            ["capabilities"] = new JsonArray([.. agent.Features.Select(feature => JsonValue.Create(feature))]),
            ["frameworks"] = Frameworks(tasks.Where(run => !run.State.IsTerminal()), []),
            ["completed_frameworks"] = Frameworks(tasks.Where(run => run.State.IsTerminal()), completed),
            ["flags"] = scope.SeesAll ? Flags(agent) : [],
        };
    }

    private static JsonArray Frameworks(IEnumerable<TaskRun> runs, IEnumerable<CompletedTask> completed)
    {
        var executors = runs.Select(run => (Id: run.Record.FrameworkId, run.Record.Framework.Name, Json: Executor(run)))
            .Concat(completed.Select(task => (Id: task.FrameworkId, Name: task.FrameworkName, Json: Executor(task))));
        return new JsonArray([.. executors.GroupBy(executor => executor.Id).Select(group => new JsonObject
        {
            ["id"] = group.Key.Value,
            ["name"] = group.First().Name,
            ["executors"] = new JsonArray([.. group.Select(executor => executor.Json)]),
            ["completed_executors"] = new JsonArray(),
        })]);
    }

    private static JsonObject Executor(TaskRun run) => Executor(
        run.Record.TaskId, run.Record.ContainerId, run.Sandbox, run.Record.Task.Resources, run.State.IsTerminal(), new JsonObject
        {
            ["id"] = run.Record.TaskId.Value,
            ["name"] = run.Record.Task.Name,
            ["framework_id"] = run.Record.FrameworkId.Value,
            ["executor_id"] = "",
            ["slave_id"] = run.Record.AgentId.Value,
            ["state"] = MesosAnswers.Of(run.State),
            ["resources"] = MesosAnswers.Of(run.Record.Task.Resources),
            ["labels"] = MesosAnswers.Of(run.Record.Task.Labels),
            ["statuses"] = run.Updates.Latest is { } status ? new JsonArray(MesosAnswers.Of(status)) : new JsonArray(),
        });

    private static JsonObject Executor(CompletedTask task) => Executor(
        task.TaskId, task.ContainerId, task.Sandbox, task.Resources, ended: true, new JsonObject
        {
            ["id"] = task.TaskId.Value,
            ["name"] = task.Name,
            ["framework_id"] = task.FrameworkId.Value,
            ["executor_id"] = "",
            ["slave_id"] = task.Status.AgentId?.Value,
            ["state"] = MesosAnswers.Of(task.Status.State),
            ["resources"] = MesosAnswers.Of(task.Resources),
            ["statuses"] = new JsonArray(MesosAnswers.Of(task.Status)),
        });

    private static JsonObject Executor(
        TaskId id, string container, string directory, IReadOnlyList<Resource> resources, bool ended, JsonObject task) => new()
        {
            ["id"] = id.Value,
            ["name"] = $"Command Executor (Task: {id.Value})",
            ["source"] = id.Value,
            ["container"] = container,
            ["directory"] = directory,
            ["resources"] = MesosAnswers.Of(resources),
            ["tasks"] = ended ? new JsonArray() : new JsonArray(task),
            ["completed_tasks"] = ended ? new JsonArray(task) : new JsonArray(),
            ["queued_tasks"] = new JsonArray(),
        };
}
