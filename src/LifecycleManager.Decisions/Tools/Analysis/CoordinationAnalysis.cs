using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Decisions.Tools.Analysis;

/// <summary>
/// What a coordination says without meaning it, beside all policies: values that nobody has, demands that are never heard, rules
/// that never act.
/// </summary>
internal sealed class CoordinationAnalysis(Coordination coordination, Governance governance)
{
    private readonly List<PolicyProblem> _found = [];
    private readonly ScopeRanges _ranges = new(coordination, governance);

    /// <summary>The findings; a value that nobody has is an error, all others are warnings.</summary>
    public List<PolicyProblem> Run()
    {
        foreach (var alias in coordination.Apps) Govern(alias);
        foreach (var rule in coordination.Rules)
        {
            foreach (var (name, place) in rule.Names) Know(name, place);
            Reach(rule);
            foreach (var demand in rule.Demands) Effect(rule, demand);
        }

        return _found;
    }

    /// <summary>Apps that no policy governs are read, and never set.</summary>
    private void Govern(AppAlias alias)
    {
        if (alias.Apps is not { } apps || governance.Ungoverned(apps) is not { Count: > 0 } free) return;
        var isDemanded = coordination.Rules.Any(rule => rule.Demands.Any(demand => demand.Alias == alias.Name));
        Warn(alias.Place, "ungoverned-app",
            $"no policy governs {string.Join(", ", free)} ('{alias.Name}'): "
                + (isDemanded ? "what rules demand of it is never set" : "it is read alone, and wants what it has"),
            isDemanded ? "give it a policy" : null);
    }

    /// <summary>A value that is neither a fact nor a metric is unknown for ever.</summary>
    private void Know(string name, SourcePlace place)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0 || coordination.Apps.FirstOrDefault(alias => alias.Name == name[..dot]) is not { } alias) return;
        var field = name[(dot + 1)..];
        if (Array.IndexOf(ScopeRead.Facts, field) >= 0) return;
        var policies = governance.Of(alias);
        var metrics = policies.SelectMany(policy => policy.Metrics).ToList();
        var named = metrics.Where(metric => metric.Name == field).ToList();
        if (named.Any(CoordinatedReads.HasValue)) return;
        if (named.Count > 0)
        {
            Add($"'{field}' is a histogram and has no value of its own", "give the metric a quantile");
            return;
        }

        var near = NearestName.Of(field, ScopeRead.Facts.Concat(metrics.Select(metric => metric.Name)));
        // Of a file by itself nobody can tell what its policies name.
        if (governance.Policies.Policies.Count == 0 && near is null) return;
        Add($"'{name}' is neither a fact of an app nor a metric of {Whose(alias, policies)}",
            near is not null ? $"did you mean '{alias.Name}.{near}'?"
            : "known: " + string.Join(", ", ScopeRead.Facts.Concat(metrics.Select(metric => metric.Name)).Distinct()));

        void Add(string message, string suggestion) => _found.Add(new PolicyProblem(
            place.File, place.Line, place.Column, PolicySeverity.Error, message, suggestion, "unknown-field"));
    }

    private static string Whose(AppAlias alias, IReadOnlyList<Policy> policies) => policies.Count switch
    {
        0 => $"any policy that governs {alias.Apps!.Text}: there is none",
        1 => $"its policy '{policies[0].Name}' ({policies[0].Place})",
        _ => $"any policy that may govern {alias.Apps?.Text ?? "such an app"}",
    };

    /// <summary>Rules that can never act, or always do and should be a policy's bounds.</summary>
    private void Reach(CoordinationRule rule)
    {
        var (canHold, canFail) = _ranges.Of(rule.When.Root);
        if (!canHold)
        {
            Warn(rule.Place, "unreachable-rule", $"the rule '{rule.Name}' can never act: {rule.When.Text} is never true");
        }
        else if (!canFail && rule.Demands.FirstOrDefault(demand => IsOwn(rule, demand)) is { } demand)
        {
            Warn(rule.Place, "constant-rule", $"the rule '{rule.Name}' always acts: {rule.When.Text} is never false",
                demand.Count is null or { IsConstant: true } ? $"the policy of '{demand.Alias}' can say so by itself"
                : "it drives the count to a bound; say when");
        }
    }

    /// <summary>Whether a demand looks at no other app than its own.</summary>
    private static bool IsOwn(CoordinationRule rule, RuleDemand demand) => demand.Count is not { } count
        || count.Root.Names.All(name => name.Name.StartsWith(demand.Alias + ".", StringComparison.Ordinal));

    /// <summary>Counts that the bounds forbid, or give anyway.</summary>
    private void Effect(CoordinationRule rule, RuleDemand demand)
    {
        var alias = coordination.Apps.First(alias => alias.Name == demand.Alias);
        if (Constant(demand) is not { } count || alias.Apps is null) return;
        if (governance.Of(alias) is not { Count: > 0 } policies) return;
        var (least, most) = (policies.Min(policy => policy.Instances.Min), policies.Max(policy => policy.Instances.Max));
        if (demand.Kind == Demand.AtLeast)
        {
            if (count > most) Cannot($"at least {count}", $"most is {most}");
            else if (count <= least) Nothing($"at least {count}", $"least is {least}");
        }
        else if (count < least)
        {
            Cannot($"at most {count}", $"least is {least}");
        }
        else if (count >= most)
        {
            Nothing($"at most {count}", $"most is {most}");
        }

        void Cannot(string asked, string but) => Warn(rule.Place, "bounds-cannot-hold",
            $"the rule '{rule.Name}' asks for {asked} of '{alias.Name}', but the policy's {but}");
        void Nothing(string asked, string why) => Warn(rule.Place, "no-effect",
            $"the rule '{rule.Name}' asks for {asked} of '{alias.Name}', which changes nothing: the policy's {why}");
    }

    /// <summary>The count of a demand that depends on nothing; null for others.</summary>
    internal static int? Constant(RuleDemand demand)
    {
        if (demand.Count is not { IsConstant: true } count) return null;
        if (count.Number!([]).Point is not (>= 0 and <= 1_000_000 and var value)) return null;
        return demand.Kind == Demand.AtLeast ? RuleAction.Ceiling(value) : (int)Math.Floor(value + 1e-9);
    }

    private void Warn(SourcePlace place, string code, string message, string? suggestion = null) =>
        _found.Add(PolicyAnalysis.Warn(place, code, message, suggestion));
}
