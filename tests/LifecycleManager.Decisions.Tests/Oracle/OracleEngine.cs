using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tests.Oracle;

/// <summary>
/// The evaluator of before there were rules of NRules, one rule after the other: what the engine is compared with.
/// </summary>
internal sealed class OracleEngine
{
    private readonly Dictionary<string, OracleAppMemory> _apps = new(StringComparer.Ordinal);
    private readonly OracleRuleTick _tick = new();
    private readonly InstanceQuantile _quantile = new();
    private PolicyIndex _index = new(PolicySet.Empty);
    private (DateTimeOffset Now, TimeZoneInfo? Zone, double Seconds) _timeOf;
    private int _generation;

    /// <summary>The policies in force.</summary>
    public PolicySet Policies => _index.Policies;

    /// <summary>Puts policies in force. Timers and windows of unchanged policies are kept.</summary>
    public void Use(PolicySet policies)
    {
        ArgumentNullException.ThrowIfNull(policies);
        _index = new PolicyIndex(policies);
        _generation++;
    }

    /// <summary>The policy that governs an app; null for none.</summary>
    public Policy? PolicyOf(AppRef app) => _index.Find(app);

    /// <summary>
    /// Decides one app's count at one tick. Null where no policy governs it.
    /// A hold that says the same as the last tick's is the same object (its <see cref="Decision.At"/> is when it began), so that
    /// a quiet cluster costs no memory; <see cref="Explain"/> gives the last tick's values at any time.
    /// </summary>
    public Decision? Decide(AppRef app, in AppFacts facts, IMetricReader metrics)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        if (StateOf(app) is not { } state) return null;
        Observe(state, facts);
        Load(state, metrics);
        Read(state, metrics);
        _tick.Growing = state.Growing;
        for (var i = 0; i < state.RuleArray.Length; i++) state.Opinions[i] = state.RuleArray[i].Evaluate(_tick);
        OracleCountPipeline.Run(state);
        return Conclude(state);
    }

    /// <summary>The last tick's decision with that tick's values; null where the app was not decided yet.</summary>
    public Decision? Explain(string app)
    {
        if (!_apps.TryGetValue(app, out var state) || !state.Ticked) return null;
        Load(state, NoMetrics.Instance);
        return OracleDecisionText.Write(state, _tick);
    }

    /// <summary>What each rule said of an app at the last tick; none where it was not decided yet.</summary>
    public IReadOnlyList<RuleReport> Opinions(string app)
    {
        if (!_apps.TryGetValue(app, out var state) || !state.Ticked) return [];
        Load(state, NoMetrics.Instance);
        return
        [
            .. state.RuleArray.Select((rule, i) => new RuleReport(
                rule.Name,
                state.Opinions[i].Verdict,
                state.Opinions[i].Verdict is RuleVerdict.Count or RuleVerdict.AtLeast ? state.Opinions[i].Count : null,
                rule.Describe(state.Opinions[i], _tick))),
        ];
    }

    /// <summary>Forgets an app that is gone.</summary>
    public void Forget(string app) => _apps.Remove(app);

    /// <summary>The app's state under the policy that governs it now; null where none does.</summary>
    private OracleAppMemory? StateOf(AppRef app)
    {
        if (!_apps.TryGetValue(app.Id, out var state)) _apps.Add(app.Id, state = new OracleAppMemory(app.Id));
        if (state.Generation == _generation && ReferenceEquals(state.Labels, app.Labels)) return state;
        var policy = _index.Find(app);
        if (policy is null)
        {
            _apps.Remove(app.Id);
            return null;
        }

        state.Adopt(policy);
        (state.Generation, state.Labels) = (_generation, app.Labels);
        return state;
    }

    /// <summary>Takes in the facts: what was asked for and has come about, and how the count moved.</summary>
    private static void Observe(OracleAppMemory state, in AppFacts facts)
    {
        state.CountChanged = state.Ticked && facts.Instances != state.Facts.Instances;
        state.Previous = state.Ticked && state.Facts.Now < facts.Now ? state.Facts.Now : facts.Now;
        if (state.AskedTo >= 0 && facts.Instances == state.AskedTo)
            state.Events.Add(state.AskedAt, state.AskedTo - state.AskedFrom);
        state.AskedTo = -1;
        state.Events.Prune(facts.Steady, state.Policy!.LongestPeriod);
        state.Pending = Math.Min(
            facts.Instances, facts.Deploying ? Math.Max(facts.Staged, facts.Instances - facts.Healthy) : facts.Staged);
        state.Facts = facts;
        if (!state.Ticked)
        {
            // As the HPA does: the count found is a recommendation, so that a restart does not shrink an app at once.
            state.Highest.Add(facts.Steady, facts.Instances, state.Policy.ScaleIn.Stabilization);
            state.Lowest.Add(facts.Steady, facts.Instances, state.Policy.ScaleOut.Stabilization);
            state.Ticked = true;
        }
    }

    private void Load(OracleAppMemory state, IMetricReader metrics)
    {
        _tick.Begin();
        _tick.Facts = state.Facts;
        _tick.Previous = state.Previous;
        _tick.Pending = state.Pending;
        _tick.CountChanged = state.CountChanged;
        _tick.Slots = state.Slots;
        _tick.Growing = state.Growing;
        _tick.States = state.Rules;
        _tick.Reads = state.Policy!.Reads;
        _tick.Metrics = metrics;
    }

    private void Read(OracleAppMemory state, IMetricReader metrics)
    {
        var (facts, policy, slots) = (state.Facts, state.Policy!, state.Slots);
        slots[Slots.Instances] = facts.Instances;
        slots[Slots.Healthy] = facts.Healthy;
        slots[Slots.Staged] = facts.Staged;
        slots[Slots.Min] = state.Bounds.Min;
        slots[Slots.Max] = state.Bounds.Max;
        slots[Slots.Time] = TimeOfDay(facts.Now, policy.Zone);
        var partial = false;
        for (var i = 0; i < policy.Reads.Length; i++)
        {
            var read = policy.Reads[i];
            ref var reading = ref state.Readings[i];
            reading = double.IsNaN(read.InstanceQuantile)
                ? metrics.Read(facts.App, read.Query, facts.Now)
                : _quantile.Read(read, facts.App, facts.Now, metrics);
            if (reading.IsKnown && !double.IsFinite(reading.Value)) reading = MetricReading.Unknown("not a finite number");
            slots[Slots.FirstRead + i] = reading.Range;
            partial |= reading.IsKnown && !reading.Range.IsPoint;
        }

        state.Growing = partial ? Growing(state) : null;
    }

    /// <summary>The slots with every silent instance taken for no less than an idle one.</summary>
    private static Interval[] Growing(OracleAppMemory state)
    {
        var growing = state.Partial ??= new Interval[state.Slots.Length];
        state.Slots.CopyTo(growing, 0);
        for (var i = 0; i < state.Readings.Length; i++)
        {
            ref readonly var reading = ref state.Readings[i];
            if (reading.Range.Low < reading.Floor) growing[Slots.FirstRead + i] = reading.Range with { Low = reading.Floor };
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

    private Decision Conclude(OracleAppMemory state)
    {
        var facts = state.Facts;
        if (state.To != facts.Instances)
        {
            if (!state.Policy!.DryRun)
                (state.AskedFrom, state.AskedTo, state.AskedAt) = (facts.Instances, state.To, facts.Steady);
        }

        var signature = Signature(state);
        if (state.Last is { Kind: DecisionKind.Hold } last && last.From == facts.Instances && state.To == facts.Instances
            && state.LastSignature == signature)
        {
            return last;
        }

        state.LastSignature = signature;
        return state.Last = OracleDecisionText.Write(state, _tick);
    }

    /// <summary>Tells two holds apart by what held, not by the values that were seen.</summary>
    private static int Signature(OracleAppMemory state)
    {
        var hash = (state.Winner * 31) + state.To;
        for (var i = 0; i < state.StepCount; i++) hash = (hash * 31) + ((int)state.Steps[i].Kind * 1009) + state.Steps[i].From;
        foreach (ref readonly var opinion in state.Opinions.AsSpan())
        {
            // A wait that begins or ends is no news of its own.
            var verdict = opinion.Verdict == RuleVerdict.Waiting ? RuleVerdict.None : opinion.Verdict;
            hash = (hash * 31) + ((int)verdict * 17) + opinion.Count;
        }

        return hash;
    }

    private sealed class NoMetrics : IMetricReader
    {
        public static readonly NoMetrics Instance = new();

        public MetricReading Read(string appId, MetricQuery query, DateTimeOffset now) => MetricReading.Unknown("not read");

        public void ReadInstances(string appId, MetricQuery query, DateTimeOffset now, ICollection<InstanceReading> into)
        {
        }
    }
}
