using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.Events;
using LifecycleManager.Scheduler.Health;

namespace LifecycleManager.Scheduler.State.Core;

// What checks find, and what follows.
internal sealed partial class SchedulerCore
{
    private void Health(HealthReported report, Moment now)
    {
        if (!_appOf.TryGetValue(report.TaskId, out var entry)) return;
        var before = entry.Instances[report.TaskId];
        if (entry.DefinitionOf(before.Version) is not { } definition || report.Check >= definition.HealthChecks.Count) return;
        if (before.State != InstanceState.Running || before.Goal == InstanceGoal.Ended) return;

        var check = definition.HealthChecks[report.Check];
        var verdicts = Verdicts(before, definition);
        var (verdict, kill) = HealthEvaluation.Apply(verdicts[report.Check], check, report.Result, now.Clock - (before.StartedClock ?? before.StagedClock), now.Wall);
        if (ReferenceEquals(verdict, verdicts[report.Check])) return;
        verdicts[report.Check] = verdict;
        var after = before with { Health = verdicts };
        entry.Instances[after.TaskId] = after;
        _stale.Add(entry.Id);
        if (!report.Result.Success) Publish(EventMessages.HealthCheckFailed(now.Wall, after, check.Wire));
        AnnounceHealth(before, after, now);
        if (!kill) return;
        Publish(EventMessages.UnhealthyKill(now.Wall, after, report.Result.Cause ?? "unhealthy"));
        End(entry, after, now);
    }

    private void Readiness(Deployments.ReadinessResult result)
    {
        if (!_appOf.TryGetValue(result.TaskId, out var entry)) return;
        var instance = entry.Instances[result.TaskId];
        if (entry.DefinitionOf(instance.Version) is not { } definition || instance.Ready) return;
        entry.Readiness[(result.TaskId, result.Name)] = result;
        _stale.Add(entry.Id);
        var ready = definition.ReadinessChecks.All(check =>
            entry.Readiness.TryGetValue((result.TaskId, check.Name), out var last) && last.Ready);
        if (ready) Put(entry, instance with { Ready = true });
    }

    private void Watch(Instance instance, AppDefinition? definition)
    {
        if (definition is null || (definition.HealthChecks.Count == 0 && instance.Ready)) return;
        _effects.Watches.Add(new WatchOrder(instance.TaskId, instance, definition));
    }

    /// <summary>After a restart only the agent's own verdict is known; the others are found anew.</summary>
    private static Instance RestoreHealth(Instance instance, AppDefinition? definition) =>
        instance.AgentHealthy is { } healthy ? AgentHealth(instance, definition, healthy, instance.Since) : instance;

    private static Instance AgentHealth(Instance instance, AppDefinition? definition, bool healthy, DateTimeOffset now)
    {
        if (definition is null) return instance;
        var at = definition.HealthChecks.ToList().FindIndex(check => check.IsAgentSide);
        if (at < 0) return instance;
        var verdicts = Verdicts(instance, definition);
        verdicts[at] = healthy
            ? verdicts[at] with
            {
                Alive = true,
                ConsecutiveFailures = 0,
                FirstSuccess = verdicts[at].FirstSuccess ?? now,
                LastSuccess = now,
            }
            : verdicts[at] with
            {
                Alive = false,
                ConsecutiveFailures = verdicts[at].ConsecutiveFailures + 1,
                LastFailure = now,
                LastFailureCause = "the agent's health check failed",
            };
        return instance with { Health = verdicts };
    }

    private static InstanceHealth[] Verdicts(Instance instance, AppDefinition definition)
    {
        var verdicts = new InstanceHealth[definition.HealthChecks.Count];
        for (var index = 0; index < verdicts.Length; index++)
            verdicts[index] = index < instance.Health.Count ? instance.Health[index] : Unanswered;
        return verdicts;
    }

    private static readonly InstanceHealth Unanswered = new();

    private void AnnounceHealth(Instance before, Instance after, Moment now)
    {
        for (var index = 0; index < after.Health.Count; index++)
        {
            var (was, @is) = (index < before.Health.Count ? before.Health[index] : Unanswered, after.Health[index]);
            if (@is.IsKnown && (was.IsKnown != @is.IsKnown || was.Alive != @is.Alive))
                Publish(EventMessages.HealthStatusChanged(now.Wall, after, @is.Alive));
        }

        if (before.Healthy == after.Healthy) return;
        Publish(EventMessages.InstanceHealthChanged(now.Wall, after));
        Touch(after.AppId);
    }
}
