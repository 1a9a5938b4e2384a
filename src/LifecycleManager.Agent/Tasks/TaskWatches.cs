using System.Globalization;
using LifecycleManager.Agent.Checks;
using LifecycleManager.Agent.Sandboxes;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Tasks;

/// <summary>What watches over a task while it runs: its checks, the time that it may take, the disk that it may use.</summary>
internal sealed class TaskWatches(TaskRun task, CheckRunner checks, TaskServices services)
{
    /// <summary>Runs until cancelled.</summary>
    /// <exception cref="Exception">One of the watches failed; the others end with the cancellation.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        List<Task> running = [.. checks.Run(cancellation), LimitTimeAsync(cancellation), LimitDiskAsync(cancellation)];
        while (running.Count > 0)
        {
            var ended = await Task.WhenAny(running);
            running.Remove(ended);
            await ended;
        }

        await Task.Delay(Timeout.Infinite, cancellation);
    }

    private async Task LimitTimeAsync(CancellationToken cancellation)
    {
        if (task.Record.Task.MaxCompletionTime?.ToTimeSpan() is not { } limit) return;
        await services.Time.DelayAsync(limit - task.Age, cancellation);
        task.Kill(task.KillOf(
            TaskState.Failed, StatusReason.MaxCompletionTimeReached,
            string.Create(CultureInfo.InvariantCulture, $"it ran longer than {limit.TotalSeconds:0.###} s")));
    }

    private async Task LimitDiskAsync(CancellationToken cancellation)
    {
        if (!services.Options.EnforceDiskQuota || DiskQuota.Of(task.Record) is not { } quota) return;
        var used = await DiskQuota.ExceededAsync(task.Sandbox, quota, services.Options.DiskWatchInterval, services.Time,
            cancellation);
        task.Kill(task.KillOf(
            TaskState.Failed, StatusReason.ContainerLimitationDisk,
            string.Create(
                CultureInfo.InvariantCulture,
                $"its sandbox of {used / 1048576.0:0.#} MB exceeded its disk limit of {quota / 1048576.0:0.#} MB")) with
        {
            Limitation = [Resource.OfScalar("disk", used / 1048576.0)],
        });
    }
}
