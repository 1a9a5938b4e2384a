using System.Globalization;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tools.Analysis;

/// <summary>What a policy says without meaning it: rules that never act, rules that fight, bounds that cannot hold.</summary>
internal static class PolicyAnalysis
{
    /// <summary>How far ahead windows are compared: a leap year.</summary>
    private static readonly TimeSpan Horizon = TimeSpan.FromDays(366);

    /// <summary>The findings of one policy, all of them warnings.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="from">Where the look at windows starts.</param>
    public static List<PolicyProblem> Of(Policy policy, DateTimeOffset from)
    {
        var found = new List<PolicyProblem>();
        foreach (var rule in policy.RuleArray)
        {
            Reach(policy, rule, found);
            Effect(policy, rule, found);
        }

        Windows(policy, from, found);
        Direction(policy, found);
        Zero(policy, found);
        found.AddRange(Units.Of(policy));
        found.AddRange(Fights.Of(policy)
            .Select(fight => Warn(fight.Rule.Place, "fighting-rules", fight.Message, fight.Suggestion)));
        return found;
    }

    /// <summary>The findings among several policies.</summary>
    public static List<PolicyProblem> Among(IReadOnlyList<Policy> policies)
    {
        var found = new List<PolicyProblem>();
        var index = new PolicyIndex(new PolicySet(policies));
        foreach (var policy in policies)
        {
            if (!policy.App.IsExact || policy.App.Ids.Any(id => index.Find(new AppRef(id, null)) == policy)) continue;
            var winner = index.Find(new AppRef(policy.App.Ids[0], null))!;
            found.Add(Warn(policy.Place, "shadowed-policy",
                $"'{winner.Name}' ({winner.Place}) governs {policy.App.Text}, this policy never does",
                "give one of them a higher priority"));
        }

        return found;
    }

    internal static PolicyProblem Warn(SourcePlace place, string code, string message, string? suggestion = null) =>
        new(place.File, place.Line, place.Column, PolicySeverity.Warning, message, suggestion, code);

    /// <summary>Rules and steps that can never act, or always do.</summary>
    private static void Reach(Policy policy, Rule rule, List<PolicyProblem> found)
    {
        var ranges = new PolicyRanges(policy);
        switch (rule)
        {
            case ThresholdRule threshold:
                var (canHold, canFail) = ranges.Of(threshold.When.Root);
                if (!canHold)
                {
                    found.Add(Warn(rule.Place, "unreachable-rule",
                        $"the rule '{rule.Name}' can never act: "
                            + $"{threshold.When.Text} is never true with "
                            + $"{policy.Instances.Min} to {policy.Instances.Max} instances"));
                }
                else if (!canFail && threshold.Then.IsRelative)
                {
                    found.Add(
                        Warn(rule.Place, "constant-rule",
                            $"the rule '{rule.Name}' always acts: {threshold.When.Text} is never false",
                            "it drives the count to a bound; say when"));
                }

                break;
            case StepRule step:
                var value = ranges.Number(step.Metric.Root);
                for (var i = 0; i < step.Steps.Count; i++)
                {
                    var one = step.Steps[i];
                    if (one.Above >= value.High || one.Below <= value.Low)
                    {
                        found.Add(Warn(rule.Place, "unreachable-rule",
                            $"the rule '{rule.Name}': {step.Metric.Text} is never {one.Text}"));
                    }
                    else if (!Candidates(step).Any(candidate => step.Choose(candidate) == i))
                    {
                        found.Add(Warn(rule.Place, "unreachable-rule",
                            $"the rule '{rule.Name}': the step {one.Text} never counts, another is narrower everywhere"));
                    }
                }

                break;
        }

        static IEnumerable<double> Candidates(StepRule step)
        {
            var ends = step.Steps.SelectMany(one => new[] { one.Above, one.Below }).Where(end => !double.IsNaN(end)).Distinct()
                .Order().ToList();
            for (var i = 0; i < ends.Count; i++)
            {
                yield return Math.BitDecrement(ends[i]);
                yield return Math.BitIncrement(ends[i]);
                if (i > 0) yield return (ends[i - 1] + ends[i]) / 2;
            }
        }
    }

    /// <summary>Actions that change nothing, or ask for what the bounds forbid.</summary>
    private static void Effect(Policy policy, Rule rule, List<PolicyProblem> found)
    {
        var (min, max) = (policy.Instances.Min, policy.Instances.Max);
        var actions = rule switch
        {
            ThresholdRule threshold => [threshold.Then],
            ScheduleRule schedule => [schedule.Then],
            StepRule step => step.Steps.Select(one => one.Then),
            _ => Enumerable.Empty<RuleAction>(),
        };
        foreach (var action in actions)
        {
            if (action.Kind == ActionKind.Bounds)
            {
                if (action.Min > max) Cannot($"at least {action.Min}", $"the policy's most is {max}");
                else if (action.Min >= 0 && action.Min <= min) Nothing($"at least {action.Min}", $"the policy's least is {min}");
                if (action.Max >= 0 && action.Max < min) Cannot($"at most {action.Max}", $"the policy's least is {min}");
                else if (action.Max >= max) Nothing($"at most {action.Max}", $"the policy's most is {max}");
            }
            else if (action is { Kind: ActionKind.Set, Count: { IsConstant: true } count })
            {
                var wanted = RuleAction.Ceiling(count.Number!([]).Point);
                if (wanted < min || wanted > max) Cannot($"{wanted} instances", $"the policy has {min} to {max}");
            }
        }

        if (min == max && rule is not ScheduleRule)
        {
            found.Add(Warn(rule.Place, "no-effect",
                $"the rule '{rule.Name}' changes nothing: the policy has {min} instances, no more and no fewer"));
        }

        void Cannot(string asked, string but) =>
            found.Add(Warn(rule.Place, "bounds-cannot-hold", $"the rule '{rule.Name}' asks for {asked}, but {but}"));
        void Nothing(string asked, string for_) =>
            found.Add(Warn(rule.Place, "no-effect", $"the rule '{rule.Name}' asks for {asked}, which changes nothing: {for_}"));
    }

    /// <summary>Windows that are open together and exclude each other.</summary>
    private static void Windows(Policy policy, DateTimeOffset from, List<PolicyProblem> found)
    {
        var windows = policy.RuleArray.OfType<ScheduleRule>()
            .Where(rule => rule.Schedule.Until is not null && rule.Then.Kind == ActionKind.Bounds).ToList();
        for (var i = 0; i < windows.Count; i++)
        {
            if (!Changes(windows[i].Schedule, from).Any(at => windows[i].Schedule.IsActive(at)))
            {
                found.Add(Warn(windows[i].Place, "unreachable-rule",
                    $"the rule '{windows[i].Name}' is never open: it closes before it opens", "compare 'cron' with 'until'"));
            }

            for (var j = 0; j < windows.Count; j++)
            {
                var (low, high) = (windows[i], windows[j]);
                if (low.Then.Min < 0 || high.Then.Max < 0 || low.Then.Min <= high.Then.Max) continue;
                foreach (var at in Changes(low.Schedule, from).Concat(Changes(high.Schedule, from)))
                {
                    if (!low.Schedule.IsActive(at) || !high.Schedule.IsActive(at)) continue;
                    var local = TimeZoneInfo.ConvertTime(at, low.Schedule.Zone);
                    found.Add(Warn(
                        high.Place, "bounds-cannot-hold",
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"'{low.Name}' wants at least {low.Then.Min} "
                                + $"while '{high.Name}' wants at most {high.Then.Max}, on {local:ddd yyyy-MM-dd HH:mm} for one"),
                        $"at least {low.Then.Min} will win"));
                    break;
                }
            }
        }

        static IEnumerable<DateTimeOffset> Changes(ScheduledRule schedule, DateTimeOffset from)
        {
            var at = from;
            for (var i = 0; i < 1000 && schedule.NextChange(at) is { } next && next - from < Horizon; i++)
            {
                at = next;
                yield return at;
            }
        }
    }

    /// <summary>Policies that can only grow or only shrink.</summary>
    private static void Direction(Policy policy, List<PolicyProblem> found)
    {
        var rules = policy.RuleArray;
        if (rules.Length == 0 || policy.Instances.Min == policy.Instances.Max) return;
        var shrinks = rules.Any(rule => rule switch
        {
            ThresholdRule threshold => threshold.Then.CanShrink,
            StepRule step => step.Steps.Any(one => one.Then.CanShrink),
            ForecastRule => false,
            _ => true,
        });
        var grows = rules.Any(rule => rule switch
        {
            ThresholdRule threshold => CanGrow(threshold.Then),
            StepRule step => step.Steps.Any(one => CanGrow(one.Then)),
            _ => true,
        });
        if (!shrinks) found.Add(Warn(policy.Place, "one-way", "no rule ever asks for fewer instances: the count can only grow"));
        else if (policy.ScaleIn.Select == LimitSelect.Disabled && !grows)
            found.Add(Warn(policy.Place, "one-way", "scale-in is disabled and no rule asks for more"));
        if (policy.ScaleIn.Worse is not null && (!shrinks || policy.ScaleIn.Select == LimitSelect.Disabled))
            found.Add(Warn(policy.Place, "no-effect", "'worse' watches nothing: nothing is ever scaled in"));
        if (policy.ScaleOut.Better is not null && (!grows || policy.ScaleOut.Select == LimitSelect.Disabled))
            found.Add(Warn(policy.Place, "no-effect", "'better' watches nothing: nothing is ever scaled out"));
        if (!grows) found.Add(Warn(policy.Place, "one-way", "no rule ever asks for more instances: the count can only shrink"));

        static bool CanGrow(RuleAction action) =>
            action.Kind is ActionKind.Add or ActionKind.Set || action.Min > 0
            || (action.Kind == ActionKind.Multiply && action.Amount > 1);
    }

    /// <summary>An app at zero has no instances to measure.</summary>
    private static void Zero(Policy policy, List<PolicyProblem> found)
    {
        if (policy.Instances.Min > 0 || policy.RuleArray.Length == 0) return;
        var wakes = policy.RuleArray.Any(rule => rule switch
        {
            ScheduleRule => true,
            _ => rule.Reads.All(slot => !policy.Reads[slot - Slots.FirstRead].Query.HasInstances),
        });
        if (!wakes)
        {
            found.Add(Warn(
                policy.Place, "zero-trap", "nothing can wake the app from zero: every rule needs metrics of its instances",
                "use promql, rabbitmq, redis, postgres, json, kafka, pushed or a schedule, or a least of 1"));
        }
    }
}
