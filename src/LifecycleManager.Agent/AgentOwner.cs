using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Masters;
using LifecycleManager.Agent.Recovery;
using LifecycleManager.Agent.Tasks;
using LifecycleManager.Agent.Updates;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Runtime.Loops;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent;

/// <summary>
/// Owns which tasks there are and who the agent is: says who answers which input. Nothing here waits for the network; what does,
/// is begun and tells its end as an input.
/// </summary>
internal sealed class AgentOwner(
    AgentIdentity identity, TaskTable tasks, TaskLauncher launcher, UpdateSender updates, UntrackedUpdates untracked,
    Registration registration, Deregistration removal, LostContainers? containers, TaskShutdown shutdown, AgentCounts counts,
    ILogger log)
    : IOwner<AgentInput>
{
    /// <inheritdoc />
    public TimeSpan? NextDue => (registration.NextDue, shutdown.NextDue) switch
    {
        ({ } first, { } second) => first < second ? first : second,
        var (first, second) => first ?? second,
    };

    /// <inheritdoc />
    public ValueTask TurnAsync(IReadOnlyList<AgentInput> inputs, CancellationToken cancellation)
    {
        foreach (var input in inputs) Handle(input);
        removal.Check();
        shutdown.Check();
        registration.Answer();
        return default;
    }

    /// <inheritdoc />
    public void Abandon(AgentInput input, Exception? cause)
    {
        switch (input)
        {
            case AgentInput.Describe { Call: var call }:
                call.TrySetCanceled(CancellationToken.None);
                break;
            case AgentInput.EndTasks { Completion: var ended }:
                ended.TrySetResult();
                break;
        }
    }

    private void Handle(AgentInput input)
    {
        switch (input)
        {
            case AgentInput.FromMaster { Event: var message }:
                Handle(message);
                break;
            case AgentInput.Connected:
                updates.SendAllAgain();
                registration.RenewIfChanged();
                break;
            case AgentInput.Describe { Call: var call }:
                registration.Ask(call);
                break;
            case AgentInput.Release { Hold: var hold }:
                registration.Release(hold);
                break;
            case AgentInput.EngineChanged:
                containers?.EngineChanged();
                registration.RenewIfChanged();
                break;
            case AgentInput.ContainersFound { Containers: var found }:
                containers!.Take(found);
                break;
            case AgentInput.Ended { Run: var ended }:
                tasks.EndGroupOf(ended);
                break;
            case AgentInput.Done { Run: var done }:
                tasks.Forget(done);
                break;
            case AgentInput.Identified:
                registration.Renew();
                break;
            case AgentInput.DirectoryWritable:
                identity.SaveAgain();
                break;
            case AgentInput.EndTasks { Completion: var ended }:
                shutdown.Begin(ended);
                break;
        }
    }

    private void Handle(AgentEvent message)
    {
        switch (message)
        {
            case { Type: AgentEventType.Registered, Registered: { } registered }:
                identity.Assign(registered.AgentId);
                break;
            case { Type: AgentEventType.Run, Run: { } run }:
                if (shutdown.HasBegun) launcher.Drop(run);
                else launcher.Launch(run);
                break;
            case { Type: AgentEventType.Kill, Kill: { } kill }:
                Kill(kill);
                break;
            case { Type: AgentEventType.Acknowledge, Acknowledge: { } acknowledge }:
                if (tasks.Find(acknowledge.FrameworkId, acknowledge.TaskId) is { } known)
                    known.Updates.Acknowledge(acknowledge.Uuid);
                else untracked.Acknowledge(acknowledge);
                break;
            case { Type: AgentEventType.KillFramework, KillFramework: { } framework }:
                foreach (var run in tasks.All.Where(run => run.Record.FrameworkId == framework))
                    run.Kill(run.KillOf(TaskState.Killed, StatusReason.FrameworkRemoved, "its framework was removed"));
                break;
            case { Type: AgentEventType.Resend, Resend: { } framework }:
                updates.SendAgain(framework);
                break;
            case { Type: AgentEventType.Resources, Resources: { } resources }:
                identity.Reserve(resources);
                break;
            case { Type: AgentEventType.Message, Message: { } data }:
                counts.MessageDropped();
                log.LogWarning(
                    "A message for executor {Executor} is dropped: there are no custom executors", data.ExecutorId.Value);
                break;
            case { Type: AgentEventType.Shutdown }:
                removal.Begin(message.Reason);
                break;
            default:
                log.LogWarning("The master's event {Type} is not understood", message.Type);
                break;
        }
    }

    private void Kill(KillEvent kill)
    {
        if (tasks.Find(kill.FrameworkId, kill.TaskId) is { } run)
        {
            // Of a task that has ended, the update that is under way says so.
            run.Kill(run.KillOf(TaskState.Killed, null, "killed by its framework", kill.KillPolicy));
            return;
        }

        if (tasks.FindCompleted(kill.FrameworkId, kill.TaskId) is { } completed)
        {
            updates.Repeat(kill.FrameworkId, completed.Status);
            return;
        }

        var known = tasks.All.FirstOrDefault(other => other.Record.FrameworkId == kill.FrameworkId)?.Record;
        var state = known is null || known.PartitionAware ? TaskState.Dropped : TaskState.Lost;
        untracked.Tell(kill.FrameworkId, kill.TaskId, state, StatusReason.TaskUnknown, "the agent does not know this task");
    }
}
