using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>What follows from a framework's description.</summary>
internal static class FrameworkInfos
{
    private const double MaxAmount = 1e12;
    private static readonly Dictionary<string, OfferFilters> NoFilters = [];

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

        if (OfferFilterProblem(info) is { } filter) return filter;
        if (info.FailoverTimeout is < 0 or double.NaN || info.FailoverTimeout > TimeSpan.MaxValue.TotalSeconds / 2)
        {
            return $"'FrameworkInfo.failover_timeout' is invalid: {info.FailoverTimeout}";
        }

        return info.Id is { } id && Ids.Problem(id.Value) is { } wrong ? $"'FrameworkInfo.id' is invalid: {wrong}" : null;
    }

    // As Mesos: no amounts at all would be met by nothing, whoever means any offer leaves the list empty.
    private static string? OfferFilterProblem(FrameworkInfo info)
    {
        foreach (var (role, filters) in info.OfferFilters ?? NoFilters)
        {
            var at = $"'FrameworkInfo.offer_filters' is invalid: role '{role}'";
            if (!Roles(info).Contains(role, StringComparer.Ordinal)) return $"{at} is none of the framework's";
            foreach (var amounts in filters?.MinAllocatableResources?.Quantities ?? [])
            {
                if (amounts?.Quantities is not { Count: > 0 } quantities) return $"{at} has amounts without any";
                if (quantities.FirstOrDefault(own => own.Value is not { Value: >= 0 and <= MaxAmount }) is { Key: { } wrong })
                    return $"{at}: '{wrong}' is no amount from 0 to {MaxAmount:R}";
            }
        }

        return null;
    }

    /// <summary>
    /// By role, the amounts in thousandths of which an offer is to have one; roles without such a wish are not there.
    /// </summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<IReadOnlyDictionary<string, long>>>? Minima(FrameworkInfo info) =>
        info.OfferFilters is not { Count: > 0 } all ? null : all
            .Where(own => own.Value?.MinAllocatableResources is not null)
            .ToDictionary(own => own.Key, own => (IReadOnlyList<IReadOnlyDictionary<string, long>>)[
                .. (own.Value.MinAllocatableResources!.Quantities ?? []).Select(amounts => amounts.Quantities!.ToDictionary(
                    one => one.Key, one => RoleValidation.Milli(one.Value), StringComparer.Ordinal))], StringComparer.Ordinal);

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
