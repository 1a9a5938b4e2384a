using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tools.Analysis;

/// <summary>
/// Looks for rules over several apps that lift each other, or press each other down, without end: it goes round a cycle with
/// numbers, and sees whether more comes back than went in. What else the rules read is taken for the least that it can be (for
/// lifting) or the most, so that what is found is so.
/// </summary>
internal sealed class DemandCycles
{
    private const int LongestCycle = 8;

    /// <summary>How many steps are gone at most, over all cycles: more rules than that are not looked at.</summary>
    private const int MaxSteps = 100_000;

    /// <summary>The count that is tried where no policy says what the most is.</summary>
    private const int AnyCount = 1000;

    private readonly Governance _governance;
    private readonly List<Link> _links = [];
    private readonly Demand _kind;

    /// <summary>Of each link those that read what it sets.</summary>
    private readonly int[][] _next;

    private int _steps;

    private DemandCycles(IReadOnlyList<Coordination> coordinations, Governance governance, Demand kind)
    {
        (_governance, _kind) = (governance, kind);
        foreach (var coordination in coordinations)
        {
            var ranges = new ScopeRanges(coordination, governance);
            foreach (var rule in coordination.Rules)
            {
                _links.AddRange(rule.Demands.Where(demand => demand.Kind == kind)
                    .Select(demand => new Link(coordination, rule, demand, ranges)).Where(link => link.Target.Apps is not null));
            }
        }

        _next =
        [
            .. _links.Select(link => Enumerable.Range(0, _links.Count).Where(next => _links[next].Reads(link.Target)).ToArray()),
        ];
    }

    /// <summary>The cycles, each once, at the rule that comes first.</summary>
    public static IEnumerable<PolicyProblem> Of(IReadOnlyList<Coordination> coordinations, Governance governance) =>
        new DemandCycles(coordinations, governance, Demand.AtLeast).Find()
            .Concat(new DemandCycles(coordinations, governance, Demand.AtMost).Find());

    private IEnumerable<PolicyProblem> Find()
    {
        for (var first = 0; first < _links.Count; first++)
        {
            var path = new List<int> { first };
            if (Close(path)) yield return Tell(path);
        }
    }

    /// <summary>Goes on to whatever reads what the last link sets, until it comes back to the first.</summary>
    private bool Close(List<int> path)
    {
        if (++_steps > MaxSteps) return false;
        foreach (var next in _next[path[^1]].SkipWhile(next => next < path[0]))
        {
            if (next == path[0])
            {
                if (RunsAway(path)) return true;
                continue;
            }

            if (path.Count == LongestCycle || path.Contains(next)) continue;
            path.Add(next);
            if (Close(path)) return true;
            path.RemoveAt(path.Count - 1);
        }

        return false;
    }

    /// <summary>Whether a count comes back greater from everywhere in the upper half (or less, pressing down).</summary>
    private bool RunsAway(List<int> path)
    {
        // An app that takes a step of its own while something holds is no cycle: that is how room is made.
        if (_kind == Demand.AtMost && path.All(link => _links[link].Target.Apps!.Text == _links[path[0]].Target.Apps!.Text))
            return false;
        var top = Top(path);
        return top > 2 && new[] { top - 1, top / 2 }.All(count => Round(path, count) is { } back
            && (_kind == Demand.AtLeast ? back > count : back < count && count > 1));
    }

    private int Top(List<int> path) => path.SelectMany(link => _governance.Of(_links[link].Target))
        .Select(policy => policy.Instances.Max).DefaultIfEmpty(AnyCount).Min();

    /// <summary>What comes back to the first link's apps when they have a count; null where a rule does not pass it on.</summary>
    private double? Round(List<int> path, double count)
    {
        var from = _links[path[0]].Target;
        foreach (var link in path.Skip(1).Append(path[0]).Select(index => _links[index]))
        {
            if (link.Pass(from, count) is not { } next) return null;
            (from, count) = (link.Target, next);
        }

        return count;
    }

    private PolicyProblem Tell(List<int> path)
    {
        var first = _links[path[0]];
        var steps = string.Join(" -> ", path.Select(index => Name(_links[index])));
        var count = Top(path) / 2;
        var (code, what, end) = _kind == Demand.AtLeast ? ("lifting-cycle", "lift each other without end", "maxima")
            : ("pressing-cycle", "press each other down", "minima");
        return PolicyAnalysis.Warn(first.Rule.Place, code,
            $"rules {what}: {steps} -> '{first.Rule.Name}': "
                + $"from {count} comes {Expression.Format(Round(path, count)!.Value)}",
            $"the policies' {end} alone stop them");

        string Name(Link link)
        {
            var of = link.Coordination == first.Coordination ? "" : $" of '{link.Coordination.Name}'";
            return $"'{link.Rule.Name}'{of} ({link.Target.Apps!.Text})";
        }
    }

    /// <summary>A demand that passes a count on to its apps.</summary>
    private sealed class Link(Coordination coordination, CoordinationRule rule, RuleDemand demand, ScopeRanges ranges)
    {
        private static readonly string[] Counts = [ScopeRead.Wanted, "instances", "healthy"];

        public Coordination Coordination => coordination;

        public CoordinationRule Rule => rule;

        public AppAlias Target { get; } = Alias(coordination, demand.Alias);

        /// <summary>Whether it reads the count of other apps.</summary>
        public bool Reads(AppAlias of) => rule.Reads.Any(read => Carries(read, of));

        /// <summary>
        /// The count that is demanded when some apps have a count; null where the rule does not act, or nobody can tell.
        /// </summary>
        public double? Pass(AppAlias from, double count)
        {
            var slots = new Interval[Slots.FirstRead + rule.Reads.Count];
            for (var i = 0; i < rule.Reads.Count; i++)
                slots[Slots.FirstRead + i] = Carries(rule.Reads[i], from) ? count : ranges.Of(rule.Reads[i]);
            if (rule.When.Condition!(slots) == Truth.False) return null;
            var value = demand.Count!.Number!(slots);
            var asked = demand.Kind == Demand.AtLeast ? value.Low : value.High;
            if (!double.IsFinite(asked)) return null;
            return demand.Kind == Demand.AtLeast ? RuleAction.Ceiling(asked) : Math.Floor(Math.Max(0, asked) + 1e-9);
        }

        private bool Carries(ScopeRead read, AppAlias of) =>
            read.Alias is not null && read.Function != "count" && Array.IndexOf(Counts, read.Field) >= 0
            && Alias(coordination, read.Alias).Apps is { } apps && SelectorOverlap.HaveIdsInCommon(apps, of.Apps!);

        private static AppAlias Alias(Coordination coordination, string name) =>
            coordination.Apps.First(alias => alias.Name == name);
    }
}
