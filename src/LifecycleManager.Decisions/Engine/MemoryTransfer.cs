using LifecycleManager.Decisions.Facts;

namespace LifecycleManager.Decisions.Engine;

/// <summary>Brings what was remembered of an app in another process into this one.</summary>
internal static class MemoryTransfer
{
    /// <summary>Longer than from one tick to the next: who was away for no longer has missed nothing.</summary>
    private static readonly TimeSpan While = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Goes on with what is stored of an app, if anything is. Under another text of its policy what was done to it still counts,
    /// timers do not: the same as when a policy is edited.
    /// </summary>
    /// <param name="state">The app, which was not evaluated yet.</param>
    /// <param name="now">Its facts at its first tick.</param>
    public static void Restore(AppMemory state, in AppFacts now)
    {
        if (state.Stored is not { } stored) return;
        state.Stored = null;
        if (stored.Policy == state.Policy.Name) Restore(state, stored, now);
    }

    // By itself, so that an app for which nothing is stored costs no closure.
    private static void Restore(AppMemory state, StoredMemory stored, in AppFacts now)
    {
        var clock = new Clock(now.Now, now.Steady);
        foreach (var change in stored.Changes) state.Events.Add(clock.Steady(change.At), change.Count);
        if (stored.Asked is { } asked) state.Ask(asked.From, asked.To, clock.Steady(asked.At));
        state.Watch.Restore(stored, clock.Steady);
        state.Growth.Restore(stored, clock.Steady);
        if (stored.Digest != state.Policy.Digest)
        {
            state.Watch.ForgetMetric();
            state.Growth.ForgetMetric();
        }

        state.Highest.Restore(stored.Highest.Select(entry => (clock.Steady(entry.At), entry.Count)));
        state.Lowest.Restore(stored.Lowest.Select(entry => (clock.Steady(entry.At), entry.Count)));

        // A window that nothing is left of after a while is as at the beginning: the count found is a recommendation.
        var last = stored.At < now.Now ? stored.At : now.Now;
        var (scaleIn, scaleOut) = (state.Policy.ScaleIn.Stabilization, state.Policy.ScaleOut.Stabilization);
        var isBack = now.Now - last > While;
        if (IsOver(state.Highest, now.Steady - scaleIn, isBack)) state.Highest.Add(now.Steady, now.Instances, scaleIn);
        if (IsOver(state.Lowest, now.Steady - scaleOut, isBack)) state.Lowest.Add(now.Steady, now.Instances, scaleOut);
        var facts = new AppFacts(now.App, stored.Instances ?? now.Instances, 0, 0, false, last)
        {
            Steady = clock.Steady(last),
        };
        state.App.Observe(facts, last, pending: 0, countChanged: false);
        state.Ticked = true;
        if (stored.Digest != state.Policy.Digest) return;
        if (stored.MissingSince is { } missing) state.MissingSince = clock.Steady(missing);
        if (stored is { Min: { } min, Max: { } max }) state.Opinions.Begin(new InstanceBounds(min, max));
        foreach (var rule in stored.Rules.Where(rule => rule.Rule < state.App.States.Length))
        {
            ref var remembered = ref state.App.States[rule.Rule];
            remembered.FiredCount = rule.Count;
            if (rule.Fired is { } fired) remembered.FiredAt = fired < now.Now ? fired : now.Now;
            if (rule.Since is not { } since) continue;
            (remembered.Since, remembered.IsRestored) = (clock.Steady(since), true);
            state.IsRestored = true;
        }
    }

    /// <summary>The rules have seen a restored app: where a condition no longer holds, its wait is over.</summary>
    public static void Settle(AppMemory state)
    {
        if (!state.IsRestored) return;
        state.IsRestored = false;
        foreach (ref var rule in state.App.States.AsSpan())
        {
            if (rule.IsRestored) (rule.Since, rule.IsRestored) = (default, false);
        }
    }

    private static bool IsOver(in ExtremeWindow window, DateTimeOffset begin, bool isBack) =>
        window.Count == 0 || (isBack && window.Newest <= begin);

    /// <summary>The two clocks at one moment.</summary>
    private readonly struct Clock(DateTimeOffset wall, DateTimeOffset steady)
    {
        /// <summary>The steady clock's time of a stored instant; of one that is yet to come it is now.</summary>
        public DateTimeOffset Steady(DateTimeOffset stored)
        {
            var age = wall - stored;
            var oldest = DateTimeOffset.UnixEpoch;
            return age <= TimeSpan.Zero ? steady : age >= steady - oldest ? oldest : steady - age;
        }
    }
}
