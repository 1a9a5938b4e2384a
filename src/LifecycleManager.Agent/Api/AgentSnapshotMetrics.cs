using System.Text.Json.Nodes;
using LifecycleManager.Agent.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Api;

/// <summary>The metrics of <c>/metrics/snapshot</c>, in Mesos' names and units: memory and disk in megabytes.</summary>
internal static class AgentSnapshotMetrics
{
    /// <summary>What Mesos has and this agent cannot have: zero, so that who reads them sees no gap. See the README.</summary>
    public static readonly string[] Impossible =
    [
        "slave/valid_framework_messages", "slave/invalid_status_updates", "containerizer/mesos/container_destroy_errors",
        "containerizer/mesos/disk/project_ids_free", "containerizer/mesos/disk/project_ids_total",
        "containerizer/mesos/filesystem/containers_new_rootfs", "containerizer/mesos/provisioner/bind/remove_rootfs_errors",
        "containerizer/mesos/provisioner/remove_container_errors",
    ];

    private static readonly string[] Scalars = ["cpus", "disk", "gpus", "mem"];

    /// <summary>The metrics as one object.</summary>
    public static JsonObject Json(AgentService agent, TimeProvider time) =>
        new(All(agent, time).Select(metric => KeyValuePair.Create<string, JsonNode?>(metric.Name, metric.Value)));

    /// <summary>The names and their values.</summary>
    public static IEnumerable<(string Name, double Value)> All(AgentService agent, TimeProvider time)
    {
        var live = agent.Tasks.Where(run => !run.State.IsTerminal()).ToList();
        var given = live.SelectMany(run => run.Record.Task.Resources).ToList();
        return
        [
            ("slave/registered", agent.Master is null ? 0 : 1),
            ("slave/uptime_secs", Math.Max(0, (time.GetUtcNow() - agent.Started).TotalSeconds)),
            ("slave/frameworks_active", live.Select(run => run.Record.FrameworkId).Distinct().Count()),

            // Each task is its own executor.
            ("slave/executors_registering", Count(TaskState.Staging) + Count(TaskState.Starting)),
            ("slave/executors_running", Count(TaskState.Running)),
            ("slave/executors_terminating", Count(TaskState.Killing)),
            ("slave/tasks_staging", Count(TaskState.Staging)),
            ("slave/tasks_starting", Count(TaskState.Starting)),
            ("slave/tasks_running", Count(TaskState.Running)),
            ("slave/tasks_killing", Count(TaskState.Killing)),
            .. agent.Counts.All(),
            .. Amounts("slave/", MachineResources.Totals(agent.Info.Resources!),
                MachineResources.Totals(given.Where(resource => resource.Revocable is null))),
            .. Amounts("slave/", Slack(agent),
                MachineResources.Totals(given.Where(resource => resource.Revocable is not null)), "_revocable"),
            ("containerizer/fetcher/cache_size_total_bytes", agent.Options.FetchCacheSize),
            ("containerizer/fetcher/cache_size_used_bytes", agent.FetchCacheUsed),
            ("gc/path_removals_pending", agent.EndedSandboxes),
            .. Impossible.Select(name => (name, 0.0)),
        ];

        int Count(TaskState state) => live.Count(run => run.State == state);
    }

    private static Dictionary<string, double> Slack(AgentService agent) =>
        agent.Slack is > 0 and var cpus ? new() { ["cpus"] = cpus } : [];

    private static IEnumerable<(string Name, double Value)> Amounts(
        string prefix, IReadOnlyDictionary<string, double> totals, IReadOnlyDictionary<string, double> uses, string kind = "")
    {
        foreach (var scalar in Scalars)
        {
            var (total, used) = (totals.GetValueOrDefault(scalar), uses.GetValueOrDefault(scalar));
            yield return ($"{prefix}{scalar}{kind}_total", total);
            yield return ($"{prefix}{scalar}{kind}_used", used);
            yield return ($"{prefix}{scalar}{kind}_percent", total > 0 ? used / total : 0);
        }
    }
}
