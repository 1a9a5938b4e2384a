using LifecycleManager.Decisions.Engine;
using LifecycleManager.Manager.Observability;
using LifecycleManager.Manager.Overriding;
using LifecycleManager.Manager.Pausing;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Stopping;
using LifecycleManager.Scaling.Execution;
using LifecycleManager.Scaling.Safety;
using LifecycleManager.Scaling.Targets;

namespace LifecycleManager.Manager.Evaluation;

/// <summary>A change to make.</summary>
/// <param name="Record">The decision.</param>
/// <param name="IsNew">Whether it is not on record yet.</param>
/// <param name="App">The app as it was when it was decided.</param>
internal sealed record PlannedChange(DecisionRecord Record, bool IsNew, ScalableApp App);

/// <summary>
/// Plans what follows from the decisions of a tick: changes to make, and holds and dry runs to record. Of one owner.
/// </summary>
internal sealed class ChangePlanner(
    AppDecisions decisions, SafetyGuard guard, StopSwitch stop, PauseStore pauses, DecisionLog log, ManagerMetrics metrics,
    SafetyOptions safety)
{
    private readonly HashSet<string> _putOff = new(StringComparer.Ordinal);

    /// <summary>The last record of each app; in a large cluster the archive may have let go of it.</summary>
    private readonly Dictionary<string, DecisionRecord> _last = new(StringComparer.Ordinal);

    /// <summary>Plans what was decided.</summary>
    /// <returns>Changes to make, notes to record, and the decisions with all that holds them back.</returns>
    public (List<PlannedChange> Changes, List<DecisionRecord> Notes, List<DecidedApp> Held) Plan(
        IReadOnlyCollection<DecidedApp> decided, ChangeQueue changes, Moment now)
    {
        var planned = new List<PlannedChange>();
        var notes = new List<DecisionRecord>();
        var held = new List<DecidedApp>(decided.Count);
        foreach (var (app, decision) in decided)
        {
            _putOff.Remove(app.Id);
            held.Add(new DecidedApp(app, Hold(decision, now)));
            Consider(app, held[^1].Decision, changes, now, planned, notes);
        }

        LimitRate(planned, notes, now);
        return (planned, notes, [.. held.Select(entry => entry with { Decision = PutOff(entry.Decision) })]);
    }

    /// <summary>A decision with what holds it back beside its policy: limits over all apps, the stop, pauses.</summary>
    public Decision Hold(Decision decision, Moment now)
    {
        if (decision.DryRun || decision.Kind == DecisionKind.Hold) return decision;
        if (!CountOrders.IsOverride(decision) && guard.Limit(decision.From, decision.To, now.Steady) is var (by, to, reason))
            decision = Adjust(decision, by, to, reason);
        if (stop.Current is { } stopped) decision = Adjust(decision, "stop", decision.From, stopped.ToString());
        if (pauses.Against(decision.App, decision.Kind) is { } pause)
            decision = Adjust(decision, "pause", decision.From, pause.ToString());
        if (decision.Kind != DecisionKind.Hold && !CountOrders.IsOrder(decision)
            && decisions.Doubt(decision.App, now) is { } doubt)
        {
            decision = Adjust(decision, "memory", decision.From, doubt);
        }

        return PutOff(decision);
    }

    /// <summary>A decision with what puts it off for the sake of others; dry runs and holds are never put off.</summary>
    private Decision PutOff(Decision decision) =>
        _putOff.Contains(decision.App) && !decision.DryRun && decision.Kind != DecisionKind.Hold
            ? Adjust(decision, "changes per minute", decision.From, RateReached) : decision;

    /// <summary>Takes in a record as it is now.</summary>
    public void Remember(DecisionRecord record) => _last[record.App] = record;

    /// <summary>Forgets an app that is gone.</summary>
    public void Forget(string app)
    {
        _last.Remove(app);
        _putOff.Remove(app);
    }

    private string RateReached => $"the limit of changes within a minute is reached: {safety.ChangesPerMinute}";

    private void Consider(
        ScalableApp seen, Decision decision, ChangeQueue changes, Moment now, List<PlannedChange> planned,
        List<DecisionRecord> notes)
    {
        var app = seen.Id;
        var last = _last.TryGetValue(app, out var recorded) ? recorded : log.Archive.Last(app);
        var known = last is not null && last.Covers(decision);
        if (decision.Kind == DecisionKind.Hold || decision.DryRun)
        {
            if (!known) notes.Add(decisions.Record(log.NextId(), decision, now.Wall));
            return;
        }

        if (changes.NextTry(app, now.Steady) is not null && known) return;
        planned.Add(known
            ? new PlannedChange(last! with { Reason = decision.Reason, Metrics = DecisionRecord.Of("", decision).Metrics },
                IsNew: false, seen)
            : new PlannedChange(decisions.Record(log.NextId(), decision, now.Wall), IsNew: true, seen));
    }

    /// <summary>A decision with another count, and why.</summary>
    private static Decision Adjust(Decision decision, string by, int to, string reason) => decision with
    {
        To = to,
        Reason = $"{decision.Reason}; {(to == decision.From ? "held" : $"to {to}")}: {reason}",
        Adjustments = [.. decision.Adjustments, new Adjustment(by, decision.To, to, reason)],
    };

    /// <summary>Leaves for later what is too much for a minute; growth goes first.</summary>
    private void LimitRate(List<PlannedChange> planned, List<DecisionRecord> notes, Moment now)
    {
        var inOrder = planned.OrderBy(change => change.Record.Kind == DecisionKind.ScaleOut ? 0 : 1).ToList();
        planned.Clear();
        foreach (var change in inOrder)
        {
            if (guard.TryTake(now.Steady))
            {
                planned.Add(change);
                continue;
            }

            metrics.PutOff(change.Record.App);
            _putOff.Add(change.Record.App);
            if (!change.IsNew) continue;
            notes.Add(change.Record with
            {
                Outcome = DecisionOutcome.Postponed,
                OutcomeAt = now.Wall,
                OutcomeReason = RateReached,
            });
        }
    }
}
