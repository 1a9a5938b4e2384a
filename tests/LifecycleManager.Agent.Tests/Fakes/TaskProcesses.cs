using System.Globalization;
using LifecycleManager.Agent.Containerizers.Processes;
using LifecycleManager.Agent.Linux;

namespace LifecycleManager.Agent.Tests.Fakes;

/// <summary>A task's own processes as the kernel shows them, without its supervisor.</summary>
internal static class TaskProcesses
{
    /// <summary>The processes now that hold a file of the task's sandbox open, whatever their environment.</summary>
    public static List<int> Of(string task) =>
    [
        .. ProcessTable.All().Where(process => process.Alive && IsIn(process.Identity.Pid, task) && !TaskSupervisor.Is(process))
            .Select(process => process.Identity.Pid).Order(),
    ];

    /// <summary>
    /// Waits for the one process of the task: between its supervisor's start and its own there is a moment without it.
    /// </summary>
    public static async Task<int> SingleAsync(string task)
    {
        await Wait.ForAsync(() => IsSingle(task), $"the one process of {task}");
        return Of(task).Single();
    }

    /// <summary>Whether the task has exactly one process, the one that it is to run.</summary>
    public static bool IsSingle(string task) => Of(task) is [var only] && ProcessTable.CommandLine(only)[0] == "sleep";

    /// <summary>Ends what is left of a task, and its supervisor.</summary>
    public static void End(string task)
    {
        foreach (var process in ProcessTable.All().Where(process => IsIn(process.Identity.Pid, task)))
            _ = Native.Kill(process.Identity.Pid, Native.SigKill);
    }

    /// <summary>Kills a task with its supervisor, so that nobody learns how it ended.</summary>
    public static async Task VanishAsync(string task)
    {
        // The supervisor first: it would write the end down.
        foreach (var process in ProcessTable.All()
            .Where(process => TaskSupervisor.Is(process) && IsIn(process.Identity.Pid, task))
            .ToList())
            _ = Native.Kill(process.Identity.Pid, Native.SigKill);
        End(task);
        await Wait.ForAsync(() => ProcessTable.All().All(process => !process.Alive || !IsIn(process.Identity.Pid, task)),
            $"the end of {task}");
    }

    // The sandbox is the working directory of all of a task, and its name holds the task's.
    private static bool IsIn(int pid, string task)
    {
        try
        {
            return File.ResolveLinkTarget(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/cwd"),
                returnFinalTarget: false)
                ?.FullName.Contains(task, StringComparison.Ordinal) == true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
