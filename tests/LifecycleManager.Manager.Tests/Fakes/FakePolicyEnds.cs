using LifecycleManager.Manager.Ownership;

namespace LifecycleManager.Manager.Tests.Fakes;

/// <summary>What the policy files tell of the ends of policies, as the test has it.</summary>
internal sealed class FakePolicyEnds : IPolicyEnds
{
    public bool AreKnown { get; set; } = true;

    public HashSet<string> There { get; } = [];

    public List<string> Ended { get; } = [];

    public bool IsThere(string policy) => There.Contains(policy);

    public string? End(string policy)
    {
        Ended.Add(policy);
        return null;
    }
}
