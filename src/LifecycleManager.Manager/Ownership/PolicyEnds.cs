using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Manager.Ownership;

/// <summary>What a manager knows of the ends of policies.</summary>
internal interface IPolicyEnds
{
    /// <summary>Whether a policy that is not in force has ended; else it may be in a file that cannot be seen.</summary>
    bool AreKnown { get; }

    /// <summary>Whether a policy is read from a file that is there.</summary>
    bool IsThere(string policy);

    /// <summary>Ends a policy whose file is gone.</summary>
    /// <returns>Why not; null where it is ended.</returns>
    /// <exception cref="TimeoutException">The file system hangs.</exception>
    string? End(string policy);
}

/// <summary>What the directory of the policy files tells of the ends of policies.</summary>
internal sealed class PolicyEnds(PolicyDirectory directory) : IPolicyEnds
{
    public bool AreKnown => directory.IsComplete;

    public bool IsThere(string policy) =>
        directory.Files.Any(file => file.GoneSince is null && file.Policies.Contains(policy));

    public string? End(string policy) => directory.End(policy);
}
