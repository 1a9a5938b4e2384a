using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tools.Analysis;

/// <summary>Two rules that undo each other's work, or want both at once.</summary>
internal sealed record Fight(Rule Rule, string Message, string Suggestion);

/// <summary>
/// Looks for fights by trying: for each count and each value near a threshold it asks what the growing rule does, and then what
/// the shrinking rule does at the new count with the same load. A total stays what it is; an average is shared by more instances.
/// </summary>
internal static class Fights
{
    private const int MostCounts = 60;

    public static IEnumerable<Fight> Of(Policy policy)
    {
        var rules = policy.RuleArray.Where(rule => rule is ThresholdRule or StepRule).ToList();
        foreach (var grow in rules)
        {
            foreach (var shrink in rules)
            {
                if (ReferenceEquals(grow, shrink) && grow is ThresholdRule) continue;
                if (Find(policy, grow, shrink) is { } fight)
                {
                    yield return fight;
                    break;
                }
            }
        }
    }

    private static Fight? Find(Policy policy, Rule grow, Rule shrink)
    {
        // One metric decides both, or nothing can be said without knowing how metrics hang together.
        var slots = grow.Reads.Union(shrink.Reads).ToList();
        if (slots.Count != 1) return null;
        var slot = slots[0];
        var shared = policy.Reads[slot - Slots.FirstRead].Query is
        {
            Across: Aggregation.Avg,
            Source: MetricSource.Actuator or MetricSource.Prometheus or MetricSource.Container
        };
        var app = new App("/", policy.RuleSet, new InstanceSource());
        var last = Math.Min(policy.Instances.Max, policy.Instances.Min + MostCounts);
        for (var count = Math.Max(1, policy.Instances.Min); count <= last; count++)
        {
            foreach (var value in Values(policy, app, slot, count, grow, shrink))
            {
                var grown = Ask(app, grow, slot, count, value);
                if (grown <= count) continue;
                if (Ask(app, shrink, slot, count, value) is var both && both >= 0 && both < count)
                {
                    return new Fight(shrink,
                        $"'{grow.Name}' and '{shrink.Name}' want both at once: with {Show(policy, slot, value)} "
                            + $"at {count} instances one asks for {grown}, the other for {both}",
                            "growth will win; make the conditions exclude each other");
                }

                grown = Math.Min(grown, policy.Instances.Max);
                if (grown <= count) continue;
                var after = shared ? value * count / grown : value;
                var back = Ask(app, shrink, slot, grown, after);
                if (back < 0 || back > count) continue;
                return new Fight(shrink,
                    $"'{shrink.Name}' undoes '{grow.Name}': with {Show(policy, slot, value)} {count} grows "
                        + $"to {grown}, where {Show(policy, slot, after)} shrinks it to {back} again",
                        "leave a gap between the thresholds");
            }
        }

        return null;
    }

    /// <summary>Values around every threshold, at this count and the ones that follow.</summary>
    private static List<double> Values(Policy policy, App app, int slot, int count, Rule grow, Rule shrink)
    {
        var values = new SortedSet<double>();
        for (var at = count; at <= Math.Min(count + 4, policy.Instances.Max); at++)
        {
            Fill(app, slot, at, 0);
            foreach (var (of, threshold) in grow.Thresholds.Concat(shrink.Thresholds))
            {
                var value = threshold(app.Slots).Point;
                if (of != slot || !double.IsFinite(value)) continue;
                foreach (var near in (ReadOnlySpan<double>)[value, value * 1.001, value * 0.999, value + 1e-6, value - 1e-6])
                    values.Add(near);
            }
        }

        var between = values.Zip(values.Skip(1), (a, b) => (a + b) / 2).ToList();
        values.UnionWith(between);
        return [.. values.Take(500)];
    }

    /// <summary>What a rule asks for once its wait is over; -1 for nothing.</summary>
    private static int Ask(App app, Rule rule, int slot, int count, double value)
    {
        Fill(app, slot, count, value);
        return rule.Ask(app) is { Verdict: RuleVerdict.Count } opinion ? opinion.Count : -1;
    }

    private static void Fill(App app, int slot, int count, double value)
    {
        var bounds = app.RuleSet.Bounds;
        var noon = new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
        app.Observe(new AppFacts("/", count, count, 0, false, noon), noon, 0, countChanged: false);
        Array.Fill(app.Slots, Interval.Unknown);
        app.Slots[Slots.Instances] = app.Slots[Slots.Healthy] = count;
        app.Slots[Slots.Staged] = 0;
        (app.Slots[Slots.Min], app.Slots[Slots.Max]) = (bounds.Min, bounds.Max);
        app.Slots[Slots.Time] = TimeSpan.FromHours(12).TotalSeconds;
        app.Slots[slot] = value;
    }

    private static string Show(Policy policy, int slot, double value) =>
        $"{policy.Reads[slot - Slots.FirstRead].Text} {Expression.Format(value)}";
}
