using System.Text.Json;
using System.Text.Json.Nodes;
using LifecycleManager.Agent.Sandboxes;
using LifecycleManager.Agent.Tasks;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LifecycleManager.Agent.Api;

/// <summary>
/// The agent's part of Mesos' v1 operator API, <c>POST /api/v1</c>. All of them read, but for <see cref="SessionEndpoints"/>';
/// those that it lacks answer 501.
/// </summary>
internal static class OperatorEndpoints
{
    private static readonly JsonObject Unknown = [];

    public static void Map(
        IEndpointRouteBuilder app, AgentService agent, FileReaders readers, SessionEndpoints sessions, RoleHealth health,
        TimeProvider time) => app.MapPost("/api/v1", async (HttpContext context) =>
    {
        if (SessionEndpoints.IsInput(context)) return await sessions.TakeInputAsync(context);
        var (call, refusal) = await CallBody.ReadAsync(context);
        if (refusal is not null) return refusal;
        if (call!["type"] is not JsonValue value || !value.TryGetValue<string>(out var type))
            return MesosAnswers.Error(StatusCodes.Status400BadRequest, "type: is missing, or is no text");
        try
        {
            if (SessionEndpoints.Has(type)) return await sessions.AnswerAsync(type, call, context);
            if (!IsByTask(type) && !AccessControl.May(context, Permission.View))
                return MesosAnswers.Error(StatusCodes.Status403Forbidden, AccessControl.Refused(context, Permission.View));
            return await AnswerAsync(
                type, call, agent, new TaskScope(agent, context), readers, health, time, context.RequestAborted);
        }
        catch (FormatException e)
        {
            return MesosAnswers.Error(StatusCodes.Status400BadRequest, e.Message);
        }
        catch (UnauthorizedAccessException e)
        {
            return MesosAnswers.Error(StatusCodes.Status403Forbidden, e.Message);
        }
    }).AsksByApp(Permission.View);

    /// <summary>Whether a call asks what its caller may do with which tasks, or shows nothing of any.</summary>
    private static bool IsByTask(string type) =>
        type is "GET_HEALTH" or "GET_VERSION" or "GET_CONTAINERS" or "LIST_FILES" or "READ_FILE";

    private static async Task<IResult> AnswerAsync(
        string type, JsonObject call, AgentService agent, TaskScope scope, FileReaders readers, RoleHealth health,
        TimeProvider time, CancellationToken cancellation)
    {
        JsonObject? part = type switch
        {
            "GET_HEALTH" => new JsonObject { ["healthy"] = health.Verdict().IsUp },
            "GET_VERSION" => new JsonObject { ["version_info"] = new JsonObject { ["version"] = AgentVersion.Text } },
            "GET_AGENT" => new JsonObject
            {
                ["agent_info"] = JsonSerializer.SerializeToNode(agent.Info,
            MesosJson.Default.AgentInfo)
            },
            "GET_TASKS" => Tasks(agent),
            "GET_FRAMEWORKS" => Frameworks(agent),
            "GET_EXECUTORS" => Executors(agent),
            "GET_FLAGS" => new JsonObject { ["flags"] = Named(StateEndpoints.Flags(agent)) },
            "GET_METRICS" => new JsonObject { ["metrics"] = Named(AgentSnapshotMetrics.Json(agent, time)) },
            "GET_CONTAINERS" => await ContainersAsync(agent, time, scope, cancellation),

            // Operations are those of resource providers, of which there are none.
            "GET_OPERATIONS" => new JsonObject { ["operations"] = new JsonArray() },
            "GET_RESOURCE_PROVIDERS" => new JsonObject { ["resource_providers"] = new JsonArray() },
            "GET_STATE" => new JsonObject
            {
                ["get_tasks"] = Tasks(agent),
                ["get_frameworks"] = Frameworks(agent),
                ["get_executors"] = Executors(agent)
            },
            "LIST_FILES" => FileEndpoints.BrowseJson(scope.Files(), Text(call, "list_files", "path")) is { } entries
                ? new JsonObject { ["file_infos"] = FileInfos(entries) } : null,
            "READ_FILE" => ReadFile(call, scope.Files()),
            _ => Unknown,
        };
        if (ReferenceEquals(part, Unknown))
            return MesosAnswers.Error(StatusCodes.Status501NotImplemented, $"this agent does not implement the call {type}");
        if (part is null) return MesosAnswers.Error(StatusCodes.Status404NotFound, "there is no such file");
        var answer = new JsonObject { ["type"] = type, [type.ToLowerInvariant()] = part };
        return type == "READ_FILE" ? readers.Json(answer) : MesosAnswers.Answer(answer);
    }

    private static JsonObject Tasks(AgentService agent)
    {
        var json = new JsonObject
        {
            ["pending_tasks"] = new JsonArray(),
            ["queued_tasks"] = new JsonArray(),
            ["launched_tasks"] = new JsonArray(),
            ["terminated_tasks"] = new JsonArray(),
            ["completed_tasks"] = new JsonArray(),
        };
        foreach (var run in agent.Tasks)
        {
            var kind = run.State switch
            {
                TaskState.Staging or TaskState.Starting => "queued_tasks",
                var state when state.IsTerminal() => "terminated_tasks",
                _ => "launched_tasks",
            };
            json[kind]!.AsArray().Add(TaskOf(run));
        }

        foreach (var task in agent.Completed)
        {
            json["completed_tasks"]!.AsArray().Add(new JsonObject
            {
                ["name"] = task.Name,
                ["task_id"] = Id(task.TaskId.Value),
                ["framework_id"] = Id(task.FrameworkId.Value),
                ["agent_id"] = Id(task.Status.AgentId?.Value),
                ["state"] = MesosAnswers.Of(task.Status.State),
                ["resources"] = MesosAnswers.List(task.Resources),
                ["statuses"] = new JsonArray(MesosAnswers.Of(task.Status)),
            });
        }

        return json;
    }

    private static JsonObject TaskOf(TaskRun run) => new()
    {
        ["name"] = run.Record.Task.Name,
        ["task_id"] = Id(run.Record.TaskId.Value),
        ["framework_id"] = Id(run.Record.FrameworkId.Value),
        ["agent_id"] = Id(run.Record.AgentId.Value),
        ["state"] = MesosAnswers.Of(run.State),
        ["resources"] = MesosAnswers.List(run.Record.Task.Resources),
        ["statuses"] = run.Updates.Latest is { } status ? new JsonArray(MesosAnswers.Of(status)) : new JsonArray(),
        ["labels"] = new JsonObject { ["labels"] = MesosAnswers.Of(run.Record.Task.Labels) },
    };

    private static JsonObject Frameworks(AgentService agent)
    {
        var tasks = agent.Tasks;
        var active = tasks.Where(run => !run.State.IsTerminal()).Select(run => run.Record.FrameworkId).ToHashSet();
        return new JsonObject
        {
            ["frameworks"] = Infos(isActive: true),
            ["completed_frameworks"] = Infos(isActive: false),
        };

        JsonArray Infos(bool isActive) => new([.. tasks.Select(run => run.Record.Framework)
            .DistinctBy(framework => framework.Id)
            .Where(framework => active.Contains(framework.Id!.Value) == isActive)
            .Select(framework => new JsonObject
            {
                ["framework_info"] = JsonSerializer.SerializeToNode(framework, MesosJson.Default.FrameworkInfo),
            })]);
    }

    // Each task is its own executor. Without its command, whose environment may hold secrets.
    private static JsonObject Executors(AgentService agent)
    {
        var tasks = agent.Tasks;
        return new JsonObject
        {
            ["executors"] = Infos(isTerminal: false),
            ["completed_executors"] = Infos(isTerminal: true),
        };

        JsonArray Infos(bool isTerminal) => new([.. tasks.Where(run => run.State.IsTerminal() == isTerminal)
            .Select(run => new JsonObject
            {
                ["executor_info"] = new JsonObject
                {
                    ["executor_id"] = Id(run.Record.TaskId.Value),
                    ["framework_id"] = Id(run.Record.FrameworkId.Value),
                    ["name"] = $"Command Executor (Task: {run.Record.TaskId.Value})",
                    ["source"] = run.Record.TaskId.Value,
                    ["resources"] = MesosAnswers.List(run.Record.Task.Resources),
                },
            })]);
    }

    private static JsonArray Named(JsonObject values) => new([.. values.Select(value => new JsonObject
    {
        ["name"] = value.Key,
        ["value"] = value.Value?.DeepClone(),
    })]);

    private static async Task<JsonObject> ContainersAsync(
        AgentService agent, TimeProvider time, TaskScope scope, CancellationToken cancellation)
    {
        var containers = await StatisticsEndpoints.AllAsync(agent, time, scope, status: true, cancellation);
        return new JsonObject
        {
            ["containers"] = new JsonArray([.. containers.Select(container =>
            {
                var json = new JsonObject
                {
                    ["framework_id"] = Id(container!["framework_id"]!.GetValue<string>()),
                    ["executor_id"] = Id(container["executor_id"]!.GetValue<string>()),
                    ["executor_name"] = container["executor_name"]!.DeepClone(),
                    ["container_id"] = Id(container["container_id"]!.GetValue<string>()),
                    ["container_status"] = container["status"]?.DeepClone(),
                };
                if (container["statistics"] is { } statistics) json["resource_statistics"] = statistics.DeepClone();
                return json;
            })]),
        };
    }

    private static JsonArray FileInfos(JsonArray entries) => new([.. entries.Select(entry => new JsonObject
    {
        ["path"] = entry!["path"]!.DeepClone(),
        ["size"] = entry["size"]!.DeepClone(),
        ["nlink"] = entry["nlink"]!.DeepClone(),
        ["uid"] = entry["uid"]!.DeepClone(),
        ["gid"] = entry["gid"]!.DeepClone(),
        ["mtime"] = new JsonObject { ["nanoseconds"] = entry["mtime"]!.GetValue<long>() * 1_000_000_000 },
    })]);

    private static JsonObject? ReadFile(JsonObject call, SandboxFiles files)
    {
        var path = Text(call, "read_file", "path");
        var offset = Number(call, "read_file", "offset") ?? throw new FormatException("read_file.offset: is missing");
        var length = Number(call, "read_file", "length") ?? SandboxFiles.MaxRead;
        if (offset < 0 || length < 0) throw new FormatException("read_file: offset or length is negative");
        return FileEndpoints.ReadBytes(files, path, offset, length) is { } part
            ? new JsonObject { ["size"] = part.Size, ["data"] = Convert.ToBase64String(part.Data) } : null;
    }

    private static string Text(JsonObject call, string part, string field) =>
        Field(call, part, field) is not { } value ? throw new FormatException($"{part}.{field}: is missing")
        : value is JsonValue some && some.TryGetValue<string>(out var text) ? text
        : throw new FormatException($"{part}.{field}: is no text");

    private static long? Number(JsonObject call, string part, string field) =>
        Field(call, part, field) is not { } value ? null
        : value is JsonValue some && some.TryGetValue<long>(out var number) ? number
        : throw new FormatException($"{part}.{field}: is not a number");

    private static JsonNode? Field(JsonObject call, string part, string field) => call[part] switch
    {
        null => null,
        JsonObject fields => fields[field],
        _ => throw new FormatException($"{part}: is no object"),
    };

    private static JsonObject Id(string? value) => new() { ["value"] = value };
}
