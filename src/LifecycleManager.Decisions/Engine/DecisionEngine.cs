using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Engine.Islands;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Engine;

/// <summary>
/// Turns facts and metrics into instance counts, by rules of NRules. One owner at a time; deterministic; the only clocks are
/// <see cref="AppFacts.Steady"/> and <see cref="AppFacts.Now"/>.
/// <para>The order is the HPA's: the rules' recommendations are combined (growth takes the highest; shrinking needs every rule
/// with an opinion, and none that is unknown), then come bounds, stabilization, limits and cooldown. A count outside of the
/// bounds goes to the nearest bound at once, and an app at 0 whose policy wants at least 1 was suspended by hand and is left
/// alone.</para>
/// <para>Whoever is tied to an app by coordinations and budgets is decided with it, given or not.</para>
/// <para>A change counts for limits and cooldown once the facts show it; a decision that nobody carried out leaves no
/// trace.</para>
/// </summary>
public sealed class DecisionEngine
{
    private readonly Dictionary<string, AppMemory> _apps = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Name, string Digest), PolicySession> _sessions = [];
    private readonly InstanceSource _instances = new();
    private readonly AppReader _reader = new();
    private readonly IslandTick _islands = new();
    private readonly List<TickedApp> _ticked = [];
    private readonly List<PolicySession> _running = [];
    private PolicySet _policies = PolicySet.Empty;
    private PolicyIndex _index = new(PolicySet.Empty);
    private bool _readsWhole;
    private int _generation;
    private int _learning;
    private Func<string, string, IReadOnlyList<(DateTimeOffset At, double Value)>>? _history;
    private Func<string, StoredMemory?>? _recall;

    /// <summary>The policies in force.</summary>
    public PolicySet Policies => _index.Policies;

    /// <summary>Puts policies in force. Timers and windows of unchanged policies are kept.</summary>
    public void Use(PolicySet policies)
    {
        ArgumentNullException.ThrowIfNull(policies);
        _policies = policies;
        if (_readsWhole) policies = policies.ReadWhole();
        _index = new PolicyIndex(policies);
        _islands.Use(policies);
        _generation++;
        var kept = policies.Policies.Select(policy => (policy.Name, policy.Digest)).ToHashSet();
        foreach (var key in _sessions.Keys.Where(key => !kept.Contains(key)).ToList()) _sessions.Remove(key);
    }

    /// <summary>Puts rules that are code in force; null for none.</summary>
    public void UseCode(ICodeRules? rules)
    {
        _islands.UseCode(rules);
        // Which metrics they read shows when they run: as long as there are any, all that policies name are gathered.
        var readsWhole = rules is { Rules.Count: > 0 };
        if (readsWhole == _readsWhole) return;
        _readsWhole = readsWhole;
        Use(_policies);
    }

    /// <summary>
    /// The apps there are, with a policy or without: whom coordinations and budgets tie together. Others are unknown to them.
    /// </summary>
    public void Know(IReadOnlyCollection<AppRef> apps)
    {
        ArgumentNullException.ThrowIfNull(apps);
        _islands.Know(apps);
    }

    /// <summary>Whether a coordination, a budget or code ties apps together, so that <see cref="Know"/> matters.</summary>
    public bool TiesApps => !_islands.IsEmpty;

    /// <summary>Some apps, and those that coordinations, budgets or code tie to them: they are decided together.</summary>
    public IReadOnlySet<string> TiedTo(IEnumerable<string> apps) => _islands.TiedTo(apps);

    /// <summary>What is wrong with coordinations and budgets as things are: a name that no app has, for one.</summary>
    public IReadOnlyList<string> CoordinationProblems => _islands.Problems;

    /// <summary>What is used of the budgets, as of the last decisions.</summary>
    public IReadOnlyList<BudgetUse> BudgetUses() => _islands.Uses;

    /// <summary>The policy that governs an app; null for none.</summary>
    public Policy? PolicyOf(AppRef app) => _index.Find(app);

    /// <summary>What the collector has to gather for these apps; each pair of app and query once.</summary>
    public IReadOnlyList<MetricDemand> Demands(IReadOnlyCollection<AppRef> apps)
    {
        ArgumentNullException.ThrowIfNull(apps);
        var demands = new List<MetricDemand>();
        var seen = new HashSet<MetricQuery>();
        foreach (var app in apps)
        {
            if (_index.Find(app) is not { } policy) continue;
            seen.Clear();
            foreach (var read in policy.Reads)
            {
                if (!seen.Add(read.Query)) continue;
                demands.Add(new MetricDemand(app.Id, read.Query) { Startup = policy.Startup, Labels = app.Labels });
            }
        }

        return demands;
    }

    /// <summary>Decides one app's count at one tick: see <see cref="DecideAll"/>. Null where no policy governs it.</summary>
    /// <exception cref="InvalidOperationException">Its rules or its metrics failed.</exception>
    public Decision? Decide(AppRef app, in AppFacts facts, IMetricReader metrics)
    {
        Begin(metrics);
        if (_islands.IsEmpty) _ticked.Add(Look(app, facts, metrics));
        else LookAll(_islands.Widen([(app, facts)]), metrics);
        Run();
        Decision? decided = null;
        foreach (var ticked in _ticked)
        {
            if (ticked.State is null) continue;
            var (decision, failure) = Conclude(ticked);
            if (ticked.App.Id != app.Id) continue;
            if (failure is not null)
                throw new InvalidOperationException($"The rules of {app.Id} failed: {failure.Message}", failure);
            decided = decision;
        }

        return decided;
    }

    /// <summary>
    /// Decides the counts of apps at one tick. Apps without a policy are left out; one whose rules or metrics fail is told with
    /// its fault, and its count stays.
    /// A hold that says the same as the last tick's is the same object (its <see cref="Decision.At"/> is when it began), so that
    /// a quiet cluster costs no memory; <see cref="Explain"/> gives the last tick's values at any time.
    /// </summary>
    /// <param name="apps">The apps, each once.</param>
    /// <param name="metrics">Where their metrics are read.</param>
    /// <param name="decided">Is given each app with its decision or its fault, in the order of the apps.</param>
    public void DecideAll(
        IEnumerable<(AppRef App, AppFacts Facts)> apps, IMetricReader metrics, Action<AppRef, Decision?, Exception?> decided)
    {
        ArgumentNullException.ThrowIfNull(apps);
        ArgumentNullException.ThrowIfNull(metrics);
        ArgumentNullException.ThrowIfNull(decided);
        Begin(metrics);
        LookAll(_islands.Widen(apps), metrics);
        Run();
        foreach (var ticked in _ticked)
        {
            if (ticked.State is null) continue;
            var (decision, failure) = Conclude(ticked);
            decided(ticked.App, decision, failure);
        }
    }

    /// <summary>
    /// When time alone next changes what is decided, of all apps that were decided: a wait ripens, a schedule opens, closes or
    /// fires, or a cooldown, a limit's period or a window ends that alone holds a count. Cheap.
    /// </summary>
    /// <param name="after">The present by both clocks; earlier instants do not count.</param>
    public Due NextDue(Due after) => DueTimes.Next(_apps.Values, after);

    /// <summary>The apps of which time alone may have changed what is decided, though they were not decided since.</summary>
    /// <param name="now">The present by both clocks.</param>
    public IReadOnlyList<string> DueBy(Due now) => [.. DueTimes.By(_apps.Values, now)];

    /// <summary>The last tick's decision with that tick's values; null where the app was not decided yet.</summary>
    public Decision? Explain(string app) => Ticked(app) is { } state ? DecisionText.Write(state) : null;

    /// <summary>What each rule said of an app at the last tick; none where it was not decided yet.</summary>
    public IReadOnlyList<RuleReport> Opinions(string app) => Ticked(app) is { } state ? RuleReport.Of(state) : [];

    /// <summary>What the last tick saw of an app; null where it was not decided yet.</summary>
    public AppReport? Report(string app) => Ticked(app) is { } state ? AppReport.Of(state, Sources(app)) : null;

    /// <summary>How it stands with the sources of an app's metrics; unasked where the app was not decided yet.</summary>
    public SourceState Sources(string app) => Ticked(app) is { App.Readings: { Length: > 0 } readings }
        ? readings.Max(reading => reading.Source)
        : SourceState.Unasked;

    /// <summary>What the rules read of an app, by the name that they write; none where the app was not decided yet.</summary>
    public IReadOnlyList<KeyValuePair<string, MetricQuery>> Queries(string app) =>
        _apps.TryGetValue(app, out var state)
            ? [.. state.Policy.Reads.Select(read => KeyValuePair.Create(read.Text, read.Query))]
            : [];

    /// <summary>
    /// Gives the engine the history of what forecasts are made of, by app and by the metric as the rules write it, oldest sample
    /// first. It is asked anew for every app now, and later whenever an app gets another policy: a change of a bound shall not
    /// cost what weeks have taught. An empty answer leaves what a forecast knows.
    /// </summary>
    public void UseHistory(Func<string, string, IReadOnlyList<(DateTimeOffset At, double Value)>> history)
    {
        ArgumentNullException.ThrowIfNull(history);
        _history = history;
        _learning++;
        _generation++;
    }

    /// <summary>
    /// Gives the engine what another process remembered, by app: asked for whenever an app is new here; null where there is
    /// nothing.
    /// </summary>
    public void UseMemory(Func<string, StoredMemory?> recall) => _recall = recall;

    /// <summary>What is remembered of an app, to be kept; null where it was not decided yet.</summary>
    public MemoryView? Memory(string app) => Ticked(app) is { } state ? new MemoryView(state) : null;

    /// <summary>What the forecasts of an app saw at its last tick, for a history of them; NaN where it is unknown.</summary>
    public IEnumerable<ForecastSample> Forecasts(string app) => Ticked(app) is { } state
        ? state.Policy.RuleArray.OfType<ForecastRule>().Select(forecast => new ForecastSample(
            forecast.Metric.Text, forecast.Step, forecast.Season, forecast.Learnable(state.App)))
        : [];

    /// <summary>Forgets an app that is gone.</summary>
    public void Forget(string app)
    {
        if (_apps.Remove(app, out var state)) state.Session.Remove(state.App);
    }

    private AppMemory? Ticked(string app) => _apps.TryGetValue(app, out var state) && state.Ticked ? state : null;

    private void Begin(IMetricReader metrics)
    {
        _running.Clear();
        _ticked.Clear();
        _instances.Begin(metrics);
    }

    private void LookAll(IEnumerable<(AppRef App, AppFacts Facts)> apps, IMetricReader metrics)
    {
        foreach (var (app, facts) in apps) _ticked.Add(Look(app, facts, metrics));
    }

    /// <summary>Has the rules of single apps speak, then those over several.</summary>
    private void Run()
    {
        foreach (var session in _running) session.Run();
        _islands.Run(_ticked);
    }

    private (Decision? Decision, Exception? Failure) Conclude(in TickedApp ticked)
    {
        if ((ticked.Failure ?? _islands.FailureOf(ticked.App.Id)) is { } failure) return (null, failure);
        ticked.State!.Island = _islands.Find(ticked.App.Id);
        return (Conclude(ticked.State), null);
    }

    /// <summary>Brings an app's fact up to date, and has its session look at it where that may change anything.</summary>
    private TickedApp Look(AppRef app, in AppFacts facts, IMetricReader metrics)
    {
        if (StateOf(app) is not { } state) return new TickedApp(app, facts, null, null);
        try
        {
            MemoryTransfer.Restore(state, facts);
            var isLate = facts.Steady >= state.Due.Steady || facts.Now >= state.Due.Wall
                || facts.Steady < state.Facts.Steady || facts.Now < state.Facts.Now;
            var hasChanged = AppReader.Observe(state, facts) | _reader.Read(state, metrics);
            var seen = 0;
            foreach (var rule in state.Policy.RuleArray)
            {
                (rule as ForecastRule)?.Learn(state.App);
                seen = HashCode.Combine(seen, rule.Seen(state.App));
            }

            hasChanged |= seen != state.Seen;
            state.Seen = seen;
            if (!hasChanged && !isLate && state.Session.Failure is null && !state.Policy.ChangesAnyTime)
                return new TickedApp(app, facts, state, null);
            state.IsDueAnew = true;
            if (state.Session.Touch(state.App)) _running.Add(state.Session);
            return new TickedApp(app, facts, state, null);
        }
        catch (Exception e)
        {
            state.Due = Due.Now;
            return new TickedApp(app, facts, state, e);
        }
    }

    /// <summary>The app's state under the policy that governs it now; null where none does.</summary>
    private AppMemory? StateOf(AppRef app)
    {
        if (_apps.TryGetValue(app.Id, out var state) && state.Generation == _generation
            && ReferenceEquals(state.Labels, app.Labels))
        {
            return state;
        }

        if (_index.Find(app) is not { } policy)
        {
            Forget(app.Id);
            return null;
        }

        if (state is null || state.Session.Key != (policy.Name, policy.Digest)) state = Adopt(app.Id, policy, state);
        else state.Policy = policy;
        if (state.Learning != _learning && _history is not null) Relearn(state);
        (state.Generation, state.Labels, state.Learning) = (_generation, app.Labels, _learning);
        return state;
    }

    /// <summary>An app comes under a policy, or under another text of the same.</summary>
    private AppMemory Adopt(string id, Policy policy, AppMemory? before)
    {
        if (!_sessions.TryGetValue((policy.Name, policy.Digest), out var session))
            _sessions.Add((policy.Name, policy.Digest), session = new PolicySession(policy));
        var state = new AppMemory(policy, new App(id, policy.RuleSet, _instances)) { Session = session };
        if (before is null) state.Stored = _recall?.Invoke(id);
        before?.Session.Remove(before.App);
        if (before?.Policy.Name == policy.Name) state.Succeed(before);
        return _apps[id] = state;
    }

    private void Relearn(AppMemory state)
    {
        foreach (var rule in state.Policy.RuleArray.OfType<ForecastRule>())
        {
            if (_history!(state.App.Id, rule.Metric.Text) is { Count: > 0 } samples) rule.Learn(state.App.States, samples);
        }
    }

    private static Decision Conclude(AppMemory state)
    {
        MemoryTransfer.Settle(state);
        if (state.IsDueAnew)
        {
            state.IsDueAnew = false;
            state.Due = Due.Never;
            foreach (var rule in state.Policy.RuleArray) state.Due = state.Due.And(rule.NextDue(state.App));
        }

        CountPipeline.Run(state);
        state.Island?.Conclude(state.To);
        var facts = state.Facts;
        state.Ask();
        var signature = HoldSignature.Of(state);
        if (state.Last is { Kind: DecisionKind.Hold } last && last.From == facts.Instances && state.To == facts.Instances
            && state.LastSignature == signature)
        {
            return last;
        }

        state.LastSignature = signature;
        return state.Last = DecisionText.Write(state);
    }
}
