using LifecycleManager.Scaling.Observability;
using LifecycleManager.Scaling.Recording;
using LifecycleManager.Scaling.Safety;
using LifecycleManager.Scaling.Targets;

namespace LifecycleManager.Scaling.Evaluation;

/// <summary>What one term works with; made anew for each, so that nothing of a term that failed goes on.</summary>
internal sealed record EvaluationParts
{
    /// <summary>What is scaled.</summary>
    public required IScalingTarget Target { get; init; }

    /// <summary>Decides.</summary>
    public required AppDecisions Decisions { get; init; }

    /// <summary>Makes changes and notes of decisions.</summary>
    public required Proposals Proposals { get; init; }

    /// <summary>The changes under way.</summary>
    public required ChangeQueue Changes { get; init; }

    /// <summary>Watches over all apps together.</summary>
    public required SafetyGuard Guard { get; init; }

    /// <summary>The decisions on record.</summary>
    public required DecisionLog Log { get; init; }

    /// <summary>Shows what a tick saw.</summary>
    public required StatusBoard Board { get; init; }

    /// <summary>What the manager shows of itself.</summary>
    public required ManagerState State { get; init; }

    /// <summary>The manager's own metrics.</summary>
    public required ManagerMetrics Metrics { get; init; }

    /// <summary>How long the target may be away before the lead is better left to another manager, which may reach it.</summary>
    public required TimeSpan TargetPatience { get; init; }

    /// <summary>Completes with the cause once the target has been away for so long.</summary>
    public TaskCompletionSource<string> TargetLost { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
