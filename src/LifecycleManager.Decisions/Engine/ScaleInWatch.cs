using System.Globalization;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Engine;

/// <summary>How an app was at a moment, as far as that is known; NaN where it is not.</summary>
/// <param name="Healthy">The share of its instances that were healthy.</param>
/// <param name="Metric">
/// The policy's metric: of what silent instances leave open the worse end before, the better end after.
/// </param>
internal readonly record struct Condition(double Healthy, double Metric)
{
    /// <summary>Nothing is known.</summary>
    public static Condition Unknown => new(double.NaN, double.NaN);
}

/// <summary>What was worse after a scale-in.</summary>
/// <param name="From">The count before it.</param>
/// <param name="To">The count after it.</param>
/// <param name="IsHealth">Whether it is the share of healthy instances; else the policy's metric.</param>
/// <param name="Before">The value just before.</param>
/// <param name="After">The value after.</param>
internal readonly record struct Worsening(int From, int To, bool IsHealth, double Before, double After);

/// <summary>
/// The watch over an app's last scale-in: where things are worse than just before, it is taken back once, and nothing is scaled
/// in for a while. What is not known is never worse. It ends where anybody changes the count. Instants are the steady clock's.
/// </summary>
internal sealed class ScaleInWatch
{
    /// <summary>How the app is while a scale-in is asked for.</summary>
    public Condition Asked { get; private set; } = Condition.Unknown;

    /// <summary>When the scale-in under watch was asked for; default for none.</summary>
    public DateTimeOffset At { get; private set; }

    /// <summary>The count before it.</summary>
    public int From { get; private set; }

    /// <summary>The count after it.</summary>
    public int To { get; private set; }

    /// <summary>How the app was just before it.</summary>
    public Condition Before { get; private set; } = Condition.Unknown;

    /// <summary>Whether it is being taken back: the count has yet to come.</summary>
    public bool TakesBack { get; private set; }

    /// <summary>Since when nothing is scaled in; default where it may be.</summary>
    public DateTimeOffset HeldSince { get; private set; }

    /// <summary>What was worse, while nothing is scaled in.</summary>
    public Worsening Found { get; private set; }

    /// <summary>Whether there is nothing to remember.</summary>
    public bool IsIdle => At == default && HeldSince == default;

    /// <summary>A scale-in is asked for: how things are now is how they were just before.</summary>
    public void Ask(AppMemory state) =>
        Asked = state.Policy.ScaleIn.Worse is { } check ? Look(state, check, isBefore: true) : Condition.Unknown;

    /// <summary>The scale-in that was asked for has come about.</summary>
    public void Begin(DateTimeOffset at, int from, int to) =>
        (At, From, To, Before, TakesBack) = (at, from, to, Asked, false);

    /// <summary>Looks at the app at a tick, its counts and metrics read.</summary>
    public void Observe(AppMemory state)
    {
        if (state.Policy.ScaleIn.Worse is not { } check)
        {
            if (!IsIdle) End();
            (HeldSince, Found) = (default, default);
            return;
        }

        var (facts, now) = (state.Facts, state.Facts.Steady);
        if (At != default && facts.Instances != To) End();
        if (HeldSince != default && now - HeldSince >= check.Hold)
        {
            if (TakesBack) End();
            (HeldSince, Found) = (default, default);
        }

        if (At == default || TakesBack) return;
        if (now - At > check.Within) End();
        else if (Find(Look(state, check, isBefore: false), check) is { } found)
            (Found, TakesBack, HeldSince) = (found, true, now);
    }

    /// <summary>The least count that the app keeps or goes back to; -1 for none.</summary>
    public int Least(int current) => TakesBack ? Math.Max(From, current) : HeldSince != default ? current : -1;

    /// <summary>Under another text of the policy its metric may be another one.</summary>
    public void ForgetMetric() => (Asked, Before) = (Asked with { Metric = double.NaN }, Before with { Metric = double.NaN });

    /// <summary>Goes on with what another text of the policy or another process had under watch.</summary>
    public void GoOn(ScaleInWatch before) =>
        (Asked, At, From, To, Before, TakesBack, HeldSince, Found) = (before.Asked, before.At, before.From, before.To,
            before.Before, before.TakesBack, before.HeldSince, before.Found);

    /// <summary>Adds what is remembered, the time that passes apart.</summary>
    public void AddTo(ref NumberDigest digest)
    {
        if (IsIdle) return;
        foreach (var number in (ReadOnlySpan<long>)[At.UtcTicks, From, To, TakesBack ? 1 : 0, HeldSince.UtcTicks])
            digest.Add(number);
        foreach (var value in (ReadOnlySpan<double>)[Before.Healthy, Before.Metric, Found.Before, Found.After])
            digest.Add(BitConverter.DoubleToInt64Bits(value));
    }

    /// <summary>What is to be stored; null where there is nothing.</summary>
    /// <param name="wall">The wall clock's time of an instant.</param>
    public StoredWatch? Export(Func<DateTimeOffset, DateTimeOffset> wall) => IsIdle ? null : new StoredWatch
    {
        Step = At == default ? null : Export(new StoredCountChange(wall(At), From, To), Before),
        HeldSince = HeldSince == default ? null : wall(HeldSince),
        TakesBack = TakesBack,
        Found = HeldSince == default ? null
            : new StoredWorsening(Found.From, Found.To, Found.IsHealth, Found.Before, Found.After),
    };

    /// <summary>A change that is asked for, with how the app is meanwhile.</summary>
    public StoredCountChange Export(StoredCountChange asked) => asked.To < asked.From ? Export(asked, Asked) : asked;

    /// <summary>Goes on with what was stored.</summary>
    /// <param name="stored">The memory.</param>
    /// <param name="steady">The steady clock's time of an instant.</param>
    public void Restore(StoredMemory stored, Func<DateTimeOffset, DateTimeOffset> steady)
    {
        Asked = Of(stored.Asked is { } asked && asked.To < asked.From ? asked : null);
        if (stored.ScaleIn is not { } kept) return;
        if (kept.Step is { } step)
            (At, From, To, Before, TakesBack) = (steady(step.At), step.From, step.To, Of(step), kept.TakesBack);
        if (kept is { HeldSince: { } since, Found: { } found })
        {
            (HeldSince, Found) =
                (steady(since), new Worsening(found.From, found.To, found.IsHealth, found.Before, found.After));
        }

        static Condition Of(StoredCountChange? change) => new(change?.Healthy ?? double.NaN, change?.Metric ?? double.NaN);
    }

    /// <summary>What was worse, for people: <c>latency is 0.31, 24% worse than 0.25 just before</c>.</summary>
    public string Tell(WorseCheck check)
    {
        var change = Math.Abs(Found.After - Found.Before) / Found.Before;
        var what = Found.IsHealth ? "the share of healthy instances" : check.Metric?.Text;
        return string.Create(CultureInfo.InvariantCulture,
            $"{what} is {Expression.Format(Found.After)}, {change * 100:0}% worse than {Expression.Format(Found.Before)}")
            + " just before";
    }

    private static StoredCountChange Export(StoredCountChange change, Condition before) => change with
    {
        Healthy = double.IsFinite(before.Healthy) ? before.Healthy : null,
        Metric = double.IsFinite(before.Metric) ? before.Metric : null,
    };

    private void End() => (At, TakesBack, Before) = (default, false, Condition.Unknown);

    private Worsening? Find(Condition now, WorseCheck check)
    {
        const double tiny = 1e-9;
        if (Before.Healthy > 0 && now.Healthy <= (Before.Healthy * (1 - check.By)) + tiny)
            return new Worsening(From, To, true, Before.Healthy, now.Healthy);
        if (Before.Metric > 0 && now.Metric >= Before.Metric * (1 + check.By) * (1 - tiny))
            return new Worsening(From, To, false, Before.Metric, now.Metric);
        return null;
    }

    private static Condition Look(AppMemory state, WorseCheck check, bool isBefore)
    {
        var facts = state.Facts;

        // What a deployment replaces is not sick.
        var healthy = facts.Instances > 0 && !facts.Deploying
            ? Math.Min(1, facts.Healthy / (double)facts.Instances) : double.NaN;
        return new Condition(
            healthy, check.Metric is { } metric ? WatchedMetric.Read(state, metric, isBefore) : double.NaN);
    }
}
