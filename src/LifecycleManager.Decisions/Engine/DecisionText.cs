using System.Globalization;
using LifecycleManager.Decisions.Engine.Islands;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Decisions.Engine;

/// <summary>Puts what was decided into words.</summary>
internal static class DecisionText
{
    public static Decision Write(AppMemory state)
    {
        var (policy, facts) = (state.Policy, state.Facts);
        var recommendations = new List<Recommendation>();
        for (var i = 0; i < state.Opinions.All.Length; i++)
        {
            var opinion = state.Opinions.All[i];
            if (opinion.Verdict is not (RuleVerdict.Count or RuleVerdict.AtLeast)) continue;
            recommendations.Add(new Recommendation(policy.RuleArray[i].Name, opinion.Count, policy.RuleArray[i]
                .Tell(opinion, state.App)));
        }

        var adjustments = new Adjustment[state.StepCount];
        for (var i = 0; i < adjustments.Length; i++)
        {
            var step = state.Steps[i];
            adjustments[i] = new Adjustment(By(step.Kind), step.From, step.To, Why(state, step));
        }

        var metrics = new Dictionary<string, double?>(policy.Reads.Length);
        for (var i = 0; i < policy.Reads.Length; i++)
        {
            var value = state.App.Counted(Slots.FirstRead + i);
            metrics[policy.Reads[i].Text] = double.IsNaN(value) ? null : value;
        }

        return new Decision
        {
            At = facts.Now,
            App = state.App.Id,
            Policy = policy.Name,
            Rule = Rule(state),
            From = facts.Instances,
            To = state.To,
            Reason = Reason(state, adjustments),
            DryRun = policy.DryRun,
            Recommendations = recommendations,
            Adjustments = adjustments,
            Chain = ChainText.Write(state),
            Metrics = metrics,
        };
    }

    private static string? Rule(AppMemory state)
    {
        var first = state.StepCount > 0 ? state.Steps[0].Kind : (StepKind?)null;
        for (var i = 0; i < state.StepCount; i++)
        {
            // A step that is taken back is no rule's wish.
            if (state.Steps[i].Kind == StepKind.TakenBack) return null;
        }

        if (first == StepKind.OutOfBounds) return Narrowing(state)?.Name;
        for (var i = state.StepCount - 1; i >= 0; i--)
        {
            if (state.Steps[i].Kind == StepKind.AtLeast) return state.Outcome.AtLeastBy!.Rule;
            if (state.Steps[i].Kind == StepKind.AtMost && state.Outcome.Room is null) return state.Outcome.AtMostBy!.Rule;
        }

        if (first is StepKind.MissingMetrics or StepKind.Suspended) return null;
        return state.Opinions.Wanted.Rule >= 0 ? state.Policy.RuleArray[state.Opinions.Wanted.Rule].Name : null;
    }

    private static string Reason(AppMemory state, Adjustment[] adjustments)
    {
        var parts = new List<string>();
        var first = state.StepCount > 0 ? state.Steps[0].Kind : (StepKind?)null;
        if (state.Opinions.Wanted.Rule >= 0 && first is not (StepKind.OutOfBounds or StepKind.Suspended))
        {
            var rule = state.Policy.RuleArray[state.Opinions.Wanted.Rule];
            parts.Add($"{rule.Name}: {rule.Tell(state.Opinions.All[state.Opinions.Wanted.Rule], state.App)}");
        }

        parts.AddRange(adjustments.Select(adjustment => adjustment.Reason));
        if (parts.Count == 0) return "no rule asks for a change";
        return string.Join("; ", parts);
    }

    /// <summary>The rule that holds the bound which the count is outside of; null where it is the policy's own.</summary>
    private static Rule? Narrowing(AppMemory state)
    {
        var (policy, grow) = (state.Policy, state.Facts.Instances < state.Opinions.Bounds.Min);
        for (var i = 0; i < state.Opinions.All.Length; i++)
        {
            var opinion = state.Opinions.All[i];
            if (opinion.Verdict != RuleVerdict.Bounds) continue;
            if (grow ? opinion.Min >= 0 && policy.Instances.Clamp(opinion.Min) == state.Opinions.Bounds.Min
                && state.Opinions.Bounds.Min > policy.Instances.Min
                : opinion.Max >= 0 && policy.Instances.Clamp(opinion.Max) == state.Opinions.Bounds.Max
                && state.Opinions.Bounds.Max < policy.Instances.Max)
            {
                return policy.RuleArray[i];
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
        StepKind.AtLeast or StepKind.AtMost or StepKind.NoScaleIn or StepKind.NoScaleOut => "coordination",
        StepKind.Budget => "budget",
        StepKind.NoBetter => "no better",
        StepKind.TakenBack or StepKind.WorseBefore => "worse",
        _ => "cooldown",
    };

    private static string Why(AppMemory state, Correction step)
    {
        var (policy, facts) = (state.Policy, state.Facts);
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
                var bound = facts.Instances < state.Opinions.Bounds.Min ? $"fewer than at least {state.Opinions.Bounds.Min}"
                : $"more than at most {state.Opinions.Bounds.Max}";
                return Narrowing(state) is { } rule
                    ? $"{rule.Name}: {rule.Tell(state.Opinions.All[rule.Index], state.App)}; {facts.Instances} is {bound}"
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
            case StepKind.AtLeast:
                return Bounded(state.Outcome.AtLeastBy!, step.To);
            case StepKind.AtMost when state.Outcome.Room is { } room:
                return string.Create(CultureInfo.InvariantCulture,
                    $"made room at {facts.Wall(room.At):HH:mm:ss} and waits for it to be taken");
            case StepKind.AtMost:
                return Bounded(state.Outcome.AtMostBy!, step.To);
            case StepKind.NoScaleIn:
                return state.Outcome.NoScaleIn!.ToString();
            case StepKind.NoScaleOut:
                return state.Outcome.NoScaleOut!.ToString();
            case StepKind.Budget:
                return $"at most {step.To} within the budget {state.Outcome.Limit!.Why}";
            case StepKind.TakenBack:
                return $"the scale-in from {state.Watch.Found.From} to {state.Watch.Found.To} is taken back: "
                    + state.Watch.Tell(policy.ScaleIn.Worse!);
            case StepKind.WorseBefore:
                return $"scale-in is {ScalingHold.OfScaleIn(state)}";
            case StepKind.NoBetter:
                return $"scale-out is {ScalingHold.OfScaleOut(state)}";
            case StepKind.Pause:
                return step.Detail > 0 ? "scale-out is paused" : "scale-in is paused";
            default:
                var cooldown = step.From > step.To ? policy.ScaleOut.Cooldown : policy.ScaleIn.Cooldown;
                return string.Create(CultureInfo.InvariantCulture,
                    $"cooldown until {facts.Wall(state.Events.Newest) + cooldown:HH:mm:ss}");
        }
    }

    private static string Still(AppMemory state, Correction step) =>
        step.To == state.Facts.Instances ? $"{step.To} or more was recommended" : $"{step.To} was recommended";

    /// <summary>What was demanded, and what bounds made of it.</summary>
    private static string Bounded(Firing firing, int count) =>
        firing.Count == count ? firing.ToString() : $"{firing}, within the bounds {count}";

    private static string Mode(MissingMetrics missing) => missing.Mode switch
    {
        MissingMetricsMode.Min => "to the least count",
        MissingMetricsMode.Max => "to the greatest count",
        MissingMetricsMode.AtLeast => $"at least {missing.Count}",
        _ => $"fallback to {missing.Count}",
    };

    /// <summary><c>tpm is missing (no sample in 1m)</c>: the reads of the rules that could not be decided.</summary>
    private static string Missing(AppMemory state)
    {
        var policy = state.Policy;
        string? partial = null;
        for (var i = 0; i < state.Opinions.All.Length; i++)
        {
            if (state.Opinions.All[i].Verdict != RuleVerdict.Unknown) continue;
            var known = true;
            foreach (var slot in policy.RuleArray[i].Reads)
            {
                var (name, reading) = (policy.Reads[slot - Slots.FirstRead].Text, state.App.Readings[slot - Slots.FirstRead]);
                if (reading.Absence == Absence.Missing) return $"{name} is missing ({reading.Missing})";
                if (state.App.Slots[slot].IsPoint) continue;
                partial ??= reading.Absence switch
                {
                    Absence.Idle => $"{name} is idle ({reading.Missing})",
                    Absence.Starting => $"{name} is not known while instances start ({reading.Missing})",
                    _ => $"{name} is {Partial(reading)}",
                };
                known = false;
            }

            if (known) return $"{policy.RuleArray[i].Name} is unknown";
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
