using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Tools.Analysis;

/// <summary>
/// Which policies may govern the apps that a selector selects, as far as files alone tell: labels are not known.
/// </summary>
internal sealed class Governance(PolicySet policies)
{
    private readonly PolicyIndex _index = new(policies);
    private readonly Dictionary<AppSelector, List<Policy>> _known = new(ReferenceEqualityComparer.Instance);

    /// <summary>All there is.</summary>
    public PolicySet Policies => policies;

    /// <summary>The policies that may govern apps of a selector; of none (what others depend on) it may be any.</summary>
    public IReadOnlyList<Policy> Of(AppSelector? apps)
    {
        if (apps is null) return policies.Policies;
        if (_known.TryGetValue(apps, out var found)) return found;
        found = [.. policies.Policies.Where(policy => SelectorOverlap.CanMeet(policy.App, apps))];
        // An app with a policy of its own has no other, unless its labels choose one.
        if (apps.IsExact)
        {
            var winners = apps.Ids.Select(Of).ToHashSet();
            found.RemoveAll(policy => policy.App.Labels.Count == 0 && !winners.Contains(policy));
        }

        return _known[apps] = found;
    }

    /// <summary>The policies that may govern the apps of a name.</summary>
    public IReadOnlyList<Policy> Of(AppAlias alias) => Of(alias.Apps);

    /// <summary>The policy of an app without labels; null where it has none.</summary>
    public Policy? Of(string id) => _index.Find(new AppRef(id, null));

    /// <summary>Whether each app of a name surely has a policy.</summary>
    public bool IsSure(AppAlias alias) => alias.Apps is { IsExact: true, Ids: var ids } && ids.All(id => Of(id) is not null);

    /// <summary>The apps of a selector that surely have no policy, as people write them; none where one may have.</summary>
    public IReadOnlyList<string> Ungoverned(AppSelector apps)
    {
        if (policies.Policies.Count == 0) return [];
        if (!apps.IsExact) return Of(apps).Count == 0 ? [apps.Text] : [];
        return [.. apps.Ids.Where(id => Of(id) is null && Of(apps).All(policy => policy.App.Labels.Count == 0))];
    }
}
