using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Engine;

/// <summary>
/// Finds the policy that governs an app: the highest priority; of those the closest match (id, glob, labels); of those the first
/// by name.
/// </summary>
internal sealed class PolicyIndex
{
    private readonly Dictionary<string, List<Policy>> _exact = new(StringComparer.Ordinal);
    private readonly List<Policy> _others = [];

    public PolicyIndex(PolicySet policies)
    {
        Policies = policies;
        foreach (var policy in policies.Policies)
        {
            if (!policy.App.IsExact)
            {
                _others.Add(policy);
                continue;
            }

            foreach (var id in policy.App.Ids)
            {
                if (!_exact.TryGetValue(id, out var list)) _exact.Add(id, list = []);
                list.Add(policy);
            }
        }
    }

    public PolicySet Policies { get; }

    public Policy? Find(AppRef app)
    {
        var (best, closeness) = ((Policy?)null, 0);
        if (_exact.TryGetValue(app.Id, out var exact))
        {
            foreach (var policy in exact) Offer(policy, 3);
        }

        foreach (var policy in _others)
        {
            if (best is not null && policy.Priority < best.Priority) continue;
            var match = policy.App.Match(app);
            if (match > 0) Offer(policy, match);
        }

        return best;

        void Offer(Policy policy, int match)
        {
            var order = best is null ? 1 : policy.Priority.CompareTo(best.Priority);
            if (order == 0) order = match.CompareTo(closeness);
            if (order == 0) order = string.CompareOrdinal(best!.Name, policy.Name);
            if (order > 0) (best, closeness) = (policy, match);
        }
    }
}
