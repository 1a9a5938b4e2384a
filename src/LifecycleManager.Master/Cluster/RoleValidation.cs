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
}
