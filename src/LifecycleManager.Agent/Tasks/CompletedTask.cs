using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Tasks;

/// <summary>A task that is over.</summary>
/// <param name="FrameworkId">Its framework.</param>
/// <param name="FrameworkName">The framework's name.</param>
/// <param name="TaskId">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="ContainerId">Its container.</param>
/// <param name="Sandbox">Its directory.</param>
/// <param name="Resources">What it used.</param>
/// <param name="Status">Its terminal status.</param>
internal sealed record CompletedTask(
    FrameworkId FrameworkId, string FrameworkName, TaskId TaskId, string Name, string ContainerId, string Sandbox,
    IReadOnlyList<Resource> Resources, TaskStatusInfo Status)
{
    /// <summary>The framework's principal, as the master has verified it; null where it asks nobody.</summary>
    public string? Principal { get; init; }

    public static CompletedTask Of(TaskRun run) => new(
        run.Record.FrameworkId, run.Record.Framework.Name, run.Record.TaskId, run.Record.Task.Name, run.Record.ContainerId,
        run.Sandbox, run.Record.Task.Resources, run.Updates.Latest!)
    {
        Principal = run.Record.Framework.Principal,
    };
}
