using System.Globalization;
using System.Text;

namespace LifecycleManager.Agent.Containerizers.Processes;

/// <summary>A process for certain: a pid alone may have been given to another since.</summary>
/// <param name="Pid">The pid.</param>
/// <param name="StartTime">When it started, in clock ticks since boot.</param>
internal readonly record struct ProcessIdentity(int Pid, ulong StartTime)
{
    /// <summary>No process at all; there is none of this pid.</summary>
    public static ProcessIdentity None => default;
}

/// <summary>One line of <c>/proc/PID/stat</c>.</summary>
/// <param name="Identity">Which process.</param>
/// <param name="State">R, S, D, Z, X...</param>
/// <param name="Session">Its session.</param>
/// <param name="UserTicks">Cpu time of its own in user mode, in clock ticks.</param>
/// <param name="SystemTicks">And in the kernel.</param>
/// <param name="RssPages">Resident pages.</param>
internal readonly record struct ProcessStat(
    ProcessIdentity Identity, char State, int Session, ulong UserTicks, ulong SystemTicks, long RssPages)
{
    /// <summary>Whether it still runs; a zombie does not.</summary>
    public bool Alive => State is not ('Z' or 'X' or 'x');

    /// <summary>Parses the line; the program's name in it may hold blanks and parentheses.</summary>
    public static ProcessStat? Parse(string line)
    {
        var open = line.IndexOf('(', StringComparison.Ordinal);
        var close = line.LastIndexOf(')');
        if (open <= 0 || close < open) return null;
        var fields = line[(close + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        // Fields are counted from 1 in proc(5); after the name comes field 3.
        if (fields.Length < 22 || !int.TryParse(line.AsSpan(0, open)
            .Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
            || !int.TryParse(fields[6 - 3], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var session)
            || !ulong.TryParse(fields[14 - 3], NumberStyles.None, CultureInfo.InvariantCulture, out var user)
            || !ulong.TryParse(fields[15 - 3], NumberStyles.None, CultureInfo.InvariantCulture, out var system)
            || !ulong.TryParse(fields[22 - 3], NumberStyles.None, CultureInfo.InvariantCulture, out var start)
            || !long.TryParse(fields[24 - 3], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture,
                out var rss)) return null;
        return new ProcessStat(new ProcessIdentity(pid, start), fields[0][0], session, user, system, rss);
    }
}

/// <summary>The machine's processes, from <c>/proc</c>.</summary>
internal static class ProcessTable
{
    /// <summary>Clock ticks a second; the kernel's interface has it at 100 on every architecture.</summary>
    public const double TicksPerSecond = 100;

    /// <summary>A process now; null when there is none of that pid.</summary>
    public static ProcessStat? Find(int pid)
    {
        try
        {
            return ProcessStat.Parse(File.ReadAllText($"/proc/{pid}/stat"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Whether that very process runs.</summary>
    public static bool IsAlive(ProcessIdentity identity) =>
        Find(identity.Pid) is { Alive: true } found && found.Identity == identity;

    /// <summary>All processes that run, by session.</summary>
    public static ILookup<int, ProcessStat> BySession() =>
        All().Where(process => process.Alive).ToLookup(process => process.Session);

    /// <summary>Whether a process was started within a container: it inherits the container's id in its environment.</summary>
    public static bool BelongsTo(int pid, string containerId) => Has(pid, TaskEnvironment.ContainerVariable, containerId);

    /// <summary>Whether a process was started with a variable of this value.</summary>
    public static bool Has(int pid, string variable, string value) =>
        Environment(pid).AsSpan().IndexOf(Encoding.UTF8.GetBytes($"{variable}={value}\0")) >= 0;

    /// <summary>All processes that run and have kept the environment of a container, by the container's id.</summary>
    public static ILookup<string, ProcessStat> ByContainer() =>
        (from process in All()
         where process.Alive
         let container = MarkedContainer.VariablesOf(process.Identity.Pid)
             .GetValueOrDefault(TaskEnvironment.ContainerVariable)
         where container is not null
         select (process, container)).ToLookup(one => one.container, one => one.process, StringComparer.Ordinal);

    /// <summary>All processes that were started within a container and have kept its environment.</summary>
    public static List<ProcessStat> OfContainer(string containerId) =>
        [.. All().Where(process => process.Alive && BelongsTo(process.Identity.Pid, containerId))];

    /// <summary>
    /// The environment with which a process was started, each variable with a NUL at its end; empty when it is not to be had.
    /// </summary>
    public static byte[] Environment(int pid) => Read(pid, "environ");

    /// <summary>A process' program and arguments.</summary>
    public static string[] CommandLine(int pid) => Encoding.UTF8.GetString(Read(pid, "cmdline")).Split('\0');

    /// <summary>Names the machine's present boot; null where the kernel does not say.</summary>
    public static string? BootId()
    {
        try
        {
            return File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>All processes, also those that have ended and are not yet reaped.</summary>
    public static IEnumerable<ProcessStat> All()
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && Find(pid) is { } process) yield return process;
        }
    }

    private static byte[] Read(int pid, string file)
    {
        try
        {
            return File.ReadAllBytes($"/proc/{pid}/{file}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
