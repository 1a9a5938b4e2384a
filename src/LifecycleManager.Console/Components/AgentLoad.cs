using LifecycleManager.Console.Clients;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Console.Components;

/// <summary>What one app or pod takes of an agent.</summary>
/// <param name="Name">Its id.</param>
/// <param name="IsPod">Whether it is a pod.</param>
/// <param name="Instances">What each of its instances there asks for; zero of one that cannot be read.</param>
public sealed record AgentLoad(string Name, bool IsPod, IReadOnlyList<Amounts> Instances)
{
    /// <summary>What they ask for together.</summary>
    public Amounts Sum { get; } = Instances.Aggregate(default(Amounts), (sum, one) => sum.Plus(one));

    /// <summary>Its instances there.</summary>
    public int Count => Instances.Count;

    /// <summary>
    /// What fills each agent, by its id, the most cpus first. An app that cannot be read counts with its instances alone.
    /// </summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<AgentLoad>> ByAgent(
        IReadOnlyList<AppTask> tasks, IReadOnlyList<App> apps, IReadOnlyList<PodStatus> pods)
    {
        var sizes = apps.Where(app => app.Id is not null)
            .ToDictionary(app => app.Id!, app => new Amounts(app.Cpus ?? 0, app.Mem ?? 0), StringComparer.Ordinal);
        var ofApps = tasks.Where(task => task.SlaveId is not null)
            .Select(task => (Agent: task.SlaveId!, Name: task.AppId, IsPod: false, Size: sizes.GetValueOrDefault(task.AppId)));
        var ofPods = pods.SelectMany(pod => pod.Instances, (pod, instance) => (pod, instance))
            .Where(held => held.instance.AgentId is not null)
            .Select(held => (Agent: held.instance.AgentId!, Name: held.pod.Id, IsPod: true,
                Size: new Amounts(held.instance.Resources.Cpus ?? 0, held.instance.Resources.Mem ?? 0)));
        return ofApps.Concat(ofPods).GroupBy(held => held.Agent, StringComparer.Ordinal).ToDictionary(
            agent => agent.Key, agent => (IReadOnlyList<AgentLoad>)
            [
                .. agent.GroupBy(held => (held.Name, held.IsPod))
                    .Select(held => new AgentLoad(held.Key.Name, held.Key.IsPod, [.. held.Select(one => one.Size)]))
                    .OrderByDescending(part => part.Sum.Cpus).ThenBy(part => part.Name, StringComparer.Ordinal),
            ], StringComparer.Ordinal);
    }
}
