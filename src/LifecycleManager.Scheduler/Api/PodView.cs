using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Pods;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Snapshots;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Api;

/// <summary>Pods as answers show them.</summary>
internal static class PodView
{
    /// <summary>A pod with its instances.</summary>
    public static PodStatus Status(AppStatus status, DateTimeOffset now)
    {
        var instances = status.Instances.Where(instance => !instance.State.IsTerminal())
            .Select(instance => Status(status, instance)).ToList();
        var stable = instances.Count(instance => instance.Status == "STABLE");
        var since = status.Instances.Select(instance => instance.Since).Append(status.LastScalingAt)
            .Append(status.LastConfigChangeAt).Max();
        return new PodStatus
        {
            Id = status.Definition.Id.Path,
            Spec = PodNotation.Shown(status.Definition),
            Status = status.IsRemoved ? "TERMINAL" : stable == status.Definition.Instances && instances.Count == stable
                ? "STABLE" : "DEGRADED",
            StatusSince = Timestamps.Write(since),
            Instances = instances,
            TerminationHistory = status.LastFailure is not { } failure ? [] :
            [
                new PodTermination(TaskIds.InstanceOf(failure.TaskId), null, Timestamps.Write(failure.At), failure.Message),
            ],
            LastUpdated = Timestamps.Write(now),
            LastChanged = Timestamps.Write(since),
        };
    }

    /// <summary>One instance.</summary>
    public static PodInstanceStatus Status(AppStatus status, Instance instance)
    {
        var definition = status.Definition;
        var changed = Timestamps.Write(instance.Since);
        var ports = new Queue<int?>(instance.Ports);
        return new PodInstanceStatus
        {
            Id = instance.InstanceId,
            Status = StatusOf(instance, hasChecks: definition.HealthChecks.Count > 0),
            StatusSince = changed,
            Message = instance.State.IsUnreachable() ? "Agent does not answer" : instance.Goal == InstanceGoal.Ended
                ? "is being ended" : null,
            AgentHostname = instance.Host,
            AgentId = instance.AgentId,
            AgentRegion = instance.Region,
            AgentZone = instance.Zone,
            Resources = new PodResources
            {
                Cpus = definition.Cpus,
                Mem = definition.Mem,
                Disk = definition.Disk,
                Gpus = definition.Gpus
            },
            Networks = instance.Addresses.Count == 0 ? []
                : [new PodNetworkStatus([.. instance.Addresses.Select(address => address.Address)])],
            Containers = [.. instance.Tasks.Select(task => Container(instance, task, definition, ports))],
            SpecReference = $"/v2/pods{instance.AppId}::versions/{Timestamps.Write(instance.Version)}",
            Role = instance.Role,
            LastUpdated = changed,
            LastChanged = changed,
        };
    }

    private static string StatusOf(Instance instance, bool hasChecks) => instance.State switch
    {
        InstanceState.Provisioned => "PENDING",
        InstanceState.Staging or InstanceState.Starting => "STAGING",
        InstanceState.Running when instance.Goal == InstanceGoal.Running && hasChecks && instance.Healthy is null => "STAGING",
        InstanceState.Running when instance.Goal == InstanceGoal.Running && instance.Healthy != false => "STABLE",
        InstanceState.Running or InstanceState.Killing or InstanceState.Unreachable or InstanceState.UnreachableInactive =>
            "DEGRADED",
        _ => "TERMINAL",
    };

    private static PodContainerStatus Container(Instance instance, PodTask task, AppDefinition definition, Queue<int?> ports)
    {
        var since = Timestamps.Write(task.Since);
        var app = definition.Containers.FirstOrDefault(container => container.Name == task.Name).App;
        var own = app?.HealthChecks.Count > 0 ? app.HealthChecks[0] : null;
        var endpoints = new List<PodEndpointStatus>();
        for (var index = 0; index < (app?.Ports.Count ?? 0); index++)
        {
            var port = ports.TryDequeue(out var host) ? host : null;
            endpoints.Add(new PodEndpointStatus(app!.Ports[index].Name!, port, own?.PortIndex == index ? task.Healthy : null));
        }

        return new PodContainerStatus
        {
            Name = task.Name,
            Status = task.State.MesosName(),
            StatusSince = since,
            ContainerId = PodTasks.IdOf(instance, task),
            Message = task.Message is { Length: > 0 } message ? message : null,
            Conditions = task.Healthy is not { } healthy ? [] :
            [
                new PodCondition("healthy", healthy ? "true" : "false", Timestamps.Write(task.HealthySince ?? task.Since),
                    Timestamps.Write(task.HealthySince ?? task.Since)),
            ],
            Endpoints = endpoints,
            Resources = new PodResources { Cpus = app?.Cpus, Mem = app?.Mem, Disk = app?.Disk, Gpus = app?.Gpus },
            Termination = task.State.IsTerminal() ? new PodContainerTermination(null, task.Message) : null,
            LastUpdated = since,
            LastChanged = since,
        };
    }
}
