using System.Text.Json;
using LifecycleManager.Master.Allocators;
using LifecycleManager.Master.Registry;
using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Storage;

namespace LifecycleManager.Master.Cluster;

/// <summary>Weights and quotas of roles.</summary>
internal sealed class RoleConfiguration(
    ClusterServices services, Ledger ledger, AgentTable agents, FrameworkTable frameworks, AllocationQueue allocations,
    OfferTable offers)
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

        // As Mesos: what is offered already is shared anew, where somebody's share has changed.
        return SetRoles(_newest with { Weights = changed }, () => weights.Any(own => IsActive(own.Role)));
    }

    /// <summary>UPDATE_QUOTA: a role without guarantees and limits has no quota any more.</summary>
    /// <param name="configs">The new quotas of these roles.</param>
    /// <param name="force">Whether guarantees may be more than the cluster has.</param>
    public Task<OperatorResult> UpdateQuota(IReadOnlyList<QuotaConfig> configs, bool force)
    {
        foreach (var config in configs)
        {
            if (RoleValidation.QuotaProblem(config) is { } over)
                return OperatorResult.Invalid($"Invalid QuotaConfig: {over}");
        }

        var names = configs.Select(config => config.Role).ToHashSet(StringComparer.Ordinal);
        if (names.Count < configs.Count) return OperatorResult.Invalid("Invalid QuotaConfig: a role is there twice");
        var quotas = _newest.Quotas.Where(quota => !names.Contains(quota.Role))
            .Concat(configs.Where(config => config.Guarantees?.Count > 0 || config.Limits?.Count > 0)).ToList();
        if (RoleValidation.HierarchyProblem(quotas) is { } parent)
            return OperatorResult.Invalid($"Invalid QuotaConfig: {parent}");
        return !force && Overcommitted(quotas) is { } problem ? OperatorResult.Invalid(problem) : SetQuotas(quotas);
    }

    /// <summary>SET_QUOTA: what is guaranteed is the limit as well, of a role that has no quota yet.</summary>
    /// <param name="config">The quota.</param>
    /// <param name="force">Whether guarantees may be more than the cluster has.</param>
    /// <returns>200; 400 for what may not be, 409 for more than the cluster has, 503 by the store.</returns>
    public Task<OperatorResult> SetQuota(QuotaConfig config, bool force)
    {
        const string At = "Failed to validate set quota request: ";
        if (RoleValidation.QuotaProblem(config) is { } problem) return OperatorResult.Invalid(At + problem);
        if (_newest.Quotas.Any(quota => quota.Role == config.Role))
            return OperatorResult.Invalid($"{At}Cannot set quota for role '{config.Role}' which already has quota");
        var quotas = _newest.Quotas.Append(config).ToList();
        if (RoleValidation.HierarchyProblem(quotas) is { } parent) return OperatorResult.Invalid(At + parent);
        return !force && Overcommitted(quotas) is { } over ? OperatorResult.Conflict(over) : SetQuotas(quotas);
    }

    /// <summary>REMOVE_QUOTA of a role that has one, and whose children do without it.</summary>
    public Task<OperatorResult> RemoveQuota(string role)
    {
        const string At = "Failed to remove quota: ";
        if (_newest.Quotas.All(quota => quota.Role != role))
            return OperatorResult.Invalid($"{At}Role '{role}' has no quota set");
        var quotas = _newest.Quotas.Where(quota => quota.Role != role).ToList();
        return RoleValidation.HierarchyProblem(quotas) is { } parent ? OperatorResult.Invalid(At + parent) : SetQuotas(quotas);
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

        return sums.FirstOrDefault(sum => sum.Value > ledger.Total[sum.Key] / 1000.0).Key is { } more
            ? $"Guarantees of {more} are more than the cluster has; 'force' overrides this check" : null;
    }

    private bool IsActive(string role) =>
        frameworks.Known.Values.Any(framework => framework.UnregisteredAt is null && framework.Roles.Contains(role));

    // A new guarantee must not wait for offers that somebody sits on; as Mesos, offers are taken back for it.
    private Task<OperatorResult> SetQuotas(IReadOnlyList<QuotaConfig> quotas) =>
        SetRoles(_newest with { Quotas = quotas }, () => _current.Quotas.Count > 0);

    private Task<OperatorResult> SetRoles(RolesEntry roles, Func<bool> rescinds)
    {
        var done = new TaskCompletionSource<OperatorResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        services.Changes.Advance();
        _newest = roles;
        services.Commit(
            [new StateWrite(RegistryKeys.Roles, JsonSerializer.SerializeToUtf8Bytes(roles, RegistryJson.Default.RolesEntry))],
            () =>
            {
                _current = roles;
                if (rescinds()) offers.RescindAll();
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
