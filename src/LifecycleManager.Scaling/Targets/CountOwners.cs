namespace LifecycleManager.Scaling.Targets;

/// <summary>How the owners of counts are named at a target that keeps them.</summary>
public static class CountOwners
{
    /// <summary>Nobody: gives a count back.</summary>
    public const string Nobody = "none";

    private const string Prefix = "policy ";

    /// <summary>The owner that a policy is. A header is Latin letters, digits and punctuation; a policy's name may be
    /// more.</summary>
    public static string Of(string policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return Prefix + string.Concat(policy.Select(c => c is >= ' ' and <= '~' ? c : '?'));
    }

    /// <summary>Whether an owner is a policy.</summary>
    public static bool IsPolicy(string? owner) => owner?.StartsWith(Prefix, StringComparison.Ordinal) == true;
}
