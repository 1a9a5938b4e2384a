using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Tools.Analysis;

/// <summary>What policies, coordinations, budgets and schedules say together without meaning it.</summary>
internal static class SetAnalysis
{
    /// <summary>The findings, by the order of the files.</summary>
    /// <param name="set">All that is said.</param>
    /// <param name="now">The present, which schedules are looked at from.</param>
    public static IReadOnlyList<PolicyProblem> Of(PolicySet set, DateTimeOffset now)
    {
        var governance = new Governance(set);
        return
        [
            .. PolicyAnalysis.Among(set.Policies),
            .. set.Coordinations.SelectMany(coordination => new CoordinationAnalysis(coordination, governance).Run()),
            .. Quarrels.Of(set.Coordinations, governance),
            .. DemandCycles.Of(set.Coordinations, governance),
            .. set.Budgets.SelectMany(budget => BudgetAnalysis.Of(budget, governance)),
            .. ScheduleAnalysis.Of(set.Jobs, governance, now),
        ];
    }
}
