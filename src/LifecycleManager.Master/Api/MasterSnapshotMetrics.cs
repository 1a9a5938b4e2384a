using LifecycleManager.Master.Cluster;
using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Api;

/// <summary>The metrics of <c>/metrics/snapshot</c>, in Mesos' names and units: memory and disk in megabytes.</summary>
internal static class MasterSnapshotMetrics
{
    /// <summary>What Mesos has and this master cannot have: zero, so that who reads them sees no gap. See the README.</summary>
    public static readonly string[] Impossible =
    [
        "master/dropped_messages", "master/messages_authenticate", "master/messages_deactivate_framework",
        "master/messages_exited_executor", "master/event_queue_messages", "master/event_queue_http_requests",
        "master/slave_shutdowns_scheduled", "master/slave_shutdowns_completed", "master/slave_shutdowns_canceled",
        "allocator/event_queue_dispatches", "allocator/mesos/event_queue_dispatches", "registrar/log/ensemble_size",
        "overlay/log/recovered", "overlay/log/ensemble_size",
    ];

    private static readonly string[] Scalars = ["cpus", "disk", "gpus", "mem"];

    private static readonly TaskState[] Living =
        [TaskState.Staging, TaskState.Starting, TaskState.Running, TaskState.Killing, TaskState.Unreachable];

    /// <summary>The names and their values; of a master that does not lead only that.</summary>
    public static IEnumerable<(string Name, double Value)> All(MasterView? view, MasterMetrics metrics)
    {
        IEnumerable<(string, double)> elected = [("master/elected", view is null ? 0 : 1)];
        return view is null ? elected
            : [.. elected, .. Cluster(view), .. metrics.Mesos.All(), .. view.Frameworks.SelectMany(Framework),
                .. Resources(view), .. Allocator(view, metrics), .. Registrar(view, metrics),
                .. Impossible.Select(name => (name, 0.0))];
    }

    private static IEnumerable<(string Name, double Value)> Cluster(MasterView view)
    {
        yield return ("master/uptime_secs", view.Uptime.TotalSeconds);
        yield return ("master/slaves_active", view.Agents.Count(agent => agent.IsActive));
        yield return ("master/slaves_inactive", view.Agents.Count(agent => !agent.IsActive));
        yield return ("master/slaves_connected", view.Agents.Count(agent => agent.IsConnected));
        yield return ("master/slaves_disconnected", view.Agents.Count(agent => !agent.IsConnected));
        yield return ("master/slaves_unreachable", view.Unreachable);
        yield return ("master/frameworks_active", view.Frameworks.Count(framework => framework.IsConnected));
        yield return ("master/frameworks_inactive", view.Frameworks.Count(framework => !framework.IsConnected));
        yield return ("master/frameworks_connected", view.Frameworks.Count(framework => framework.IsConnected));
        yield return ("master/frameworks_disconnected", view.Frameworks.Count(framework => !framework.IsConnected));
        yield return ("master/outstanding_offers", view.Frameworks.Sum(framework => framework.Offers.Count));
        yield return ("master/event_queue_dispatches", view.PendingEvents);
        var all = view.Tasks.Concat(view.Frameworks.SelectMany(framework => framework.Unreachable)).ToList();
        foreach (var state in Living)
            yield return ($"master/tasks_{MasterMetrics.Name(state)}", all.Count(task => task.State == state));
    }

    // As Mesos: the name percent-encoded, since slashes divide the parts of a metric's name.
    private static IEnumerable<(string Name, double Value)> Framework(FrameworkView framework)
    {
        var prefix = $"master/frameworks/{Uri.EscapeDataString(framework.Info.Name)}/{framework.Id.Value}/";
        yield return (prefix + "subscribed", framework.IsConnected ? 1 : 0);
        foreach (var (name, value) in framework.Counts) yield return (prefix + name, value);
        var tasks = framework.Tasks.Concat(framework.Unreachable).CountBy(task => task.State).ToDictionary();
        foreach (var state in Living)
            yield return ($"{prefix}tasks/active/task_{MasterMetrics.Name(state)}", tasks.GetValueOrDefault(state));
        foreach (var role in framework.Roles)
            yield return ($"{prefix}roles/{role}/suppressed", framework.Suppressed.Contains(role) ? 1 : 0);
    }

    // As Mesos has it: revocable resources apart, since the same machine is counted twice with them.
    private static IEnumerable<(string Name, double Value)> Resources(MasterView view)
    {
        foreach (var isRevocable in new[] { false, true })
        {
            var (total, used) = (new Quantities(), new Quantities());
            foreach (var agent in view.Agents)
            {
                total.Add(agent.Total.Where(kind => kind.IsRevocable == isRevocable));
                used.Add(agent.Used.Where(kind => kind.IsRevocable == isRevocable));
            }

            foreach (var scalar in Scalars)
            {
                var name = isRevocable ? $"master/{scalar}_revocable" : $"master/{scalar}";
                yield return ($"{name}_total", total[scalar] / 1000.0);
                yield return ($"{name}_used", used[scalar] / 1000.0);
                yield return ($"{name}_percent", total[scalar] > 0 ? (double)used[scalar] / total[scalar] : 0);
            }
        }
    }

    private static IEnumerable<(string Name, double Value)> Allocator(MasterView view, MasterMetrics metrics)
    {
        const string Name = "allocator/mesos/";
        yield return (Name + "allocation_runs", metrics.Allocation.Count);
        foreach (var time in metrics.AllocationRuns.All(Name + "allocation_run_ms")) yield return time;
        foreach (var time in metrics.AllocationLatencies.All(Name + "allocation_run_latency_ms")) yield return time;
        yield return (Name + "offers_sent", metrics.OffersSent.Value);
        yield return (Name + "offers_accepted", metrics.OffersAccepted.Value);
        yield return (Name + "offers_declined", metrics.OffersDeclined.Value);
        yield return (Name + "offers_rescinded", metrics.OffersRescinded.Value);
        foreach (var scalar in Scalars)
        {
            yield return ($"{Name}resources/{scalar}/total", view.Total[scalar] / 1000.0);
            yield return ($"{Name}resources/{scalar}/offered_or_allocated",
                (view.Offered[scalar] + view.Used[scalar]) / 1000.0);
        }

        foreach (var role in view.Roles)
        {
            yield return ($"{Name}roles/{role.Name}/shares/dominant", role.Allocated.ShareOf(view.Total));
            foreach (var (scalar, guarantee) in role.Quota?.Guarantees ?? new Dictionary<string, Scalar>())
            {
                var at = $"{Name}quota/roles/{role.Name}/resources/{scalar}/";
                yield return (at + "guarantee", guarantee.Value);
                yield return (at + "offered_or_allocated", role.Allocated[scalar] / 1000.0);
            }
        }

        foreach (var role in view.Frameworks.SelectMany(framework => framework.Refusals).GroupBy(role => role.Key))
            yield return ($"{Name}offer_filters/roles/{role.Key}/active", role.Sum(own => own.Value));
    }

    private static IEnumerable<(string Name, double Value)> Registrar(MasterView view, MasterMetrics metrics)
    {
        yield return ("registrar/queued_operations", view.QueuedWrites);
        yield return ("registrar/registry_size_bytes", metrics.Registry.Bytes);
        yield return ("registrar/state_fetch_ms", metrics.Registry.Fetched.TotalMilliseconds);
        foreach (var time in metrics.Registry.Stores.All("registrar/state_store_ms")) yield return time;

        // It was read, or this master would not lead.
        yield return ("registrar/log/recovered", 1);
    }
}
