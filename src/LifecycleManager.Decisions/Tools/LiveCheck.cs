using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Decisions.Tools.Analysis;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Primitives.Text;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Decisions.Tools;

/// <summary>What a metric of an app has been over a time.</summary>
/// <param name="Least">The least value.</param>
/// <param name="Greatest">The greatest value.</param>
/// <param name="Covered">Over how long it is known.</param>
public readonly record struct MetricRange(double Least, double Greatest, TimeSpan Covered);

/// <summary>What is known of the apps that policies are for.</summary>
/// <param name="Apps">The target's apps.</param>
/// <param name="Metrics">Reads their metrics.</param>
/// <param name="Now">The present.</param>
public sealed record LiveFacts(IReadOnlyList<AppRef> Apps, IMetricReader Metrics, DateTimeOffset Now)
{
    /// <summary>What a metric, by the text that rules have of it, has been of an app; null where that is not known.</summary>
    public Func<string, string, MetricRange?> Range { get; init; } = (_, _) => null;

    /// <summary>Over how long a range must be known before it says anything.</summary>
    public TimeSpan LeastCovered { get; init; } = TimeSpan.FromHours(1);
}

/// <summary>
/// What policies say without effect where they are: that no app is governed by one, that nothing tells a metric of it, that no
/// reading came near what a rule waits for.
/// </summary>
public static class LiveCheck
{
    /// <summary>No app is governed.</summary>
    public const string GovernsNoApp = "governs-no-app";

    /// <summary>What should tell a metric answers, and does not have it.</summary>
    public const string MetricNowhere = "metric-nowhere";

    /// <summary>What should tell a metric does not answer.</summary>
    public const string MetricSilent = "metric-silent";

    /// <summary>No reading came near a threshold.</summary>
    public const string NeverNear = "never-near";

    // Half of what a rule waits for, or twice, is not near.
    private const double Near = 2;

    // Where so many of one policy's apps do not tell a metric, the others will not either.
    private const int MostApps = 100;

    /// <summary>All codes.</summary>
    public static IReadOnlyList<string> Codes { get; } = [GovernsNoApp, MetricNowhere, MetricSilent, NeverNear];

    /// <summary>What is to be read of the first apps of each policy.</summary>
    /// <param name="set">The policies.</param>
    /// <param name="apps">The target's apps.</param>
    /// <param name="most">Of how many apps a policy.</param>
    public static IEnumerable<MetricDemand> Demands(PolicySet set, IReadOnlyList<AppRef> apps, int most)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(apps);
        return from entry in Governed(set, apps)
               from app in entry.Apps.Take(most)
               from read in entry.Policy.Reads
               select new MetricDemand(app.Id, read.Query) { Labels = app.Labels, Startup = entry.Policy.Startup };
    }

    /// <summary>The findings, all of them warnings.</summary>
    public static IReadOnlyList<PolicyProblem> Of(PolicySet set, LiveFacts facts)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(facts);
        var found = new List<PolicyProblem>();
        foreach (var (policy, apps) in Governed(set, facts.Apps))
        {
            if (apps.Count == 0)
            {
                found.Add(None(policy, facts.Apps));
                continue;
            }

            foreach (var read in policy.Reads)
            {
                if (Absent(policy, read, apps, facts) is { } problem) found.Add(problem);
            }

            foreach (var (rule, read, limit, isAbove) in policy.RuleArray.SelectMany(rule => Limits(policy, rule)))
            {
                if (Far(rule, read, limit, isAbove, apps, facts) is { } problem) found.Add(problem);
            }
        }

        return found;
    }

    private static List<(Policy Policy, List<AppRef> Apps)> Governed(PolicySet set, IReadOnlyList<AppRef> apps)
    {
        var index = new PolicyIndex(set);
        var byPolicy = apps.Select(app => (App: app, Policy: index.Find(app))).Where(pair => pair.Policy is not null)
            .ToLookup(pair => pair.Policy!, pair => pair.App, ReferenceEqualityComparer.Instance);
        return [.. set.Policies.Select(policy => (policy, byPolicy[policy].ToList()))];
    }

    private static PolicyProblem None(Policy policy, IReadOnlyList<AppRef> apps)
    {
        if (apps.FirstOrDefault(app => policy.App.Match(app) > 0) is { Id: { } taken })
            return PolicyAnalysis.Warn(policy.Place, GovernsNoApp,
                $"the policy '{policy.Name}' governs no app: another one governs {taken}", "give one of them a higher priority");
        var suggestion = policy.App.IsExact ? NearestName.Suggest(policy.App.Ids[0], apps.Select(app => app.Id)) : null;
        return PolicyAnalysis.Warn(policy.Place, GovernsNoApp,
            $"the policy '{policy.Name}' governs no app: the target has none that is {policy.App.Text}", suggestion);
    }

    private static PolicyProblem? Absent(Policy policy, MetricRead read, List<AppRef> apps, LiveFacts facts)
    {
        (string App, MetricReading Reading)? missing = null;
        foreach (var app in apps.Take(MostApps))
        {
            var reading = facts.Metrics.Read(app.Id, read.Query, facts.Now);
            if (reading.IsKnown || reading.Absence != Absence.Missing) return null;
            // One that starts, or has just been asked for, says nothing yet.
            if (reading.Source != SourceState.Unasked) missing ??= (app.Id, reading);
        }

        if (missing is not var (id, first)) return null;
        var place = policy.Metrics.FirstOrDefault(metric => read.Text.Contains(metric.Name, StringComparison.Ordinal))?.Place
            ?? policy.Place;
        return first.Source == SourceState.Answers
            ? PolicyAnalysis.Warn(place, MetricNowhere, $"'{policy.Name}': nothing tells {read.Text}: {id}: {first.Missing}")
            : PolicyAnalysis.Warn(place, MetricSilent, $"'{policy.Name}': {read.Text} cannot be read: {id}: {first.Missing}");
    }

    /// <summary>What rules wait for: a read, and what it must be over or under.</summary>
    private static IEnumerable<(Rule Rule, string Read, double Limit, bool IsAbove)> Limits(Policy policy, Rule rule)
    {
        switch (rule)
        {
            case ThresholdRule threshold:
                foreach (var limit in Comparisons(threshold.When, threshold.When.Root, new PolicyRanges(policy)))
                    yield return (rule, limit.Read, limit.Value, limit.IsAbove);
                break;
            case TargetRule { PerInstance: false } target:
                yield return (rule, target.Metric.Text, target.Value, true);
                break;
            case StepRule step:
                // The nearest step on either side: what is behind it is farther.
                var above = step.Steps.Select(one => one.Above).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Min();
                if (!double.IsNaN(above)) yield return (rule, step.Metric.Text, above, true);
                break;
        }
    }

    private static IEnumerable<(string Read, double Value, bool IsAbove)> Comparisons(
        Expression of, Node node, PolicyRanges ranges)
    {
        if (node is not BinaryNode binary) yield break;
        if (binary.Operator is Operator.And or Operator.Or)
        {
            foreach (var part in Comparisons(of, binary.Left, ranges).Concat(Comparisons(of, binary.Right, ranges)))
                yield return part;
            yield break;
        }

        bool? isAbove = binary.Operator switch
        {
            Operator.Greater or Operator.GreaterOrEqual => true,
            Operator.Less or Operator.LessOrEqual => false,
            _ => null,
        };
        if (isAbove is not { } above) yield break;
        // What is never told of itself has no range.
        if (Text(of, binary.Left) is { } left && Bound(ranges.Number(binary.Right), above) is { } value)
            yield return (left, value, above);
        else if (Text(of, binary.Right) is { } other && Bound(ranges.Number(binary.Left), !above) is { } limit)
            yield return (other, limit, !above);
    }

    /// <summary>The least that has to be reached from below, the greatest from above.</summary>
    private static double? Bound(Interval range, bool isAbove) =>
        (isAbove ? range.Low : range.High) is var value && double.IsFinite(value) ? value : null;

    private static string? Text(Expression of, Node node) =>
        node is NameNode or CallNode && node.End <= of.Text.Length ? of.Text[node.Start..node.End].Trim() : null;

    private static PolicyProblem? Far(
        Rule rule, string read, double limit, bool isAbove, List<AppRef> apps, LiveFacts facts)
    {
        var (nearest, covered, count) = (isAbove ? double.NegativeInfinity : double.PositiveInfinity, TimeSpan.MaxValue, 0);
        foreach (var app in apps)
        {
            if (facts.Range(app.Id, read) is not { } range || range.Covered < facts.LeastCovered) continue;
            nearest = isAbove ? Math.Max(nearest, range.Greatest) : Math.Min(nearest, range.Least);
            if (range.Covered < covered) covered = range.Covered;
            count++;
        }

        if (count == 0 || limit <= 0 || nearest < 0) return null;
        if (isAbove ? nearest * Near >= limit : nearest <= limit * Near) return null;
        var word = isAbove ? "over" : "under";
        var time = DurationText.Format(TimeSpan.FromMinutes(Math.Floor(covered.TotalMinutes)));
        return PolicyAnalysis.Warn(rule.Place, NeverNear,
            $"the rule '{rule.Name}' waits for {read} {word} {Expression.Format(limit)}: in the last {time} it was never {word} "
            + Expression.Format(nearest) + (count == 1 ? "" : $" in any of {count} apps"));
    }
}
