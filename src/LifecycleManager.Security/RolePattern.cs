namespace LifecycleManager.Security;

/// <summary>Patterns of Mesos roles: <c>web</c>, <c>web/*</c> for all below, <c>*</c> for every one.</summary>
internal static class RolePattern
{
    /// <summary>
    /// Whether a role is of one of the patterns. The pattern <c>*</c> is every role, the default one (also <c>*</c>) among them.
    /// </summary>
    public static bool IsAny(IReadOnlyList<string> patterns, string role)
    {
        foreach (var pattern in patterns)
        {
            if (pattern == "*" || pattern == role) return true;
            if (pattern.EndsWith("/*", StringComparison.Ordinal)
                && role.AsSpan().StartsWith(pattern.AsSpan(0, pattern.Length - 1), StringComparison.Ordinal)) return true;
        }

        return false;
    }

    /// <summary>Why a text is no such pattern, or null.</summary>
    public static string? WhyInvalid(string pattern) => string.IsNullOrWhiteSpace(pattern) ? "holds an empty role"
        : pattern != "*" && pattern.IndexOf('*') is >= 0 and var star
            && (star != pattern.Length - 1 || !pattern.EndsWith("/*", StringComparison.Ordinal))
            ? $"'{pattern}' must be a role, '*' or 'ROLE/*'" : null;
}
