using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Tasks;
using LifecycleManager.Agent.Updates;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Masters;

/// <summary>
/// The master gives the agent up: its tasks end, and it returns as a new agent. That it is none any more is durable before
/// anything else, so that neither a crash nor a stop meanwhile brings the old one back. Owned by the agent's owner.
/// </summary>
internal sealed class Deregistration(
    AgentIdentity identity, TaskTable tasks, UntrackedUpdates untracked, Registration registration, ILogger log)
{
    /// <summary>
    /// How long the agent waits for its tasks' end beyond their grace periods; it returns with what is left then, as any agent
    /// with tasks that run: 30 s.
    /// </summary>
    public static readonly TimeSpan ExtraTime = TimeSpan.FromSeconds(30);

    private List<TaskRun> _left = [];

    /// <summary>The master gives the agent up, for the first time or once more.</summary>
    public void Begin(string? reason)
    {
        log.LogCritical(
            "The master has given this agent up ({Reason}): all tasks are ended, and the agent returns under a new id",
            reason ?? "no reason given");
        identity.GiveUp();
        untracked.Clear();
        _left = [.. tasks.All];
        var longest = TimeSpan.Zero;
        foreach (var run in _left)
        {
            run.Kill(run.KillOf(TaskState.Killed, StatusReason.AgentRemoved, "the master has given the agent up"));
            longest = run.KillGrace > longest ? run.KillGrace : longest;
        }

        registration.Hold(RegistrationHold.GivenUpTasks, longest + ExtraTime);
        registration.Renew();
    }

    /// <summary>Looks which of the tasks have ended.</summary>
    public void Check()
    {
        if (!registration.IsHeld(RegistrationHold.GivenUpTasks))
        {
            _left.Clear();
            return;
        }

        foreach (var run in _left.Where(run => run.State.IsTerminal()))
        {
            // Nobody waits for their updates any more.
            while (run.Updates.Head is { Uuid: { } uuid }) run.Updates.Acknowledge(uuid);
        }

        _left.RemoveAll(run => tasks.Find(run.Record.FrameworkId, run.Record.TaskId) != run);
        if (_left.Count == 0) registration.Release(RegistrationHold.GivenUpTasks);
    }
}
