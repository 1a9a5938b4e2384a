using System.Diagnostics;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Status;
using LifecycleManager.Scaling.Targets;

namespace LifecycleManager.Manager.Observability;

/// <summary>
/// The spans of a manager: a tick, or a round between two, has the reading of the apps, the decisions, and each change that
/// follows. While nobody listens there are none: every method is then a look at one field.
/// </summary>
internal static class Tracing
{
    /// <summary>The source of these spans.</summary>
    public const string Source = "LifecycleManager.Manager";

    private static readonly ActivitySource Spans = new(Source);

    /// <summary>A tick or round begins; it belongs to nothing else.</summary>
    public static Activity? Begin(bool isTick)
    {
        if (!Spans.HasListeners()) return null;
        Activity.Current = null;
        return Spans.StartActivity(isTick ? "tick" : "round");
    }

    /// <summary>A tick or round ends.</summary>
    public static void End(Activity? span, string why, TickReport report)
    {
        if (span is null) return;
        span.SetTag("lcm.why", why);
        span.SetTag("lcm.outcome", Name(report.Outcome.ToString()));
        span.SetTag("lcm.apps", report.Governed);
        span.SetTag("lcm.changes", report.Changes);
        if (report.Problem is { } problem) span.SetStatus(ActivityStatusCode.Error, problem);
        span.Stop();
    }

    /// <summary>The apps are read from the target; within the span that is current.</summary>
    public static Activity? Read() => Spans.StartActivity("read");

    /// <summary>Apps are decided.</summary>
    /// <param name="parent">The tick or round.</param>
    public static Activity? Decide(Activity? parent)
    {
        if (parent is null) return null;
        Activity.Current = parent;
        return Spans.StartActivity("decide");
    }

    /// <summary>
    /// A change is set off: the span is current until <see cref="Leave"/>, so that calls of the change belong to it.
    /// </summary>
    public static Activity? Scale(DecisionRecord record)
    {
        var span = Spans.StartActivity("scale", ActivityKind.Client);
        if (span is null) return null;
        span.SetTag("lcm.decision", record.Id);
        span.SetTag("lcm.app", record.App);
        span.SetTag("lcm.policy", record.Policy);
        span.SetTag("lcm.rule", record.Rule);
        span.SetTag("lcm.from", record.From);
        span.SetTag("lcm.to", record.To);
        return span;
    }

    /// <summary>What follows does not belong to a span that goes on.</summary>
    public static void Leave(Activity? span)
    {
        if (span is not null) Activity.Current = span.Parent;
    }

    /// <summary>A change ends.</summary>
    /// <param name="span">Its span.</param>
    /// <param name="result">What became of it; null where it was cut off.</param>
    public static void End(Activity? span, ScaleResult? result)
    {
        if (span is null) return;
        span.SetTag("lcm.outcome", result is null ? "cutOff" : Name(result.Status.ToString()));
        span.SetTag("lcm.deployment", result?.Deployment);
        if (result is null or { Status: ScaleStatus.Refused or ScaleStatus.NotFound or ScaleStatus.Unavailable })
            span.SetStatus(ActivityStatusCode.Error, result?.Detail);
        span.Stop();
    }

    private static string Name(string name) => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(name);
}
