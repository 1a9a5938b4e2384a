using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;

namespace LifecycleManager.Decisions.Engine;

/// <summary>
/// From what the rules want to the count, in the HPA's order: missing metrics, bounds, what is demanded for the sake of other
/// apps, stabilization, limits, what was worse after the last scale-in or no better after scale-outs, pauses and cooldown. Each
/// step that changes the count is remembered with the app, to be explained.
/// </summary>
internal static class CountPipeline
{
    /// <summary>Sets the bounds in force and the count of this tick.</summary>
    public static void Run(AppMemory state)
    {
        var all = state.Opinions;
        (state.StepCount, state.HeldUntil) = (0, DateTimeOffset.MaxValue);
        state.To = all.IsSwitchedOff ? state.Adjust(StepKind.Suspended, all.Wanted.Count, 0) : Constrain(state, all.Wanted.Count);
    }

    private static int Constrain(AppMemory state, int wanted)
    {
        var (policy, facts, all) = (state.Policy, state.Facts, state.Opinions);
        var (current, bounds, missing) = (facts.Instances, all.Bounds, all.IsHeld);
        if (!missing || !all.AnyMissing) state.MissingSince = default;
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
            var isHeld = missing && (policy.OnMissingMetrics.Mode == MissingMetricsMode.Hold || !state.Opinions.AnyMissing);
            if (isHeld) wanted = current;
            wanted = Coordinate(state, wanted);
            if (!isHeld || wanted != current) wanted = Limit(state, Stabilize(state, wanted));
        }

        var isTakenBack = state.Watch.TakesBack;
        wanted = isTakenBack ? TakeBack(state, wanted) : HoldGrowth(state, Hold(state, wanted));
        if (wanted > current && policy.Pause.HasFlag(Pause.ScaleOut)) wanted = state.Adjust(StepKind.Pause, wanted, current, 1);
        if (wanted < current && policy.Pause.HasFlag(Pause.ScaleIn)) wanted = state.Adjust(StepKind.Pause, wanted, current, -1);
        var cooldown = wanted > current ? policy.ScaleOut.Cooldown : wanted < current ? policy.ScaleIn.Cooldown : TimeSpan.Zero;
        if (!isTakenBack && cooldown > TimeSpan.Zero && state.Events.Newest is var newest && newest != default
            && newest <= facts.Steady && facts.Steady - newest < cooldown)
        {
            wanted = state.Adjust(StepKind.Cooldown, wanted, current);
            state.HoldUntil(newest + cooldown);
        }

        return wanted;
    }

    /// <summary>
    /// What comes later has the last word: budgets before holds, holds before `at most`, that before `at least`.
    /// </summary>
    private static int Coordinate(AppMemory state, int wanted)
    {
        var (outcome, bounds) = (state.Outcome, state.Opinions.Bounds);
        if (outcome.AtLeast >= 0 && bounds.Clamp(outcome.AtLeast) is var least && least > wanted)
            wanted = state.Adjust(StepKind.AtLeast, wanted, least);
        return Cap(state, wanted);
    }

    /// <summary>What holds, `at most` and budgets leave of a count.</summary>
    /// <param name="state">The app.</param>
    /// <param name="wanted">The count.</param>
    /// <param name="tells">Whether the steps are remembered.</param>
    private static int Cap(AppMemory state, int wanted, bool tells = true)
    {
        var (outcome, current, bounds) = (state.Outcome, state.Facts.Instances, state.Opinions.Bounds);
        if (outcome.AtMost >= 0)
        {
            // While room that was made waits to be taken the app neither gives more nor takes it back.
            var most = outcome.Room is null ? outcome.AtMost : current;
            if (outcome.AtLeast >= 0) most = Math.Max(most, bounds.Clamp(outcome.AtLeast));
            if (wanted > most) wanted = Step(StepKind.AtMost, most);
        }

        if (outcome.NoScaleIn is not null && wanted < current) wanted = Step(StepKind.NoScaleIn, current);
        if (outcome.NoScaleOut is not null && wanted > current) wanted = Step(StepKind.NoScaleOut, current);
        if (outcome.Limit is { } limit && wanted > limit.Count) wanted = Step(StepKind.Budget, limit.Count);
        return wanted;

        int Step(StepKind kind, int to) => tells ? state.Adjust(kind, wanted, to) : to;
    }

    /// <summary>The last scale-in is taken back, as far as bounds, other apps and budgets let it.</summary>
    private static int TakeBack(AppMemory state, int wanted)
    {
        var count = state.Opinions.Bounds.Clamp(state.Watch.Least(state.Facts.Instances));
        return count > wanted ? Cap(state, state.Adjust(StepKind.TakenBack, wanted, count)) : wanted;
    }

    /// <summary>Things were worse after the last scale-in: for a while no rule of the app's own shrinks it.</summary>
    private static int Hold(AppMemory state, int wanted)
    {
        if (state.Watch.Least(state.Facts.Instances) is var least && least <= wanted) return wanted;
        var kept = Cap(state, state.Opinions.Bounds.Clamp(least), tells: false);
        if (kept <= wanted) return wanted;
        state.HoldUntil(state.Watch.HeldSince + state.Policy.ScaleIn.Worse!.Hold);
        return state.Adjust(StepKind.WorseBefore, wanted, kept);
    }

    /// <summary>Scale-outs have not helped: for a while no rule of the app's own lets it grow.</summary>
    private static int HoldGrowth(AppMemory state, int wanted)
    {
        if (state.Growth.HeldSince == default) return wanted;
        var kept = Math.Max(state.Facts.Instances, state.Opinions.Bounds.Clamp(Math.Max(0, state.Outcome.AtLeast)));
        if (wanted <= kept) return wanted;
        state.HoldUntil(state.Growth.HeldSince + state.Policy.ScaleOut.Better!.Hold);
        return state.Adjust(StepKind.NoBetter, wanted, kept);
    }

    private static int OnMissing(AppMemory state, int wanted)
    {
        var (missing, current, now) = (state.Policy.OnMissingMetrics, state.Facts.Instances, state.Facts.Steady);
        if (state.Opinions.AnyMissing && (state.MissingSince == default || state.MissingSince > now)) state.MissingSince = now;
        if (!state.Opinions.AnyMissing || missing.Mode == MissingMetricsMode.Hold || now - state.MissingSince < missing.After)
        {
            if (state.Opinions.AnyMissing && missing.Mode != MissingMetricsMode.Hold)
                state.HoldUntil(state.MissingSince + missing.After);
            return wanted == current && state.Opinions.Wanted.Rule >= 0
                ? wanted : state.Adjust(StepKind.MissingMetrics, wanted, current);
        }

        var count = missing.Mode switch
        {
            MissingMetricsMode.Min => state.Opinions.Bounds.Min,
            MissingMetricsMode.Max => state.Opinions.Bounds.Max,
            MissingMetricsMode.AtLeast => Math.Max(current, missing.Count),
            _ => missing.Count,
        };
        // What is given for a metric that is missing says nothing of one that is known in part.
        if (state.Opinions.AnyPartial) count = Math.Max(count, current);
        return state.Adjust(StepKind.MissingMetrics, wanted, count);
    }

    private static int Stabilize(AppMemory state, int wanted)
    {
        var (policy, now, current) = (state.Policy, state.Facts.Steady, state.Facts.Instances);
        var least = state.Lowest.Add(now, wanted, policy.ScaleOut.Stabilization);
        var most = state.Highest.Add(now, wanted, policy.ScaleIn.Stabilization);
        var stable = Math.Min(Math.Max(current, least), most);
        if (stable == wanted) return wanted;
        state.HoldUntil(wanted > stable
            ? state.Lowest.Oldest + policy.ScaleOut.Stabilization : state.Highest.Oldest + policy.ScaleIn.Stabilization);
        return state.Adjust(StepKind.Stabilization, wanted, stable, wanted > stable ? 1 : -1);
    }

    private static int Limit(AppMemory state, int wanted)
    {
        var current = state.Facts.Instances;
        if (wanted == current) return wanted;
        var grow = wanted > current;
        var behavior = grow ? state.Policy.ScaleOut : state.Policy.ScaleIn;
        var allowed = state.Events.Allowed(behavior, current, state.Facts.Steady, grow, out var binding);
        if (grow ? wanted <= allowed : wanted >= allowed) return wanted;
        if (behavior.Select == LimitSelect.Disabled) return state.Adjust(StepKind.Disabled, wanted, allowed, grow ? 1 : -1);
        state.HoldUntil(state.Events.NextToLeave(behavior, state.Facts.Steady));
        return state.Adjust(StepKind.Limit, wanted, allowed, grow ? binding : ~binding);
    }
}
