using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Tasks;

/// <summary>Stops the container of a task that is to end, and asks again until it has ended.</summary>
/// <param name="task">The task.</param>
/// <param name="kill">How much of its grace period is left.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told of each stop that fails.</param>
internal sealed class ContainerStop(TaskId task, TaskKill kill, TimeProvider time, ILogger log)
{
    /// <summary>How long after its grace period a container may take to end before it is asked again: 5 s.</summary>
    private static readonly TimeSpan ExtraKillTime = TimeSpan.FromSeconds(5);

    /// <summary>Asks the container to end until it has ended.</summary>
    public async Task RunAsync(IContainer container, CancellationToken stopping)
    {
        while (!container.Exit.IsCompleted)
        {
            await AskAsync(container, stopping);
            // A container that was stopped ends within moments; one whose stop went wrong is asked again.
            await Task.WhenAny(container.Exit, time.DelayAsync(kill.Remaining + ExtraKillTime, stopping));
            stopping.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Asks the container once to end within what is left of the grace period; a failure is logged.</summary>
    public async Task AskAsync(IContainer container, CancellationToken stopping)
    {
        try
        {
            await container.StopAsync(kill.Remaining, stopping);
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            log.LogWarning("Task {Task} cannot be ended yet: {Reason}", task.Value, e.Message);
        }
    }
}
