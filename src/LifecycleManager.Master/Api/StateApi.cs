using System.Globalization;
using System.Text.Json;
using LifecycleManager.Master.Cluster;
using LifecycleManager.Master.Leadership;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LifecycleManager.Master.Api;

/// <summary>The classic endpoints, also under <c>/master</c> as in Mesos.</summary>
internal static class StateApi
{
    /// <summary>This build's version.</summary>
    public static readonly string Version = typeof(StateApi).Assembly.GetName().Version!.ToString(3);

    private const int DefaultTaskLimit = 100;

    // Mesos' other endpoints; the operator API has a call for most.
    private static readonly string[] NotImplemented =
    [
        "/create-volumes", "/destroy-volumes", "/machine/down", "/machine/up", "/reserve",
        "/unreserve", "/api/v1/executor",
    ];

    public static void Map(IEndpointRouteBuilder routes, LeaderEndpoints endpoints, MasterOptions options)
    {
        foreach (var prefix in new[] { "", "/master" })
        {
            Map("/state", true, (context, term) => WriteAsync(context, term, (json, view) => State(json, view, term, options)));
            routes.MapGet(prefix + "/slaves", endpoints.Leader(Permission.View, (context, term) =>
            {
                // Who has permissions on some apps finds their sandboxes by it: where agents are, and nothing of what runs there.
                var seesAll = AccessControl.ScopeOf(context).MayEverywhere(GroupPermission.View);
                var id = context.Request.Query["slave_id"].ToString();
                return WriteAsync(context, term, (json, view) =>
                {
                    var wanted = id.Length == 0
                        ? view : view with { Agents = [.. view.Agents.Where(agent => agent.Id.Value == id)] };
                    if (seesAll) StateJson.Agents(json, wanted, full: true);
                    else StateJson.AgentPlaces(json, wanted);
                });
            }, byApp: true));
            routes.MapGet(prefix + "/frameworks", endpoints.Leader(Permission.View,
                (context, term) => WriteAsync(context, term, (json, view) =>
            {
                var id = context.Request.Query["framework_id"].ToString();
                Frameworks(json, id.Length == 0 ? view : view with
                {
                    Frameworks = [.. view.Frameworks.Where(framework => framework.Id.Value == id)],
                    Completed = [.. view.Completed.Where(framework => framework.Id.Value == id)],
                });
            })));
            Map("/tasks", true, (context, term) =>
            {
                var query = TaskQuery.Of(context.Request.Query);
                return WriteAsync(context, term, (json, view) => StateJson.Tasks(json, "tasks", query.Apply(view)));
            });
            Map("/roles", true, (context, term) => WriteAsync(context, term, SummaryJson.Roles));
            Map("/state-summary", false,
                (context, term) => WriteAsync(context, term, (json, view) => SummaryJson.State(json, view, options)));
            Map("/flags", false, (context, term) => WriteAsync(context, term, (json, _) => WriteFlags(json, options)));
            MaintenanceEndpoints.Map(routes, prefix, endpoints);
            RoleEndpoints.Map(routes, prefix, endpoints);
            routes.MapPost(prefix + "/teardown", endpoints.Leader(Permission.Operate, TeardownAsync));
            foreach (var other in NotImplemented)
            {
                routes.Map(prefix + other, endpoints.For(Permission.None, context => LeaderEndpoints.AnswerAsync(
                    context, StatusCodes.Status501NotImplemented,
                    $"{context.Request.Path} is not implemented; POST /api/v1 may have a call for it")));
            }

            routes.MapGet(prefix + "/redirect", (HttpContext context) => endpoints.RedirectAsync(context, "/"));

            // Some have the name of before Mesos 0.26, too, by which tools that are older still ask.
            void Map(string path, bool isOld, Func<HttpContext, MasterTerm, Task> serve)
            {
                routes.MapGet(prefix + path, endpoints.Leader(Permission.View, serve));
                if (isOld) routes.MapGet($"{prefix}{path}.json", endpoints.Leader(Permission.View, serve));
            }
        }

        routes.MapGet("/version", (HttpContext context) => JsonAsync(context, json => json.WriteString("version", Version)));
    }

    public static async Task JsonAsync(HttpContext context, Action<Utf8JsonWriter> write)
    {
        context.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        json.WriteStartObject();
        write(json);
        json.WriteEndObject();
        await json.FlushAsync(context.RequestAborted);
    }

    private static async Task TeardownAsync(HttpContext context, MasterTerm term)
    {
        var form = await FormAsync(context);
        if (form?["frameworkId"].ToString() is not { Length: > 0 } id)
            throw new CallException(StatusCodes.Status400BadRequest, "Missing 'frameworkId' in the request body");
        var changing = await term.AskAsync(core => core.Frameworks.Teardown(new FrameworkId(id)));
        var result = await changing.WaitAsync(term.Ended);
        if (result.Status == StatusCodes.Status200OK) AuditTrail.Record(context, "TEARDOWN", id);
        await LeaderEndpoints.AnswerAsync(context, result.Status, result.Text);
    }

    private static async Task<IFormCollection?> FormAsync(HttpContext context)
    {
        if (!context.Request.HasFormContentType) return null;
        try
        {
            return await context.Request.ReadFormAsync(context.RequestAborted);
        }
        catch (Exception e) when (e is (InvalidDataException or IOException) and not ConnectionResetException)
        {
            // Such as one of several parts without the boundary between them.
            throw new CallException(StatusCodes.Status400BadRequest, $"The form cannot be read: {e.Message}");
        }
    }

    private static async Task WriteAsync(HttpContext context, MasterTerm term, Action<Utf8JsonWriter, MasterView> write)
    {
        var view = await term.AskAsync(core => core.Views.All());
        await JsonAsync(context, json => write(json, view));
    }

    private static void State(Utf8JsonWriter json, MasterView view, MasterTerm term, MasterOptions options)
    {
        json.WriteString("version", Version);
        json.WriteString("id", view.MasterId);
        json.WriteString("pid", $"master@{options.Address.Authority}");
        json.WriteString("hostname", options.Address.Host);
        if (options.Cluster is { } cluster) json.WriteString("cluster", cluster);
        json.WriteNumber("start_time", StateJson.Seconds(view.StartedAt));
        json.WriteNumber("elected_time", StateJson.Seconds(term.ElectedAt));
        json.WriteString("leader", $"master@{options.Address.Authority}");
        json.WriteStartObject("leader_info");
        json.WriteString("id", view.MasterId);
        json.WriteString("pid", $"master@{options.Address.Authority}");
        json.WriteNumber("port", options.Address.Port);
        json.WriteString("hostname", options.Address.Host);
        json.WriteEndObject();
        json.WriteNumber("activated_slaves", view.Agents.Count(agent => agent.IsActive));
        json.WriteNumber("deactivated_slaves", view.Agents.Count(agent => !agent.IsActive));
        json.WriteNumber("unreachable_slaves", view.Unreachable);
        WriteFlags(json, options);
        StateJson.Agents(json, view, full: false);
        Frameworks(json, view);
        json.WriteStartArray("orphan_tasks");
        json.WriteEndArray();
    }

    private static void WriteFlags(Utf8JsonWriter json, MasterOptions options)
    {
        json.WriteStartObject("flags");
        foreach (var (name, value) in Flags.Of(options)) json.WriteString(name, value);
        json.WriteEndObject();
    }

    private static void Frameworks(Utf8JsonWriter json, MasterView view)
    {
        json.WriteStartArray("frameworks");
        foreach (var framework in view.Frameworks) StateJson.Framework(json, framework);
        json.WriteEndArray();
        json.WriteStartArray("completed_frameworks");
        foreach (var framework in view.Completed) StateJson.Framework(json, framework);
        json.WriteEndArray();
        json.WriteStartArray("unregistered_frameworks");
        json.WriteEndArray();
    }

    private sealed record TaskQuery(int Limit, int Offset, bool Ascending, string Framework, string Task)
    {
        public static TaskQuery Of(IQueryCollection query) => new(
            Number(query, "limit", DefaultTaskLimit), Number(query, "offset", 0), query["order"] == "asc",
            query["framework_id"].ToString(), query["task_id"].ToString());

        public IEnumerable<ClusterTask> Apply(MasterView view)
        {
            var all = view.Frameworks.Concat(view.Completed)
                .Where(framework => Framework.Length == 0 || framework.Id.Value == Framework)
                .SelectMany(framework => framework.Tasks.Concat(framework.Unreachable).Concat(framework.Completed))
                .Where(task => Task.Length == 0 || task.Id.Value == Task);

            // As Mesos: by the time of the first status.
            all = Ascending ? all.OrderBy(Since) : all.OrderByDescending(Since);
            return all.Skip(Offset).Take(Limit);
        }

        private static double Since(ClusterTask task) => task.Statuses.Count > 0 ? task.Statuses[0].Timestamp ?? 0 : 0;

        private static int Number(IQueryCollection query, string name, int otherwise)
        {
            var text = query[name].ToString();
            if (text.Length == 0) return otherwise;
            return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
                : throw new CallException(StatusCodes.Status400BadRequest, $"'{name}' is no whole number: {text}");
        }
    }
}
