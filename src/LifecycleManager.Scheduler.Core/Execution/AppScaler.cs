using LifecycleManager.Scheduler.Core.Catalog;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Labels;
using LifecycleManager.Scheduler.Core.Delays;
using LifecycleManager.Scheduler.Core.Deployments;
using LifecycleManager.Scheduler.Core.Launching;
using LifecycleManager.Scheduler.Core.Tasks;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Execution;

/// <summary>
/// Brings what there is to what is wanted: every app at its count at all times, and as far as its deployment has come.
/// </summary>
internal sealed class AppScaler(
    CoreContext context, AppCatalog catalog, InstanceTracker tracker, LaunchDelays delays, WaitingLaunches queue,
    DeploymentTracker deployments)
{
    public void Settle(ClockReading now)
    {
        do
        {
            while (catalog.TryTakeDirty(out var app))
            {
                if (catalog.Apps.TryGetValue(app, out var entry)) Decide(entry, now);
            }
        }
        while (deployments.Advance(now));
    }

    private void Decide(AppEntry entry, ClockReading now)
    {
        var deployment = entry.Deployment;
        var action = deployment?.CurrentAction(entry.Id);
        var (record, count) = Wanted(entry, deployment, action);
        var decision = Decision(entry, record, count, presumeHealthy: false);

        // What may not be started takes nobody's place, and waits for as many as it would replace.
        var isHeld = action == DeploymentActionKind.RestartApplication && context.Admission.Problems(record.Definition).Count > 0;
        foreach (var taskId in isHeld ? [] : decision.Kill) tracker.End(entry, entry.Instances[taskId], now);
        catalog.ClearDirty(entry.Id);
        while (entry.Returning.Count > Math.Max(decision.Launch, decision.LaunchOld)) entry.Returning.Dequeue();
        if (decision.LaunchOld > 0) queue.SetWanted(entry, deployment!.Before[entry.Id]!, decision.LaunchOld, now);
        else queue.SetWanted(entry, record, isHeld ? Math.Max(decision.Launch, decision.Kill.Count) : decision.Launch, now);

        // Of a paused deployment nothing is done: what is whole now is less than the step is about.
        if (action is not null && decision.IsComplete && deployment!.Frozen is null && deployment.Pending.Remove(entry.Id))
            catalog.MarkStale(entry.Id);
        else if (deployment is { HeldSince: not null } && !decision.IsComplete
            && !Decision(entry, record, count, presumeHealthy: true).IsComplete)
            deployments.ReopenStep(deployment, entry.Id, now);
        if (entry is not { IsRemoved: true, Instances.Count: 0, Deployment: null }) return;
        catalog.Remove(entry.Id);
        delays.Forget(entry.Id);
    }

    /// <summary>What is to be done about an app.</summary>
    /// <param name="entry">The app.</param>
    /// <param name="record">What is to run.</param>
    /// <param name="count">How often.</param>
    /// <param name="presumeHealthy">Take instances for healthy whose checks have not been answered, as after a change of the
    /// leader.</param>
    private static AppDecision Decision(AppEntry entry, AppRecord record, int count, bool presumeHealthy)
    {
        var deployment = entry.Deployment;
        var action = deployment?.CurrentAction(entry.Id);
        if (IsHeld(entry, deployment, action)) return new AppDecision(0, [], IsComplete: true);
        var views = entry.Instances.Values
            .Select(instance => InstanceView.Of(instance, entry.DefinitionOf(instance.Version), record.LastConfigChangeAt,
                presumeHealthy))
            .ToList();
        return action == DeploymentActionKind.RestartApplication
            ? Replace(entry, deployment!, record.Definition, count, views)
            : Scaling.Decide(count, record.Definition.KillSelection, views, deployment?.Created ?? default);
    }

    /// <summary>
    /// A new app whose turn has not come: nothing is launched, and what may be left of an earlier life is not ended.
    /// </summary>
    private static bool IsHeld(AppEntry entry, ActiveDeployment? deployment, DeploymentActionKind? action) =>
        action == DeploymentActionKind.StartApplication
        || (action is null && deployment is not null && deployment.Before.GetValueOrDefault(entry.Id) is null
            && deployment.IsAhead(entry.Id));

    /// <summary>
    /// Which version of an app is to run how often at the moment: a deployment changes it only from its own step on.
    /// </summary>
    private static (AppRecord Record, int Count) Wanted(AppEntry entry, ActiveDeployment? deployment,
        DeploymentActionKind? action)
    {
        if (deployment is not null && deployment.Before.TryGetValue(entry.Id, out var before))
        {
            if (action is null && before is not null && deployment.IsAhead(entry.Id))
                return (before, before.Definition.Instances);
        }

        return (entry.Record, entry.IsRemoved ? 0 : entry.Record.Definition.Instances);
    }

    /// <summary>A version is replaced by another: at once, or as far as the stage goes that the deployment is at.</summary>
    private static AppDecision Replace(
        AppEntry entry, ActiveDeployment deployment, AppDefinition definition, int count, IReadOnlyCollection<InstanceView> views)
    {
        var stage = deployment.CurrentStage(entry.Id);
        var selection = definition.KillSelection;
        if (stage?.Kind == RolloutKind.Switched) return BlueGreen.Decide(count, null, selection, views);
        if (stage?.Kind == RolloutKind.Green)
        {
            var blue = deployment.IsRescaled(entry.Record) ? count : deployment.Before[entry.Id]!.Definition.Instances;
            return BlueGreen.Decide(count, blue, selection, views);
        }

        var fresh = Math.Min(stage?.Size.Of(count) ?? count, deployment.Frozen?.GetValueOrDefault(entry.Id, count) ?? count);
        return fresh >= count || deployment.Before.GetValueOrDefault(entry.Id) is null
            ? RollingRestart.Decide(count, definition.MinimumHealthCapacity, definition.MaximumOverCapacity, selection, views)
            : CanaryRollout.Decide(count, fresh, definition.MinimumHealthCapacity, definition.MaximumOverCapacity, selection,
                views);
    }
}
