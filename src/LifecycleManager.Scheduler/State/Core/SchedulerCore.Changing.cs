using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.Deployments;
using LifecycleManager.Scheduler.Events;

namespace LifecycleManager.Scheduler.State.Core;

// Requests that change what is wanted.
internal sealed partial class SchedulerCore
{
    private DeploymentReceipt Change(
        Func<GroupDefinition, GroupDefinition> change,
        ChangeOptions options,
        HashSet<AppId> restart,
        Moment now,
        bool keepOwnedCounts = true)
    {
        var origins = _aside.Origins();
        GroupDefinition wanted;
        try
        {
            wanted = change(GroupTree.With(_root, origins.ToDictionary(app => app.Key, app => (AppDefinition?)app.Value.Definition)));
        }
        catch (Exception e)
        {
            throw new RequestRefusedException(e);
        }

        // Apps that are set aside and are not put anew stay so.
        var after = Index(wanted);
        var left = origins.Where(app => after.TryGetValue(app.Key, out var asked) && ReferenceEquals(asked, app.Value.Definition))
            .ToDictionary(app => app.Key, _ => (AppDefinition?)null);
        wanted = GroupTree.With(wanted, left);
        foreach (var id in left.Keys) after.Remove(id);
        var version = NewVersion(now);
        var before = new Dictionary<AppId, AppRecord?>();
        var target = new Dictionary<AppId, AppRecord?>();
        var same = new Dictionary<AppId, AppDefinition?>();
        var claimed = new List<AppRecord>();
        var messages = new List<string>();
        foreach (var (id, asked) in after)
        {
            var known = _apps.TryGetValue(id, out var entry) && !entry.IsRemoved ? entry.Record : null;
            var isTouched = known is null || !ReferenceEquals(known.Definition, asked);
            var kept = keepOwnedCounts ? CountOwnership.Keep(known, asked, options.CountOwner) : null;
            if (kept is not null) messages.Add(kept.Message);
            var origin = known ?? origins.GetValueOrDefault(id);
            var record = Successor(origin, kept?.Definition ?? asked, version, restart.Contains(id));
            var owned = isTouched ? CountOwnership.Claim(record, options.CountOwner) : record;
            if (!ReferenceEquals(record, known))
            {
                before[id] = origin;
                target[id] = owned;
            }
            else
            {
                // Handed in anew, and yet the same: it stays as it is, with its version.
                if (isTouched) same[id] = record.Definition;
                if (!ReferenceEquals(owned, record)) claimed.Add(owned);
            }
        }

        foreach (var (id, entry) in _apps)
        {
            if (entry.IsRemoved || after.ContainsKey(id)) continue;
            before[id] = entry.Record;
            target[id] = null;
        }

        var receipt = Deploy(GroupTree.With(wanted, same), before, target, version, options, now);
        foreach (var record in claimed)
        {
            _apps[record.Definition.Id].Record = record;
            _effects.Put(StateKeys.App(record.Definition.Id), StateMapping.Write(record));
            _stale.Add(record.Definition.Id);
        }

        return receipt with { Messages = [.. receipt.Messages, .. messages] };
    }

    private DeploymentReceipt Restart(RestartRequest request, Moment now)
    {
        foreach (var app in request.Apps)
            if (!_apps.TryGetValue(app, out var entry) || entry.IsRemoved) throw NotFound(app);
        return Change(root => root, request.Options, request.Apps.ToHashSet(), now);
    }

    private Exception NotFound(AppId app) => _aside.Shown.Apps.TryGetValue(app, out var reason)
        ? UnreadableStateException.App(app, reason) : new AppNotFoundException(app);

    private KillReceipt Kill(KillRequest request, Moment now)
    {
        var instances = request.TaskIds.Distinct()
            .Where(_appOf.ContainsKey)
            .Select(id => _appOf[id].Instances[id])
            .ToList();
        DeploymentReceipt? receipt = null;
        if (request.Options.Scale)
        {
            var fewer = instances.Where(instance => instance.IsActive).CountBy(instance => instance.AppId).ToDictionary();
            if (fewer.Count > 0)
            {
                receipt = Change(
                    root => GroupTree.With(root, fewer
                        .Where(app => _apps[app.Key] is { IsRemoved: false })
                        .ToDictionary(app => app.Key, app => (AppDefinition?)Fewer(_apps[app.Key].Record.Definition, app.Value))),
                    new ChangeOptions(request.Options.Force, "instances were ended for good"),
                    restart: [],
                    now,
                    keepOwnedCounts: false);
            }
        }

        foreach (var instance in instances)
        {
            var entry = _appOf[instance.TaskId];
            if (request.Options.Wipe && instance.State.IsUnreachable())
            {
                Forget(entry, instance.TaskId);
                Publish(EventMessages.InstanceChanged(now.Wall, instance with { State = InstanceState.Gone, Since = now.Wall }));
            }
            else End(entry, instance, now);
        }

        return new KillReceipt(instances, receipt);

        static AppDefinition Fewer(AppDefinition app, int by) => app.WithInstances(Math.Max(0, app.Instances - by));
    }

    private DeploymentReceipt? Cancel(string id, bool force, Moment now)
    {
        if (force && _aside.HoldsDeployment(id))
        {
            _aside.ReleaseDeployment(id);
            _effects.Delete(StateKeys.Deployment(id));
            return null;
        }

        var deployment = FindDeployment(id);
        if (force)
        {
            Fail(deployment, "canceled", now);
            return null;
        }

        return RollBack(deployment, $"rollback of deployment {id}", now);
    }

    private ActiveDeployment FindDeployment(string id) => _deployments.Find(candidate => candidate.Id == id)
        ?? throw (_aside.Shown.Deployments.TryGetValue(id, out var reason)
            ? UnreadableStateException.Deployment(id, reason) : new DeploymentNotFoundException(id));

    private DeploymentReceipt RollBack(ActiveDeployment deployment, string reason, Moment now)
    {
        // The versions come back as they were, so that instances that were never replaced are right as they are.
        var before = new Dictionary<AppId, AppRecord?>();
        var target = new Dictionary<AppId, AppRecord?>();
        var version = NewVersion(now);
        foreach (var (app, was) in deployment.Before)
        {
            before[app] = _apps.TryGetValue(app, out var entry) && !entry.IsRemoved ? entry.Record : null;

            // A count that was changed meanwhile, as by a policy, is not what is taken back.
            target[app] = was is not null && before[app] is { } current && IsRescaled(entry!, deployment)
                ? Successor(was, was.Definition.WithInstances(current.Definition.Instances), version, restart: false) with { CountOwner = current.CountOwner }
                : was;
        }

        var root = GroupTree.With(_root, target.ToDictionary(app => app.Key, app => app.Value?.Definition));
        return Deploy(root, before, target, version, new ChangeOptions(Force: true, reason), now, rolledBack: deployment);
    }

    private DeploymentStatus Steer(SteerRequest steer, Moment now)
    {
        var deployment = FindDeployment(steer.Id);
        switch (steer.Word)
        {
            case DeploymentSteering.Pause:
                if (deployment.Frozen is not null) throw new DeploymentStateException(steer.Id, "is paused already");
                deployment.Frozen = deployment.Before.Keys.Where(_apps.ContainsKey).ToDictionary(app => app, app => _apps[app].Instances.Values
                    .Count(instance => instance.IsActive && instance.ConfigVersion == _apps[app].Record.LastConfigChangeAt));
                break;
            case DeploymentSteering.Resume when deployment.Frozen is null:
                throw new DeploymentStateException(steer.Id, "is not paused");
            case DeploymentSteering.Resume:
                Thaw(deployment, now);
                break;
            default:
                Promote(deployment, steer, now);
                break;
        }

        foreach (var app in deployment.Before.Keys) Touch(app);
        if (_deployments.Contains(deployment)) Save(deployment);
        return deployment.Status([]);
    }

    private void Promote(ActiveDeployment deployment, SteerRequest steer, Moment now)
    {
        var full = steer.Word == DeploymentSteering.PromoteFull;
        if (deployment.HeldSince is null && deployment.Frozen is null && !(full && deployment.IsAtStage))
        {
            throw new DeploymentStateException(steer.Id, deployment is { IsAtStage: true, Pending.Count: > 0 }
                ? $"is not ready: {string.Join(", ", deployment.Pending.Select(app => app.Path))} is not whole and healthy yet"
                : "waits for nobody's word");
        }

        if (full && deployment.IsBlueGreen && deployment.Pending.Count > 0 && !steer.Force)
            throw new DeploymentStateException(steer.Id, "is not ready: the new version is not whole and healthy yet");
        deployment.MayPass = deployment.HeldSince is not null;
        deployment.IsPromoted |= full;
        if (deployment.Frozen is not null) Thaw(deployment, now);
    }

    // The time for which it stood still is not held against it.
    private void Thaw(ActiveDeployment deployment, Moment now)
    {
        deployment.Frozen = null;
        StartStep(deployment, now);
    }

    /// <summary>Stores a change and the deployment that carries it out.</summary>
    private DeploymentReceipt Deploy(
        GroupDefinition wanted,
        Dictionary<AppId, AppRecord?> before,
        Dictionary<AppId, AppRecord?> target,
        DateTimeOffset version,
        ChangeOptions options,
        Moment now,
        ActiveDeployment? rolledBack = null)
    {
        // First everything that may refuse the change, then everything that makes it.
        var levels = DependencyOrder.Levels(wanted);
        var conflicts = _deployments.Where(deployment => target.Keys.Any(deployment.Before.ContainsKey)).ToList();
        if (conflicts is [var staged] && options.BlueGreen is null && Joins(staged, before, target))
            return Rescale(staged, wanted, before, target, version, now);
        if (conflicts.Count > 0 && !options.Force) throw new AppLockedException([.. conflicts.Select(deployment => deployment.Id)]);

        var changed = target.Keys.ToList();
        var origins = new Dictionary<AppId, AppRecord?>();
        foreach (var conflict in conflicts)
        {
            foreach (var app in conflict.Before.Keys.Where(app => conflict.CurrentStage(app) is not null && rolledBack is null))
            {
                // The version that was on trial is none to go back to; one that served nobody ends at once.
                origins[app] = conflict.Before[app];
                if (conflict.CurrentStage(app)!.Kind == RolloutKind.Green) EndVersion(_apps[app], _apps[app].Record.LastConfigChangeAt, now);
            }

            Fail(conflict, options.Reason ?? "canceled by another deployment", now);

            // What it had not finished is this deployment's to finish.
            foreach (var app in conflict.Before.Keys.Where(app => !target.ContainsKey(app)))
            {
                if (!_apps.TryGetValue(app, out var entry)) continue;
                before[app] = entry.Record;
                target[app] = entry.IsRemoved ? null : entry.Record;
            }
        }

        Stand(wanted, before, target, changed, version, options.PutsGroups);
        foreach (var (app, record) in target)
        {
            TellOfChecks(before[app], record, now);
            if (_aside.Holds(app)) TakeOver(app, before[app], record!);
            else Adopt(app, record);
        }

        var steps = DeploymentPlanner.Plan(
            before, target, app => Differs(app, before[app], target[app]), levels, app => Stages(app, before[app]!, target[app]!, options, rolledBack));
        foreach (var (app, origin) in origins)
        {
            if (before.GetValueOrDefault(app) is null) continue;
            before[app] = origin;
            if (origin is not null) _effects.Put(StateKeys.Version(app, origin.Definition.Version), StateMapping.Write(origin));
        }

        Publish(EventMessages.GroupChanged(now.Wall, "/", version));
        var deployment = new ActiveDeployment
        {
            Id = NewId(),
            Version = version,
            Created = now with { Wall = Instants.Truncate(now.Wall) },
            Reason = options.Reason,
            Steps = steps,
            Before = before,
            IsRollback = rolledBack is not null,
            IsBlueGreen = options.BlueGreen is not null || rolledBack is { IsBlueGreen: true, IsAtStage: true },
            Patience = options.BlueGreen?.AbortAfter,
        };
        if (steps.Count == 0)
        {
            Publish(EventMessages.DeploymentSucceeded(now.Wall, deployment.Status([]), TreesOf(deployment)));
        }
        else
        {
            deployment.BeginStep();
            _deployments.Add(deployment);
            StartStep(deployment, now);
            foreach (var app in before.Keys) _apps[app].Deployment = deployment;
            Begin(deployment, now);
        }

        return new DeploymentReceipt(deployment.Id, version, _root);
    }

    /// <summary>The stages in which an app goes to another version: as its label says, or blue-green; back it goes at once.</summary>
    private static IReadOnlyList<RolloutStep> Stages(
        AppId app, AppRecord before, AppRecord target, ChangeOptions options, ActiveDeployment? rolledBack)
    {
        if (rolledBack is not null || before.Definition.Instances == 0 || target.Definition.Instances == 0) return [];
        if (options.BlueGreen is { } blueGreen && blueGreen.App == app) return BlueGreen.Stages(blueGreen);

        // A restart runs what was there already: nothing is on trial.
        return before.Definition.SameAs(target.Definition, count: false) ? [] : CanaryLabel.Read(target.Definition.Labels);
    }

    private void TellOfChecks(AppRecord? before, AppRecord? after, Moment now)
    {
        if (before is not null && before.LastConfigChangeAt == after?.LastConfigChangeAt) return;
        if (before is { Definition.HealthChecks.Count: > 0 }) Publish(EventMessages.HealthCheckRemoved(now.Wall, before.Definition.Id.Path));
        foreach (var check in after?.Definition.HealthChecks ?? [])
            Publish(EventMessages.HealthCheckAdded(now.Wall, after!.Definition.Id.Path, after.Definition.Version, check.Wire));
    }

    private void EndVersion(AppEntry entry, DateTimeOffset config, Moment now)
    {
        foreach (var instance in entry.Instances.Values.Where(instance => instance.IsActive && instance.ConfigVersion == config).ToList())
            End(entry, instance, now);
    }

    /// <summary>Only counts change, of apps that a rollout in stages holds: they change within it, since it may rest for days.</summary>
    private static bool Joins(ActiveDeployment deployment, Dictionary<AppId, AppRecord?> before, Dictionary<AppId, AppRecord?> target) =>
        target.All(app => app.Value is not null && before[app.Key] is { } was && was.LastConfigChangeAt == app.Value.LastConfigChangeAt
            && app.Value.Definition.Instances > 0 && deployment.CurrentStage(app.Key) is not null);

    private DeploymentReceipt Rescale(
        ActiveDeployment deployment,
        GroupDefinition wanted,
        Dictionary<AppId, AppRecord?> before,
        Dictionary<AppId, AppRecord?> target,
        DateTimeOffset version,
        Moment now)
    {
        Stand(wanted, before, target, [.. target.Keys], version, putsGroups: false);
        foreach (var (app, record) in target) Adopt(app, record);
        Publish(EventMessages.GroupChanged(now.Wall, "/", version));
        return new DeploymentReceipt(deployment.Id, version, _root)
        {
            Messages = [$"the count of {string.Join(", ", target.Keys.Select(app => app.Path))} changes within deployment {deployment.Id}, which goes on"],
        };
    }

    private void Adopt(AppId app, AppRecord? record)
    {
        var isNew = !_apps.TryGetValue(app, out var entry);
        entry ??= _apps[app] = new AppEntry(app) { Record = record! };
        if (record is null)
        {
            entry.IsRemoved = true;
            _effects.Delete(StateKeys.App(app));
        }
        else if (isNew || entry.IsRemoved || !ReferenceEquals(entry.Record, record))
        {
            entry.Older[entry.Record.Definition.Version] = entry.Record;
            entry.IsRemoved = false;
            entry.Record = Prune(entry, record);
            _effects.Put(StateKeys.App(app), StateMapping.Write(entry.Record));
            _effects.Put(StateKeys.Version(app, record.Definition.Version), StateMapping.Write(entry.Record));
        }

        Touch(app);
    }

    /// <summary>Takes an app over that was set aside: its tasks are its instances from now on.</summary>
    private void TakeOver(AppId app, AppRecord? origin, AppRecord record)
    {
        var (instances, records, over) = _aside.Release(app);
        foreach (var id in over) _effects.Delete(StateKeys.Deployment(id));
        var entry = _apps[app] = new AppEntry(app) { Record = origin ?? record };
        foreach (var older in records) entry.Older[older.Definition.Version] = older;
        foreach (var instance in instances)
        {
            // Where nothing tells what it runs, nothing tells that it is something else than what is wanted.
            var isKnown = records.Any(older => older.Definition.Version == instance.Version);
            var taken = isKnown ? instance : instance with { Version = record.Definition.Version, ConfigVersion = record.LastConfigChangeAt };
            Adopt(taken);
            if (!isKnown) _effects.Put(StateKeys.Instance(taken.TaskId), StateMapping.Write(taken));
        }

        entry.Record = Prune(entry, record);
        _effects.Put(StateKeys.App(app), StateMapping.Write(entry.Record));
        _effects.Put(StateKeys.Version(app, record.Definition.Version), StateMapping.Write(entry.Record));
        Touch(app);
    }

    /// <summary>Adds the version to the app's list, and forgets the oldest beyond the limit that nothing uses.</summary>
    private AppRecord Prune(AppEntry entry, AppRecord record)
    {
        var version = record.Definition.Version;
        var known = entry.IsRemoved ? [] : entry.Record.Versions;
        var all = known.Append(version).Concat(record.Versions).Distinct().OrderDescending().ToList();
        var used = entry.Instances.Values.Select(instance => instance.Version).ToHashSet();
        used.Add(version);
        used.Add(entry.Record.Definition.Version);
        if (entry.Deployment?.Before.GetValueOrDefault(entry.Id) is { } origin) used.Add(origin.Definition.Version);
        foreach (var old in all.Skip(_options.MaxVersions).Where(old => !used.Contains(old)).ToList())
        {
            all.Remove(old);
            _effects.Delete(StateKeys.Version(entry.Id, old));
        }

        foreach (var old in entry.Older.Keys.Where(old => !used.Contains(old)).ToList()) entry.Older.Remove(old);
        return record with { Versions = all };
    }

    private void StoreHistory(
        Dictionary<AppId, AppRecord?> before,
        Dictionary<AppId, AppRecord?> target,
        List<AppId> changed,
        StoredGroups groups,
        DateTimeOffset version)
    {
        var groupsBefore = GroupTree.Store(_root, _root.Version);
        var change = new StoredChange
        {
            Version = Instants.Write(version),
            Apps = [.. changed.Select(app => new StoredAppChange(
                app.Path,
                before[app] is { } was ? Instants.Write(was.Definition.Version) : null,
                target[app] is { } @is ? Instants.Write(@is.Definition.Version) : null,
                target[app] is null ? [.. (before[app]?.Versions ?? []).Select(Instants.Write)] : null))],
            GroupsBefore = SameGroups(groupsBefore, groups) ? null : groupsBefore,
        };
        _history.Add(change);
        _effects.Put(StateKeys.Change(version), StateMapping.Write(change, StateJson.Default.StoredChange));
        while (_history.Count > _options.MaxVersions)
        {
            var oldest = _history[0];
            _history.RemoveAt(0);
            _effects.Delete(StateKeys.Change(Instants.Read(oldest.Version)));
            foreach (var removed in oldest.Apps.Where(app => app.After is null))
            {
                var app = new AppId(removed.App);
                var kept = _apps.TryGetValue(app, out var entry)
                    ? entry.Record.Versions.Concat(entry.Instances.Values.Select(instance => instance.Version)).ToHashSet()
                    : [];
                foreach (var old in (removed.Versions ?? []).Select(Instants.Read).Where(old => !kept.Contains(old)))
                    _effects.Delete(StateKeys.Version(app, old));
            }
        }
    }

    /// <summary>Makes a tree the one that is wanted: with every app whose definition is not what was handed in, new versions, kept counts.</summary>
    private void Stand(
        GroupDefinition wanted,
        Dictionary<AppId, AppRecord?> before,
        Dictionary<AppId, AppRecord?> target,
        List<AppId> changed,
        DateTimeOffset version,
        bool putsGroups)
    {
        var root = Stamp(wanted, target, version);
        var groups = GroupTree.Store(root, version);
        if (putsGroups && _aside.HasGroups) _aside.ReleaseGroups();
        else if (target.Count == 0 && SameGroups(GroupTree.Store(_root, version), groups)) return;
        StoreHistory(before, target, changed, groups, version);

        // Groups that cannot be read are there for whoever can mend them, until somebody puts others.
        if (!_aside.HasGroups) _effects.Put(StateKeys.Groups, StateMapping.Write(groups, StateJson.Default.StoredGroups));
        _root = root;
    }

    /// <summary>The tree with the definitions that really came about, and the version on every group above a changed app.</summary>
    private static GroupDefinition Stamp(GroupDefinition wanted, Dictionary<AppId, AppRecord?> target, DateTimeOffset version)
    {
        // Removed apps are not there already, and their groups may be gone with them.
        var root = GroupTree.With(
            wanted, target.Where(app => app.Value is not null).ToDictionary(app => app.Key, app => (AppDefinition?)app.Value!.Definition));
        var touched = new HashSet<string>(StringComparer.Ordinal);
        foreach (var app in target.Keys)
            for (var path = GroupTree.Parent(app.Path); touched.Add(path) && path != "/";) path = GroupTree.Parent(path);
        return Mark(root);

        GroupDefinition Mark(GroupDefinition group) => !touched.Contains(group.Id.Path) && group.Id.Path != "/" ? group : group with
        {
            Version = version,
            Groups = [.. group.Groups.Select(Mark)],
        };
    }

    /// <summary>What an app becomes by a definition; the very same record where nothing changes.</summary>
    private static AppRecord Successor(AppRecord? before, AppDefinition definition, DateTimeOffset version, bool restart)
    {
        if (before is null) return new AppRecord(definition.WithVersion(version), version, version) { Versions = [version] };
        if (!restart && ReferenceEquals(before.Definition, definition)) return before;
        var sameCount = before.Definition.Instances == definition.Instances;
        var sameRest = before.Definition.SameAs(definition, count: false);
        if (sameCount && sameRest && !restart) return before;
        return before with
        {
            Definition = definition.WithVersion(version),
            LastScalingAt = version,
            LastConfigChangeAt = sameRest && !restart ? before.LastConfigChangeAt : version,
        };
    }

    /// <summary>Whether instances run something else than what is wanted, or would if there were any.</summary>
    private bool Differs(AppId app, AppRecord? before, AppRecord? after) => after is not null
        && ((before is not null && before.LastConfigChangeAt != after.LastConfigChangeAt)
            || _apps[app].Instances.Values.Any(instance => instance.IsActive && instance.ConfigVersion != after.LastConfigChangeAt));

    private static Dictionary<AppId, AppDefinition> Index(GroupDefinition root)
    {
        var apps = new Dictionary<AppId, AppDefinition>();
        foreach (var app in root.AllApps)
        {
            if (!apps.TryAdd(app.Id, app))
                throw new ChangeRefusedException([new ChangeProblem("/id", $"there are two apps with the id {app.Id.Path}")]);
        }

        return apps;
    }

    private static bool SameGroups(StoredGroups left, StoredGroups right) =>
        left.Groups.Count == right.Groups.Count && left.Groups.Zip(right.Groups).All(pair =>
            pair.First.Id == pair.Second.Id
            && (pair.First.Dependencies ?? []).SequenceEqual(pair.Second.Dependencies ?? [])
            && pair.First.EnforceRole == pair.Second.EnforceRole);

    private string NewId()
    {
        var bytes = new byte[16];
        _random.NextBytes(bytes);
        return new Guid(bytes).ToString("D");
    }
}
