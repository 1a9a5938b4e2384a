using LifecycleManager.Master.Resources;

namespace LifecycleManager.Master.Allocators;

/// <summary>How much each role may still be given in one round: up to its guarantee, up to its limit, and without touching what
/// others are guaranteed.</summary>
internal sealed class QuotaAccounts
{
    private readonly Dictionary<string, Account> _accounts = new(StringComparer.Ordinal);
    private readonly Quantities _headroom;

    public QuotaAccounts(AllocationRequest request)
    {
        _headroom = request.FreeUnreserved.Copy();
        foreach (var (role, policy) in request.Roles)
        {
            if (policy.Guarantee is null && policy.Limit is null) continue;
            var account = new Account(policy);
            _accounts[role] = account;
            foreach (var (name, milli) in policy.Guarantee ?? Account.None) _headroom.Add(name, -account.Missing(name, milli));
            HasGuarantees |= policy.Guarantee?.Count > 0;
        }
    }

    public bool HasGuarantees { get; }

    /// <summary>What a role may be given of some free resources towards its guarantee; nothing when that is reached.</summary>
    public ResourceSet WithinGuarantee(string role, ResourceSet free)
    {
        if (!_accounts.TryGetValue(role, out var account) || account.Policy.Guarantee is not { } guarantee)
            return ResourceSet.Empty;
        var limited = WithinLimits(role, free);
        var useful = false;
        var within = Cap(limited, name =>
        {
            if (!guarantee.TryGetValue(name, out var milli)) return Math.Max(0, _headroom[name]);
            var missing = account.Missing(name, milli);
            useful |= missing > 0 && limited.Milli(name) > 0;
            return missing;
        });
        return useful ? within : ResourceSet.Empty;
    }

    /// <summary>What a role may be given of some free resources beyond all guarantees.</summary>
    public ResourceSet WithinLimitAndHeadroom(string role, ResourceSet free)
    {
        if (_accounts.Count == 0) return free;
        var limited = WithinLimits(role, free);
        return HasGuarantees ? Cap(limited, name => Math.Max(0, _headroom[name])) : limited;
    }

    /// <summary>Notes a gift.</summary>
    public void Charge(string role, ResourceSet resources)
    {
        if (_accounts.Count == 0) return;
        foreach (var (kind, amount) in resources.Entries)
        {
            if (kind.IsRevocable || amount.Milli == 0) continue;

            // A reservation counts from when it is made, given away or not.
            if (kind.ReservedRole is not null) continue;
            _headroom.Add(kind.Name, -amount.Milli);
            for (string? at = role; at is not null; at = Parent(at))
            {
                if (!_accounts.TryGetValue(at, out var account)) continue;
                if (account.Policy.Guarantee?.TryGetValue(kind.Name, out var milli) == true)
                {
                    // What was kept free for this role has now been used by it.
                    _headroom.Add(kind.Name, Math.Min(amount.Milli, account.Missing(kind.Name, milli)));
                }

                account.Consumed.Add(kind.Name, amount.Milli);
            }
        }
    }

    private ResourceSet WithinLimits(string role, ResourceSet free)
    {
        for (string? at = role; at is not null; at = Parent(at))
        {
            if (!_accounts.TryGetValue(at, out var account) || account.Policy.Limit is not { } limit) continue;
            free = Cap(free, name => limit.TryGetValue(name, out var milli) ? account.Missing(name, milli) : long.MaxValue);
        }

        return free;
    }

    // Caps the unreserved scalars; reservations are already paid for.
    private static ResourceSet Cap(ResourceSet resources, Func<string, long> cap)
    {
        var changed = false;
        var entries = new ResourceSet.Entry[resources.Entries.Count];
        for (var i = 0; i < entries.Length; i++)
        {
            var (kind, amount) = entries[i] = resources.Entries[i];
            if (amount.Milli == 0 || kind.ReservedRole is not null) continue;
            var most = cap(kind.Name);
            if (amount.Milli <= most) continue;
            entries[i] = entries[i] with { Amount = ResourceAmount.Of(most) };
            changed = true;
        }

        return changed ? ResourceSet.Of(entries) : resources;
    }

    private static string? Parent(string role) => role.LastIndexOf('/') is var slash and > 0 ? role[..slash] : null;

    private sealed class Account(RolePolicy policy)
    {
        public static readonly IReadOnlyDictionary<string, long> None = new Dictionary<string, long>();

        public RolePolicy Policy { get; } = policy;

        public Quantities Consumed { get; } = policy.Consumed.Copy();

        public long Missing(string name, long of) => Math.Max(0, of - Consumed[name]);
    }
}
