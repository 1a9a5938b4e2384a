using LifecycleManager.Decisions.CSharp.Loading;
using LifecycleManager.Rules;
using NRules;
using NRules.Diagnostics;
using NRules.RuleModel;

namespace LifecycleManager.Decisions.CSharp.Running;

/// <summary>
/// One rule in one round: a session of its own, with the facts that its class names, that is thrown away after. What fails in the
/// middle leaves a session half propagated; here none is used twice.
/// </summary>
/// <param name="rule">The rule.</param>
internal sealed class RuleRun(CSharpRule rule)
{
    /// <summary>The most facts that a rule may put out in a round, its own included.</summary>
    public const int MaxOutputs = 10_000;

    /// <summary>How often it may fire in a round: more has no end.</summary>
    public const int MaxFirings = 100_000;

    private const int MaxRefused = 10;

    private readonly Dictionary<RuleOutput, Origin> _origins = new(ReferenceEqualityComparer.Instance);
    private IMatch? _firing;
    private int _inserted;
    private string? _broken;

    /// <summary>What is unknown, where the rule met it.</summary>
    public string? Unknown { get; private set; }

    /// <summary>What the rule asks for.</summary>
    public List<FiredOutput> Outputs { get; } = [];

    /// <summary>Outputs that do not count, and why; the first of them.</summary>
    public List<RefusedOutput> Refused { get; } = [];

    /// <summary>Runs the rule over the facts.</summary>
    /// <param name="apps">The apps that its class names, in a fixed order.</param>
    /// <param name="cluster">The cluster.</param>
    /// <param name="clock">The time.</param>
    /// <param name="end">When its time is over.</param>
    /// <exception cref="OperationCanceledException">Its time is over.</exception>
    /// <exception cref="Exception">Whatever the rule throws: it has failed.</exception>
    public void Run(IReadOnlyList<App> apps, Cluster cluster, Clock clock, CancellationToken end)
    {
        var session = rule.Sessions.CreateSession();
        Watch(session.Events);
        // In one order, so that what depends on the order in which a rule fires is the same each time, too.
        session.InsertAll([
            .. apps, cluster, clock,
            .. rule.Groups.Select(named => new Group(named.Group!, [.. apps.Where(app => named.Has(app.Target, app.Id))])),
        ]);
        var fired = 0;
        // On and on, though a rule halts the session: which of its matches came first must not matter.
        while (!session.Agenda.IsEmpty && fired < MaxFirings)
        {
            end.ThrowIfCancellationRequested();
            fired += session.Fire(MaxFirings - fired, end);
        }

        end.ThrowIfCancellationRequested();
        if (_broken is not null) throw new InvalidOperationException(_broken);
        if (!session.Agenda.IsEmpty) throw new InvalidOperationException($"it fired {MaxFirings} times, and goes on");
        if (Unknown is null || !rule.InfersFromAbsence) Gather(session, apps);
    }

    private void Watch(IEventProvider events)
    {
        events.LhsExpressionFailedEvent += (_, e) => e.IsHandled = IsUnknown(e.Exception);
        events.AgendaExpressionFailedEvent += (_, e) => e.IsHandled = IsUnknown(e.Exception);
        events.RhsExpressionFailedEvent += (_, e) => e.IsHandled = IsUnknown(e.Exception);
        events.RuleFiringEvent += (_, e) => _firing = e.Match;
        events.FactInsertingEvent += (_, e) => CheckInsert(e.Fact);
        events.FactInsertedEvent += (_, e) => Remember(e.Fact);
        events.FactUpdatedEvent += (_, e) => Remember(e.Fact);
        events.FactUpdatingEvent += (_, e) => CheckChange(e.Fact);
        events.FactRetractingEvent += (_, e) => CheckChange(e.Fact);
    }

    private bool IsUnknown(Exception? exception)
    {
        if (exception?.GetBaseException() is not UnknownReadingException unknown) return false;
        // The first by its words: which one is met first depends on the order of the facts.
        if (Unknown is null || string.CompareOrdinal(unknown.Message, Unknown) < 0) Unknown = unknown.Message;
        return true;
    }

    private void CheckInsert(IFact fact)
    {
        if (_firing is null) return;
        if (IsGiven(fact)) Break("it inserts a fact that is given to rules");
        if (++_inserted > MaxOutputs) Break($"it puts out more than {MaxOutputs} facts");
    }

    private void CheckChange(IFact fact)
    {
        if (_firing is not null && IsGiven(fact)) Break("it changes a fact that is given to rules");
    }

    /// <summary>Noted, too: a rule may catch what is thrown.</summary>
    private void Break(string why) => throw new InvalidOperationException(_broken = why);

    private static bool IsGiven(IFact fact) => fact.Value is App or Group or Cluster or Clock
        && fact.Source is not { SourceType: FactSourceType.Aggregate };

    private void Remember(IFact fact)
    {
        if (fact.Value is not RuleOutput output) return;
        var facts = fact.Source is ILinkedFactSource source ? source.Facts : _firing?.Facts;
        _origins[output] = new Origin([.. (facts ?? []).Select(other => other.Value!)]);
    }

    private void Gather(ISession session, IReadOnlyList<App> apps)
    {
        var named = apps.ToDictionary(app => (app.Target, app.Id));
        var strangers = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var output in session.Query<RuleOutput>())
        {
            if (!named.ContainsKey((output.App.Target, output.App.Id))) strangers.Add(output.App.ToString());
            else if (_origins.TryGetValue(output, out var origin))
                Outputs.Add(new FiredOutput(rule, output, origin.Apps(), origin.Texts()));
        }

        Refused.AddRange(strangers.Take(MaxRefused).Select(app => new RefusedOutput(
            rule, $"it asks for {app}, which its class does not name")));
        Outputs.Sort(FiredOutputOrder.Compare);
    }

    /// <summary>The facts that a rule fired on. What the rules' own assemblies made of them ends with the session.</summary>
    private readonly record struct Origin(IReadOnlyList<object> Facts)
    {
        public IReadOnlyList<App> Apps() =>
            [.. Facts.SelectMany(AppsOf).Distinct().OrderBy(app => app.Target, StringComparer.Ordinal)
                .ThenBy(app => app.Id, StringComparer.Ordinal)];

        public IReadOnlyList<string> Texts() => [.. Facts.Where(fact => fact is not (Cluster or Clock)).Select(FactText.Of)];

        private static IEnumerable<App> AppsOf(object fact) => fact switch
        {
            App app => [app],
            Group group => group.Apps,
            IEnumerable<App> apps => apps,
            _ => [],
        };
    }
}
