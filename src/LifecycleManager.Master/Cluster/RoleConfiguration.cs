using System.Text.Json;
using LifecycleManager.Master.Allocators;
using LifecycleManager.Master.Registry;
using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Storage;

namespace LifecycleManager.Master.Cluster;

/// <summary>Weights and quotas of roles.</summary>
internal sealed class RoleConfiguration(
    ClusterServices services, Ledger ledger, AgentTable agents, AllocationQueue allocations, OfferTable offers)
{
    private static readonly Dictionary<string, Scalar> NoGuarantees = [];

    private RolesEntry _current = RolesEntry.Empty;

    // With what is on its way to the store.
    private RolesEntry _newest = RolesEntry.Empty;

    /// <summary>Takes over what is stored.</summary>
    public void Recover(RolesEntry? stored) => _current = _newest = stored ?? RolesEntry.Empty;

    /// <summary>Weights and quotas as they are.</summary>
    public RolesEntry Current => _current;

    /// <summary>UPDATE_WEIGHTS.</summary>
    public Task<OperatorResult> UpdateWeights(IReadOnlyList<(string Role, double Weight)> weights)
    {
        foreach (var (role, weight) in weights)
        {
            if (RoleValidation.WeightProblem(role, weight) is { } problem) return OperatorResult.Invalid(problem);
        }

        var changed = new SortedDictionary<string, double>(_newest.Weights.ToDictionary(), StringComparer.Ordinal);
        foreach (var (role, weight) in weights) changed[role] = weight;
        return SetRoles(_newest with { Weights = changed });
    }

    /// <summary>UPDATE_QUOTA: a role without guarantees and limits has no quota any more.</summary>
    /// <param name="configs">The new quotas of these roles.</param>
    /// <param name="force">Whether guarantees may be more than the cluster has.</param>
    public Task<OperatorResult> UpdateQuota(IReadOnlyList<QuotaConfig> configs, bool force)
    {
        foreach (var config in configs)
        {
            if (RoleValidation.QuotaProblem(config) is { } problem)
                return OperatorResult.Invalid($"Invalid QuotaConfig: {problem}");
        }

        var names = configs.Select(config => config.Role).ToHashSet(StringComparer.Ordinal);
        if (names.Count < configs.Count) return OperatorResult.Invalid("Invalid QuotaConfig: a role is there twice");
        var quotas = _newest.Quotas.Where(quota => !names.Contains(quota.Role))
            .Concat(configs.Where(config => config.Guarantees?.Count > 0 || config.Limits?.Count > 0)).ToList();
        if (RoleValidation.HierarchyProblem(quotas) is { } parent)
            return OperatorResult.Invalid($"Invalid QuotaConfig: {parent}");
        if (!force && Overcommitted(quotas) is { } name)
            return OperatorResult.Invalid($"Guarantees of {name} are more than the cluster has; 'force' overrides this check");
        return SetRoles(_newest with { Quotas = quotas });
    }

    // A child's guarantee is a part of its parent's.
    private string? Overcommitted(IReadOnlyList<QuotaConfig> quotas)
    {
        var sums = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var quota in quotas)
        {
            if (quota.Role.Contains('/', StringComparison.Ordinal)) continue;
            foreach (var (name, scalar) in quota.Guarantees ?? NoGuarantees)
                sums[name] = sums.GetValueOrDefault(name) + scalar.Value;
        }

        return sums.FirstOrDefault(sum => sum.Value > ledger.Total[sum.Key] / 1000.0).Key;
    }

    private Task<OperatorResult> SetRoles(RolesEntry roles)
    {
        var done = new TaskCompletionSource<OperatorResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        services.Changes.Advance();
        _newest = roles;
        services.Commit(
            [new StateWrite(RegistryKeys.Roles, JsonSerializer.SerializeToUtf8Bytes(roles, RegistryJson.Default.RolesEntry))],
            () =>
            {
                _current = roles;
                RescindForQuotas();
                allocations.MarkAllDirty();
                done.SetResult(OperatorResult.Done);
            },
            cause =>
            {
                _newest = _current;
                done.SetResult(OperatorResult.Unavailable(cause));
            });
        return done.Task;
    }

    // A new guarantee must not wait for offers that somebody sits on; as Mesos, offers are taken back for it.
    private void RescindForQuotas()
    {
        if (_current.Quotas.Count == 0) return;
        offers.RescindAll();
    }

    /// <summary>What the allocator is to know of the roles.</summary>
    public Dictionary<string, RolePolicy> RolePolicies()
    {
        var policies = new Dictionary<string, RolePolicy>(StringComparer.Ordinal);
        foreach (var (role, weight) in _current.Weights) policies[role] = new RolePolicy(weight, null, null, new Quantities());
        if (_current.Quotas.Count == 0) return policies;
        var consumed = ConsumedByRole();
        foreach (var quota in _current.Quotas)
        {
            var own = new Quantities();
            foreach (var (role, quantities) in consumed)
            {
                if (role == quota.Role || role.StartsWith(quota.Role + "/", StringComparison.Ordinal)) own.Add(quantities);
            }

            var weight = _current.Weights.TryGetValue(quota.Role, out var set) ? set : 1;
            policies[quota.Role] = new RolePolicy(weight, Milli(quota.Guarantees), Milli(quota.Limits), own);
        }

        return policies;
    }

    // A reservation counts from when it is made, used or not.
    private Dictionary<string, Quantities> ConsumedByRole()
    {
        var consumed = new Dictionary<string, Quantities>(StringComparer.Ordinal);
        foreach (var (role, quantities) in ledger.UnreservedByRole) consumed[role] = quantities.Copy();
        foreach (var agent in agents.Registered.Values)
        {
            foreach (var (kind, amount) in agent.Account.Total.Entries)
            {
                if (kind.ReservedRole is not { } role || kind.IsRevocable || amount.Milli == 0) continue;
                if (!consumed.TryGetValue(role, out var quantities)) consumed[role] = quantities = new Quantities();
                quantities.Add(kind.Name, amount.Milli);
            }
        }

        return consumed;
    }

    private static Dictionary<string, long>? Milli(IReadOnlyDictionary<string, Scalar>? scalars) => scalars?.ToDictionary(
        scalar => scalar.Key, scalar => RoleValidation.Milli(scalar.Value), StringComparer.Ordinal);
}
