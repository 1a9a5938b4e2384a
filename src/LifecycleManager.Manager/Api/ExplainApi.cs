using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Manager.History;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Status;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Manager.Api;

/// <summary>
/// <c>GET /v1/apps/{id}/explain?at=</c>: why the count is what it is, or was at an instant: from the last evaluation and the
/// samples there are, or from the decisions on record with theirs and the history in memory.
/// </summary>
internal static class ExplainApi
{
    private const int Recent = 10;
    private const int Points = 10;

    public static async Task ExplainAsync(HttpContext http, string app)
    {
        if (!ManagerApi.Sees(http, app))
        {
            await AppsApi.RefuseUnknownAsync(http, app);
            return;
        }

        if (ManagerApi.HasUnknown(http, out var unknown, "at"))
        {
            await ManagerApi.RefuseAsync(http, StatusCodes.Status400BadRequest,
                $"unknown parameter '{unknown}': an explanation takes at", unknown);
            return;
        }

        var now = http.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        var text = (string?)http.Request.Query["at"];
        if (string.IsNullOrEmpty(text))
        {
            await PresentAsync(http, app, now);
        }
        else if (!ManagerApi.TryTime(text, out var at))
        {
            await ManagerApi.RefuseAsync(http, StatusCodes.Status400BadRequest,
                $"at '{text}' is not a time such as 2026-11-24T19:00:00Z", "at");
        }
        else if (at > now)
        {
            await ManagerApi.RefuseAsync(http, StatusCodes.Status400BadRequest, $"at '{text}' is in the future: it is {now:O}",
                "at");
        }
        else
        {
            await PastAsync(http, app, at);
        }
    }

    private static async Task PresentAsync(HttpContext http, string app, DateTimeOffset now)
    {
        var archive = await ManagerApi.ArchiveAsync(http);
        var state = http.RequestServices.GetRequiredService<ManagerState>();
        var recent = archive.Query(new DecisionFilter { App = app, Limit = Recent }).Decisions;
        if (state.Term is { } term && state.Snapshot.Apps.GetValueOrDefault(app) is { } status)
        {
            var explained = await term.ExplainAsync(app);
            if (explained is not null) status = status with { Evaluation = explained.Decision };

            var answer = AppsApi.Answer(status, archive, term);
            var history = History(http, app, now);
            await WriteAsync(http, answer, now, new ExplainAnswer
            {
                Summary = Summary(status, answer),
                App = answer,
                Evaluation = Answer(status.Evaluation),
                Metrics = [.. status.Metrics.Select(metric => Answer(
                    metric.Key, metric.Value, Thresholds(status, metric.Key),
                    explained?.Evidence.FirstOrDefault(one => one.Metric == metric.Key), history))],
                Opinions = explained?.Opinions,
                Rules = [],
                Schedules = [],
                Recent = recent,
            });
        }
        else if (recent is [var last, ..])
        {
            await WriteAsync(http, AppsApi.Answer(last, archive), now, new ExplainAnswer
            {
                Summary =
                    $"{app} is not evaluated here; the last decision on record, of {Time(last.At)}, was {last.To}: {last.Reason}",
                App = AppsApi.Answer(last, archive),
                Evaluation = Answer(last),
                Metrics = Metrics(last, []),
                Rules = [],
                Schedules = [],
                Recent = recent,
            });
        }
        else
        {
            await AppsApi.RefuseUnknownAsync(http, app);
        }
    }

    private static async Task PastAsync(HttpContext http, string app, DateTimeOffset at)
    {
        var archive = await ManagerApi.ArchiveAsync(http);
        // The decision of this very instant counts.
        var recent =
            archive.Query(new DecisionFilter { App = app, Until = at.AddTicks(1), Limit = DecisionFilter.MaxPageSize }).Decisions;
        if (recent.Count == 0)
        {
            await RefuseBeforeRecordAsync(http, app, at, archive);
            return;
        }

        var last = recent[0];
        var history = History(http, app, at);

        // A point of before that decision is older than what the decision saw.
        int? Count(string name) => history.GetValueOrDefault(name) is [.., var point] && point.At > last.At
            ? (int)point.Value : null;
        var instances = Count("instances") ?? (last.Outcome == DecisionOutcome.Applied ? last.To : last.From);
        var change = recent.FirstOrDefault(record => record.Outcome == DecisionOutcome.Applied);
        var answer = new GovernedAppAnswer
        {
            App = app,
            Policy = last.Policy,
            Instances = instances,
            Running = Count("running"),
            Healthy = Count("healthy"),
            Desired = Count("desired") ?? last.To,
            Reason = last.Reason,
            MetricsMissing = last.Metrics.Any(metric => metric.Value is null),
            LastDecision = last,
            LastChange = change,
        };
        await WriteAsync(http, answer, at, new ExplainAnswer
        {
            Summary = $"{app} had {instances} instances at {Time(at)}{Since(change, instances)}; "
                + $"the decision in force, of {Time(last.At)}, was {Said(last)}: {last.Reason}",
            At = at,
            App = answer,
            Evaluation = Answer(last),
            Opinions = last.Opinions.Count > 0 ? last.Opinions : null,
            Metrics = Metrics(last, history),
            Rules = [],
            Schedules = [],
            Recent = [.. recent.Take(Recent)],
        });
    }

    private static Task RefuseBeforeRecordAsync(HttpContext http, string app, DateTimeOffset at, DecisionArchive archive)
    {
        var kept = archive.Query(new DecisionFilter { App = app, Limit = DecisionFilter.MaxPageSize }).Decisions;
        return kept.Count == 0
            ? AppsApi.RefuseUnknownAsync(http, app)
            : ManagerApi.RefuseAsync(
                http, StatusCodes.Status404NotFound,
                $"no decision about '{app}' is kept from {Time(at)}: the oldest is from {Time(kept[^1].At)}", "at");
    }

    /// <summary>Writes an explanation, with the rules and schedules of the policy as it is in force now.</summary>
    private static Task WriteAsync(HttpContext http, GovernedAppAnswer app, DateTimeOffset at, ExplainAnswer answer)
    {
        var policies = http.RequestServices.GetRequiredService<PolicyDirectory>().Current;
        var policy = policies.Policies.FirstOrDefault(policy => policy.Name == app.Policy);
        answer = answer with
        {
            Rules = policy is null ? [] : [.. policy.Rules.Select(rule => rule.Name)],
            Schedules = PoliciesApi.Schedules(policies, at, app.Policy),
        };
        return ManagerApi.WriteAsync(http, answer, ManagerJson.Default.ExplainAnswer);
    }

    private static string Summary(GovernedApp status, GovernedAppAnswer answer)
    {
        var count = status.Instances == 1 ? "1 instance" : $"{status.Instances} instances";
        var wanted = status.Evaluation.To == status.Instances ? "; it stays" : $"; wanted: {status.Evaluation.To}";
        return $"{answer.App} has {count}{Since(answer.LastChange, status.Instances)}{wanted}: {status.Evaluation.Reason}";
    }

    private static string Since(DecisionRecord? change, int instances) => change is not null && change.To == instances
        ? $", since {Time(change.At)} ({change.Policy}: {change.Reason})"
        : ", set by somebody else";

    private static string Said(DecisionRecord record) => record.Kind == DecisionKind.Hold
        ? $"to stay at {record.From}"
        : $"{record.From} to {record.To} ({CamelCaseName(record.Outcome)}"
            + $"{(record.OutcomeReason is null ? "" : ": " + record.OutcomeReason)})";

    private static string CamelCaseName(DecisionOutcome outcome) =>
        System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(outcome.ToString());

    private static string Time(DateTimeOffset at) => $"{at.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z";

    /// <summary>The last points of each series of an app up to an instant; none where they are too old to speak for it.</summary>
    private static Dictionary<string, IReadOnlyList<PointAnswer>> History(HttpContext http, string app, DateTimeOffset at)
    {
        var interval = http.RequestServices.GetRequiredService<ManagerOptions>().HistoryInterval;
        return http.RequestServices.GetRequiredService<MetricHistory>().Read(app, at - (interval * (Points + 1)), at.AddTicks(1))
            .Where(series => series.Points.Count > 0 && series.Points[^1].At >= at - (interval * 2))
            .ToDictionary(
                series => series.Name,
                series =>
                    (IReadOnlyList<PointAnswer>)[.. series.Points.TakeLast(Points)
                        .Select(point => new PointAnswer(point.At, point.Value))],
                StringComparer.Ordinal);
    }

    private static IReadOnlyList<double> Thresholds(GovernedApp status, string metric) =>
    [
        .. status.Thresholds.Where(threshold => threshold.Key == metric && threshold.Value is { } value && double.IsFinite(value))
            .Select(threshold => threshold.Value!.Value),
    ];

    private static IReadOnlyList<MetricAnswer> Metrics(DecisionRecord record,
        Dictionary<string, IReadOnlyList<PointAnswer>> history) =>
    [
        .. record.Metrics.Keys.Union(record.Evidence.Select(one => one.Metric)).Select(metric => Answer(
            metric, record.Metrics.GetValueOrDefault(metric), [], record.Evidence.FirstOrDefault(one => one.Metric == metric),
            history)),
    ];

    private static MetricAnswer Answer(
        string metric, double? value, IReadOnlyList<double> thresholds, MetricEvidence? evidence,
        Dictionary<string, IReadOnlyList<PointAnswer>> history) =>
        new(metric, value is { } known && double.IsFinite(known) ? known : null, thresholds)
        {
            Missing = evidence?.Missing,
            Absence = evidence?.Absence,
            Note = evidence?.Note,
            NewestSample = evidence?.NewestSample,
            Low = evidence?.Low,
            High = evidence?.High,
            Reporting = evidence?.Reporting,
            Instances = evidence?.Instances,
            Samples = evidence?.Samples ?? [],
            History = history.GetValueOrDefault(metric) ?? [],
        };

    private static EvaluationAnswer Answer(Decision decision) => new(
        decision.At, decision.Rule, decision.From, decision.To, decision.Reason, decision.DryRun,
        decision.Recommendations, decision.Adjustments, decision.Chain);

    private static EvaluationAnswer Answer(DecisionRecord record) => new(
        record.At, record.Rule, record.From, record.To, record.Reason, record.DryRun, record.Recommendations, record.Adjustments,
        record.Chain);
}
