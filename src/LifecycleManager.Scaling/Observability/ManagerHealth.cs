using LifecycleManager.Decisions.Policies;
using LifecycleManager.Scaling.Evaluation;
using LifecycleManager.Scaling.Pausing;
using LifecycleManager.Scaling.Recording;
using LifecycleManager.Scaling.Targets;

namespace LifecycleManager.Scaling.Observability;

/// <summary>How the manager is, for people and for probes.</summary>
/// <param name="Status"><c>up</c>; <c>degraded</c>: it works, and says below what it holds back and why; <c>down</c>: it does not tick.</param>
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
    bool Leading,
    string? Leader,
    string Target,
    DateTimeOffset? TargetSeenAt,
    DateTimeOffset? LastTick,
    double? TickSeconds,
    int Governed,
    int Held,
    IReadOnlyList<string> Problems);

/// <summary>Judges the manager's health from what the last tick left.</summary>
internal sealed class ManagerHealth(
    Evaluator evaluator, PolicyDirectory policies, DecisionLog log, PauseBook pauses, IScalingTarget target, ManagerOptions options,
    TimeProvider time)
{
    private const int MostNamed = 5;
    private readonly DateTimeOffset _madeAt = time.GetUtcNow();

    public HealthReport Judge(string? leader)
    {
        var snapshot = evaluator.Snapshot;
        var problems = new List<string>();
        var held = snapshot.Apps.Values.Where(app => app.MetricsMissing).Select(app => app.App).ToList();
        if (snapshot.Leading)
        {
            if (snapshot.LastTick?.Problem is { } problem)
            {
                problems.Add(snapshot.LastTick.Outcome switch
                {
                    TickOutcome.TargetUnavailable => $"nothing is changed while the target cannot be read: {problem}",
                    TickOutcome.StoreUnavailable => $"nothing is changed while decisions cannot be put on record: {problem}",
                    _ => $"the last tick failed: {problem}",
                });
            }

            if (held.Count > 0)
            {
                var named = string.Join(", ", held.Take(MostNamed)) + (held.Count > MostNamed ? ", ..." : "");
                problems.Add($"{held.Count} of {snapshot.Apps.Count} apps have rules without metrics: {named}");
            }

            if (snapshot.ScaleInStopped is { } stopped) problems.Add(stopped);
            if (log.Unsaved > 0) problems.Add($"{log.Unsaved} outcomes wait to be stored");
        }
        else if (leader is null)
        {
            problems.Add("no manager leads");
        }

        foreach (var file in policies.Files.Where(file => file.Refused))
        {
            var first = file.Problems.FirstOrDefault(p => p.Severity == PolicySeverity.Error);
            problems.Add(first is null ? $"{file.File} is refused" : $"refused: {first}");
        }

        problems.AddRange(pauses.Current.Where(entry => entry.App is null).Select(entry => entry.ToString()));
        var silent = snapshot.Leading && IsSilent(snapshot.LastTick);
        if (silent) problems.Insert(0, "no tick has ended for too long");
        return new HealthReport(
            silent ? "down" : problems.Count > 0 ? "degraded" : "up",
            snapshot.Leading,
            leader,
            target.Description,
            snapshot.TargetSeenAt,
            snapshot.LastTick?.At,
            snapshot.LastTick?.Took.TotalSeconds,
            snapshot.Apps.Count,
            held.Count,
            problems);
    }

    private bool IsSilent(TickReport? last)
    {
        var since = last?.At ?? _madeAt;
        return time.GetUtcNow() - since > (options.Tick * 6) + (options.CallTimeout * 3);
    }
}
