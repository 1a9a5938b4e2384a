using System.Runtime.InteropServices;

namespace LifecycleManager.Testing;

/// <summary>Signals to processes, by Linux' numbers.</summary>
internal static partial class Signals
{
    public const int Interrupt = 2;
    public const int Kill = 9;
    public const int Terminate = 15;
    public const int Continue = 18;
    public const int Stop = 19;

    /// <summary>Whether this process, and so each that it starts, was started with SIGINT ignored.</summary>
    public static bool IsInterruptIgnored { get; } = OperatingSystem.IsLinux()
        && File.ReadLines("/proc/self/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal)) is var line
        && (ulong.Parse(line["SigIgn:".Length..].Trim(), System.Globalization.NumberStyles.HexNumber,
            System.Globalization.CultureInfo.InvariantCulture) & (1UL << (Interrupt - 1))) != 0;

    /// <summary>Sends one; false when there is no such process.</summary>
    public static bool Send(int process, int signal) => kill(process, signal) == 0;

    /// <summary>A process' descendants, itself first.</summary>
    public static IReadOnlyList<int> Tree(int process)
    {
        var parents = new Dictionary<int, int>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), out var id)) continue;
            try
            {
                // The name stands in parentheses and may hold anything; the parent is the second field after it.
                var stat = File.ReadAllText(Path.Combine(directory, "stat"));
                parents[id] = int.Parse(stat[(stat.LastIndexOf(')') + 2)..]
                    .Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
            }
            catch (IOException)
            {
                // It has ended.
            }
        }

        var tree = new List<int> { process };
        for (var i = 0; i < tree.Count; i++)
            tree.AddRange(parents.Where(entry => entry.Value == tree[i]).Select(entry => entry.Key));
        return tree;
    }

    [LibraryImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int kill(int pid, int signal);
}
