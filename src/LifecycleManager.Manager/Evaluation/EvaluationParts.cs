using LifecycleManager.Manager.Auditing;
using LifecycleManager.Manager.Observability;
using LifecycleManager.Manager.Overriding;
using LifecycleManager.Manager.Ownership;
using LifecycleManager.Manager.Pausing;
using LifecycleManager.Manager.Recommending;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Scheduling;
using LifecycleManager.Manager.Stopping;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Scaling.Execution;
using LifecycleManager.Scaling.Safety;
using LifecycleManager.Scaling.Targets;

namespace LifecycleManager.Manager.Evaluation;

/// <summary>What one term works with; made anew for each, so that nothing of a term that failed goes on.</summary>
internal sealed record EvaluationParts
{
    /// <summary>What is scaled.</summary>
    public required IScalingTarget Target { get; init; }

    /// <summary>Reads its apps.</summary>
    public required TargetReader Reader { get; init; }

    /// <summary>Decides.</summary>
    public required AppDecisions Decisions { get; init; }

    /// <summary>Says which apps have new samples.</summary>
    public required MetricArrivals Arrivals { get; init; }

    /// <summary>Plans changes and notes.</summary>
    public required ChangePlanner Planner { get; init; }

    /// <summary>The switch by which people stop all changes.</summary>
    public required StopSwitch Stop { get; init; }

    /// <summary>The pauses that users have set.</summary>
    public required PauseStore Pauses { get; init; }

    /// <summary>The overrides that users have set.</summary>
    public required OverrideStore Overrides { get; init; }

    /// <summary>The schedules at work.</summary>
    public required ScheduleOwner Scheduling { get; init; }

    /// <summary>The policies that users have ended.</summary>
    public required EndedPolicies Ended { get; init; }

    /// <summary>What people changed.</summary>
    public required AuditLog Audit { get; init; }

    /// <summary>Gives counts back.</summary>
    public required CountReleases Releases { get; init; }

    /// <summary>What the decisions rest on.</summary>
    public required EvaluationSources Sources { get; init; }

    /// <summary>The changes under way.</summary>
    public required ChangeQueue Changes { get; init; }

    /// <summary>Watches over all apps together.</summary>
    public required SafetyGuard Guard { get; init; }

    /// <summary>The decisions on record.</summary>
    public required DecisionLog Log { get; init; }

    /// <summary>Learns what apps use.</summary>
    public required UsageRecorder Usage { get; init; }

    /// <summary>Publishes what a tick saw.</summary>
    public required StatusPublisher Status { get; init; }

    /// <summary>What the manager shows of itself.</summary>
    public required ManagerState State { get; init; }

    /// <summary>The manager's own metrics.</summary>
    public required ManagerMetrics Metrics { get; init; }

    /// <summary>How long the target may be away before the lead is better left to another manager, which may reach it.</summary>
    public required TimeSpan TargetGracePeriod { get; init; }

    /// <summary>Completes with the cause once the target has been away for <see cref="TargetGracePeriod"/>.</summary>
    public TaskCompletionSource<string> TargetLost { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
