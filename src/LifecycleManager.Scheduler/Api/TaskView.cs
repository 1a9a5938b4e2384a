using System.Globalization;
using System.Text;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Snapshots;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Api;

/// <summary>Instances as answers show them.</summary>
internal static class TaskView
{
    /// <summary>The instances of an app that can be spoken of: those of an ended one are gone.</summary>
    public static IEnumerable<AppTask> Tasks(AppStatus status)
    {
        var ports = status.Definition.Ports.Select(port => port.ServicePort).ToList();
        return status.Instances.Where(instance => !instance.State.IsTerminal())
            .Select(instance => status.Serves(instance) ? Of(instance, ports) : Of(instance, ports) with { InService = false });
    }

    /// <summary>One instance.</summary>
    public static AppTask Of(Instance instance, IReadOnlyList<int>? servicePorts) => new()
    {
        Id = instance.TaskId,
        AppId = instance.AppId.Path,
        Host = instance.Host,
        Ports = [.. instance.Ports.Where(port => port is not null).Select(port => port!.Value)],
        SlaveId = instance.AgentId,
        State = instance.ShownState.MesosName(),
        StagedAt = Timestamps.Write(instance.StagedAt),
        StartedAt = instance.StartedAt is { } started ? Timestamps.Write(started) : null,
        Version = Timestamps.Write(instance.Version),
        HealthCheckResults = Health(instance),
        IpAddresses = [.. instance.Addresses.Select(address => new TaskIpAddress(address.Address, address.Protocol))],
        ServicePorts = servicePorts,
        Region = instance.Region,
        Zone = instance.Zone,
        Role = instance.Role,
        Started = instance.HasStarted ? null : false,
    };

    /// <summary>
    /// Marathon's list for load balancers: a line for each service port, <c>app TAB service port TAB host:port TAB …</c>, of
    /// running instances.
    /// </summary>
    public static string Text(IEnumerable<AppStatus> apps)
    {
        var text = new StringBuilder();
        foreach (var status in apps)
        {
            var app = status.Definition;
            var running = status.Instances
                .Where(instance => instance.ShownState == InstanceState.Running && status.Serves(instance)).ToList();
            if (app.Ports.Count == 0)
            {
                text.Append(app.Id.Safe).Append("\t \t");
                foreach (var instance in running) text.Append(instance.Host).Append('\t');
                text.Append('\n');
            }

            for (var index = 0; index < app.Ports.Count; index++)
            {
                text.Append(app.Id.Safe).Append('\t').Append(app.Ports[index].ServicePort.ToString(CultureInfo.InvariantCulture))
                    .Append('\t');
                foreach (var instance in running)
                {
                    if (index < instance.Ports.Count && instance.Ports[index] is { } port)
                        text.Append(instance.Host).Append(':').Append(port.ToString(CultureInfo.InvariantCulture)).Append('\t');
                }

                text.Append('\n');
            }
        }

        return text.ToString();
    }

    private static List<HealthCheckResult>? Health(Instance instance)
    {
        var known = instance.Health.Where(health => health.IsKnown).Select(health => new HealthCheckResult
        {
            Alive = health.Alive,
            ConsecutiveFailures = health.ConsecutiveFailures,
            FirstSuccess = Time(health.FirstSuccess),
            LastSuccess = Time(health.LastSuccess),
            LastFailure = Time(health.LastFailure),
            LastFailureCause = health.LastFailureCause,
            InstanceId = instance.InstanceId,
        }).ToList();
        if (known.Count == 0 && instance.AgentHealthy is { } alive)
            known.Add(new HealthCheckResult { Alive = alive, InstanceId = instance.InstanceId });
        return known.Count == 0 ? null : known;
    }

    private static string? Time(DateTimeOffset? at) => at is { } instant ? Timestamps.Write(instant) : null;
}
