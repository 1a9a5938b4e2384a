using LifecycleManager.Decisions.Engine;
using LifecycleManager.Scaling.Observability;
using LifecycleManager.Scaling.Pausing;
using LifecycleManager.Scaling.Recording;
using LifecycleManager.Scaling.Safety;

namespace LifecycleManager.Scaling.Evaluation;

/// <summary>A change that is to be set off.</summary>
/// <param name="Record">The decision.</param>
/// <param name="IsNew">Whether it is not on record yet.</param>
internal sealed record Proposal(DecisionRecord Record, bool IsNew);

/// <summary>What a tick leads to: changes to be set off, and notes that are put on record. Of one owner.</summary>
internal sealed class Proposals(
    AppDecisions decisions, SafetyGuard guard, PauseStore pauses, DecisionLog log, ManagerMetrics metrics, SafetyOptions safety)
{
    /// <summary>The last record of each app; in a large cluster the archive may have let go of it.</summary>
    private readonly Dictionary<string, DecisionRecord> _last = new(StringComparer.Ordinal);

    /// <summary>Makes them of what was decided.</summary>
    public (List<Proposal> Changes, List<DecisionRecord> Notes) Of(IEnumerable<DecidedApp> decided, ChangeQueue changes,
        Instant now)
    {
        var proposals = new List<Proposal>();
        var notes = new List<DecisionRecord>();
        foreach (var (app, decision) in decided) Consider(app.Id, decision, changes, now, proposals, notes);
        KeepToRate(proposals, notes, now);
        return (proposals, notes);
    }

    /// <summary>Takes in a record as it is now.</summary>
    public void Remember(DecisionRecord record) => _last[record.App] = record;

    /// <summary>Forgets an app that is gone.</summary>
    public void Forget(string app) => _last.Remove(app);

    private void Consider(
        string app, Decision decision, ChangeQueue changes, Instant now, List<Proposal> proposals, List<DecisionRecord> notes)
    {
        if (!decision.DryRun) decision = guard.Restrict(decision, now.Steady);
        if (!decision.DryRun && pauses.Against(app, decision.Kind) is { } pause)
            decision = SafetyGuard.Adjust(decision, "pause", decision.From, pause.ToString());

        var last = _last.TryGetValue(app, out var recorded) ? recorded : log.Archive.Last(app);
        var known = last is not null && last.Covers(decision);
        if (decision.Kind == DecisionKind.Hold || decision.DryRun)
        {
            if (!known) notes.Add(decisions.Record(log.NextId(), decision, now.Wall));
            return;
        }

        if (changes.NextTry(app, now) is not null && known) return;
        proposals.Add(known
            ? new Proposal(last! with { Reason = decision.Reason, Metrics = DecisionRecord.Of("", decision).Metrics },
                IsNew: false)
            : new Proposal(decisions.Record(log.NextId(), decision, now.Wall), IsNew: true));
    }

    /// <summary>Leaves for later what is too much for a minute; growth goes first.</summary>
    private void KeepToRate(List<Proposal> proposals, List<DecisionRecord> notes, Instant now)
    {
        var inOrder = proposals.OrderBy(proposal => proposal.Record.Kind == DecisionKind.ScaleOut ? 0 : 1).ToList();
        proposals.Clear();
        foreach (var proposal in inOrder)
        {
            if (guard.TryTake(now.Steady))
            {
                proposals.Add(proposal);
                continue;
            }

            metrics.PutOff(proposal.Record.App);
            if (!proposal.IsNew) continue;
            notes.Add(proposal.Record with
            {
                Outcome = DecisionOutcome.Postponed,
                OutcomeAt = now.Wall,
                OutcomeReason = $"{safety.ChangesPerMinute} changes were set off within a minute",
            });
        }
    }
}
