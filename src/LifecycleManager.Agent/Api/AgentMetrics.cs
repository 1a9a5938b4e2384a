using System.Text.Json;
using LifecycleManager.Agent.Resources;
using LifecycleManager.Agent.Sessions;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Runtime.Observability;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Prometheus;

namespace LifecycleManager.Agent.Api;

/// <summary>The agent's metrics for Prometheus.</summary>
internal sealed class AgentMetrics
{
    private const double BytesOfMegabyte = 1024 * 1024;

    /// <summary>Why a launch fails, as a rule: shown from zero.</summary>
    private static readonly StatusReason[] Reasons = [StatusReason.ContainerLaunchFailed, StatusReason.TaskInvalid];

    private readonly CollectorRegistry _registry;

    public AgentMetrics(AgentService agent, SessionMemory memory, CollectorRegistry registry)
    {
        _registry = registry;
        var metrics = Metrics.WithCustomRegistry(registry);
        var total = metrics.CreateGauge("lcm_agent_resources",
            "What the agent offers; ports are counted, mem and disk are in bytes.", "resource");
        var used = metrics.CreateGauge("lcm_agent_resources_used",
            "What the tasks are given; ports are counted, mem and disk are in bytes.", "resource");
        var tasks = metrics.CreateGauge("lcm_agent_tasks", "The tasks that have not ended.", "containerizer", "state");
        var pending = metrics.CreateGauge("lcm_agent_status_updates_pending", "Status updates that are not acknowledged.");
        var failures = metrics.CreateCounter("lcm_agent_launch_failures_total", "Launches that failed.", "reason");
        var registered = metrics.CreateGauge("lcm_agent_registered", "Whether a master has registered the agent.");
        var docker = metrics.CreateUnset("lcm_agent_docker_up", "Whether the agent's Docker engine answers; absent without one.");
        var waiting = metrics.CreateGauge("lcm_agent_session_waiting_bytes",
            "Bytes that wait for those who listen to commands beside tasks; 1 MiB for each at most.");
        var dropped = metrics.CreateCounter("lcm_agent_session_listeners_dropped_total",
            "Those who listened to commands beside tasks and were left, since they did not keep up.");
        foreach (var reason in Reasons) failures.WithLabels(Name(reason)).Publish();
        agent.LaunchFailed += reason => failures.WithLabels(Name(reason)).Inc();
        registry.AddBeforeCollectCallback(() =>
        {
            var live = agent.Tasks.Where(run => !run.State.IsTerminal()).ToList();
            var uses = MachineResources.Totals(live.SelectMany(run => run.Record.Task.Resources));
            foreach (var (name, amount) in MachineResources.Totals(agent.Info.Resources!))
            {
                total.WithLabels(name).Set(Amount(name, amount));
                used.WithLabels(name).Set(Amount(name, uses.GetValueOrDefault(name)));
            }

            // What there is no task of any more is zero, not yesterday's count.
            foreach (var labels in tasks.GetAllLabelValues()) tasks.WithLabels(labels).Set(0);
            foreach (var containerizer in agent.Features) tasks.WithLabels(containerizer, "running").Set(0);
            foreach (var kind in live.GroupBy(run => (run.Record.Containerizer, run.State)))
                tasks.WithLabels(kind.Key.Containerizer, kind.Key.State.ToString().ToLowerInvariant()).Set(kind.Count());
            pending.Set(agent.PendingUpdates);
            waiting.Set(memory.WaitingBytes);
            dropped.IncTo(memory.Dropped);
            registered.Set(agent.Master is null ? 0 : 1);
            if (agent.DockerUp is { } isUp) docker.Set(isUp ? 1 : 0);
        });
    }

    /// <summary>Maps <c>/metrics</c>.</summary>
    public void Map(WebApplication app) => app.MapMetrics(settings => settings.Registry = _registry).ReadsOnly();

    private static string Name(StatusReason reason) => JsonNamingPolicy.SnakeCaseUpper.ConvertName(reason.ToString());

    /// <summary>An amount of Mesos' in Prometheus' units: memory and disk are megabytes there, bytes here.</summary>
    private static double Amount(string resource, double amount) =>
        resource is "mem" or "disk" ? amount * BytesOfMegabyte : amount;
}
