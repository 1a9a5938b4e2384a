using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Resources;

namespace LifecycleManager.Agent.Sandboxes;

/// <summary>
/// Holds a task to the disk that it states, as Mesos' <c>disk/du</c> isolator does: its sandbox is measured from time to time.
/// What a container writes beside its sandbox is the engine's.
/// </summary>
internal static class DiskQuota
{
    private const long Megabyte = 1024 * 1024;

    /// <summary>The most that a task's sandbox may hold in bytes; null where it states no disk.</summary>
    public static long? Of(TaskRecord record) =>
        MachineResources.Scalar(record.Task.Resources, "disk") is > 0 and var megabytes ? (long)(megabytes * Megabyte) : null;

    /// <summary>Completes when a sandbox holds more than it may.</summary>
    /// <param name="sandbox">The sandbox.</param>
    /// <param name="quota">The most, in bytes.</param>
    /// <param name="interval">Between two measurements; a sandbox that takes longer to measure is looked at less often.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>What it holds, in bytes.</returns>
    public static async Task<long> ExceededAsync(string sandbox, long quota, TimeSpan interval, TimeProvider time,
        CancellationToken cancellation)
    {
        while (true)
        {
            var begin = time.GetTimestamp();
            await Task.Delay(interval, time, cancellation);
            var used = await Task.Run(() => DiskUsage.Of(sandbox, cancellation), cancellation);
            if (used > quota) return used;
            var took = time.GetElapsedTime(begin) - interval;
            if (took > interval) await Task.Delay(took, time, cancellation);
        }
    }
}
