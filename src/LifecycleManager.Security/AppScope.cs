using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Security;

/// <summary>
/// What a caller may do with which apps: the sum of what he may do with the cluster and of all his grants; what no grant names
/// is refused. Immutable.
/// </summary>
public sealed class AppScope
{
    private readonly GroupPermission _everywhere;
    private readonly IReadOnlyList<GroupGrant> _grants;

    /// <param name="permissions">
    /// What may be done with the cluster: <see cref="Permission.View"/> sees all apps, logs and files of all of them, who
    /// operates changes all, and who may run commands may do so beside all.
    /// </param>
    /// <param name="grants">What may be done with some apps.</param>
    public AppScope(Permission permissions, IReadOnlyList<GroupGrant> grants)
    {
        _grants = grants;
        if (permissions.HasFlag(Permission.View)) _everywhere |= GroupPermission.View | GroupPermission.Files;
        if (permissions.HasFlag(Permission.Operate)) _everywhere |= GroupPermission.Deploy;
        if (permissions.HasFlag(Permission.Exec)) _everywhere |= GroupPermission.Exec;
    }

    /// <summary>Everything with all apps.</summary>
    public static AppScope All { get; } = new(Permission.Operate | Permission.Exec, []);

    /// <summary>Whether there is a grant for some apps.</summary>
    public bool HasGrants => _grants.Count > 0;

    /// <summary>Whether something may be done with all apps, those that are not there yet among them.</summary>
    public bool MayEverywhere(GroupPermission permission) => Has(_everywhere, permission);

    /// <summary>Whether something may be done with an app.</summary>
    /// <param name="permission">What; all of it.</param>
    /// <param name="app">The app's id, which begins with a slash.</param>
    public bool May(GroupPermission permission, string app)
    {
        ArgumentNullException.ThrowIfNull(app);
        return Sum(permission, grant => Glob.IsMatch(grant.Apps, app, paths: true));
    }

    /// <summary>Whether something may be done with all that is or may come below a group.</summary>
    /// <param name="permission">What; all of it.</param>
    /// <param name="group">The group's id, <c>/</c> for the root.</param>
    public bool MayBelow(GroupPermission permission, string group)
    {
        ArgumentNullException.ThrowIfNull(group);
        var below = group.EndsWith('/') ? group : group + "/";

        // What ends with two stars and matches the shortest text matches every longer one.
        return Sum(permission, grant => grant.Apps.EndsWith("**", StringComparison.Ordinal)
            && Glob.IsMatch(grant.Apps, below, paths: true));
    }

    /// <summary>Whether the other one permits the same.</summary>
    internal bool IsSameAs(AppScope other) => _everywhere == other._everywhere && _grants.SequenceEqual(other._grants);

    private bool Sum(GroupPermission permission, Func<GroupGrant, bool> counts)
    {
        var sum = _everywhere;
        foreach (var grant in _grants)
        {
            if (Has(sum, permission)) return true;
            if (counts(grant)) sum |= grant.Permissions;
        }

        return Has(sum, permission);
    }

    private static bool Has(GroupPermission sum, GroupPermission permission) => (sum & permission) == permission;
}
