using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Scheduler.Core.Instances;

/// <summary>The task of one container of a pod's instance. Immutable.</summary>
/// <param name="Name">The container.</param>
/// <param name="State">Its state.</param>
/// <param name="Since">When it came into it.</param>
internal sealed record PodTask(string Name, InstanceState State, DateTimeOffset Since)
{
    /// <summary>The verdict of the agent's health check; null before the first, and without one.</summary>
    public bool? Healthy { get; init; }

    /// <summary>Since when it has that verdict.</summary>
    public DateTimeOffset? HealthySince { get; init; }

    /// <summary>The sandbox or container on the agent, as reported.</summary>
    public string? ContainerId { get; init; }

    /// <summary>What was last said of it.</summary>
    public string? Message { get; init; }
}

/// <summary>What the tasks of an instance make of the instance.</summary>
internal static class PodTasks
{
    // Of several ends, the one that says most.
    private static readonly InstanceState[] Ends =
    [
        InstanceState.Failed, InstanceState.Error, InstanceState.Dropped, InstanceState.Gone, InstanceState.Unknown,
        InstanceState.Killed,
        InstanceState.Finished,
    ];

    /// <summary>The Mesos task's id of a container.</summary>
    public static string IdOf(Instance instance, PodTask task) => $"{instance.TaskId}.{task.Name}";

    /// <summary>The ids at Mesos of what may still run of an instance.</summary>
    public static IEnumerable<string> LiveIds(Instance instance) => instance.Tasks.Count == 0
        ? [instance.TaskId]
        : instance.Tasks.Where(task => !task.State.IsTerminal()).Select(task => IdOf(instance, task));

    /// <summary>
    /// The instance's state: its least far task's on the way up; on the way down as soon as a task has ended otherwise than with
    /// success, for then the agent ends the others; ended when all have.
    /// </summary>
    public static InstanceState StateOf(IReadOnlyList<PodTask> tasks)
    {
        var live = tasks.Where(task => !task.State.IsTerminal()).Select(task => task.State).ToList();
        if (live.Count == 0) return TellingEnd(tasks).State;
        if (live.Contains(InstanceState.Unreachable)) return InstanceState.Unreachable;
        var ending = live.Contains(InstanceState.Killing)
            || tasks.Any(task => task.State.IsTerminal() && task.State != InstanceState.Finished);
        return ending ? InstanceState.Killing : live.Min();
    }

    /// <summary>The task whose end tells why the instance ended.</summary>
    public static PodTask TellingEnd(IReadOnlyList<PodTask> tasks) =>
        tasks.Where(task => task.State.IsTerminal()).MinBy(task => Array.IndexOf(Ends, task.State))!;

    /// <summary>
    /// Whether all containers with a health check pass it; null while one has not been answered, and without any.
    /// </summary>
    public static bool? HealthOf(IReadOnlyList<PodTask> tasks, IReadOnlySet<string> @checked) =>
        tasks.Any(task => task.Healthy == false) ? false
        : @checked.Count > 0 && tasks.Where(task => @checked.Contains(task.Name)).All(task => task.Healthy == true) ? true
        : null;

    /// <summary>Mesos' word for the end of an instance.</summary>
    public static TaskState MesosState(InstanceState state) => Enum.TryParse<TaskState>(state.ToString(), out var known)
        ? known : TaskState.Lost;
}
