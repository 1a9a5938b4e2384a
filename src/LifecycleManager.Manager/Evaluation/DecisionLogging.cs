using LifecycleManager.Manager.Recording;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Evaluation;

/// <summary>The log lines about decisions.</summary>
internal static class DecisionLogging
{
    /// <summary>Logs a decision that changes nothing.</summary>
    public static void LogNote(this ILogger log, DecisionRecord note)
    {
        if (note.Outcome == DecisionOutcome.DryRun)
            log.LogInformation("Dry run: {App} would be scaled from {From} to {To}: {Reason}", note.App, note.From, note.To,
                note.Reason);
        else
            log.LogDebug("{App} stays at {Count}: {Reason}", note.App, note.From, note.Reason);
    }

    /// <summary>Logs the outcome of a change.</summary>
    public static void LogOutcome(this ILogger log, DecisionRecord record)
    {
        switch (record.Outcome)
        {
            case DecisionOutcome.Applied:
                log.LogInformation("{App} is scaled from {From} to {To}: {Reason}", record.App, record.From, record.To,
                    record.Reason);
                break;
            case DecisionOutcome.Outdated:
                log.LogInformation(
                    "{App} is not scaled from {From} to {To}, {Why}: {Reason}",
                    record.App, record.From, record.To, record.OutcomeReason, record.Reason);
                break;
            case DecisionOutcome.Postponed:
                log.LogInformation(
                    "Scaling {App} from {From} to {To} is postponed, {Why}: {Reason}",
                    record.App, record.From, record.To, record.OutcomeReason, record.Reason);
                break;
            default:
                log.LogWarning(
                    "{App} could not be scaled from {From} to {To}, {Why}: {Reason}",
                    record.App, record.From, record.To, record.OutcomeReason, record.Reason);
                break;
        }
    }
}
