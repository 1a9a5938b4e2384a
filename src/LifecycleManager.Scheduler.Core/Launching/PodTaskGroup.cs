using System.Globalization;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Placement;

namespace LifecycleManager.Scheduler.Core.Launching;

/// <summary>What a pod and a placed instance of it make as a Mesos task group: all of its tasks run, or none.</summary>
internal static class PodTaskGroup
{
    /// <summary>Builds.</summary>
    /// <param name="pod">The definition.</param>
    /// <param name="instance">The instance, with agent and ports.</param>
    /// <param name="taken">The resources it got.</param>
    /// <param name="defaultUser">The user where the pod names none; empty for the agent's own.</param>
    public static LaunchGroupOperation Build(AppDefinition pod, Instance instance, IReadOnlyList<TakenResources> taken,
        string defaultUser)
    {
        var purse = new RemainingResources(taken);
        var own = pod.Wire.Pod!.ExecutorResources!;
        var executor = new ExecutorInfo
        {
            Type = "DEFAULT",
            ExecutorId = new ExecutorId(instance.TaskId),
            Resources = TaskInfoBuilder.Resources(purse.Take(own.Cpus ?? 0, own.Mem ?? 0, own.Disk ?? 0, own.Gpus ?? 0, [])),
        };
        var endpoints = Endpoints(pod, instance);
        var tasks = new List<TaskInfo>(pod.Containers.Count);
        var port = 0;
        foreach (var (name, app) in pod.Containers)
        {
            var ports = instance.Ports.Skip(port).Take(app.Ports.Count).ToList();
            port += app.Ports.Count;
            var share = purse.Take(app.Cpus, app.Mem, app.Disk, app.Gpus, [.. ports.OfType<int>()]);
            var task = TaskInfoBuilder.Build(
                app.WithVersion(pod.Version), instance with { TaskId = $"{instance.TaskId}.{name}", Ports = ports }, share,
                defaultUser);
            var variables = task.Command!.Environment!.Variables;
            tasks.Add(task with
            {
                Name = name,
                Command = task.Command with
                {
                    Environment =
                        new CommandEnvironment(
                            [.. endpoints.Where(endpoint => variables.All(known => known.Name != endpoint.Name)), .. variables]),
                },
            });
        }

        return new LaunchGroupOperation(executor, new TaskGroupInfo(tasks));
    }

    // Marathon's: each container finds the others' ports.
    private static List<CommandEnvironment.Variable> Endpoints(AppDefinition pod, Instance instance)
    {
        var variables = new List<CommandEnvironment.Variable>();
        for (var index = 0; index < pod.Ports.Count && index < instance.Ports.Count; index++)
        {
            if (instance.Ports[index] is not { } port || pod.Ports[index].Name is not { } name) continue;
            variables.Add(new CommandEnvironment.Variable
            {
                Name = "ENDPOINT_" + name.ToUpperInvariant().Replace('-', '_'),
                Value = port.ToString(CultureInfo.InvariantCulture),
            });
        }

        return variables;
    }

    /// <summary>The resources of an instance, which its tasks take out one after another.</summary>
    private sealed class RemainingResources(IReadOnlyList<TakenResources> taken)
    {
        private readonly List<TakenResources> _left = [.. taken];

        public List<TakenResources> Take(double cpus, double mem, double disk, int gpus, IReadOnlyList<int> ports)
        {
            var (c, m, d, g) = (RoleResources.Milli(cpus), RoleResources.Milli(mem), RoleResources.Milli(disk),
                RoleResources.Milli(gpus));
            var share = new List<TakenResources>();
            for (var index = 0; index < _left.Count; index++)
            {
                var have = _left[index];
                var part = new TakenResources(
                    have.From, Math.Min(c, have.Cpus), Math.Min(m, have.Mem), Math.Min(d, have.Disk), Math.Min(g, have.Gpus),
                    [.. have.Ports.Intersect(ports)]);
                (c, m, d, g) = (c - part.Cpus, m - part.Mem, d - part.Disk, g - part.Gpus);
                _left[index] = new TakenResources(
                    have.From, have.Cpus - part.Cpus, have.Mem - part.Mem, have.Disk - part.Disk, have.Gpus - part.Gpus,
                    [.. have.Ports.Except(ports)]);
                if (part is not { Cpus: 0, Mem: 0, Disk: 0, Gpus: 0, Ports.Count: 0 }) share.Add(part);
            }

            return share;
        }
    }
}
