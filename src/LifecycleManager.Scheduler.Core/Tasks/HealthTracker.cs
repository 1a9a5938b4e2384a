using LifecycleManager.Scheduler.Core.Catalog;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Events;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Tasks;

/// <summary>What health and readiness checks find, and what follows from it.</summary>
internal sealed class HealthTracker(CoreContext context, AppCatalog catalog, InstanceTracker tracker, ReadinessAnswers readiness)
{
    private static readonly InstanceHealth Unanswered = new();

    public void Apply(HealthReported report, ClockReading now)
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
        if (after is { HasPassed: false, Healthy: true })
        {
            // What checks say is not stored, but for this: a later leader knows who has yet to come up.
            after = after with { HasPassed = true };
            tracker.Put(entry, after);
        }
        else tracker.SetHealth(entry, after);
        if (!report.Result.Success) context.Publish(EventMessages.HealthCheckFailed(now.Wall, after, check.Wire));
        Announce(before, after, now);
        if (!kill) return;
        var cause = report.Result.Cause ?? "unhealthy";
        context.Publish(EventMessages.UnhealthyKill(now.Wall, after, cause));

        // In Marathon's words, which clients look for.
        var failure = new InstanceFailure(after.TaskId, after.Host, after.AgentId, InstanceState.Killed.MesosName(),
            $"Task was killed since health check failed. Reason: {cause}", now.Wall, after.Version);
        tracker.Fail(entry, after, failure, isAppsFault: true, now);
        tracker.End(entry, after, now, returns: true);
    }

    public void Apply(ReadinessResult result, ClockReading now)
    {
        if (!tracker.AppOf.TryGetValue(result.TaskId, out var entry)) return;
        var instance = entry.Instances[result.TaskId];
        if (entry.DefinitionOf(instance.Version) is not { } definition || instance.Ready) return;
        readiness.Set(entry.Id, result);
        catalog.MarkStale(entry.Id);
        if (!readiness.AreAllReady(entry.Id, result.TaskId, definition.ReadinessChecks)) return;
        instance = instance with { Ready = true };
        tracker.Put(entry, instance);

        // Its condition is the same; that it gets work from now on is news all the same to those who follow.
        context.Publish(EventMessages.InstanceChanged(now.Wall, instance));
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

    public void Announce(Instance before, Instance after, ClockReading now)
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
