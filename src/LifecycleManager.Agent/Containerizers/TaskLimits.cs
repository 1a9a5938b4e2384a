using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Resources;

namespace LifecycleManager.Agent.Containerizers;

/// <summary>A task's resources as the kernel wants them, by Mesos' rules.</summary>
internal sealed record TaskLimits(double Cpus, long CpuShares, long MemoryBytes, int Pids)
{
    /// <summary>Of a CFS period, in microseconds.</summary>
    public const long CpuPeriod = 100_000;

    private const long Megabyte = 1024 * 1024;
    private const long Shares = 1024;
    private const long RevocableShares = 10;
    private const long LeastShares = 2;
    private const long LeastMemory = 32 * Megabyte;
    private const long LeastQuota = 1000;

    /// <summary>The CFS quota in microseconds a period.</summary>
    public long CpuQuota => Math.Max(LeastQuota, (long)Math.Round(Cpus * CpuPeriod));

    /// <summary>Whether the task states memory at all; without, it has no limit.</summary>
    public bool LimitsMemory => MemoryBytes > 0;

    /// <param name="record">The task.</param>
    /// <param name="pids">The most processes and threads; 0 for no limit.</param>
    public static TaskLimits Of(TaskRecord record, int pids)
    {
        var cpus = MachineResources.Scalar(record.Task.Resources, "cpus");
        // Best effort yields to everybody, as in Mesos.
        var shares = record.Task.Resources.Any(resource => resource is { Name: "cpus", Revocable: not null })
            ? RevocableShares : Shares;
        var memory = MachineResources.Scalar(record.Task.Resources, "mem");
        return new TaskLimits(
            cpus,
            Math.Max(LeastShares, (long)(cpus * shares)),
            memory <= 0 ? 0 : Math.Max(LeastMemory, (long)(memory * Megabyte)),
            pids);
    }
}
