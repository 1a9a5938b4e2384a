using LifecycleManager.Decisions.Policies;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Scaling.Evaluation;
using LifecycleManager.Scaling.Status;
using LifecycleManager.Scaling.Targets;

namespace LifecycleManager.Scaling.Health;

/// <summary>How the manager is, for people and for probes.</summary>
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
/// <param name="Held">Apps that are held for want of metrics.</param>
/// <param name="Problems">What is wrong, each one sentence.</param>
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
    IReadOnlyList<string> Problems);

/// <summary>Judges the manager's health: what the last tick left, and whether its loops work.</summary>
internal sealed class ManagerHealth
{
    private const int MaxNamed = 5;
    private readonly ManagerState _state;
    private readonly PolicyDirectory _policies;
    private readonly IScalingTarget _target;
    private readonly RoleHealth _role;

    public ManagerHealth(ManagerState state, PolicyDirectory policies, IScalingTarget target, RoleHealth role)
    {
        (_state, _policies, _target, _role) = (state, policies, target, role);
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
            problems);
    }

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
            var named = string.Join(", ", held.Take(MaxNamed)) + (held.Count > MaxNamed ? ", ..." : "");
            yield return $"{held.Count} of {snapshot.Apps.Count} apps have rules without metrics: {named}";
        }

        if (snapshot.ScaleInStopped is { } stopped) yield return stopped;
        if (snapshot.UnsavedOutcomes > 0) yield return $"{snapshot.UnsavedOutcomes} outcomes wait to be stored";
    }
}
