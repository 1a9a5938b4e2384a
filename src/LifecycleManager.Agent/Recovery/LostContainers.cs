using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Containerizers.Docker;
using LifecycleManager.Agent.Masters;
using LifecycleManager.Agent.Tasks;
using LifecycleManager.Primitives.Timing;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Recovery;

/// <summary>
/// Looks for this agent's Docker containers whose records are lost, each time that the engine appears: their tasks go on. Owned
/// by the agent's owner; the engine is asked beside it.
/// </summary>
internal sealed class LostContainers(
    DockerEngine engine, DockerContainerizer docker, AgentDirectory directory, TaskTable tasks, Registration registration,
    BackgroundWork work, AgentOptions options, TimeProvider time, ILogger log)
{
    private bool _isLooking;

    /// <summary>Raised with what was found, when the engine has answered.</summary>
    public event Action<IReadOnlyList<FoundContainer>>? Found;

    /// <summary>The engine has appeared or disappeared.</summary>
    public void EngineChanged()
    {
        if (!engine.IsUp || _isLooking) return;
        _isLooking = true;
        // What an engine knows of tasks whose records are lost is told too; one that hangs keeps the rest no longer than a call.
        registration.Hold(RegistrationHold.LostContainers, options.DockerTimeout);
        work.Begin("the search for containers", FindAsync);
    }

    /// <summary>Takes what was found: a task goes on, unless nobody can say which it is.</summary>
    public void Take(IReadOnlyList<FoundContainer> found)
    {
        _isLooking = false;
        registration.Release(RegistrationHold.LostContainers);
        foreach (var container in found)
        {
            if (container.Task is not { } task || tasks.Find(task.FrameworkId, task.TaskId) is not null
                || tasks.FindCompleted(task.FrameworkId, task.TaskId) is not null)
            {
                log.LogWarning("The container {Container} belongs to no task any more, and is removed", container.ContainerId);
                work.Begin(
                    $"the removal of container {container.ContainerId}",
                    stopping => docker.RemoveAsync(container.Name, container.ContainerId, stopping));
                continue;
            }

            log.LogWarning("The record of task {Task} is lost; its container was found by its label", task.TaskId.Value);
            tasks.Recover(task);
            registration.Renew();
        }
    }

    private async Task FindAsync(CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                var before = Known();
                var lostRecords = new LostTaskRecords(directory, options.BootId, tasks.All.Select(run => run.Record.Framework));
                Found?.Invoke(await docker.FindAsync(id => before.Contains(id) || Known().Contains(id), lostRecords, stopping));
                return;
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                log.LogWarning("Containers without a task are looked for later: {Reason}", DockerEngine.Reason(e));
                await time.DelayAsync(options.DockerPing, stopping);
                await engine.UpAsync(stopping);
            }
        }
    }

    // One that ends while the engine is asked is known before, and may be over after.
    private HashSet<string> Known() =>
        [.. tasks.All.Select(run => run.Record.ContainerId).Concat(tasks.Completed.Select(task => task.ContainerId))];
}
