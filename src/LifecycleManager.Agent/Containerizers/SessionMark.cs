using System.Text;
using LifecycleManager.Agent.Containerizers.Processes;
using LifecycleManager.Agent.Linux;

namespace LifecycleManager.Agent.Containerizers;

/// <summary>The variable by which the processes of a session are found, of containers on this machine too.</summary>
internal static class SessionMark
{
    /// <summary>Its name; the value is the session's id.</summary>
    public const string Variable = "LCM_SESSION";

    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Those that run and bear the mark.</summary>
    /// <param name="id">The session's id.</param>
    /// <param name="leader">With those of this process' session, whatever they bear; 0 for none.</param>
    public static List<ProcessStat> Of(string id, int leader = 0) =>
    [
        .. ProcessTable.All().Where(process => process.Alive
            && ((leader != 0 && process.Session == leader) || ProcessTable.Has(process.Identity.Pid, Variable, id))),
    ];

    /// <summary>Those that run and bear the mark of any session of an agent's tasks, whose agent has gone.</summary>
    /// <param name="home">The agent's own mark: <see cref="Checkpoints.TaskMark.HomeVariable"/>.</param>
    public static List<ProcessStat> OfAgent(string home)
    {
        var agent = Encoding.UTF8.GetBytes($"{Checkpoints.TaskMark.HomeVariable}={home}\0");
        var mark = Encoding.UTF8.GetBytes($"\0{Variable}=");
        return [.. ProcessTable.All().Where(process => process.Alive
            && ProcessTable.Environment(process.Identity.Pid).AsSpan() is var environment
            && environment.IndexOf(agent) >= 0 && environment.IndexOf(mark) >= 0)];
    }

    /// <summary>Sends SIGKILL until none is left, for 5 s at most.</summary>
    /// <param name="find">Those that are to end.</param>
    /// <param name="time">The clock.</param>
    /// <returns>Whether there were any.</returns>
    public static async Task<bool> EndAsync(Func<List<ProcessStat>> find, TimeProvider time)
    {
        var begun = time.GetTimestamp();
        for (var any = false; ; any = true)
        {
            var left = find();
            foreach (var process in left) _ = Native.Kill(process.Identity.Pid, Native.SigKill);
            if (left.Count == 0 || time.GetElapsedTime(begun) > Patience) return any;
            await Task.Delay(Again, time);
        }
    }
}
