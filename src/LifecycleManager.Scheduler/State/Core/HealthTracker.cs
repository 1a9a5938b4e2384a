using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.Deployments;
using LifecycleManager.Scheduler.Events;
using LifecycleManager.Scheduler.Health;

namespace LifecycleManager.Scheduler.State.Core;

/// <summary>What health and readiness checks find, and what follows from it.</summary>
internal sealed class HealthTracker(CoreContext context, AppCatalog catalog, TaskTracker tracker)
{
    private static readonly InstanceHealth Unanswered = new();

    public void Apply(HealthReported report, Moment now)
    {
        if (!tracker.AppOf.TryGetValue(report.TaskId, out var entry)) return;
        var before = entry.Instances[report.TaskId];
        if (entry.DefinitionOf(before.Version) is not { } definition || report.Check >= definition.HealthChecks.Count) return;
        if (before.State != InstanceState.Running || before.Goal == InstanceGoal.Ended) return;

        var check = definition.HealthChecks[report.Check];
        var verdicts = Verdicts(before, definition);
        var (verdict, kill) = HealthEvaluation.Apply(verdicts[report.Check], check, report.Result,
            now.Clock - (before.StartedClock ?? before.StagedClock), now.Wall);
        if (ReferenceEquals(verdict, verdicts[report.Check])) return;
        verdicts[report.Check] = verdict;
        var after = before with { Health = verdicts };
        entry.Instances[after.TaskId] = after;
        catalog.MarkStale(entry.Id);
        if (!report.Result.Success) context.Publish(EventMessages.HealthCheckFailed(now.Wall, after, check.Wire));
        Announce(before, after, now);
        if (!kill) return;
        context.Publish(EventMessages.UnhealthyKill(now.Wall, after, report.Result.Cause ?? "unhealthy"));
        tracker.End(entry, after, now);
    }

    public void Apply(ReadinessResult result)
    {
        if (!tracker.AppOf.TryGetValue(result.TaskId, out var entry)) return;
        var instance = entry.Instances[result.TaskId];
        if (entry.DefinitionOf(instance.Version) is not { } definition || instance.Ready) return;
        entry.Readiness[(result.TaskId, result.Name)] = result;
        catalog.MarkStale(entry.Id);
        var ready = definition.ReadinessChecks.All(check =>
            entry.Readiness.TryGetValue((result.TaskId, check.Name), out var last) && last.Ready);
        if (ready) tracker.Put(entry, instance with { Ready = true });
    }

    public void Watch(Instance instance, AppDefinition? definition)
    {
        if (definition is null || (definition.HealthChecks.Count == 0 && instance.Ready)) return;
        context.Effects.Watches.Add(new WatchOrder(instance.TaskId, instance, definition));
    }

    /// <summary>After a restart only the agent's own verdict is known; the others are found anew.</summary>
    public static Instance Restore(Instance instance, AppDefinition? definition) =>
        instance.AgentHealthy is { } healthy ? ApplyAgentVerdict(instance, definition, healthy, instance.Since) : instance;

    public static Instance ApplyAgentVerdict(Instance instance, AppDefinition? definition, bool healthy, DateTimeOffset now)
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

    public void Announce(Instance before, Instance after, Moment now)
    {
        for (var index = 0; index < after.Health.Count; index++)
        {
            var (was, @is) = (index < before.Health.Count ? before.Health[index] : Unanswered, after.Health[index]);
            if (@is.IsKnown && (was.IsKnown != @is.IsKnown || was.Alive != @is.Alive))
                context.Publish(EventMessages.HealthStatusChanged(now.Wall, after, @is.Alive));
        }

        if (before.Healthy == after.Healthy) return;
        context.Publish(EventMessages.InstanceHealthChanged(now.Wall, after));
        catalog.Touch(after.AppId);
    }
}
