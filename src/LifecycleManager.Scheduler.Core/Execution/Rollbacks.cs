using LifecycleManager.Scheduler.Core.Catalog;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Json;
using LifecycleManager.Scheduler.Core.Definitions.Labels;
using LifecycleManager.Scheduler.Core.Deployments;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Execution;

/// <summary>Going back to what was before a deployment: by request, and where its new version is not healthy in time.</summary>
internal sealed class Rollbacks(CoreContext context, AppCatalog catalog, Deployer deployer)
{
    public DeploymentReceipt RollBack(ActiveDeployment deployment, string reason, ClockReading now)
    {
        // The versions come back as they were, so that instances that were never replaced are right as they are.
        var before = new Dictionary<AppId, AppRecord?>();
        var target = new Dictionary<AppId, AppRecord?>();
        var version = catalog.NewVersion(now);
        foreach (var (app, was) in deployment.Before)
        {
            before[app] = catalog.Apps.TryGetValue(app, out var entry) && !entry.IsRemoved ? entry.Record : null;

            // A count that was changed meanwhile, as by a policy, is not what is taken back.
            target[app] = was is null || before[app] is not { } current ? was
                : deployment.IsRescaled(current)
                    ? AppRecord.Successor(was, was.Definition.WithInstances(current.Definition.Instances), version,
                        restart: false).OwnedAs(current) with
                    { CreatedAt = current.CreatedAt }
                    : was.OwnedAs(current);
        }

        var root = GroupTree.With(catalog.Root, target.ToDictionary(app => app.Key, app => app.Value?.Definition));
        return deployer.Deploy(root, before, target, version, new ChangeOptions(Force: true, reason), now,
            rolledBack: deployment);
    }

    /// <summary>
    /// Whether a person may have a deployment taken back: not where instances would have to be started for it that are not
    /// admitted.
    /// </summary>
    /// <exception cref="ChangeRefusedException">He may not.</exception>
    public void CheckAdmission(ActiveDeployment deployment)
    {
        var refused = new Problems();
        foreach (var (app, was) in deployment.Before)
        {
            if (was is null || context.Admission.Problems(was.Definition) is not { Count: > 0 } problems) continue;
            var running = catalog.Apps.TryGetValue(app, out var entry) ? entry.Instances.Values.Count(instance =>
                instance.IsActive && instance.ConfigVersion == was.LastConfigChangeAt) : 0;
            if (running >= was.Definition.Instances) continue;
            foreach (var problem in problems) refused.Add(problem.Path, $"{problem.Message} (app {app} as it was)");
        }

        refused.ThrowIfAny();
    }

    /// <summary>
    /// A new version that does not become healthy within the time that its app states goes back to the one before.
    /// </summary>
    public void RollBackWhenLate(ActiveDeployment deployment, ClockReading now)
    {
        var next = deployment is { HeldSince: { } held, CurrentPause.For: { } pause } ? held.Clock + pause : TimeSpan.MaxValue;
        if (!deployment.IsRollback && deployment is { Frozen: null, HeldSince: null })
        {
            foreach (var app in deployment.Pending)
            {
                if (deployment.CurrentAction(app) != DeploymentActionKind.RestartApplication
                    || deployment.Before.GetValueOrDefault(app) is null) continue;
                if ((deployment.Patience ?? RollbackLabel.Read(catalog.Apps[app].Record.Definition.Labels)) is not { } patience)
                    continue;
                var due = deployment.StepStarted.Clock + patience;
                if (due < deployment.JudgedFrom) due = deployment.JudgedFrom;
                if (now.Clock >= due && !IsWhole(catalog.Apps[app], deployment))
                {
                    RollBack(deployment, FormattableString.Invariant(
                        $"{app.Path} was not healthy within {patience.TotalSeconds:0.###} s; rolled back"), now);
                    return;
                }

                // Whole, and waiting for old instances to end: it may still turn unhealthy.
                next = Instants.Earlier(next, now.Clock >= due ? now.Clock + CoreContext.RecheckInterval : due);
            }
        }

        if (next > now.Clock && next < TimeSpan.MaxValue)
            context.Deadlines.Set(new DeadlineSubject(DeadlineKind.Deployment, deployment.Id), next);
    }

    /// <summary>
    /// All instances of the new version that the step is about are up: what it waits for are old ones that end.
    /// </summary>
    private static bool IsWhole(AppEntry entry, ActiveDeployment deployment)
    {
        var count = entry.Record.Definition.Instances;
        var config = entry.Record.LastConfigChangeAt;
        return entry.Instances.Values.Count(instance => instance.ConfigVersion == config
            && InstanceView.Of(instance, entry.DefinitionOf(instance.Version), config).IsUp) >= (deployment.CurrentStage(entry.Id)
            ?.Size is { Value: > 0 } size ? size.Of(count) : count);
    }
}
