using System.Globalization;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Decisions.Tests.Oracle;

/// <summary>Puts what was decided into words.</summary>
internal static class OracleDecisionText
{
    public static Decision Write(OracleAppMemory state, OracleRuleTick tick)
    {
        var (policy, facts) = (state.Policy!, state.Facts);
        var recommendations = new List<Recommendation>();
        for (var i = 0; i < state.Opinions.Length; i++)
        {
            var opinion = state.Opinions[i];
            if (opinion.Verdict is not (RuleVerdict.Count or RuleVerdict.AtLeast)) continue;
            recommendations.Add(new Recommendation(state.RuleArray[i].Name, opinion.Count, state.RuleArray[i]
                .Describe(opinion, tick)));
        }

        var adjustments = new Adjustment[state.StepCount];
        for (var i = 0; i < adjustments.Length; i++)
        {
            var step = state.Steps[i];
            adjustments[i] = new Adjustment(By(step.Kind), step.From, step.To, Why(state, tick, step));
        }

        var metrics = new Dictionary<string, double?>(policy.Reads.Length);
        for (var i = 0; i < policy.Reads.Length; i++)
        {
            var value = state.Readings[i].Value;
            metrics[policy.Reads[i].Text] = double.IsNaN(value) ? null : value;
        }

        return new Decision
        {
            At = facts.Now,
            App = state.Id,
            Policy = policy.Name,
            Rule = Rule(state),
            From = facts.Instances,
            To = state.To,
            Reason = Reason(state, tick, adjustments),
            DryRun = policy.DryRun,
            Recommendations = recommendations,
            Adjustments = adjustments,
            Metrics = metrics,
        };
    }

    private static string? Rule(OracleAppMemory state)
    {
        var first = state.StepCount > 0 ? state.Steps[0].Kind : (StepKind?)null;
        if (first == StepKind.OutOfBounds) return Narrowing(state)?.Name;
        if (first is StepKind.MissingMetrics or StepKind.Suspended) return null;
        return state.Winner >= 0 ? state.RuleArray[state.Winner].Name : null;
    }

    private static string Reason(OracleAppMemory state, OracleRuleTick tick, Adjustment[] adjustments)
    {
        var parts = new List<string>();
        var first = state.StepCount > 0 ? state.Steps[0].Kind : (StepKind?)null;
        if (state.Winner >= 0 && first is not (StepKind.OutOfBounds or StepKind.Suspended))
        {
            var rule = state.RuleArray[state.Winner];
            parts.Add($"{rule.Name}: {rule.Describe(state.Opinions[state.Winner], tick)}");
        }

        parts.AddRange(adjustments.Select(adjustment => adjustment.Reason));
        if (parts.Count == 0) return "no rule asks for a change";
        return string.Join("; ", parts);
    }

    /// <summary>The rule that holds the bound which the count is outside of; null where it is the policy's own.</summary>
    private static OracleRule? Narrowing(OracleAppMemory state)
    {
        var (policy, grow) = (state.Policy!, state.Facts.Instances < state.Bounds.Min);
        for (var i = 0; i < state.Opinions.Length; i++)
        {
            var opinion = state.Opinions[i];
            if (opinion.Verdict != RuleVerdict.Bounds) continue;
            if (grow ? opinion.Min >= 0 && policy.Instances.Clamp(opinion.Min) == state.Bounds.Min
                && state.Bounds.Min > policy.Instances.Min
                : opinion.Max >= 0 && policy.Instances.Clamp(opinion.Max) == state.Bounds.Max
                && state.Bounds.Max < policy.Instances.Max)
            {
                return state.RuleArray[i];
            }
        }

        return null;
    }

    private static string By(StepKind kind) => kind switch
    {
        StepKind.MissingMetrics => "missing metrics",
        StepKind.Suspended or StepKind.Pause => "pause",
        StepKind.BoundsMin or StepKind.BoundsMax or StepKind.OutOfBounds => "bounds",
        StepKind.Stabilization => "stabilization",
        StepKind.Limit or StepKind.Disabled => "limit",
        _ => "cooldown",
    };

    private static string Why(OracleAppMemory state, OracleRuleTick tick, Correction step)
    {
        var (policy, facts) = (state.Policy!, state.Facts);
        switch (step.Kind)
        {
            case StepKind.MissingMetrics:
                var missing = Missing(state);
                if (step.To == facts.Instances && policy.OnMissingMetrics is { Mode: not MissingMetricsMode.Hold } later
                    && facts.Steady - state.MissingSince < later.After)
                {
                    return $"{missing}: held, {Mode(later)} after {DurationText.Format(later.After)}";
                }

                return policy.OnMissingMetrics.Mode == MissingMetricsMode.Hold
                    ? $"{missing}: held at {step.To}"
                    : $"{missing}: {Mode(policy.OnMissingMetrics)}, {step.To}";
            case StepKind.Suspended:
                return $"suspended: the app is at 0 and the policy's least is {policy.Instances.Min}, so someone switched it off";
            case StepKind.BoundsMax:
                return $"at most {step.To}";
            case StepKind.BoundsMin:
                return $"at least {step.To}";
            case StepKind.OutOfBounds:
                var bound = facts.Instances < state.Bounds.Min ? $"fewer than at least {state.Bounds.Min}"
                : $"more than at most {state.Bounds.Max}";
                return Narrowing(state) is { } rule
                    ? $"{rule.Name}: {rule.Describe(state.Opinions[rule.Index], tick)}; {facts.Instances} is {bound}"
                    : $"{facts.Instances} is {bound}";
            case StepKind.Stabilization:
                return step.Detail > 0
                    ? $"{step.To} was enough within the last {DurationText.Format(policy.ScaleOut.Stabilization)}"
                    : $"{Still(state, step)} within the last {DurationText.Format(policy.ScaleIn.Stabilization)}";
            case StepKind.Limit:
                var limit = step.Detail >= 0 ? policy.ScaleOut.Limits[step.Detail] : policy.ScaleIn.Limits[~step.Detail];
                return $"limited to {step.To} by {limit}";
            case StepKind.Disabled:
                return step.Detail > 0 ? "scale-out is switched off" : "scale-in is switched off";
            case StepKind.Pause:
                return step.Detail > 0 ? "scale-out is paused" : "scale-in is paused";
            default:
                var cooldown = step.From > step.To ? policy.ScaleOut.Cooldown : policy.ScaleIn.Cooldown;
                return string.Create(CultureInfo.InvariantCulture,
                    $"cooldown until {facts.Wall(state.Events.Newest) + cooldown:HH:mm:ss}");
        }
    }

    private static string Still(OracleAppMemory state, Correction step) =>
        step.To == state.Facts.Instances ? $"{step.To} or more was recommended" : $"{step.To} was recommended";

    private static string Mode(MissingMetrics missing) => missing.Mode switch
    {
        MissingMetricsMode.Min => "to the least count",
        MissingMetricsMode.Max => "to the greatest count",
        _ => $"fallback to {missing.Count}",
    };

    /// <summary><c>tpm is missing (no sample in 1m)</c>: the reads of the rules that could not be decided.</summary>
    private static string Missing(OracleAppMemory state)
    {
        var policy = state.Policy!;
        string? partial = null;
        for (var i = 0; i < state.Opinions.Length; i++)
        {
            if (state.Opinions[i].Verdict != RuleVerdict.Unknown) continue;
            var known = true;
            foreach (var slot in state.RuleArray[i].Reads)
            {
                var (name, reading) = (policy.Reads[slot - Slots.FirstRead].Text, state.Readings[slot - Slots.FirstRead]);
                if (reading.Missing is { } why) return $"{name} is missing ({why})";
                if (reading.Range.IsPoint) continue;
                partial ??= $"{name} is {Partial(reading)}";
                known = false;
            }

            if (known) return $"{state.RuleArray[i].Name} is unknown";
        }

        return partial ?? "a metric is missing";
    }

    /// <summary><c>at least 45: 5 of 10 instances report</c>.</summary>
    private static string Partial(in MetricReading reading)
    {
        var what = reading.Range == Interval.Open ? $"{Expression.Format(reading.Value)} so far"
            : Expression.Format(reading.Range);
        return reading.Silent > 0
            ? $"{what}: {reading.Reporting} of {reading.Reporting + reading.Silent} instances report"
            : $"{what}: {reading.Unfilled} of {reading.Reporting} instances reported in a part of the window only";
    }
}
