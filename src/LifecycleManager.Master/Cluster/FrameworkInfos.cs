using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>What follows from a framework's description.</summary>
internal static class FrameworkInfos
{
    public static bool Has(FrameworkInfo info, FrameworkCapability capability)
    {
        foreach (var own in info.Capabilities ?? [])
        {
            if (own.Type == capability) return true;
        }

        return false;
    }

    public static IReadOnlyList<string> Roles(FrameworkInfo info) =>
        Has(info, FrameworkCapability.MultiRole) ? info.Roles ?? [] : [info.Role ?? Resources.Roles.Default];

    /// <summary>What is wrong with a description, in Mesos' words, or null.</summary>
    public static string? Problem(FrameworkInfo info)
    {
        var multi = Has(info, FrameworkCapability.MultiRole);
        if (multi && info.Role is not null)
            return "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable";
        if (!multi && info.Roles is { Count: > 0 })
        {
            return "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable";
        }

        if (info.Roles is { } roles && roles.Distinct(StringComparer.Ordinal).Count() != roles.Count)
        {
            return "'FrameworkInfo.roles' contains duplicate items";
        }

        foreach (var role in Roles(info))
        {
            if (Resources.Roles.Problem(role) is { } problem) return $"'FrameworkInfo.role' is invalid: {problem}";
        }

        if (info.FailoverTimeout is < 0 or double.NaN || info.FailoverTimeout > TimeSpan.MaxValue.TotalSeconds / 2)
        {
            return $"'FrameworkInfo.failover_timeout' is invalid: {info.FailoverTimeout}";
        }

        return info.Id is { } id && Ids.Problem(id.Value) is { } wrong ? $"'FrameworkInfo.id' is invalid: {wrong}" : null;
    }

    /// <summary>What may not change of a framework and does, or null; in Mesos' words.</summary>
    public static string? ChangeProblem(FrameworkInfo before, FrameworkInfo after)
    {
        // Without the old one: who tries may not know it.
        if (before.Principal != after.Principal) return "Changing framework's principal is not allowed.";
        if (before.User != after.User) return Unsupported("user", before.User, after.User);
        var (had, has) = (before.Checkpoint ?? false, after.Checkpoint ?? false);
        return had != has ? Unsupported("checkpoint", had ? "true" : "false", has ? "true" : "false") : null;
    }

    private static string Unsupported(string field, string before, string after) =>
        $"Updating 'FrameworkInfo.{field}' is unsupported; attempted to update from '{before}' to '{after}'";
}
