using System.Text.Json;
using System.Text.Json.Nodes;
using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Agent.Tasks;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LifecycleManager.Agent.Api;

/// <summary><c>/monitor/statistics</c> and <c>/containers</c>, in Mesos' shape.</summary>
internal static class StatisticsEndpoints
{
    private const int AtOnce = 16;
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(5);

    public static void Map(IEndpointRouteBuilder app, AgentService agent, TimeProvider time)
    {
        foreach (var path in (string[])["/monitor/statistics", "/monitor/statistics.json"])
        {
            app.MapGet(path, (HttpContext context, CancellationToken cancellation) =>
                AnswerAsync(context, status: false, cancellation)).AsksByApp();
        }

        app.MapGet("/metrics/snapshot", () => MesosAnswers.Answer(AgentSnapshotMetrics.Json(agent, time)));
        app.MapGet("/containers", (HttpContext context, CancellationToken cancellation) =>
            AnswerAsync(context, status: true, cancellation)).AsksByApp();

        async Task<IResult> AnswerAsync(HttpContext context, bool status, CancellationToken cancellation) =>
            MesosAnswers.Answer(await AllAsync(agent, time, new TaskScope(agent, context), status, cancellation));
    }

    /// <summary>The running containers that may be seen, each with what it uses where that is to be had in time.</summary>
    public static async Task<JsonArray> AllAsync(
        AgentService agent, TimeProvider time, TaskScope scope, bool status, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(ReadTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        using var gate = new SemaphoreSlim(AtOnce);
        var all = await Task.WhenAll(agent.Tasks
            .Where(run => run.Container is not null && !run.State.IsTerminal() && scope.Sees(run)).Select(OneAsync));
        return new JsonArray([.. all]);

        async Task<JsonNode?> OneAsync(TaskRun run)
        {
            var json = new JsonObject
            {
                ["container_id"] = run.Record.ContainerId,
                ["executor_id"] = run.Record.TaskId.Value,
                ["executor_name"] = $"Command Executor (Task: {run.Record.TaskId.Value})",
                ["framework_id"] = run.Record.FrameworkId.Value,
                ["source"] = run.Record.TaskId.Value,
            };
            if (status) json["status"] = JsonSerializer.SerializeToNode(run.Container!.Status, MesosJson.Default.ContainerStatus);
            if (await UsageAsync(run) is { } usage)
                json["statistics"] = MesosAnswers.Of(usage, TaskLimits.Of(run.Record, agent.Options.TaskPids));
            return json;
        }

        async Task<ContainerStatistics?> UsageAsync(TaskRun run)
        {
            try
            {
                await gate.WaitAsync(either.Token);
                try
                {
                    return await run.Container!.UsageAsync(either.Token).WaitAsync(either.Token);
                }
                finally
                {
                    gate.Release();
                }
            }
            catch (Exception) when (!cancellation.IsCancellationRequested)
            {
                // It has just ended, or its engine hangs: the others' numbers are worth having.
                return null;
            }
        }
    }
}
