using System.Runtime.InteropServices;

namespace LifecycleManager.Cli.Hosting;

/// <summary>
/// Memory that was needed for a while: by the compiler at the start, by a burst of work or a thousand streams that are closed.
/// The runtime collects when it allocates, so that a process which has become quiet would keep it for ever.
/// </summary>
internal static partial class IdleMemory
{
    // A tenth more than after the last time is worth a pause of some tens of milliseconds, in a process that does next to
    // nothing.
    private const int WorthShare = 10;
    private const long QuietAllocation = 64L << 20;
    private const long MaxHeap = 512L << 20;

    // Of a busy process a pause a minute is worth what was allocated, is free, and stays with it.
    private const long MuchSlack = 32L << 20;

    // Of what a burst needed, some is let go only after a look: by connections that end, and by the runtime's own pools.
    private const int Repeats = 3;

    /// <summary>After this the agents are registered and the policies in force.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan BetweenPauses = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Gives it back to the system, once the roles have settled and then whenever it is quiet, or much of it is free, until
    /// cancelled.
    /// </summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static async Task KeepAsync(TimeProvider time, CancellationToken cancellation)
    {
        await Task.Delay(Settled, time, cancellation);
        Release();
        var (kept, allocated, again, released) = (Environment.WorkingSet, GC.GetTotalAllocatedBytes(), 0, time.GetTimestamp());
        while (true)
        {
            await Task.Delay(Look, time, cancellation);
            ServerBuffers.All.Trim();
            var isQuiet = GC.GetTotalAllocatedBytes() - allocated < QuietAllocation;
            allocated = GC.GetTotalAllocatedBytes();
            if (Environment.WorkingSet - kept >= kept / WorthShare) again = Repeats;

            // Of a large heap the pause would be felt.
            if (!isQuiet && (time.GetElapsedTime(released) < BetweenPauses || Slack < MuchSlack)) continue;
            if (again == 0 || GC.GetTotalMemory(forceFullCollection: false) > MaxHeap) continue;
            again--;
            Release();
            (kept, released) = (Environment.WorkingSet, time.GetTimestamp());
        }
    }

    /// <summary>Bytes that the heap holds, and that nothing needed at the last collection.</summary>
    private static long Slack
    {
        get
        {
            var heap = GC.GetGCMemoryInfo();
            return heap.TotalCommittedBytes - heap.HeapSizeBytes + heap.FragmentedBytes;
        }
    }

    private static void Release()
    {
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
