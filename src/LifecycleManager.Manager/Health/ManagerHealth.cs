using LifecycleManager.Decisions.CSharp;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Manager.Leadership;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Status;
using LifecycleManager.Manager.Tables;
using LifecycleManager.Metrics;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Scaling.Targets;

namespace LifecycleManager.Manager.Health;

/// <summary>The health of the manager.</summary>
/// <param name="Status"><c>up</c>; <c>degraded</c>: it works, and says below what it holds back and why; <c>down</c>: it cannot
/// do its work.</param>
/// <param name="State"><c>leading</c>, <c>standing by</c>, <c>starting</c>.</param>
/// <param name="Leading">Whether this manager leads.</param>
/// <param name="Leader">Who leads; null for nobody.</param>
/// <param name="Target">What it scales.</param>
/// <param name="TargetSeenAt">When the target was last read.</param>
/// <param name="LastTick">The instant of the last tick.</param>
/// <param name="TickSeconds">How long that took.</param>
/// <param name="Governed">How many apps are governed.</param>
/// <param name="Held">Apps that are held since metrics are missing.</param>
/// <param name="Decisions">Where decisions are kept.</param>
/// <param name="Problems">The problems, one sentence each.</param>
/// <param name="Warnings">What whoever runs it should know, though it can do its work.</param>
internal sealed record HealthReport(
    string Status,
    string State,
    bool Leading,
    string? Leader,
    string Target,
    DateTimeOffset? TargetSeenAt,
    DateTimeOffset? LastTick,
    double? TickSeconds,
    int Governed,
    int Held,
    string Decisions,
    IReadOnlyList<string> Problems,
    IReadOnlyList<string> Warnings);

/// <summary>Judges the manager's health: what the last tick left, and whether its loops work.</summary>
internal sealed class ManagerHealth
{
    private const int MaxNamed = 5;
    private readonly ManagerState _state;
    private readonly PolicyDirectory _policies;
    private readonly MetricsCollector _collector;
    private readonly IScalingTarget _target;
    private readonly RoleHealth _role;
    private readonly RecordTables _tables;
    private readonly LeadersRules _leaders;
    private readonly ManagerOptions _options;
    private readonly CSharpRules? _rules;

    /// <param name="state">What the manager is at.</param>
    /// <param name="policies">The policy files.</param>
    /// <param name="collector">The metrics, with the file of servers that are asked for them.</param>
    /// <param name="target">What is scaled.</param>
    /// <param name="role">The loops.</param>
    /// <param name="tables">The tables of decisions.</param>
    /// <param name="leaders">The policies of the manager that leads.</param>
    /// <param name="options">How the manager works.</param>
    /// <param name="rules">The rules in C#; null where nobody asks for them.</param>
    public ManagerHealth(
        ManagerState state, PolicyDirectory policies, MetricsCollector collector, IScalingTarget target, RoleHealth role,
        RecordTables tables, LeadersRules leaders, ManagerOptions options, CSharpRules? rules = null)
    {
        (_state, _policies, _collector, _target, _role) = (state, policies, collector, target, role);
        (_tables, _leaders, _options, _rules) = (tables, leaders, options, rules);
        role.State = () => state.Term is null ? "standing by" : state.Snapshot.LastTick is null ? "starting" : "leading";
    }

    /// <summary>How it is now.</summary>
    /// <param name="leader">Who leads; null for nobody.</param>
    public HealthReport Judge(string? leader)
    {
        var (snapshot, term, verdict) = (_state.Snapshot, _state.Term, _role.Verdict());
        var held = snapshot.Apps.Values.Where(app => app.MetricsMissing).Select(app => app.App).ToList();
        var problems = verdict.Reasons.ToList();
        if (term is not null) problems.AddRange(OfTerm(snapshot, held));
        else if (leader is null) problems.Add("no manager leads");

        foreach (var file in _policies.Files.Where(file => file.Refused))
        {
            var first = file.Problems.FirstOrDefault(p => p.Severity == PolicySeverity.Error);
            problems.Add(first is null ? $"{file.File} is refused" : $"refused: {first}");
        }

        problems.AddRange(OfGoneFiles());
        if (term is { UnknownOwners: { Count: > 0 } owners } && !_policies.IsComplete)
        {
            problems.Add($"counts that are owned by policies which are not known, since not all policy files can be read: "
                + Named([.. owners.Order(StringComparer.Ordinal)]));
        }

        if (_options.DryRun) problems.Add("this manager only watches (--dry-run): nothing is changed");
        if (_collector.SourcesProblem is { } sources) problems.Add($"refused: {sources}");
        if (_rules is { Problems: [var refused, ..] }) problems.Add($"refused: {refused}");
        problems.AddRange(_tables.Problems);
        if (_leaders.Problem is { } differs) problems.Add(differs);
        if (_rules?.Problem is { } failed) problems.Add(failed);
        problems.AddRange(term?.ScheduleProblems ?? []);
        if (term?.Stop.Current is { } stop) problems.Add($"all changes are {stop}");
        problems.AddRange((term?.Pauses.Current ?? []).Where(entry => entry.App is null).Select(entry => entry.ToString()));
        return new HealthReport(
            !verdict.IsUp ? "down" : problems.Count > 0 ? "degraded" : "up",
            verdict.State,
            term is not null,
            leader,
            _target.Description,
            snapshot.TargetSeenAt,
            snapshot.LastTick?.At,
            snapshot.LastTick?.Took.TotalSeconds,
            snapshot.Apps.Count,
            held.Count,
            _tables.Description,
            problems,
            [.. verdict.Warnings, .. Findings(term is null ? [] : snapshot.Findings)]);
    }

    private static IEnumerable<string> Findings(IReadOnlyList<PolicyProblem> findings)
    {
        foreach (var finding in findings.Take(MaxNamed)) yield return finding.ToString();
        if (findings.Count > MaxNamed)
            yield return $"{findings.Count - MaxNamed} more policies or rules without effect: GET /v1/policies has them all";
    }

    private IEnumerable<string> OfGoneFiles()
    {
        var gone = _policies.Files.Where(file => file.GoneSince is not null).SelectMany(file => file.Policies).ToList();
        if (gone.Count == 0) yield break;
        yield return $"policies in force whose files are gone: {gone.Count}: {Named(gone)}; "
            + "put the files back, or end a policy by 'lcm policy end NAME'";
    }

    private static string Named(List<string> all) =>
        string.Join(", ", all.Take(MaxNamed)) + (all.Count > MaxNamed ? ", ..." : "");

    private static IEnumerable<string> OfTerm(ManagerSnapshot snapshot, List<string> held)
    {
        if (snapshot.LastTick?.Problem is { } problem)
        {
            yield return snapshot.LastTick.Outcome switch
            {
                TickOutcome.TargetUnavailable => $"nothing is changed while the target cannot be read: {problem}",
                TickOutcome.StoreUnavailable => $"nothing is changed while decisions cannot be put on record: {problem}",
                _ => $"the last tick failed: {problem}",
            };
        }

        if (held.Count > 0)
        {
            yield return $"rules have no metrics in {held.Count} of the {snapshot.Apps.Count} governed apps: {Named(held)}";
        }

        if (snapshot.Unlisted > 0)
            yield return $"the target does not list apps that it had, and does not say that they are gone: {snapshot.Unlisted}";
        foreach (var coordination in snapshot.CoordinationProblems) yield return coordination;
        if (snapshot.ScaleInStopped is { } stopped) yield return stopped;
        if (snapshot.UnsavedOutcomes > 0) yield return $"outcomes that could not be stored yet: {snapshot.UnsavedOutcomes}";
    }
}
