using LifecycleManager.Scheduler.Core.Catalog;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Labels;
using LifecycleManager.Scheduler.Core.Deployments;
using LifecycleManager.Scheduler.Core.Documents;
using LifecycleManager.Scheduler.Core.Events;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Tasks;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Execution;

/// <summary>Carries a change out: stores it, and makes the deployment that brings it about.</summary>
internal sealed class Deployer(
    CoreContext context, AppCatalog catalog, SetAside aside, InstanceTracker tracker, DeploymentTracker deployments,
    InstanceAdopter adopter)
{
    /// <summary>Stores a change and the deployment that carries it out.</summary>
    public DeploymentReceipt Deploy(
        GroupDefinition wanted,
        Dictionary<AppId, AppRecord?> before,
        Dictionary<AppId, AppRecord?> target,
        DateTimeOffset version,
        ChangeOptions options,
        ClockReading now,
        ActiveDeployment? rolledBack = null)
    {
        // First everything that may refuse the change, then everything that makes it.
        var levels = DependencyOrder.Levels(wanted);
        var conflicts = deployments.Active.Where(deployment => target.Keys.Any(deployment.Before.ContainsKey)).ToList();
        if (conflicts is [var staged] && options.BlueGreen is null && CanRescaleWithin(staged, before, target))
            return Rescale(staged, wanted, before, target, version, now);
        if (conflicts.Count > 0 && !options.Force)
            throw new AppLockedException([.. conflicts.Select(deployment => deployment.Id)]);

        var changed = target.Keys.ToList();
        var origins = new Dictionary<AppId, AppRecord?>();
        foreach (var conflict in conflicts)
        {
            foreach (var app in conflict.Before.Keys.Where(app => conflict.CurrentStage(app) is not null && rolledBack is null))
            {
                // The version that was on trial is none to go back to; one that served nobody ends at once.
                origins[app] = conflict.Before[app];
                if (conflict.CurrentStage(app)!.Kind == RolloutKind.Green)
                    EndVersion(catalog.Apps[app], catalog.Apps[app].Record.LastConfigChangeAt, now);
            }

            deployments.Fail(conflict, options.Reason ?? "canceled by another deployment", now);

            // What it had not finished is this deployment's to finish.
            foreach (var app in conflict.Before.Keys.Where(app => !target.ContainsKey(app)))
            {
                if (!catalog.Apps.TryGetValue(app, out var entry)) continue;
                before[app] = entry.Record;
                target[app] = entry.IsRemoved ? null : entry.Record;
            }
        }

        catalog.SetTree(wanted, before, target, changed, version, options.PutsGroups);
        foreach (var (app, record) in target)
        {
            PublishCheckChanges(before[app], record, now);
            if (aside.Holds(app)) TakeOver(app, before[app], record!);
            else catalog.SetRecord(app, record);
        }

        var steps = DeploymentPlanner.Plan(
            before, target, app => Differs(app, before[app], target[app]), levels, app =>
                Stages(app, before[app]!, target[app]!, options, rolledBack));
        foreach (var (app, origin) in origins)
        {
            if (before.GetValueOrDefault(app) is null) continue;
            before[app] = origin;
            if (origin is not null)
                context.Effects.Put(SchedulerKeys.Version(app, origin.Definition.Version), StateMapping.Write(origin));
        }

        context.Publish(EventMessages.GroupChanged(now.Wall, "/", version));
        var deployment = new ActiveDeployment
        {
            Id = context.NewGuid().ToString("D"),
            Version = version,
            Created = now with { Wall = Timestamps.Truncate(now.Wall) },
            Reason = options.Reason,
            Steps = steps,
            Before = before,
            IsRollback = rolledBack is not null,
            IsBlueGreen = options.BlueGreen is not null || rolledBack is { IsBlueGreen: true, IsAtStage: true },
            Patience = options.BlueGreen?.AbortAfter,
        };
        if (steps.Count == 0)
        {
            context.Publish(EventMessages.DeploymentSucceeded(now.Wall, deployment.Status([]), deployments.TreesOf(deployment)));
        }
        else
        {
            deployments.Start(deployment, now);
        }

        return new DeploymentReceipt(deployment.Id, version, catalog.Root);
    }

    /// <summary>
    /// The stages in which an app goes to another version: as its label says, or blue-green; back it goes at once.
    /// </summary>
    private static IReadOnlyList<RolloutStep> Stages(
        AppId app, AppRecord before, AppRecord target, ChangeOptions options, ActiveDeployment? rolledBack)
    {
        if (rolledBack is not null || before.Definition.Instances == 0 || target.Definition.Instances == 0) return [];
        if (options.BlueGreen is { } blueGreen && blueGreen.App == app) return BlueGreen.Stages(blueGreen);

        // A restart runs what was there already: nothing is on trial.
        return before.Definition.SameAs(target.Definition, count: false) ? [] : CanaryLabel.Read(target.Definition.Labels);
    }

    private void PublishCheckChanges(AppRecord? before, AppRecord? after, ClockReading now)
    {
        if (before is not null && before.LastConfigChangeAt == after?.LastConfigChangeAt) return;
        if (before is { Definition.HealthChecks.Count: > 0 })
            context.Publish(EventMessages.HealthCheckRemoved(now.Wall, before.Definition.Id.Path));
        foreach (var check in after?.Definition.HealthChecks ?? [])
            context.Publish(EventMessages.HealthCheckAdded(now.Wall, after!.Definition.Id.Path, after.Definition.Version,
                check.Wire));
    }

    private void EndVersion(AppEntry entry, DateTimeOffset config, ClockReading now)
    {
        foreach (var instance in entry.Instances.Values.Where(instance => instance.IsActive && instance.ConfigVersion == config)
            .ToList())
            tracker.End(entry, instance, now, atOnce: true);
    }

    /// <summary>
    /// Only counts change, of apps that a rollout in stages holds: they change within it, since it may rest for days.
    /// </summary>
    private static bool CanRescaleWithin(ActiveDeployment deployment, Dictionary<AppId, AppRecord?> before,
        Dictionary<AppId, AppRecord?> target) =>
        target.All(app => app.Value is not null && before[app.Key] is { } was
            && was.LastConfigChangeAt == app.Value.LastConfigChangeAt
            && app.Value.Definition.Instances > 0 && deployment.CurrentStage(app.Key) is not null);

    private DeploymentReceipt Rescale(
        ActiveDeployment deployment,
        GroupDefinition wanted,
        Dictionary<AppId, AppRecord?> before,
        Dictionary<AppId, AppRecord?> target,
        DateTimeOffset version,
        ClockReading now)
    {
        catalog.SetTree(wanted, before, target, [.. target.Keys], version, putsGroups: false);
        foreach (var (app, record) in target) catalog.SetRecord(app, record);
        context.Publish(EventMessages.GroupChanged(now.Wall, "/", version));
        return new DeploymentReceipt(deployment.Id, version, catalog.Root)
        {
            Messages = [
                $"the count of {string.Join(", ", target.Keys.Select(app => app.Path))} changes within deployment {deployment.Id}, which goes on"],
        };
    }

    /// <summary>Takes an app over that was set aside: its tasks are its instances from now on.</summary>
    private void TakeOver(AppId app, AppRecord? origin, AppRecord record)
    {
        var (instances, records, over) = aside.Release(app);
        foreach (var id in over) context.Effects.Delete(SchedulerKeys.Deployment(id));
        var entry = new AppEntry(app, origin ?? record);
        catalog.Add(entry);
        foreach (var older in records) AppCatalog.Remember(entry, older);
        foreach (var instance in instances)
        {
            // Where nothing tells what it runs, nothing tells that it is something else than what is wanted.
            var isKnown = records.Any(older => older.Definition.Version == instance.Version);
            var taken = isKnown
                ? instance : instance with { Version = record.Definition.Version, ConfigVersion = record.LastConfigChangeAt };
            adopter.Adopt(taken);
            if (!isKnown) context.Effects.Put(SchedulerKeys.Instance(taken.TaskId), StateMapping.Write(taken));
        }

        catalog.StoreRecord(entry, record);
        catalog.Touch(app);
    }

    /// <summary>Whether instances run something else than what is wanted, or would if there were any.</summary>
    private bool Differs(AppId app, AppRecord? before, AppRecord? after) => after is not null
        && ((before is not null && before.LastConfigChangeAt != after.LastConfigChangeAt)
            || catalog.Apps[app].Instances.Values.Any(instance => instance.IsActive
                && instance.ConfigVersion != after.LastConfigChangeAt));
}
