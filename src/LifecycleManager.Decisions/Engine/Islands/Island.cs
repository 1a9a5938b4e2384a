using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Rules;
using LifecycleManager.Metrics.Core.Queries;
using NRules;

namespace LifecycleManager.Decisions.Engine.Islands;

/// <summary>
/// The apps that coordinations and budgets tie together, decided together. Each tick goes in rounds: all rules see the same
/// values, then what apps want is raised by what was demanded, until nothing is raised any more; demands only grow within a tick
/// and no count passes its maximum, so that there is an end, and no order of rules makes a difference. What keeps apps small or
/// as they are comes last, once, and calls forth nothing before the next tick.
/// </summary>
internal sealed class Island(IslandPlan plan, IReadOnlyDictionary<string, IslandApp> known, WaitingByPriority waiting)
{
    /// <summary>Beyond it rules lift each other by ever smaller steps, or the counts are beyond reason.</summary>
    private const int MaxRounds = 10_000;

    /// <summary>How long an app that made room waits for somebody to take it.</summary>
    public static readonly TimeSpan RoomWait = TimeSpan.FromMinutes(1);

    private readonly Scope[] _scopes = plan.Bind(known);
    private readonly BudgetShare[] _budgets =
        [.. plan.Budgets.Select(budget => new BudgetShare(budget.Budget, [.. budget.Apps.Select(id => known[id])]))];

    private readonly IslandCode? _code = plan.Code is { } code ? new IslandCode(code, plan.Apps, known) : null;
    private readonly List<Scope> _changed = [];
    private ISession? _session;
    private int _seen;

    /// <summary>What it is made of.</summary>
    public IslandPlan Plan => plan;

    /// <summary>The apps, by id.</summary>
    public IslandApp[] Apps { get; } = [.. plan.Apps.Select(id => known[id])];

    /// <summary>What the last evaluation failed with; null where it did not.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>What is used of its budgets.</summary>
    public IEnumerable<BudgetUse> Uses => _budgets.Select(budget => budget.Use());

    /// <summary>What rules that are code asked for and is not done.</summary>
    public IReadOnlyList<string> Refused => _code?.Refused ?? [];

    /// <summary>Metrics that rules read and that no policy has.</summary>
    public IEnumerable<string> Misnamed => _scopes.Where(scope => scope.ReadsMetrics).SelectMany(scope => scope.Misnamed());

    /// <summary>Evaluates the rules over several apps, where anything that they see has changed.</summary>
    public void Evaluate()
    {
        var seen = new HashCode();
        foreach (var app in Apps) seen.Add(app.Seen);
        // What waits for its room looks at the time, and so may what is code.
        var goesByTime = _code is not null || Array.Exists(Apps, app => app.Room is not null);
        if (Failure is null && _session is not null && !goesByTime && seen.ToHashCode() == _seen) return;
        (_seen, Failure) = (seen.ToHashCode(), null);
        try
        {
            _code?.Begin(Apps[0].Facts.Now);
            // What only watches is taken for what it does: nothing. What it would do is found in a second world.
            var outcomes = Run(watching: false);
            var watches = Apps.Any(app => app.IsDryRun) || _scopes.Any(scope => scope.Coordination.DryRun);
            var watched = watches ? Run(watching: true) : null;
            for (var i = 0; i < Apps.Length; i++)
            {
                Apps[i].Outcome = Apps[i].IsDryRun ? watched![i] : outcomes[i];
                Apps[i].Watched = Apps[i].IsDryRun ? null : watched?[i];
            }
        }
        catch (Exception e)
        {
            // What fails in the middle leaves a session half propagated: the next evaluation begins anew.
            (_session, Failure) = (null, e);
            foreach (var scope in _scopes) scope.Reset();
        }
    }

    private Outcome[] Run(bool watching)
    {
        foreach (var app in Apps) app.Standing.Begin(watching || !app.IsDryRun ? app.Own : app.Facts.Instances);
        ShareBudgets();
        IReadOnlyList<CodeDemand> code = [];
        for (var round = 0; ; round++)
        {
            if (round == MaxRounds) throw new InvalidOperationException($"the rules did not settle within {MaxRounds} rounds");
            Match(callsForth: true);
            if (_code is not null) code = _code.Run(waiting);
            if (!Raise(watching, code)) break;
            ShareBudgets();
        }

        Match(callsForth: false);
        var demands = new Demands(_scopes.Where(scope => watching || !scope.Coordination.DryRun), code);
        return [.. Apps.Select(demands.Of)];
    }

    /// <summary>Has the rule engine look at what has changed.</summary>
    private void Match(bool callsForth)
    {
        if (_session is null)
        {
            foreach (var scope in _scopes) scope.Refresh();
            _session = ScopeRules.CreateSession();
            _session.InsertAll(_scopes);
        }
        else
        {
            _changed.Clear();
            foreach (var scope in _scopes)
            {
                if (scope.CallsForth == callsForth && scope.Refresh()) _changed.Add(scope);
            }

            if (_changed.Count == 0) return;
            _session.UpdateAll(_changed);
        }

        _session.Fire();
    }

    /// <summary>Raises what apps want to what is demanded of them. All see the same values: the first of the highest wins.</summary>
    private bool Raise(bool watching, IReadOnlyList<CodeDemand> code)
    {
        var raises = new Raises();
        foreach (var scope in _scopes)
        {
            if (!scope.CallsForth || scope.Found == Truth.False || (scope.Coordination.DryRun && !watching)) continue;
            if (!scope.IsSettled) raises.Widen(scope.Target);
            if (scope.Least is var least and not double.NaN)
                raises.Raise(scope.Target, RuleAction.Ceiling(least), count => scope.Fire(count, isUnknown: false));
        }

        foreach (var demand in code)
        {
            if (demand.IsUnknown) raises.Widen(demand.App);
            else if (demand.Kind == Demand.AtLeast) raises.Raise(demand.App, demand.Count, _ => demand.Fire());
        }

        return raises.Apply();
    }

    private void ShareBudgets()
    {
        // What one budget denies, another has to give to others: what each wants of it settles in a few passes.
        var passes = _budgets.Length < 2 ? _budgets.Length : 3;
        Dictionary<IslandApp, Grant>[] limits = [];
        for (var pass = 1; pass <= passes; pass++)
        {
            var before = limits;
            limits = [.. _budgets.Select((budget, i) => budget.Share(app => Wanted(app, before, but: i), holds: pass == passes))];
        }

        foreach (var app in Apps)
        {
            app.Standing.Limit = limits.Select(limit => limit.GetValueOrDefault(app)).OfType<Grant>().MinBy(grant => grant.Count);
            app.Standing.Wanted = app.Standing.Limit is { } least
                ? Interval.Min(app.Standing.Raw, least.Count) : app.Standing.Raw;
        }
    }

    private static int Wanted(IslandApp app, Dictionary<IslandApp, Grant>[] limits, int but)
    {
        var wanted = (int)app.Standing.Raw.Low;
        for (var i = 0; i < limits.Length; i++)
        {
            if (i != but && limits[i].TryGetValue(app, out var limit)) wanted = Math.Min(wanted, limit.Count);
        }

        return wanted;
    }
}
