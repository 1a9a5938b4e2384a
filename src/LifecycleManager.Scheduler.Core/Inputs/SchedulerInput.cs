using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Deployments;
using LifecycleManager.Scheduler.Core.Documents;
using LifecycleManager.Scheduler.Core.Instances;

namespace LifecycleManager.Scheduler.Core.Inputs;

/// <summary>What the owner of the state is told or asked.</summary>
internal abstract record SchedulerInput;

/// <summary>From the master.</summary>
internal sealed record MasterInput(MasterSignal Signal) : SchedulerInput;

/// <summary>A health check was answered.</summary>
internal sealed record HealthReported(string TaskId, int Check, CheckResult Result) : SchedulerInput;

/// <summary>A readiness check was answered.</summary>
internal sealed record ReadinessReported(ReadinessResult Result) : SchedulerInput;

/// <summary>The manager, whose policies own counts, was heard.</summary>
internal sealed record ManagerHeard : SchedulerInput
{
    public static readonly ManagerHeard Instance = new();
}

/// <summary>Other rules say from now on what apps may be.</summary>
internal sealed record AdmissionChanged(Func<AppDefinition, IReadOnlyList<ChangeProblem>> Judge) : SchedulerInput;

/// <summary>Time has passed.</summary>
internal sealed record TimePassed : SchedulerInput
{
    public static readonly TimePassed Instance = new();
}

/// <summary>A request: answered with a result or an exception once what it changed is durable.</summary>
internal abstract record Request : SchedulerInput
{
    /// <summary>The request cannot be served.</summary>
    public abstract void Fail(Exception reason);
}

/// <summary>A request for a <typeparamref name="T"/>.</summary>
internal abstract record Request<T> : Request
{
    private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Answer => _answer.Task;

    public void Succeed(T result) => _answer.TrySetResult(result);

    public override void Fail(Exception reason) => _answer.TrySetException(reason);
}

internal sealed record ChangeRequest(Func<GroupDefinition, GroupDefinition> Change, ChangeOptions Options)
    : Request<DeploymentReceipt>;

internal sealed record RestartRequest(IReadOnlyCollection<AppId> Apps, ChangeOptions Options) : Request<DeploymentReceipt>;

/// <summary>Replaces some instances by others elsewhere.</summary>
internal sealed record RebalanceRequest(IReadOnlyCollection<string> TaskIds) : Request<DeploymentReceipt>;

internal sealed record KillRequest(IReadOnlyCollection<string> TaskIds, KillOptions Options) : Request<KillReceipt>;

internal sealed record CancelRequest(string Id, bool Force) : Request<DeploymentReceipt?>;

/// <summary>A word from somebody to a deployment under way.</summary>
internal sealed record SteerRequest(string Id, DeploymentSteering Word, bool Force) : Request<DeploymentStatus>;

internal sealed record ResetDelayRequest(AppId App) : Request<bool>;

/// <summary>The tree and the changes that led to it, newest first.</summary>
internal sealed record HistoryRequest : Request<TreeHistory>;

internal sealed record TreeHistory(GroupDefinition Root, StoredGroups Groups, IReadOnlyList<StoredChange> Changes);
