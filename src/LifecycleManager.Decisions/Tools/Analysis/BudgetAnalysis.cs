using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Tools.Analysis;

/// <summary>Budgets that cannot be kept, or limit nothing, by the apps that policies name one by one.</summary>
internal static class BudgetAnalysis
{
    public static IEnumerable<PolicyProblem> Of(Budget budget, Governance governance)
    {
        if (governance.Ungoverned(budget.Apps) is { Count: > 0 } free)
        {
            yield return PolicyAnalysis.Warn(budget.Place, "ungoverned-app",
                $"no policy governs {string.Join(", ", free)}: the budget '{budget.Name}' counts it, and limits nothing of it");
        }

        // Labels are the apps' own: who has them is not known here.
        if (budget.Apps.Labels.Count > 0 || budget.Instances is not { } limit) yield break;
        var apps = governance.Policies.Policies.SelectMany(policy => policy.App.Ids).Distinct()
            .Where(id => !AppSelector.IsGlob(id) && budget.Apps.Match(new AppRef(id, null)) > 0).Order(StringComparer.Ordinal)
            .Select(id => (Id: id, Policy: governance.Of(id))).Where(app => app.Policy is not null).ToList();
        var least = apps.Sum(app => (long)app.Policy!.Instances.Min);
        if (least > limit)
        {
            yield return PolicyAnalysis.Warn(budget.Place, "bounds-cannot-hold",
                $"the budget '{budget.Name}' has {limit} instances, but the least counts of its apps come to {least}: "
                    + string.Join(", ", apps.Where(app => app.Policy!.Instances.Min > 0)
                        .Select(app => $"{app.Id} {app.Policy!.Instances.Min}")),
                "nothing is put below its least, and nothing will grow");
        }
        else if (budget is { Cpus: null, Memory: null, Cost: null, Apps.IsExact: true }
            && apps.Count == budget.Apps.Ids.Distinct().Count()
            && apps.Sum(app => (long)app.Policy!.Instances.Max) is var most && most <= limit)
        {
            yield return PolicyAnalysis.Warn(budget.Place, "no-effect",
                $"the budget '{budget.Name}' has {limit} instances, and its apps have {most} at most: it limits nothing");
        }
    }
}
