using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Agent.Resources;
using LifecycleManager.Agent.Tasks;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Runtime.Loops;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Agent.Masters;

/// <summary>What a registration waits for, so that the master learns no half of the truth.</summary>
internal enum RegistrationHold
{
    /// <summary>The first look at the Docker engine: what the agent can do is known before it is told.</summary>
    FirstLook,

    /// <summary>The engine is asked for containers whose records are lost.</summary>
    LostContainers,

    /// <summary>Processes that are no task's are ended: they use what the agent offers.</summary>
    OrphanedProcesses,

    /// <summary>The tasks of an agent that was given up are ended.</summary>
    GivenUpTasks,
}

/// <summary>
/// Describes the agent to a master, once nothing is left to wait for; nothing is waited for without end. Owned by the agent's
/// owner.
/// </summary>
internal sealed class Registration(
    AgentOffer offer, AgentIdentity identity, TaskTable tasks, ContainerizerSet containerizers, MasterConnection connection,
    TimeProvider time, ILogger log)
{
    private readonly Dictionary<RegistrationHold, Deadline<RegistrationHold>> _holds = [];
    private readonly Deadlines<RegistrationHold> _limits = new(time);
    private TaskCompletionSource<RegisterCall>? _asked;
    private IReadOnlyList<string> _registeredFeatures = [];

    /// <summary>Until the first of what is waited for has had its time; null where nothing is waited for.</summary>
    public TimeSpan? NextDue => _limits.NextDue;

    /// <summary>A registration waits from now on.</summary>
    /// <param name="hold">For what.</param>
    /// <param name="limit">No longer than that.</param>
    public void Hold(RegistrationHold hold, TimeSpan limit)
    {
        if (_holds.TryGetValue(hold, out var earlier)) earlier.Cancel();
        _holds[hold] = _limits.Add(limit, hold);
    }

    /// <summary>Whether a registration waits for something.</summary>
    public bool IsHeld(RegistrationHold hold) => _holds.ContainsKey(hold);

    /// <summary>A registration waits for it no more.</summary>
    public void Release(RegistrationHold hold)
    {
        if (_holds.Remove(hold, out var limit)) limit.Cancel();
    }

    /// <summary>The connection asks for the REGISTER of the moment; an earlier question is answered no more.</summary>
    public void Ask(TaskCompletionSource<RegisterCall> call) => _asked = call;

    /// <summary>Answers what was asked, if nothing is to be waited for.</summary>
    public void Answer()
    {
        while (_limits.TryTake(out var hold))
        {
            _holds.Remove(hold);
            if (hold != RegistrationHold.FirstLook)
                log.LogWarning("The agent registers without waiting any longer for {What}", Text(hold));
        }

        if (_holds.Count > 0 || _asked is not { } asked) return;
        _asked = null;
        asked.TrySetResult(Describe());
    }

    /// <summary>Registers anew where what the agent can do has changed since it was told.</summary>
    public void RenewIfChanged()
    {
        if (connection.Master is not null && !containerizers.Features.SequenceEqual(_registeredFeatures)) connection.Renew();
    }

    /// <summary>Registers anew: the master is to learn more.</summary>
    public void Renew() => connection.Renew();

    private RegisterCall Describe()
    {
        _registeredFeatures = containerizers.Features;
        var all = tasks.All;
        return new RegisterCall(
            offer.Describe(identity.Id, identity.Reserved(offer.Resources), _registeredFeatures),
            AgentVersion.Text,
            [.. all.Select(run => new AgentTask(run.Record.FrameworkId, run.Record.Task, run.Status))],
            [.. all.Select(run => run.Record.Framework).DistinctBy(framework => framework.Id)],
            _registeredFeatures,
            offer.Address.ToString());
    }

    private static string Text(RegistrationHold hold) => hold switch
    {
        RegistrationHold.LostContainers => "the Docker engine to say which containers it has",
        RegistrationHold.OrphanedProcesses => "the end of processes that are no task's",
        _ => "the end of the tasks of the agent that was given up",
    };
}
