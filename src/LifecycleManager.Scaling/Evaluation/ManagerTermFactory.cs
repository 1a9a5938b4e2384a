using LifecycleManager.Decisions.Engine;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Scaling.History;
using LifecycleManager.Scaling.Observability;
using LifecycleManager.Scaling.Pausing;
using LifecycleManager.Scaling.Recording;
using LifecycleManager.Scaling.Safety;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Scaling.Evaluation;

/// <summary>Puts terms together: each has an owner, a decision engine and a memory of its own.</summary>
internal sealed class ManagerTermFactory(
    IScalingTarget target, IRuleEngine rules, EvaluationSources sources, IStateStore store, DecisionFeed feed,
    MetricHistory history,
    ManagerState state, ManagerMetrics metrics, ManagerOptions options, RoleHealth health, TimeProvider time,
    ILoggerFactory loggers)
{
    /// <summary>A term that does not run yet.</summary>
    /// <param name="leadership">Its lead.</param>
    /// <param name="targetPatience">How long the target may be away before the lead is better left to another manager.</param>
    public ManagerTerm Create(ILeadership leadership, TimeSpan targetPatience)
    {
        var log = loggers.CreateLogger<ManagerTerm>();
        var record = new DecisionLog(store, feed, options, time, loggers.CreateLogger<DecisionLog>());
        var pauses = new PauseStore(store, time);
        var forecasts = new ForecastHistory(store, loggers.CreateLogger<ForecastHistory>());
        var decisions = new AppDecisions(new DecisionEngine(rules), sources, forecasts, metrics, log);
        var guard = new SafetyGuard(options.Safety);
        var parts = new EvaluationParts
        {
            Target = target,
            Decisions = decisions,
            Proposals = new Proposals(decisions, guard, pauses, record, metrics, options.Safety),
            Changes = new ChangeQueue(target, pauses, metrics, options, time, log),
            Guard = guard,
            Log = record,
            Board = new StatusBoard(state, history, metrics, log),
            State = state,
            Metrics = metrics,
            TargetPatience = targetPatience,
        };
        return new ManagerTerm(parts, leadership, pauses, forecasts, options, health, time, loggers);
    }
}
