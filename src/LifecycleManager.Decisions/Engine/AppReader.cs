using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Engine;

/// <summary>Brings an app's fact up to date: its counts, the time, and what is read of its metrics.</summary>
internal sealed class AppReader
{
    private static readonly Interval AnyLoad = new(0, double.PositiveInfinity);
    private readonly InstanceQuantile _quantile = new();
    private (DateTimeOffset Now, TimeZoneInfo? Zone, double Seconds) _timeOf;

    /// <summary>
    /// Takes in the counts: what was asked for and has come about, and how the count moved. True where that changes the fact,
    /// time apart.
    /// </summary>
    public static bool Observe(AppMemory state, in AppFacts facts)
    {
        var (app, before) = (state.App, (state.Facts, state.App.Pending, state.App.CountChanged));
        if (state.AskedTo >= 0 && facts.Instances == state.AskedTo)
        {
            state.Events.Add(state.AskedAt, state.AskedTo - state.AskedFrom);
            state.Growth.Begin(state.AskedAt, state.AskedFrom, state.AskedTo);
            if (state.AskedTo < state.AskedFrom) state.Watch.Begin(state.AskedAt, state.AskedFrom, state.AskedTo);
        }

        state.Ask(-1, -1, default);
        state.Events.Prune(facts.Steady, state.Policy.LongestPeriod);
        app.Observe(
            facts,
            previous: state.Ticked && state.Facts.Now < facts.Now ? state.Facts.Now : facts.Now,
            pending: Math.Min(
                facts.Instances, facts.Deploying ? Math.Max(facts.Staged, facts.Instances - facts.Healthy) : facts.Staged),
            countChanged: state.Ticked && facts.Instances != state.Facts.Instances);
        if (!state.Ticked)
        {
            // As the HPA does: the count found is a recommendation, so that a restart does not shrink an app at once.
            state.Highest.Add(facts.Steady, facts.Instances, state.Policy.ScaleIn.Stabilization);
            state.Lowest.Add(facts.Steady, facts.Instances, state.Policy.ScaleOut.Stabilization);
            state.Ticked = true;
            return true;
        }

        return before != (facts with { Now = before.Facts.Now, Steady = before.Facts.Steady }, app.Pending, app.CountChanged);
    }

    /// <summary>Reads the metrics. True where a reading is another than before.</summary>
    public bool Read(AppMemory state, IMetricReader metrics)
    {
        var (app, policy, facts, slots) = (state.App, state.Policy, state.Facts, state.App.Slots);
        var bounds = state.Opinions.Bounds;
        slots[Slots.Instances] = facts.Instances;
        slots[Slots.Healthy] = facts.Healthy;
        slots[Slots.Staged] = facts.Staged;
        slots[Slots.Time] = TimeOfDay(facts.Now, policy.Zone);
        var hasChanged = Set(slots, Slots.Min, bounds.Min) | Set(slots, Slots.Max, bounds.Max) | app.IsPartial;
        var (isPartial, isSilent) = (false, false);
        for (var i = 0; i < policy.Reads.Length; i++)
        {
            var read = policy.Reads[i];
            ref var reading = ref app.Readings[i];
            var before = reading.Absence;
            reading = double.IsNaN(read.InstanceQuantile)
                ? metrics.Read(facts.App, read.Query, facts.Now)
                : _quantile.Read(read, facts.App, facts.Now, metrics);
            if (reading.IsKnown && !double.IsFinite(reading.Value)) reading = MetricReading.Unknown("not a finite number");
            hasChanged |= reading.Absence != before;
            var isIdle = reading.Absence == Absence.Idle;
            hasChanged |= Set(slots, Slots.FirstRead + i, isIdle ? read.OnIdle.Range : reading.Range);
            isSilent |= reading.IsKnown && !reading.Range.IsPoint;
            isPartial |= isIdle || isSilent || (reading.IsKnown && reading.Floor != reading.Range.Low);
        }

        (app.IsPartial, app.IsSilent) = (isPartial, isSilent);
        app.Growing = isPartial || policy.HasRatio ? Growing(state) : null;
        state.Watch.Observe(state);
        state.Growth.Observe(state);
        return hasChanged | isPartial;
    }

    private static bool Set(Interval[] slots, int slot, Interval value)
    {
        if (slots[slot].Equals(value)) return false;
        slots[slot] = value;
        return true;
    }

    /// <summary>What growth is reckoned with: see <see cref="App.Growing"/>.</summary>
    private static Interval[] Growing(AppMemory state)
    {
        var app = state.App;
        var growing = state.Partial ??= new Interval[app.Slots.Length];
        app.Slots.CopyTo(growing, 0);
        growing[Slots.Idle] = AnyLoad;
        for (var i = 0; i < app.Readings.Length; i++)
        {
            ref readonly var reading = ref app.Readings[i];
            if (reading.IsKnown) growing[Slots.FirstRead + i] = reading.Range with { Low = reading.Floor };
            else if (reading.Absence == Absence.Idle && state.Policy.Reads[i].OnIdle.IsZeroLoad)
                growing[Slots.FirstRead + i] = AnyLoad;
        }

        return growing;
    }

    /// <summary>Seconds since midnight in a zone; most apps of a tick share both.</summary>
    private double TimeOfDay(DateTimeOffset now, TimeZoneInfo zone)
    {
        if (now != _timeOf.Now || !ReferenceEquals(zone, _timeOf.Zone))
            _timeOf = (now, zone, (now + zone.GetUtcOffset(now)).UtcDateTime.TimeOfDay.TotalSeconds);
        return _timeOf.Seconds;
    }
}
