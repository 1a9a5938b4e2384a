using LifecycleManager.Console.Clients;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Console.Pages;

/// <summary>What one app or pod takes of an agent.</summary>
/// <param name="Name">Its id.</param>
/// <param name="IsPod">Whether it is a pod.</param>
/// <param name="Count">Its instances there.</param>
/// <param name="Cpus">What they ask for together.</param>
/// <param name="Mem">The memory that they ask for together, in MB.</param>
internal sealed record AgentLoad(string Name, bool IsPod, int Count, double Cpus, double Mem)
{
    /// <summary>What fills an agent, the most cpus first. An app that cannot be read counts with its instances alone.</summary>
    public static IReadOnlyList<AgentLoad> Of(
        AgentRow agent, IReadOnlyList<AppTask> tasks, IReadOnlyList<App> apps, IReadOnlyList<PodStatus> pods)
    {
        var asked = apps.Where(app => app.Id is not null).ToDictionary(app => app.Id!, StringComparer.Ordinal);
        var ofApps = tasks.Where(task => task.SlaveId == agent.Id).GroupBy(task => task.AppId).Select(held =>
        {
            var (app, count) = (asked.GetValueOrDefault(held.Key), held.Count());
            return new AgentLoad(held.Key, false, count, (app?.Cpus ?? 0) * count, (app?.Mem ?? 0) * count);
        });
        var ofPods = pods.Select(pod => (pod.Id, Held: pod.Instances.Where(instance => instance.AgentId == agent.Id).ToList()))
            .Where(pod => pod.Held.Count > 0)
            .Select(pod => new AgentLoad(
                pod.Id, true, pod.Held.Count, pod.Held.Sum(held => held.Resources.Cpus ?? 0),
                pod.Held.Sum(held => held.Resources.Mem ?? 0)));
        return [.. ofApps.Concat(ofPods).OrderByDescending(part => part.Cpus).ThenBy(part => part.Name, StringComparer.Ordinal)];
    }
}
