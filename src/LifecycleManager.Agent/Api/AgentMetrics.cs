using System.Text.Json;
using LifecycleManager.Agent.Resources;
using LifecycleManager.Protocol.Mesos;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Prometheus;

namespace LifecycleManager.Agent.Api;

/// <summary>The agent's metrics for Prometheus.</summary>
internal sealed class AgentMetrics
{
    private readonly CollectorRegistry _registry;

    public AgentMetrics(AgentService agent, CollectorRegistry registry)
    {
        _registry = registry;
        var metrics = Metrics.WithCustomRegistry(registry);
        var total = metrics.CreateGauge("lcm_agent_resources_total",
            "What the agent offers; ports are counted, memory and disk are in MB.", "resource");
        var used = metrics.CreateGauge("lcm_agent_resources_used", "What the tasks are given.", "resource");
        var tasks = metrics.CreateGauge("lcm_agent_tasks", "The tasks that have not ended.", "containerizer", "state");
        var pending = metrics.CreateGauge("lcm_agent_status_updates_pending", "Status updates that are not acknowledged.");
        var failures = metrics.CreateCounter("lcm_agent_launch_failures_total", "Launches that failed.", "reason");
        var registered = metrics.CreateGauge("lcm_agent_registered", "Whether a master has registered the agent.");
        var docker = metrics.CreateGauge("lcm_agent_docker_up", "Whether a Docker engine answers.");
        agent.LaunchFailed += reason => failures.WithLabels(JsonNamingPolicy.SnakeCaseUpper.ConvertName(reason.ToString())).Inc();
        registry.AddBeforeCollectCallback(() =>
        {
            var live = agent.Tasks.Where(run => !run.State.IsTerminal()).ToList();
            var uses = MachineResources.Totals(live.SelectMany(run => run.Record.Task.Resources));
            foreach (var (name, amount) in MachineResources.Totals(agent.Info.Resources!))
            {
                total.WithLabels(name).Set(amount);
                used.WithLabels(name).Set(uses.GetValueOrDefault(name));
            }

            // What there is no task of any more is zero, not yesterday's count.
            foreach (var labels in tasks.GetAllLabelValues()) tasks.WithLabels(labels).Set(0);
            foreach (var containerizer in agent.Features) tasks.WithLabels(containerizer, "running").Set(0);
            foreach (var kind in live.GroupBy(run => (run.Record.Containerizer, run.State)))
                tasks.WithLabels(kind.Key.Containerizer, kind.Key.State.ToString().ToLowerInvariant()).Set(kind.Count());
            pending.Set(agent.PendingUpdates);
            registered.Set(agent.Master is null ? 0 : 1);
            docker.Set(agent.DockerUp == true ? 1 : 0);
        });
    }

    public void Map(WebApplication app)
    {
        app.MapGet("/metrics", async (HttpContext context) =>
        {
            context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
            await _registry.CollectAndExportAsTextAsync(context.Response.Body, context.RequestAborted);
        });
    }
}
