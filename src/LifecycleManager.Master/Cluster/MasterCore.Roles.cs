using System.Text.Json;
using LifecycleManager.Master.Allocators;
using LifecycleManager.Master.Registry;
using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Storage;

namespace LifecycleManager.Master.Cluster;

/// <content>Weights and quotas.</content>
internal sealed partial class MasterCore
{
    private RolesEntry _roles = RolesEntry.Empty;

    // With what is on its way to the store.
    private RolesEntry _newestRoles = RolesEntry.Empty;

    /// <summary>Weights and quotas as they are.</summary>
    public RolesEntry RoleSettings => _roles;

    /// <summary>UPDATE_WEIGHTS.</summary>
    public Task<OperatorResult> UpdateWeights(IReadOnlyList<(string Role, double Weight)> weights)
    {
        foreach (var (role, weight) in weights)
        {
            if (RoleValidation.WeightProblem(role, weight) is { } problem) return OperatorResult.Invalid(problem);
        }

        var changed = new SortedDictionary<string, double>(_newestRoles.Weights.ToDictionary(), StringComparer.Ordinal);
        foreach (var (role, weight) in weights) changed[role] = weight;
        return SetRoles(_newestRoles with { Weights = changed });
    }

    /// <summary>UPDATE_QUOTA: a role without guarantees and limits has no quota any more.</summary>
    /// <param name="configs">The new quotas of these roles.</param>
    /// <param name="force">Whether guarantees may be more than the cluster has.</param>
    public Task<OperatorResult> UpdateQuota(IReadOnlyList<QuotaConfig> configs, bool force)
    {
        foreach (var config in configs)
        {
            if (RoleValidation.QuotaProblem(config) is { } problem) return OperatorResult.Invalid($"Invalid QuotaConfig: {problem}");
        }

        var names = configs.Select(config => config.Role).ToHashSet(StringComparer.Ordinal);
        if (names.Count < configs.Count) return OperatorResult.Invalid("Invalid QuotaConfig: a role is there twice");
        var quotas = _newestRoles.Quotas.Where(quota => !names.Contains(quota.Role))
            .Concat(configs.Where(config => config.Guarantees?.Count > 0 || config.Limits?.Count > 0)).ToList();
        if (!force && Overcommitted(quotas) is { } name)
        {
            return OperatorResult.Conflict($"Guarantees of {name} are more than the cluster has; 'force' overrides this check");
        }

        return SetRoles(_newestRoles with { Quotas = quotas });
    }

    private static readonly Dictionary<string, Scalar> Nothing = [];

    // A child's guarantee is a part of its parent's, as far as that goes.
    private string? Overcommitted(IReadOnlyList<QuotaConfig> quotas)
    {
        var sums = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var quota in quotas)
        {
            var hasAncestor = quotas.Any(other => quota.Role.StartsWith(other.Role + "/", StringComparison.Ordinal));
            if (hasAncestor) continue;
            foreach (var (name, scalar) in quota.Guarantees ?? Nothing) sums[name] = sums.GetValueOrDefault(name) + scalar.Value;
        }

        return sums.FirstOrDefault(sum => sum.Value > _ledger.Total[sum.Key] / 1000.0).Key;
    }

    private Task<OperatorResult> SetRoles(RolesEntry roles)
    {
        var done = new TaskCompletionSource<OperatorResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        _changes.Advance();
        _newestRoles = roles;
        _registry.Commit(
            [new StateWrite(RegistryKeys.Roles, JsonSerializer.SerializeToUtf8Bytes(roles, RegistryJson.Default.RolesEntry))],
            () =>
            {
                _roles = roles;
                RescindForQuotas();
                MarkAllDirty();
                done.SetResult(OperatorResult.Done);
            },
            cause =>
            {
                _newestRoles = _roles;
                done.SetResult(OperatorResult.Unavailable(cause));
            });
        return done.Task;
    }

    // A new guarantee must not wait for offers that somebody sits on; as Mesos, offers are taken back for it.
    private void RescindForQuotas()
    {
        if (_roles.Quotas.Count == 0) return;
        foreach (var offer in _offers.Values.ToList()) TakeBack(offer, rescind: true);
    }

    private Dictionary<string, RolePolicy> RolePolicies()
    {
        var policies = new Dictionary<string, RolePolicy>(StringComparer.Ordinal);
        foreach (var (role, weight) in _roles.Weights) policies[role] = new RolePolicy(weight, null, null, new Quantities());
        if (_roles.Quotas.Count == 0) return policies;
        var consumed = ConsumedByRole();
        foreach (var quota in _roles.Quotas)
        {
            var own = new Quantities();
            foreach (var (role, quantities) in consumed)
            {
                if (role == quota.Role || role.StartsWith(quota.Role + "/", StringComparison.Ordinal)) own.Add(quantities);
            }

            var weight = _roles.Weights.TryGetValue(quota.Role, out var set) ? set : 1;
            policies[quota.Role] = new RolePolicy(weight, Milli(quota.Guarantees), Milli(quota.Limits), own);
        }

        return policies;
    }

    // A reservation counts from when it is made, used or not.
    private Dictionary<string, Quantities> ConsumedByRole()
    {
        var consumed = new Dictionary<string, Quantities>(StringComparer.Ordinal);
        foreach (var (role, quantities) in _ledger.UnreservedByRole) consumed[role] = quantities.Copy();
        foreach (var agent in _agents.Values)
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
        scalar => scalar.Key, scalar => (long)Math.Round(scalar.Value.Value * 1000, MidpointRounding.AwayFromZero), StringComparer.Ordinal);

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

        foreach (var role in _ledger.ByRole.Keys.Concat(_roles.Weights.Keys).Concat(_roles.Quotas.Select(quota => quota.Role))) roles.TryAdd(role, []);
        return [.. roles.Select(role => new RoleView(
            role.Key, _roles.Weights.TryGetValue(role.Key, out var weight) ? weight : 1, role.Value,
            _ledger.ByRole.GetValueOrDefault(role.Key)?.Copy() ?? new Quantities()))];
    }
}
