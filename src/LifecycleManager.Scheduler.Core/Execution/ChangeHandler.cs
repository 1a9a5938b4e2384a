using LifecycleManager.Scheduler.Core.Catalog;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Json;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Execution;

/// <summary>Requests that change what is wanted.</summary>
internal sealed class ChangeHandler(
    CoreContext context, AppCatalog catalog, SetAside aside, Deployer deployer, CountLease lease)
{
    public DeploymentReceipt Change(
        Func<GroupDefinition, GroupDefinition> change,
        ChangeOptions options,
        HashSet<AppId> restart,
        ClockReading now)
    {
        if (options.Condition is { } condition && Known(condition.App) is null) throw NotFound(condition.App);
        var origins = aside.Origins();
        GroupDefinition wanted;
        try
        {
            wanted =
                change(GroupTree.With(catalog.Root, origins.ToDictionary(app => app.Key,
                    app => (AppDefinition?)app.Value.Definition)));
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
        options.Condition?.Check(Known(options.Condition.App), after.GetValueOrDefault(options.Condition.App));
        var version = catalog.NewVersion(now);
        var before = new Dictionary<AppId, AppRecord?>();
        var target = new Dictionary<AppId, AppRecord?>();
        var same = new Dictionary<AppId, AppDefinition?>();
        var claimed = new List<AppRecord>();
        var messages = new List<string>();
        foreach (var (id, asked) in after)
        {
            var known = Known(id);
            var isTouched = known is null || !ReferenceEquals(known.Definition, asked);
            var isOrder = isTouched && options.OrdersCount(id);
            var count = isTouched
                ? CountOwnership.Settle(known, asked, options.CountOwner, isOrder) : new AskedCount(asked, null);
            if (count.Message is not null) messages.Add(count.Message);
            var origin = known ?? origins.GetValueOrDefault(id);
            var record = AppRecord.Successor(origin, count.Definition, version, restart.Contains(id));
            var owned = isTouched ? CountOwnership.Claim(record, options.CountOwner, isOrder) : record;
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

        foreach (var (id, entry) in catalog.Apps)
        {
            if (entry.IsRemoved || after.ContainsKey(id)) continue;
            before[id] = entry.Record;
            target[id] = null;
        }

        CheckAdmission(target, restart, options);
        var receipt = deployer.Deploy(GroupTree.With(wanted, same), before, target, version, options, now);
        foreach (var record in claimed) catalog.StoreOwner(record);
        if (CountOwnership.IsPolicy(options.CountOwner)) lease.Claimed(now);

        return receipt with { Messages = [.. receipt.Messages, .. messages] };
    }

    public DeploymentReceipt Restart(RestartRequest request, ClockReading now)
    {
        foreach (var app in request.Apps)
            if (!catalog.Apps.TryGetValue(app, out var entry) || entry.IsRemoved) throw NotFound(app);
        return Change(root => root, request.Options, request.Apps.ToHashSet(), now);
    }

    /// <summary>
    /// What is not admitted is neither made, changed, restarted nor scaled out. An app that runs is left to run, and may have
    /// fewer instances.
    /// </summary>
    private void CheckAdmission(Dictionary<AppId, AppRecord?> target, HashSet<AppId> restart, ChangeOptions options)
    {
        var refused = new Problems();
        foreach (var (id, record) in target)
        {
            if (record is null) continue;
            var (known, wanted) = (Known(id)?.Definition, record.Definition);
            var startsNothing = known is not null && wanted.Instances <= known.Instances && known.SameAs(wanted, count: false)
                && (wanted.Instances == 0 || !restart.Contains(id));
            if (startsNothing) continue;
            foreach (var problem in context.Admission.Problems(wanted))
            {
                if (options.PathOf is not { } place) refused.Add(problem.Path, problem.Message);
                else refused.Add(place(id) + problem.Path, $"{problem.Message} (app {id})");
            }
        }

        refused.ThrowIfAny();
    }

    private AppRecord? Known(AppId app) =>
        catalog.Apps.TryGetValue(app, out var entry) && !entry.IsRemoved ? entry.Record : null;

    private Exception NotFound(AppId app) => aside.Shown.Apps.TryGetValue(app, out var reason)
        ? UnreadableStateException.App(app, reason) : new AppNotFoundException(app);

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
}
