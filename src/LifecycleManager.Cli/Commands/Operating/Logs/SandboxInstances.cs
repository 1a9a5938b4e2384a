using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Clients.Agents;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Cli.Commands.Operating.Logs;

/// <summary>Which instances of an app are meant.</summary>
internal static class SandboxInstances
{
    private const int Shown = 3;

    /// <summary>The instances that are meant.</summary>
    /// <param name="scheduler">Knows those that run.</param>
    /// <param name="master">Knows those that have ended.</param>
    /// <param name="app">The app.</param>
    /// <param name="task">Part of the id of the one that is meant; null for all.</param>
    /// <param name="withEnded">Whether those that have ended count too; where none runs, the last one does.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="CliException">There is none, or several have that part.</exception>
    public static async Task<IReadOnlyList<SandboxInstance>> FindAsync(
        Endpoint scheduler, Endpoint master, string app, string? task, bool withEnded, CancellationToken stop)
    {
        var live = await LiveAsync(scheduler, app, stop);
        var found = task is null ? live : [.. live.Where(instance => instance.TaskId.Contains(task, StringComparison.Ordinal))];
        if (withEnded || found.Count == 0)
        {
            // The newest first; those of a pod also while they run.
            var ended = SandboxInstance.Remembered(await master.GetAsync(SandboxInstance.RememberedPath, stop), app)
                .Where(instance => live.All(other => other.TaskId != instance.TaskId)
                    && (task is null || instance.TaskId.Contains(task, StringComparison.Ordinal))).ToList();
            found = withEnded || task is not null ? [.. found, .. ended] : [.. ended.Take(1)];
        }

        if (found.Count == 0)
            throw new CliException(
                $"{(task is null ? $"no instance of {app} is" : $"no instance of {app} with '{task}' in its id is")} known, nor "
                    + $"one "
                + $"that has ended: 'lcm why {app}' says what it waits for", code: ExitStatus.NotFound);
        if (task is not null && found.Count > 1 && found.All(instance => instance.TaskId != task))
            throw new CliException(
                $"{found.Count} instances of {app} have '{task}' in their id: "
                + $"{string.Join(", ", found.Take(Shown).Select(instance => instance.TaskId))}"
                + $"{(found.Count > Shown ? ", ..." : "")}; say more of it", code: ExitStatus.NotFound);
        return task is null ? found : [found.FirstOrDefault(instance => instance.TaskId == task) ?? found[0]];
    }

    /// <summary>Those that run.</summary>
    public static async Task<IReadOnlyList<SandboxInstance>> LiveAsync(Endpoint scheduler, string app, CancellationToken stop) =>
        await scheduler.FindAsync(AppIds.Path(app) + "/tasks", stop) is not { } answer ? []
            : [.. scheduler.As(answer, MarathonJson.Default.TaskList).Tasks.Where(task => task.SlaveId is not null)
                .Select(task => new SandboxInstance(task.Id, task.SlaveId!, IsEnded: false))];
}
