namespace LifecycleManager.Security;

/// <summary>Permissions on some apps.</summary>
/// <param name="Apps">
/// A glob of ids: a star and a question mark stop at slashes, two stars do not; so <c>/shop/**</c> is all below the group
/// <c>/shop</c>.
/// </param>
/// <param name="Permissions">What is permitted.</param>
public sealed record GroupGrant(string Apps, GroupPermission Permissions);
