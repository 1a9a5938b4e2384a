using LifecycleManager.Manager.Recording;
using LifecycleManager.Scaling.Targets;

namespace LifecycleManager.Manager.Evaluation;

/// <summary>
/// Changes whose answers an earlier leader did not record before it stopped: the count that is found settles them.
/// </summary>
internal static class OpenDecisions
{
    /// <summary>The records that can be settled by what is found, with their outcomes.</summary>
    public static List<DecisionRecord> Settle(DecisionArchive archive, IReadOnlyList<ScalableApp> apps, DateTimeOffset now)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var app in apps) counts[app.Id] = app.Instances;
        var settled = new List<DecisionRecord>();
        foreach (var open in archive.Newest.Where(IsOpen))
        {
            var found = counts.TryGetValue(open.App, out var count);
            if (found && count == open.To)
            {
                settled.Add(open with
                {
                    Outcome = DecisionOutcome.Applied,
                    OutcomeAt = now,
                    OutcomeReason = "the manager stopped before it saw the answer, and found the count in force when it started",
                });
            }
            else if (open.Outcome == DecisionOutcome.Pending)
            {
                settled.Add(open with
                {
                    Outcome = DecisionOutcome.Interrupted,
                    OutcomeAt = now,
                    OutcomeReason = "the manager stopped before it saw the answer, and found "
                        + (found ? $"the count at {count}" : "the app gone") + " when it started",
                });
            }
        }

        return settled;

        static bool IsOpen(DecisionRecord record) =>
            record.Outcome is DecisionOutcome.Pending or DecisionOutcome.Postponed or DecisionOutcome.Failed;
    }
}
