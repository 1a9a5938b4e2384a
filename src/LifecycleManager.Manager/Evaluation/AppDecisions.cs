using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Manager.History;
using LifecycleManager.Manager.Memories;
using LifecycleManager.Manager.Observability;
using LifecycleManager.Manager.Overriding;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Evaluation;

/// <summary>The decision engine at work: what each app's count should be, and why. Of one owner.</summary>
internal sealed class AppDecisions
{
    private readonly DecisionEngine _engine;
    private readonly EvaluationSources _sources;
    private readonly ForecastHistory _forecasts;
    private readonly MemoryStore _memories;
    private readonly ManagerMetrics _metrics;
    private readonly ILogger _log;
    private readonly CountOrders _orders;
    private readonly Dictionary<string, ScalableApp> _apps = new(StringComparer.Ordinal);
    private readonly HashSet<string> _changing = new(StringComparer.Ordinal);
    private PolicySet? _used;
    private ICodeRules? _code;
    private HashSet<string> _told = [];
    private DateTimeOffset _lastTick;

    public AppDecisions(DecisionEngine engine, EvaluationSources sources, ForecastHistory forecasts, MemoryStore memories,
        CountOrders orders, ManagerMetrics metrics, ILogger log)
    {
        (_engine, _sources, _forecasts, _memories, _metrics, _log) = (engine, sources, forecasts, memories, metrics, log);
        _orders = orders;
        _engine.UseHistory(forecasts.Read);
        _engine.UseMemory(app => _apps.TryGetValue(app, out var seen) ? _memories.Recall(seen) : null);
    }

    /// <summary>Reads what was remembered before, once: at the beginning of a leadership.</summary>
    public Task LoadAsync(CancellationToken cancellation) => _memories.LoadAsync(cancellation);

    /// <summary>Lets go of what was remembered of apps that are gone, once: before the first decision.</summary>
    public void Prune(IEnumerable<ScalableApp> apps) => _memories.Prune(apps);

    /// <summary>Takes the policies in force, where they are others than before.</summary>
    public void UsePolicies()
    {
        var code = _sources.Code();
        if (!ReferenceEquals(code, _code)) _engine.UseCode(_code = code);
        var policies = _sources.Policies();
        if (ReferenceEquals(policies, _used)) return;
        _engine.Use(policies);
        _used = policies;
    }

    /// <summary>Says what is to be collected for these apps.</summary>
    /// <param name="apps">The apps.</param>
    /// <param name="others">What others have to know of them.</param>
    public void Demand(IEnumerable<ScalableApp> apps, IEnumerable<MetricDemand> others) =>
        _sources.Demand([.. _engine.Demands([.. apps.Select(Ref)]), .. others]);

    /// <summary>
    /// Decides apps, and those that coordinations and budgets tie to them; those without a policy are left out, and those whose
    /// evaluation fails.
    /// </summary>
    /// <param name="apps">All apps of the target.</param>
    /// <param name="only">The apps that are asked for; null for all.</param>
    /// <param name="mayDecide">Whether an app may be decided now.</param>
    /// <param name="now">The instant.</param>
    public List<DecidedApp> Decide(
        IReadOnlyCollection<ScalableApp> apps, IReadOnlySet<string>? only, Func<ScalableApp, bool> mayDecide, Moment now)
    {
        var (decided, known) = (new List<DecidedApp>(), new Dictionary<string, ScalableApp>(StringComparer.Ordinal));
        var faults = new Dictionary<Exception, List<string>>(ReferenceEqualityComparer.Instance);
        foreach (var app in apps.Where(mayDecide)) known[app.Id] = app;
        if (_engine.TiesApps) _engine.Know([.. apps.Where(app => !app.Deleting).Select(Ref)]);
        if (only is not null && _engine.TiesApps) only = _engine.TiedTo(only);
        var asked = known.Values.Where(app => only?.Contains(app.Id) != false).ToList();
        foreach (var app in asked) Take(app);
        var ticks = asked.Select(app => (
            Ref(app),
            new AppFacts(app.Id, app.Instances, app.Healthy, app.Staged, app.Deploying, now.Wall)
            {
                Steady = now.Steady,
                Waiting = app.Waiting,
                Ordered = _orders.CountOf(app),
            }));
        _engine.DecideAll(ticks, _sources.Metrics, (app, decision, fault) =>
        {
            // One that is tied to those that are asked for may have to wait.
            if (!known.TryGetValue(app.Id, out var found)) return;
            // An override needs no rules that work.
            var given = decision ?? (_orders.Gives(app.Id) ? Unknown(app, found.Instances, now.Wall, fault!) : null);
            if (given is not null) decided.Add(new DecidedApp(found, Ordered(given)));
            if (decision is not null) return;
            _metrics.EvaluationFailed(app.Id);
            if (!faults.TryGetValue(fault!, out var concerned)) faults.Add(fault!, concerned = []);
            concerned.Add(app.Id);
        });
        Tell(faults);
        foreach (var app in known.Values.Where(app => only is null && _orders.IsScheduled(app.Id) && PolicyOf(app) is null))
        {
            if (_orders.Give(app, now.Wall) is { } given && given.To != given.From) decided.Add(new DecidedApp(app, given));
        }

        return decided;
    }

    /// <summary>One line for each fault, whatever the number of apps, and as long as it lasts one alone.</summary>
    private void Tell(Dictionary<Exception, List<string>> faults)
    {
        foreach (var (fault, apps) in faults)
        {
            if (_told.Contains(fault.Message)) continue;
            _log.LogError(fault, "The evaluation of {App} failed, apps concerned: {Count}; their counts stay: {Reason}", apps[0],
                apps.Count, fault.Message);
        }

        _told = [.. faults.Keys.Select(fault => fault.Message)];
    }

    /// <summary>What is wrong with coordinations and budgets as things are: a name that no app has, for one.</summary>
    public IReadOnlyList<string> CoordinationProblems => _engine.CoordinationProblems;

    /// <summary>What is used of the budgets.</summary>
    public IReadOnlyList<BudgetUse> BudgetUses() => _engine.BudgetUses();

    /// <summary>When time alone next changes what is decided.</summary>
    public Due NextDue(Moment now) => _engine.NextDue(new Due(now.Steady, now.Wall));

    /// <summary>The apps of which time alone may have changed what is decided.</summary>
    public IReadOnlyList<string> DueBy(Moment now) => _engine.DueBy(new Due(now.Steady, now.Wall));

    /// <summary>What the last tick saw of an app; null where it was not decided yet.</summary>
    public AppReport? Report(string app) => _engine.Report(app);

    /// <summary>How it stands with the sources of an app's metrics; unasked where it was not decided yet.</summary>
    public SourceState Sources(string app) => _engine.Sources(app);

    /// <summary>For how long an app's instances count as starting; null where that is not known.</summary>
    public StartupTime? Startup(string app) => _sources.Startup(app);

    /// <summary>The last decision of an app with that tick's values; null where it was not decided yet.</summary>
    public Decision? Last(string app) => _engine.Explain(app) is { } decision ? Ordered(decision) : null;

    /// <summary>The policy that governs an app; null for none.</summary>
    public Policy? PolicyOf(ScalableApp app) => _engine.PolicyOf(Ref(app));

    /// <summary>
    /// The last decision of an app, what each rule said, and the samples that there are for them now; null where there is none.
    /// </summary>
    public Explanation? Explain(string app, DateTimeOffset now) => _engine.Explain(app) is { } decision
        ? new Explanation(Ordered(decision), _engine.Opinions(app),
            EvidenceReader.Read(_engine, _sources.Metrics, app, now, EvidenceReader.MaxExplainedInstances))
        : null;

    /// <summary>A decision as it is put on record.</summary>
    public DecisionRecord Record(string id, Decision decision, DateTimeOffset now) => DecisionRecord.Of(id, decision) with
    {
        Opinions = _engine.Opinions(decision.App),
        Evidence = EvidenceReader.Read(_engine, _sources.Metrics, decision.App, now, EvidenceReader.MaxRecordedInstances),
    };

    /// <summary>Why the count of an app is held, since it is not known what was done to it; null where it is not.</summary>
    public string? Doubt(string app, Moment now) =>
        _engine.Memory(app) is { } view ? _memories.Doubt(app, view, now.Wall, now.Steady) : null;

    /// <summary>Keeps what the changes that are to be made account for.</summary>
    /// <exception cref="StateUnavailableException">It is not stored: nothing may be changed.</exception>
    public async Task RememberAsync(
        IReadOnlyList<PlannedChange> planned, Moment now, Fence fence, CancellationToken cancellation)
    {
        if (planned.Count == 0) return;
        await _memories.KeepAskedAsync(Views(planned.Select(change => change.App)), now.Steady, fence, cancellation);
        foreach (var change in planned.Where(change => _apps.ContainsKey(change.App.Id))) _changing.Add(change.App.Id);
    }

    /// <summary>Keeps what is remembered of all apps, as the manager ends.</summary>
    public Task LeaveAsync(Moment now, Fence fence) => _memories.KeepAsync(
        Views(Settled(_apps.Values)), _lastTick, now.Steady, isEnd: true, fence, CancellationToken.None);

    /// <summary>Keeps what forecasts saw, and what is remembered of apps whose counts stay.</summary>
    public async Task LearnAsync(
        IReadOnlyList<DecidedApp> decided, Moment now, Fence fence, CancellationToken cancellation)
    {
        _lastTick = now.Wall;
        await _memories.KeepAsync(
            Views(Settled(decided.Select(entry => entry.App))), now.Wall, now.Steady, isEnd: false, fence, cancellation);
        foreach (var (app, _) in decided)
        {
            foreach (var sample in _engine.Forecasts(app.Id)) _forecasts.Add(app.Id, sample, now.Wall);
        }

        await _forecasts.FlushAsync(fence, now.Wall, cancellation);
    }

    /// <summary>Forgets an app that is gone.</summary>
    public void Forget(string app)
    {
        _engine.Forget(app);
        _memories.Forget(app);
        _apps.Remove(app);
        _changing.Remove(app);
    }

    /// <summary>A decision with what people have ordered.</summary>
    private Decision Ordered(Decision decision)
    {
        if (!_apps.TryGetValue(decision.App, out var app) || !_orders.Concern(app) || PolicyOf(app) is not { } policy)
            return decision;

        // Beside a policy that only watches a schedule is alone.
        if (policy.DryRun && _orders.Give(app, decision.At) is { } given && given.To != given.From) return given;
        return _orders.Apply(app, decision, new InstanceBounds(policy.Instances.Min, policy.Instances.Max));
    }

    internal static AppRef Ref(ScalableApp app) => new(app.Id, app.Labels)
    {
        Dependencies = app.Dependencies,
        Priority = app.Priority,
        Cpus = app.Cpus ?? double.NaN,
        Memory = app.Memory ?? double.NaN,
    };

    /// <summary>What stands for a decision that the rules failed to make: the count stays.</summary>
    private Decision Unknown(AppRef app, int count, DateTimeOffset now, Exception fault) => new()
    {
        At = now,
        App = app.Id,
        Policy = _engine.PolicyOf(app)?.Name ?? "",
        From = count,
        To = count,
        Reason = $"its rules failed: {fault.Message}",
    };

    private void Take(ScalableApp app)
    {
        // One that was deleted and made anew since it was last decided is another.
        if (_apps.TryGetValue(app.Id, out var before) && before.HasLastingIdentity && app.HasLastingIdentity
            && before.Identity != app.Identity)
        {
            Forget(app.Id);
        }

        _apps[app.Id] = app;
        _changing.Remove(app.Id);
    }

    // A change that was set off is stored as such until the next decision has seen what came of it.
    private IEnumerable<ScalableApp> Settled(IEnumerable<ScalableApp> apps) => apps.Where(app => !_changing.Contains(app.Id));

    private IEnumerable<(ScalableApp App, MemoryView View)> Views(IEnumerable<ScalableApp> apps)
    {
        foreach (var app in apps)
        {
            if (_engine.Memory(app.Id) is { } view) yield return (app, view);
        }
    }
}

/// <summary>An app, and what was decided for it.</summary>
internal readonly record struct DecidedApp(ScalableApp App, Decision Decision);
