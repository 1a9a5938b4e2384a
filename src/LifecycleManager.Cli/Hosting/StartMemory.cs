using System.Runtime.InteropServices;

namespace LifecycleManager.Cli.Hosting;

/// <summary>The memory that starting takes and running does not need: of the compiler, of what was read and parsed once.</summary>
internal static partial class StartMemory
{
    /// <summary>After this the agents are registered and the policies in force.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(5);

    /// <summary>Gives it back to the system, once the roles have settled.</summary>
    public static async Task ReleaseAsync(TimeProvider time, CancellationToken cancellation)
    {
        await Task.Delay(Settled, time, cancellation);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            _ = TrimHeap(0);
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library than glibc keeps its heap small by itself.
        }
    }

    /// <summary>glibc's <c>malloc_trim(3)</c>: it keeps what was freed, unless asked.</summary>
    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int TrimHeap(nuint keep);
}
