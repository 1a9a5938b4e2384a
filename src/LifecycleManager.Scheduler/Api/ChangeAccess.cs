using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Snapshots;
using LifecycleManager.Security;

namespace LifecycleManager.Scheduler.Api;

/// <summary>
/// Holds what callers would change to what they may. A change of the tree is judged by the two trees, whatever was asked for: all
/// that differs must be permitted, or nothing is done.
/// </summary>
internal static class ChangeAccess
{
    /// <summary>
    /// Judges an operation by what its path says. A change of what the caller may not change is refused whether it is there or
    /// not, so that nobody learns what there is.
    /// </summary>
    /// <exception cref="AppsForbiddenException">It is not permitted.</exception>
    /// <exception cref="ApiException">It is the cluster's, and permissions on some apps are not enough: 403.</exception>
    public static void Check(ApiRequest request, ApiOperation operation)
    {
        if (operation.Need.ShowsNoApp) return;
        if (operation.Need.OfApps is not { } needed)
        {
            var permission = operation.Reads ? Permission.View : Permission.Operate;
            if (!AccessControl.May(request.Context, permission))
                throw new ApiException(403, AccessControl.Refused(request.Context, permission));
        }
        else if (!operation.Reads && operation.IsOfOne)
        {
            Check(request.Scope, needed, request.Id);
        }
        else if (!operation.Reads && operation.IsOfGroup)
        {
            CheckGroup(request, request.Id);
        }
    }

    /// <summary>Judges a change of a group before it is looked at: something below must be permitted.</summary>
    /// <exception cref="AppsForbiddenException">Nothing is.</exception>
    public static void CheckGroup(ApiRequest request, AppId group)
    {
        if (!request.Scope.MayBelow(GroupPermission.Scale, group.Path) && request.Snapshot.Root.FindGroup(group) is null)
            throw new AppsForbiddenException(GroupPermission.Deploy, [group.Path], unseen: 0);
    }

    /// <summary>Judges a change of the tree.</summary>
    /// <param name="scope">What the caller may.</param>
    /// <param name="before">The tree as it is.</param>
    /// <param name="after">The tree as it would be.</param>
    /// <exception cref="AppsForbiddenException">It is not permitted.</exception>
    /// <returns>The apps that would change.</returns>
    public static IReadOnlyCollection<AppId> Check(AppScope scope, GroupDefinition before, GroupDefinition after)
    {
        var (old, changed, forbidden) = (new Dictionary<AppId, AppDefinition>(), new HashSet<AppId>(), new Forbidden(scope));
        foreach (var app in before.AllApps) old[app.Id] = app;
        foreach (var app in after.AllApps)
        {
            var was = old.GetValueOrDefault(app.Id);
            old.Remove(app.Id);
            if (was is not null && (ReferenceEquals(was, app) || (was.IsPod == app.IsPod && was.SameAs(app)))) continue;
            changed.Add(app.Id);
            forbidden.Unless(was is not null && was.IsPod == app.IsPod && was.SameAs(app, count: false)
                ? GroupPermission.Scale : GroupPermission.Deploy, app.Id);
        }

        foreach (var id in old.Keys)
        {
            changed.Add(id);
            forbidden.Unless(GroupPermission.Deploy, id);
        }

        var groups = before.AllGroups.ToDictionary(group => group.Id);
        foreach (var group in after.AllGroups)
        {
            groups.Remove(group.Id, out var was);
            var isNewAndEmpty = was is null && !group.AllApps.Any();
            if (isNewAndEmpty || !(was?.Dependencies ?? []).SequenceEqual(group.Dependencies)) forbidden.UnlessBelow(group.Id);
        }

        // Of a group with apps, these are asked about.
        foreach (var gone in groups.Values.Where(group => group.Dependencies.Count > 0 || !group.AllApps.Any()))
            forbidden.UnlessBelow(gone.Id);
        forbidden.ThrowIfAny();
        return changed;
    }

    /// <summary>Judges something that is done to apps.</summary>
    /// <exception cref="AppsForbiddenException">It is not permitted with all of them.</exception>
    public static void Check(AppScope scope, GroupPermission needed, params IEnumerable<AppId> apps)
    {
        var forbidden = new Forbidden(scope) { AreNamed = true };
        foreach (var app in apps.Distinct()) forbidden.Unless(needed, app);
        forbidden.ThrowIfAny();
    }

    /// <summary>Judges what is done to a deployment, which is done to all apps that it changes.</summary>
    /// <exception cref="AppsForbiddenException">It is not permitted with all of them.</exception>
    public static void CheckDeployment(AppScope scope, SchedulerSnapshot whole, string id)
    {
        if (whole.Deployments.FirstOrDefault(deployment => deployment.Id == id) is not { } found) return;
        var forbidden = new Forbidden(scope);
        foreach (var app in found.AffectedApps) forbidden.Unless(GroupPermission.Deploy, app);
        forbidden.ThrowIfAny();
    }

    /// <summary>Judges what is forced: it ends the deployments that hold one of the apps, for all of theirs.</summary>
    /// <exception cref="AppsForbiddenException">It is not permitted with all of them.</exception>
    public static void CheckForced(AppScope scope, SchedulerSnapshot whole, IReadOnlyCollection<AppId> apps)
    {
        if (scope.MayEverywhere(GroupPermission.Deploy)) return;
        foreach (var deployment in whole.Deployments.Where(deployment => deployment.AffectedApps.Any(apps.Contains)))
            CheckDeployment(scope, whole, deployment.Id);
    }

    /// <summary>Whether the caller may force a change of apps.</summary>
    public static bool MayForce(AppScope scope, SchedulerSnapshot whole, IReadOnlyCollection<AppId> apps)
    {
        try
        {
            CheckForced(scope, whole, apps);
            return true;
        }
        catch (AppsForbiddenException)
        {
            return false;
        }
    }

    private sealed class Forbidden(AppScope scope)
    {
        private readonly SortedSet<string> _ids = new(StringComparer.Ordinal);
        private GroupPermission _needed;
        private int _unseen;

        /// <summary>Whether the caller has named them, and so may be told them.</summary>
        public bool AreNamed { get; init; }

        public void Unless(GroupPermission needed, AppId app)
        {
            if (scope.May(needed, app.Path)) return;
            Add(needed, app, AreNamed || scope.May(GroupPermission.View, app.Path));
        }

        public void UnlessBelow(AppId group)
        {
            if (scope.MayBelow(GroupPermission.Deploy, group.Path)) return;
            Add(GroupPermission.Deploy, group, group.IsRoot || scope.MayBelow(GroupPermission.View, group.Path));
        }

        public void ThrowIfAny()
        {
            if (_ids.Count + _unseen > 0) throw new AppsForbiddenException(_needed, [.. _ids], _unseen);
        }

        private void Add(GroupPermission needed, AppId id, bool isShown)
        {
            _needed |= needed;
            if (isShown) _ids.Add(id.Path);
            else _unseen++;
        }
    }
}

/// <summary>The caller may not do something with some apps.</summary>
/// <param name="needed">What he would have to be permitted.</param>
/// <param name="apps">The apps and groups that he has named or may see.</param>
/// <param name="unseen">How many others there are.</param>
internal sealed class AppsForbiddenException(GroupPermission needed, IReadOnlyList<string> apps, int unseen) : Exception
{
    public GroupPermission Needed => needed;

    public IReadOnlyList<string> Apps => apps;

    public int Unseen => unseen;
}
