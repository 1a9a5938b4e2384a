using System.Text.Json;
using System.Text.Json.Nodes;
using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Agent.Tasks;
using LifecycleManager.Protocol.Mesos;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace LifecycleManager.Agent.Api;

/// <summary><c>/monitor/statistics</c> and <c>/containers</c>, in Mesos' shape.</summary>
internal static class StatisticsEndpoints
{
    private const int AtOnce = 16;
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(5);

    public static void Map(IEndpointRouteBuilder app, AgentService agent, TimeProvider time)
    {
        app.MapGet("/monitor/statistics", async (CancellationToken cancellation) =>
            MesosAnswers.Answer(await AllAsync(agent, time, status: false, cancellation)));
        app.MapGet("/metrics/snapshot", () => MesosAnswers.Answer(SnapshotMetrics.Json(agent, time)));
        app.MapGet("/containers", async (CancellationToken cancellation) =>
            MesosAnswers.Answer(await AllAsync(agent, time, status: true, cancellation)));
    }

    /// <summary>All running containers, each with what it uses where that is to be had in time.</summary>
    public static async Task<JsonArray> AllAsync(AgentService agent, TimeProvider time, bool status,
        CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(ReadTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        using var gate = new SemaphoreSlim(AtOnce);
        var all = await Task.WhenAll(agent.Tasks.Where(run => run.Container is not null && !run.State.IsTerminal())
            .Select(OneAsync));
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
            if (await UsageAsync(run) is { } usage) json["statistics"] = MesosAnswers.Of(usage, TaskLimits.Of(run.Record));
            return json;
        }

        async Task<ContainerUsage?> UsageAsync(TaskRun run)
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
