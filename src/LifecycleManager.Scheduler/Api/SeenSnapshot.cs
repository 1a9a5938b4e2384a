using System.Runtime.CompilerServices;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Deployments;
using LifecycleManager.Scheduler.Core.Documents;
using LifecycleManager.Scheduler.Core.Snapshots;
using LifecycleManager.Security;

namespace LifecycleManager.Scheduler.Api;

/// <summary>
/// What a caller may see of a snapshot. Handlers read nothing else, so that what may not be seen is to them as if it were not
/// there: in no list, and 404 by its id.
/// </summary>
internal static class SeenSnapshot
{
    /// <summary>
    /// What was made of each part, so that it is made once and is the same object, which the tags of answers go by.
    /// </summary>
    private static readonly ConditionalWeakTable<AppScope, ConditionalWeakTable<object, object>> Made = [];

    /// <summary>The snapshot with what may be seen.</summary>
    public static SchedulerSnapshot Of(SchedulerSnapshot whole, AppScope scope) => scope.MayEverywhere(GroupPermission.View)
        ? whole : Make(scope, whole, () => whole with
        {
            Root = Make(scope, whole.Root, () => Of(whole.Root, scope) ?? GroupDefinition.Empty),
            Apps = Make(scope, whole.Apps, () => whole.Apps.Where(app => Sees(scope, app.Key)).ToDictionary()),
            Instances = Make(scope, whole.Instances, () =>
                whole.Instances.Where(instance => Sees(scope, instance.Value.AppId)).ToDictionary()),
            Deployments =
            [
                .. whole.Deployments.Where(deployment => deployment.AffectedApps.Any(app => Sees(scope, app)))
                .Select(deployment => Make(scope, deployment, () => Of(deployment, scope))),
            ],
            Queue = [.. whole.Queue.Where(item => Sees(scope, item.Definition.Id))],
            Unreadable = whole.Unreadable == Unreadable.None ? Unreadable.None : Unreadable.None with
            {
                Apps = whole.Unreadable.Apps.Where(app => Sees(scope, app.Key)).ToDictionary(),
            },
        });

    /// <summary>
    /// A group with what may be seen of it, and with the groups that lead there; null where that is nothing.
    /// </summary>
    public static GroupDefinition? Of(GroupDefinition group, AppScope scope)
    {
        if (scope.MayBelow(GroupPermission.View, group.Id.Path)) return group;
        List<AppDefinition> apps = [.. group.Apps.Where(app => Sees(scope, app.Id))];
        List<GroupDefinition> groups = [.. group.Groups.Select(child => Of(child, scope)).OfType<GroupDefinition>()];
        return apps.Count + groups.Count == 0 && !group.Id.IsRoot ? null
            : group with { Apps = apps, Groups = groups, Dependencies = [] };
    }

    private static DeploymentStatus Of(DeploymentStatus deployment, AppScope scope) => deployment with
    {
        Unseen = deployment.AffectedApps.Count(app => !Sees(scope, app)),
        Steps =
        [
            .. deployment.Steps.Select(step => step with
            {
                Actions = [.. step.Actions.Where(action => Sees(scope, action.App))],
            }),
        ],
    };

    private static bool Sees(AppScope scope, AppId app) => scope.May(GroupPermission.View, app.Path);

    private static T Make<T>(AppScope scope, T part, Func<T> make)
        where T : class => (T)Made.GetOrCreateValue(scope).GetValue(part, _ => make());
}
