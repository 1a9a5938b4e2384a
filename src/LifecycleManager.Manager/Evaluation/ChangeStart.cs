using LifecycleManager.Manager.Observability;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Scaling.Targets;

namespace LifecycleManager.Manager.Evaluation;

/// <summary>How a change that is on record is set off.</summary>
internal static class ChangeStart
{
    /// <summary>Sets a change off, with a span that lasts as long as it.</summary>
    /// <param name="parts">The term's parts.</param>
    /// <param name="record">The decision.</param>
    /// <param name="app">Its app, as it was decided.</param>
    /// <param name="post">Gets its end.</param>
    /// <param name="calls">Cuts it off.</param>
    public static void Begin(
        EvaluationParts parts, DecisionRecord record, ScalableApp app, Func<EvaluationInput, Task> post, CancellationToken calls)
    {
        var span = Tracing.Scale(record);
        parts.Changes.Start(
            new ScaleRequest(record.App, record.To, app.Seen, record.Policy, record.Reason)
            {
                OwnDeployment = parts.Log.Archive.LastChange(record.App)?.Deployment,
            },
            () => parts.Stop.Current?.ToString() ?? parts.Pauses.Against(record.App, record.Kind)?.ToString(),
            result =>
            {
                Tracing.End(span, result);
                return post(new EvaluationInput.ChangeEnded(record, result));
            },
            calls);
        Tracing.Leave(span);
    }
}
