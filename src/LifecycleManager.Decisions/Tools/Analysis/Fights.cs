using LifecycleManager.Decisions.Engine;
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
        var tick = new RuleTick
        {
            Reads = policy.Reads,
            Metrics = Nothing.Instance,
            Slots = new Interval[Slots.FirstRead + policy.Reads.Length],
            States = new RuleState[policy.RuleArray.Length]
        };
        var last = Math.Min(policy.Instances.Max, policy.Instances.Min + MostCounts);
        for (var count = Math.Max(1, policy.Instances.Min); count <= last; count++)
        {
            foreach (var value in Values(policy, tick, slot, count, grow, shrink))
            {
                var grown = Ask(tick, policy, grow, slot, count, value);
                if (grown <= count) continue;
                if (Ask(tick, policy, shrink, slot, count, value) is var both && both >= 0 && both < count)
                {
                    return new Fight(shrink,
                        $"'{grow.Name}' and '{shrink.Name}' want both at once: with {Show(policy, slot, value)} at {count} instances one asks for {grown}, the other for {both}", "growth will win; make the conditions exclude each other");
                }

                grown = Math.Min(grown, policy.Instances.Max);
                if (grown <= count) continue;
                var after = shared ? value * count / grown : value;
                var back = Ask(tick, policy, shrink, slot, grown, after);
                if (back < 0 || back > count) continue;
                return new Fight(shrink,
                    $"'{shrink.Name}' undoes '{grow.Name}': with {Show(policy, slot, value)} {count} grows to {grown}, where {Show(policy, slot, after)} shrinks it to {back} again", "leave a gap between the thresholds");
            }
        }

        return null;
    }

    /// <summary>Values around every threshold, at this count and the ones that follow.</summary>
    private static List<double> Values(Policy policy, RuleTick tick, int slot, int count, Rule grow, Rule shrink)
    {
        var values = new SortedSet<double>();
        for (var at = count; at <= Math.Min(count + 4, policy.Instances.Max); at++)
        {
            Fill(tick, policy, slot, at, 0);
            foreach (var (of, threshold) in grow.Thresholds.Concat(shrink.Thresholds))
            {
                var value = threshold(tick.Slots).Point;
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
    private static int Ask(RuleTick tick, Policy policy, Rule rule, int slot, int count, double value)
    {
        Fill(tick, policy, slot, count, value);
        var since = tick.Facts.Now.AddDays(-365);
        for (var side = -1; side <= 1; side += 2)
        {
            // A step's wait belongs to a side; one of both is the right one.
            tick.States[rule.Index] = new RuleState { Since = since, FiredCount = side };
            var opinion = rule.Evaluate(tick);
            if (opinion.Verdict == RuleVerdict.Count) return opinion.Count;
        }

        return -1;
    }

    private static void Fill(RuleTick tick, Policy policy, int slot, int count, double value)
    {
        tick.Begin();
        tick.Facts = new AppFacts("/", count, count, 0, false, new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
        Array.Fill(tick.Slots, Interval.Unknown);
        tick.Slots[Slots.Instances] = tick.Slots[Slots.Healthy] = count;
        tick.Slots[Slots.Staged] = 0;
        (tick.Slots[Slots.Min], tick.Slots[Slots.Max]) = (policy.Instances.Min, policy.Instances.Max);
        tick.Slots[Slots.Time] = TimeSpan.FromHours(12).TotalSeconds;
        tick.Slots[slot] = value;
    }

    private static string Show(Policy policy, int slot, double value) =>
        $"{policy.Reads[slot - Slots.FirstRead].Text} {Expression.Format(value)}";

    private sealed class Nothing : IMetricReader
    {
        public static readonly Nothing Instance = new();

        public MetricReading Read(string appId, MetricQuery query, DateTimeOffset now) => MetricReading.Unknown("none");

        public void ReadInstances(string appId, MetricQuery query, DateTimeOffset now, ICollection<InstanceReading> into)
        {
        }
    }
}
