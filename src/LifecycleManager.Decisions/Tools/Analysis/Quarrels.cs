using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Tools.Analysis;

/// <summary>Rules over several apps that pull one app apart: more than others allow, by fixed counts.</summary>
internal static class Quarrels
{
    public static IEnumerable<PolicyProblem> Of(IReadOnlyList<Coordination> coordinations, Governance governance)
    {
        var fixedCounts = coordinations.SelectMany(coordination => coordination.Rules.SelectMany(rule => rule.Demands
            .Select(demand => new Side(coordination, rule, demand, CoordinationAnalysis.Constant(demand) ?? -1))))
            .Where(side => side.Count >= 0 && side.Apps is not null).ToList();
        foreach (var most in fixedCounts.Where(side => side.Demand.Kind == Demand.AtMost))
        {
            var least = fixedCounts.Find(side => side.Demand.Kind == Demand.AtLeast && side.Count > most.Count
                && SelectorOverlap.HaveIdsInCommon(side.Apps!, most.Apps!) && CanBoth(side, most, governance));
            if (least is null) continue;
            yield return PolicyAnalysis.Warn(most.Rule.Place, "bounds-cannot-hold",
                $"{Name(least, most)} wants at least {least.Count} of {least.Apps!.Text} "
                    + $"while '{most.Rule.Name}' wants at most {most.Count}"
                    + (least.Apps.Text == most.Apps!.Text ? "" : $" of {most.Apps.Text}"),
                $"at least {least.Count} will win");
        }
    }

    private static string Name(Side side, Side beside) => side.Coordination == beside.Coordination
        ? $"'{side.Rule.Name}'" : $"'{side.Rule.Name}' of the coordination '{side.Coordination.Name}'";

    /// <summary>Whether both may act at once; of two coordinations nobody can tell that names mean the same.</summary>
    private static bool CanBoth(Side one, Side other, Governance governance)
    {
        if (one.Coordination != other.Coordination) return true;
        var both = new BinaryNode(0, 0, Operator.And, one.Rule.When.Root, other.Rule.When.Root);
        return new ScopeRanges(one.Coordination, governance).Of(both).CanHold;
    }

    private sealed record Side(Coordination Coordination, CoordinationRule Rule, RuleDemand Demand, int Count)
    {
        public AppSelector? Apps { get; } = Coordination.Apps.First(alias => alias.Name == Demand.Alias).Apps;
    }
}
