namespace LifecycleManager.Security;

/// <summary>Somebody who was authenticated.</summary>
/// <param name="Name">The name; of a certificate, its common name.</param>
/// <param name="Permissions">What it may do.</param>
/// <param name="Roles">The roles it may run tasks in: <c>web</c>, <c>web/*</c> for all below, <c>*</c> for every one.</param>
public sealed record Principal(string Name, Permission Permissions, IReadOnlyList<string> Roles)
{
    /// <summary>Whether it may do all of something.</summary>
    public bool May(Permission permission) => (Permissions & permission) == permission;

    /// <summary>
    /// Whether it may run tasks in a role. The pattern <c>*</c> is every role, the default one (also <c>*</c>) among them.
    /// </summary>
    public bool MayRunAs(string role)
    {
        foreach (var pattern in Roles)
        {
            if (pattern == "*" || pattern == role) return true;
            if (pattern.EndsWith("/*", StringComparison.Ordinal)
                && role.AsSpan().StartsWith(pattern.AsSpan(0, pattern.Length - 1), StringComparison.Ordinal)) return true;
        }

        return false;
    }
}
