using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;

namespace LifecycleManager.Decisions.Tests.Oracle;

/// <summary>
/// From the rules' opinions to the count, in the HPA's order: they are combined, then come missing metrics, bounds,
/// stabilization, limits, pauses and cooldown. Each step that changes the count is remembered with the app, to be explained.
/// </summary>
internal static class OracleCountPipeline
{
    /// <summary>Sets the bounds in force and the count of this tick.</summary>
    public static void Run(OracleAppMemory state)
    {
        var (policy, facts) = (state.Policy!, state.Facts);
        state.StepCount = 0;
        state.Winner = -1;
        (state.AnyUnknown, state.AnyMissing, state.AnyPartial) = (false, false, false);
        var (min, max, wanted) = (policy.Instances.Min, policy.Instances.Max, -1);
        var (floor, floorRule) = (-1, -1);
        var perhaps = -1;
        for (var i = 0; i < state.Opinions.Length; i++)
        {
            ref readonly var opinion = ref state.Opinions[i];
            switch (opinion.Verdict)
            {
                case RuleVerdict.Unknown:
                    state.AnyUnknown = true;
                    if (state.IsPartial(i)) state.AnyPartial = true;
                    else state.AnyMissing = true;
                    if (opinion.Min >= 0) perhaps = Math.Max(perhaps, policy.Instances.Clamp(opinion.Min));
                    break;
                case RuleVerdict.Count when opinion.Count > wanted:
                    (wanted, state.Winner) = (opinion.Count, i);
                    break;
                case RuleVerdict.AtLeast when opinion.Count > floor:
                    (floor, floorRule) = (opinion.Count, i);
                    break;
                case RuleVerdict.Bounds:
                    if (opinion.Min >= 0) min = Math.Max(min, policy.Instances.Clamp(opinion.Min));
                    if (opinion.Max >= 0) max = Math.Min(max, policy.Instances.Clamp(opinion.Max));
                    break;
            }
        }

        if (floor > (wanted < 0 ? facts.Instances : wanted)) (wanted, state.Winner) = (floor, floorRule);

        // Of two rules whose bounds exclude each other the lower bound wins: being there comes before being cheap. One that is
        // unknown adds none, but keeps the instances that there are.
        state.Bounds = new InstanceBounds(min, Math.Max(Math.Max(min, max), Math.Min(perhaps, facts.Instances)));
        state.To = facts.Instances == 0 && policy.Instances.Min > 0
            ? state.Adjust(StepKind.Suspended, Math.Max(0, wanted), 0)
            : Constrain(state, wanted < 0 ? facts.Instances : wanted);
    }

    private static int Constrain(OracleAppMemory state, int wanted)
    {
        var (policy, facts, bounds) = (state.Policy!, state.Facts, state.Bounds);
        var current = facts.Instances;
        var missing = state.AnyUnknown && wanted <= current;
        if (!missing || !state.AnyMissing) state.MissingSince = default;
        if (missing) wanted = OnMissing(state, wanted);

        if (bounds.Clamp(current) is var nearest && nearest != current)
        {
            wanted = state.Adjust(StepKind.OutOfBounds, wanted, nearest);
            state.Highest.Add(facts.Steady, wanted, policy.ScaleIn.Stabilization);
            state.Lowest.Add(facts.Steady, wanted, policy.ScaleOut.Stabilization);
        }
        else
        {
            if (wanted > bounds.Max) wanted = state.Adjust(StepKind.BoundsMax, wanted, bounds.Max);
            if (wanted < bounds.Min) wanted = state.Adjust(StepKind.BoundsMin, wanted, bounds.Min);
            if (missing && (policy.OnMissingMetrics.Mode == MissingMetricsMode.Hold || !state.AnyMissing)) return current;
            wanted = Stabilize(state, wanted);
            wanted = Limit(state, wanted);
        }

        if (wanted > current && policy.Pause.HasFlag(Pause.ScaleOut)) wanted = state.Adjust(StepKind.Pause, wanted, current, 1);
        if (wanted < current && policy.Pause.HasFlag(Pause.ScaleIn)) wanted = state.Adjust(StepKind.Pause, wanted, current, -1);
        var cooldown = wanted > current ? policy.ScaleOut.Cooldown : wanted < current ? policy.ScaleIn.Cooldown : TimeSpan.Zero;
        if (cooldown > TimeSpan.Zero && state.Events.Newest is var newest && newest != default && newest <= facts.Steady
            && facts.Steady - newest < cooldown)
        {
            wanted = state.Adjust(StepKind.Cooldown, wanted, current);
        }

        return wanted;
    }

    private static int OnMissing(OracleAppMemory state, int wanted)
    {
        var (missing, current, now) = (state.Policy!.OnMissingMetrics, state.Facts.Instances, state.Facts.Steady);
        if (state.AnyMissing && (state.MissingSince == default || state.MissingSince > now)) state.MissingSince = now;
        if (!state.AnyMissing || missing.Mode == MissingMetricsMode.Hold || now - state.MissingSince < missing.After)
        {
            return wanted == current && state.Winner >= 0 ? wanted : state.Adjust(StepKind.MissingMetrics, wanted, current);
        }

        var count = missing.Mode switch
        {
            MissingMetricsMode.Min => state.Bounds.Min,
            MissingMetricsMode.Max => state.Bounds.Max,
            _ => missing.Count,
        };
        // What is given for a metric that is missing says nothing of one that is known in part.
        if (state.AnyPartial) count = Math.Max(count, current);
        return state.Adjust(StepKind.MissingMetrics, wanted, count);
    }

    private static int Stabilize(OracleAppMemory state, int wanted)
    {
        var (policy, now, current) = (state.Policy!, state.Facts.Steady, state.Facts.Instances);
        var least = state.Lowest.Add(now, wanted, policy.ScaleOut.Stabilization);
        var most = state.Highest.Add(now, wanted, policy.ScaleIn.Stabilization);
        var stable = Math.Min(Math.Max(current, least), most);
        return stable == wanted ? wanted : state.Adjust(StepKind.Stabilization, wanted, stable, wanted > stable ? 1 : -1);
    }

    private static int Limit(OracleAppMemory state, int wanted)
    {
        var current = state.Facts.Instances;
        if (wanted == current) return wanted;
        var grow = wanted > current;
        var behavior = grow ? state.Policy!.ScaleOut : state.Policy!.ScaleIn;
        var allowed = state.Events.Allowed(behavior, current, state.Facts.Steady, grow, out var binding);
        if (grow ? wanted <= allowed : wanted >= allowed) return wanted;
        return behavior.Select == LimitSelect.Disabled
            ? state.Adjust(StepKind.Disabled, wanted, allowed, grow ? 1 : -1)
            : state.Adjust(StepKind.Limit, wanted, allowed, grow ? binding : ~binding);
    }
}
