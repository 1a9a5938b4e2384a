using System.Globalization;
using LifecycleManager.Master.Registry;
using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>What weights and quotas may be. Pure.</summary>
internal static class RoleValidation
{
    private const double MaxQuota = 1e12;
    private static readonly Dictionary<string, Scalar> NoScalars = [];

    /// <summary>What is wrong with a weight, or null.</summary>
    public static string? WeightProblem(string role, double weight)
    {
        if (Roles.Problem(role) is { } problem) return $"Failed to validate update weights request: {problem}";
        return weight > 0 && !double.IsInfinity(weight) ? null : $"Invalid weight for role '{role}': {weight} is not over 0";
    }

    /// <summary>What is wrong with a quota, or null.</summary>
    public static string? QuotaProblem(QuotaConfig config)
    {
        if (Roles.Problem(config.Role) is { } problem) return problem;
        if (config.Role == Roles.Default) return "the role '*' cannot have a quota";
        foreach (var (name, scalar) in (config.Guarantees ?? NoScalars).Concat(config.Limits ?? NoScalars))
        {
            if (scalar is null || !(scalar.Value >= 0) || scalar.Value > MaxQuota)
                return $"{name} of role '{config.Role}' is negative or no amount";
        }

        foreach (var (name, guarantee) in config.Guarantees ?? NoScalars)
        {
            if (config.Limits?.TryGetValue(name, out var limit) == true && limit.Value < guarantee.Value)
            {
                return $"the guarantee of {name} for role '{config.Role}' is over its limit";
            }
        }

        return null;
    }

    /// <summary>
    /// What is wrong with all quotas together, or null: what a parent guarantees holds what its children guarantee, whatever is
    /// forced, as in Mesos (its <c>QuotaTree</c>). A parent without a quota guarantees nothing.
    /// </summary>
    public static string? HierarchyProblem(IReadOnlyList<QuotaConfig> quotas)
    {
        var own = quotas.ToDictionary(quota => quota.Role, quota => quota.Guarantees ?? NoScalars);
        var children = new SortedDictionary<(string Parent, string Resource), long>();
        foreach (var (role, guarantees) in own)
        {
            var slash = role.LastIndexOf('/');
            if (slash < 0) continue;
            foreach (var (name, guarantee) in guarantees)
            {
                var at = (role[..slash], name);
                children[at] = children.GetValueOrDefault(at) + Milli(guarantee);
            }
        }

        foreach (var ((parent, name), sum) in children)
        {
            var has = own.GetValueOrDefault(parent)?.GetValueOrDefault(name) is { } guarantee ? Milli(guarantee) : 0;
            if (sum > has)
            {
                return string.Create(CultureInfo.InvariantCulture,
                    $"role '{parent}' guarantees {has / 1000.0} {name}, less than the {sum / 1000.0} of its children together");
            }
        }

        return null;
    }

    /// <summary>An amount in thousandths, as amounts are compared and counted.</summary>
    public static long Milli(Scalar scalar) => (long)Math.Round(scalar.Value * 1000, MidpointRounding.AwayFromZero);
}
