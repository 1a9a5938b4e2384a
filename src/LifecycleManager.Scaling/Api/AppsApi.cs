using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Scaling.Evaluation;
using LifecycleManager.Scaling.Pausing;
using LifecycleManager.Scaling.Recording;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Scaling.Api;

/// <summary><c>/v1/apps</c> and <c>/v1/apps/{id}/explain</c>.</summary>
internal static class AppsApi
{
    private const string Explain = "/explain";
    private const int Recent = 10;

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/apps", ListAsync);
        app.MapGet("/v1/apps/{**id}", OneAsync);
    }

    private static async Task ListAsync(HttpContext http)
    {
        var archive = await ManagerApi.ArchiveAsync(http);
        var snapshot = http.RequestServices.GetRequiredService<Evaluator>().Snapshot;
        var pauses = http.RequestServices.GetRequiredService<PauseBook>();
        IReadOnlyList<AppAnswer> apps = snapshot.Leading
            ? [.. snapshot.Apps.Values.Select(status => Answer(status, archive, pauses))]
            : [.. archive.Newest.OrderBy(record => record.App, StringComparer.Ordinal).Select(record => Answer(record, archive))];
        await ManagerApi.WriteAsync(
            http, new AppsAnswer(apps, snapshot.Ungoverned, snapshot.Leading ? snapshot.LastTick?.At : null), ManagerJson.Default.AppsAnswer);
    }

    private static async Task OneAsync(HttpContext http)
    {
        var id = (string?)http.Request.RouteValues["id"] ?? "";
        var explain = id.EndsWith(Explain, StringComparison.Ordinal);
        var app = "/" + (explain ? id[..^Explain.Length] : id).Trim('/');
        var archive = await ManagerApi.ArchiveAsync(http);
        var evaluator = http.RequestServices.GetRequiredService<Evaluator>();
        var snapshot = evaluator.Snapshot;
        var status = snapshot.Leading ? snapshot.Apps.GetValueOrDefault(app) : null;
        var last = archive.Last(app);
        if (status is null && last is null)
        {
            await ManagerApi.RefuseAsync(
                http, StatusCodes.Status404NotFound,
                $"no policy governs '{app}', or the scheduler has no such app, and no decision about it is kept");
            return;
        }

        if (explain && status is not null && await evaluator.ExplainAsync(app) is { } evaluation)
        {
            status = status with { Evaluation = evaluation };
        }

        var pauses = http.RequestServices.GetRequiredService<PauseBook>();
        var answer = status is null ? Answer(last!, archive) : Answer(status, archive, pauses);
        if (!explain)
        {
            await ManagerApi.WriteAsync(http, answer, ManagerJson.Default.AppAnswer);
            return;
        }

        var now = http.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        var policy = http.RequestServices.GetRequiredService<PolicyDirectory>().Current.Policies
            .FirstOrDefault(policy => policy.Name == answer.Policy);
        var explanation = new ExplainAnswer
        {
            Summary = Summary(status, answer),
            App = answer,
            Evaluation = status is null ? null : Answer(status.Evaluation),
            Metrics = status is null ? [] : Metrics(status),
            Rules = policy is null ? [] : [.. policy.Rules.Select(rule => rule.Name)],
            Schedules = PoliciesApi.Schedules(snapshot, now, answer.Policy),
            Recent = archive.Query(new DecisionFilter { App = app, Limit = Recent }).Decisions,
        };
        await ManagerApi.WriteAsync(http, explanation, ManagerJson.Default.ExplainAnswer);
    }

    private static string Summary(AppStatus? status, AppAnswer answer)
    {
        if (status is null)
        {
            var kept = answer.LastDecision!;
            return $"{answer.App} is not evaluated here; the last decision on record, of {kept.At:O}, was {kept.To}: {kept.Reason}";
        }

        var change = answer.LastChange is { } last && last.To == status.Instances
            ? $", since {last.At.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z ({last.Policy}: {last.Reason})"
            : ", set by somebody else";
        var wish = status.Evaluation.To == status.Instances ? "; it stays" : $"; {status.Evaluation.To} are wanted";
        return $"{answer.App} has {status.Instances} instances{change}{wish}: {status.Evaluation.Reason}";
    }

    private static AppAnswer Answer(AppStatus status, DecisionArchive archive, PauseBook pauses) => new()
    {
        App = status.App,
        Policy = status.Policy,
        Instances = status.Instances,
        Running = status.Running,
        Healthy = status.Healthy,
        Staged = status.Staged,
        Deploying = status.Deploying,
        Min = status.Min,
        Max = status.Max,
        Desired = status.Evaluation.To,
        Reason = status.Evaluation.Reason,
        MetricsMissing = status.MetricsMissing,
        InFlight = status.InFlight,
        NextTry = status.NextTry,
        Paused = pauses.Against(status.App, DecisionKind.ScaleIn) ?? pauses.Against(status.App, DecisionKind.ScaleOut),
        LastDecision = archive.Last(status.App),
        LastChange = archive.LastChange(status.App),
    };

    private static AppAnswer Answer(DecisionRecord record, DecisionArchive archive) => new()
    {
        App = record.App,
        Policy = record.Policy,
        Desired = record.To,
        Reason = record.Reason,
        LastDecision = record,
        LastChange = archive.LastChange(record.App),
    };

    private static EvaluationAnswer Answer(Decision decision) => new(
        decision.At, decision.Rule, decision.From, decision.To, decision.Reason, decision.DryRun,
        decision.Recommendations, decision.Adjustments);

    private static IReadOnlyList<MetricAnswer> Metrics(AppStatus status) =>
    [
        .. status.Metrics.Select(metric => new MetricAnswer(
            metric.Key,
            metric.Value is { } value && double.IsFinite(value) ? value : null,
            [.. status.Thresholds
                .Where(threshold => threshold.Key == metric.Key && threshold.Value is { } value && double.IsFinite(value))
                .Select(threshold => threshold.Value!.Value)])),
    ];
}
