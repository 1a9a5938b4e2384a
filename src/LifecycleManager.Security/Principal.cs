namespace LifecycleManager.Security;

/// <summary>Somebody who was authenticated.</summary>
/// <param name="Name">The name; of a certificate, its common name.</param>
/// <param name="Permissions">What it may do with the cluster.</param>
/// <param name="Roles">The roles it may run tasks in: <c>web</c>, <c>web/*</c> for all below, <c>*</c> for every one.</param>
public sealed record Principal(string Name, Permission Permissions, IReadOnlyList<string> Roles)
{
    /// <summary>What it may do with which apps.</summary>
    public AppScope Scope { get; init; } = new(Permissions, []);

    /// <summary>When its secret ends, or what was told of its certificate; null where it has no end.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Whether it may do all of something with the cluster.</summary>
    public bool May(Permission permission) => (Permissions & permission) == permission;

    /// <summary>
    /// Whether it may run tasks in a role. The pattern <c>*</c> is every role, the default one (also <c>*</c>) among them.
    /// </summary>
    public bool MayRunAs(string role) => RolePattern.IsAny(Roles, role);

    /// <summary>Whether it is the same as another one, and may do what that may, no more and no less.</summary>
    internal bool HasRightsOf(Principal other) => Name == other.Name && Permissions == other.Permissions
        && Roles.SequenceEqual(other.Roles) && Scope.IsSameAs(other.Scope);
}
