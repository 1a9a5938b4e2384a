using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Tools.Analysis;

/// <summary>What policies, coordinations and budgets say together without meaning it.</summary>
internal static class SetAnalysis
{
    /// <summary>The findings, by the order of the files.</summary>
    public static IReadOnlyList<PolicyProblem> Of(PolicySet set)
    {
        var governance = new Governance(set);
        return
        [
            .. PolicyAnalysis.Among(set.Policies),
            .. set.Coordinations.SelectMany(coordination => new CoordinationAnalysis(coordination, governance).Run()),
            .. Quarrels.Of(set.Coordinations, governance),
            .. DemandCycles.Of(set.Coordinations, governance),
            .. set.Budgets.SelectMany(budget => BudgetAnalysis.Of(budget, governance)),
        ];
    }
}
