using LifecycleManager.Decisions.Engine;
using LifecycleManager.Manager.Auditing;
using LifecycleManager.Manager.Findings;
using LifecycleManager.Manager.History;
using LifecycleManager.Manager.Memories;
using LifecycleManager.Manager.Observability;
using LifecycleManager.Manager.Overriding;
using LifecycleManager.Manager.Ownership;
using LifecycleManager.Manager.Pausing;
using LifecycleManager.Manager.Recommending;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Scheduling;
using LifecycleManager.Manager.Stopping;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Scaling.Execution;
using LifecycleManager.Scaling.Safety;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Evaluation;

/// <summary>Puts terms together: each has an owner, a decision engine and a memory of its own.</summary>
internal sealed class ManagerTermFactory(
    IScalingTarget target, EvaluationSources sources, IStateStore store, DecisionFeed feed,
    MetricHistory history, MetricExtremes extremes, ScheduleCache schedules, ScheduleMetrics scheduleMetrics,
    ManagerState state, ManagerMetrics metrics, ManagerOptions options, RoleHealth health, TimeProvider time,
    ILoggerFactory loggers)
{
    /// <summary>A term that does not run yet.</summary>
    /// <param name="leadership">Its lead.</param>
    /// <param name="targetGracePeriod">How long the target may be away before the lead is better left to another manager.</param>
    public ManagerTerm Create(ILeadership leadership, TimeSpan targetGracePeriod)
    {
        var log = loggers.CreateLogger<ManagerTerm>();
        var record = new DecisionLog(store, feed, options, time, loggers.CreateLogger<DecisionLog>());
        var stop = new StopSwitch(store, time);
        var pauses = new PauseStore(store, time);
        var forecasts = new ForecastHistory(store, loggers.CreateLogger<ForecastHistory>());
        var overrides = new OverrideStore(store, time);
        var ended = new EndedPolicies(store);
        var memories = new MemoryStore(store, record, options, loggers.CreateLogger<MemoryStore>());
        var orders = new ScheduleOrders();
        var decisions = new AppDecisions(
            new DecisionEngine(), sources, forecasts, memories, new CountOrders(overrides, orders), metrics, log);
        var scheduling = Scheduling(leadership, orders, decisions, record, stop);
        var usage = new UsageRecorder(
            store, target, sources.Usages, leadership.Fence, options.Recommender, time, loggers.CreateLogger<UsageRecorder>());
        var guard = new SafetyGuard(options.Safety);
        var parts = new EvaluationParts
        {
            Target = target,
            Reader = new TargetReader(target, options.Safety.Acceptance, time, log),
            Decisions = decisions,
            Arrivals = sources.Arrivals,
            Planner = new ChangePlanner(decisions, guard, stop, pauses, record, metrics, options.Safety),
            Stop = stop,
            Pauses = pauses,
            Overrides = overrides,
            Scheduling = scheduling,
            Ended = ended,
            Audit = new AuditLog(store, time, loggers.CreateLogger<AuditLog>()),
            Releases = new CountReleases(
                target, decisions.PolicyOf, stop, pauses, ended, sources.Ends, options.DryRun, scheduling.Holds, log),
            Sources = sources,
            Changes = new ChangeQueue(target, options.Execution, metrics.Called, time, log),
            Guard = guard,
            Log = record,
            Usage = usage,
            Status = new StatusPublisher(
                state, history, usage, metrics, new PolicyWatch(sources.Policies, sources.Metrics, extremes, log), extremes, log),
            State = state,
            Metrics = metrics,
            TargetGracePeriod = targetGracePeriod,
        };
        return new ManagerTerm(parts, leadership, forecasts, options, health, time, loggers);
    }

    private ScheduleOwner Scheduling(
        ILeadership leadership, ScheduleOrders orders, AppDecisions decisions, DecisionLog record, StopSwitch stop)
    {
        var log = loggers.CreateLogger<ScheduleOwner>();
        var book = new ScheduleBook(new ScheduleStore(store, log), schedules, time, log);
        var desk = new ScheduleDesk(book, schedules, leadership.Fence, () => stop.Current?.ToString(), time, log);
        return new ScheduleOwner(
            book, desk, orders,
            new ScheduleSources(() => sources.Policies().Jobs, decisions.PolicyOf, sources.Metrics, Obstacle,
                () => stop.Current?.ToString()),
            HookSender.Handler(), scheduleMetrics, time, log);

        string? Obstacle(string app) => record.Archive.Last(app) is { Outcome: not DecisionOutcome.Applied } last
            ? last.OutcomeReason ?? last.Reason : null;
    }
}
