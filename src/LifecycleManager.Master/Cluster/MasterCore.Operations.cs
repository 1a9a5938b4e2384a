using LifecycleManager.Master.Allocators;
using LifecycleManager.Master.Registry;
using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <content>What operators have set: roles and limits.</content>
internal sealed partial class MasterCore
{
    private readonly RateLimiter? _removals;

    private static Dictionary<string, RolePolicy> RolePolicies() => [];

    private bool TryRemovePermit() => _removals?.TryTake(Now) ?? true;

    private static bool IsInMaintenance(Agent agent) => false;

    private List<RoleView> RoleViews()
    {
        var roles = new SortedDictionary<string, List<FrameworkId>>(StringComparer.Ordinal);
        foreach (var framework in _frameworks.Values.Where(framework => framework.UnregisteredAt is null))
        {
            foreach (var role in framework.Roles)
            {
                if (!roles.TryGetValue(role, out var members)) roles[role] = members = [];
                members.Add(framework.Id);
            }
        }

        foreach (var role in _ledger.ByRole.Keys) roles.TryAdd(role, []);
        return [.. roles.Select(role => new RoleView(
            role.Key, 1, role.Value, _ledger.ByRole.GetValueOrDefault(role.Key)?.Copy() ?? new Quantities()))];
    }

    private void ApplyTotal(Agent agent, ResourceSet total) => _ledger.Resize(agent.Id, TotalOf(agent, total));
}
