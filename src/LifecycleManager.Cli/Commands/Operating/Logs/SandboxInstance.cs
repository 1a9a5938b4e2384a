using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Cli.Commands.Operating.Logs;

/// <summary>An instance of an app whose sandbox is read, also one that has ended.</summary>
/// <param name="TaskId">Its task.</param>
/// <param name="AgentId">Where it runs, or ran.</param>
/// <param name="IsEnded">Whether it has ended.</param>
internal sealed record SandboxInstance(string TaskId, string AgentId, bool IsEnded)
{
    private const int MaxEnded = 1_000;
    private const int Shown = 3;

    /// <summary>What tells it from the others, short enough to stand before each line.</summary>
    public string ShortName => TaskId.IndexOf(".instance-", StringComparison.Ordinal) is >= 0 and var at
        && TaskId.Length >= at + 18 ? TaskId.Substring(at + 10, 8) : TaskId;

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
            var ended = (await EndedAsync(master, app, stop))
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

    /// <summary>The last that the master remembers, the newest first; those of a pod also while they run.</summary>
    private static async Task<IReadOnlyList<SandboxInstance>> EndedAsync(Endpoint master, string app, CancellationToken stop)
    {
        // "/shop/web" is "shop_web" in the ids of its tasks; what follows the mark is its own.
        var mark = app.Trim('/').Replace('/', '_') + ".instance-";
        var answer = await master.GetAsync($"/tasks?order=desc&limit={MaxEnded}", stop);
        return [.. answer["tasks"]!.AsArray().OfType<JsonObject>()
            .Where(task => ((string?)task["id"])?.StartsWith(mark, StringComparison.Ordinal) == true)
            .Select(task => new SandboxInstance((string)task["id"]!, (string?)task["slave_id"] ?? "",
                (string?)task["state"] is not ("TASK_RUNNING" or "TASK_STARTING" or "TASK_STAGING" or "TASK_KILLING")))];
    }
}
