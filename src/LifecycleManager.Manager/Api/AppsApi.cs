using System.Text.Json;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Status;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Manager.Api;

/// <summary><c>/v1/apps</c>; <c>/v1/apps/{id}/explain</c> goes to <see cref="ExplainApi"/>.</summary>
internal static class AppsApi
{
    private const string Explain = "/explain";

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/apps", ListAsync).AsksByApp();
        app.MapGet("/v1/apps/{**id}", http =>
        {
            var id = (string?)http.Request.RouteValues["id"] ?? "";
            return id.EndsWith(Explain, StringComparison.Ordinal)
                ? ExplainApi.ExplainAsync(http, "/" + id[..^Explain.Length].Trim('/'))
                : OverridesApi.AppOf(http) is { } app ? OverridesApi.GetAsync(http, app)
                : OneAsync(http, "/" + id.Trim('/'));
        }).AsksByApp();
    }

    private static async Task ListAsync(HttpContext http)
    {
        var archive = await ManagerApi.ArchiveAsync(http);
        var state = http.RequestServices.GetRequiredService<ManagerState>();
        var (snapshot, term) = (state.Snapshot, state.Term);
        IReadOnlyList<GovernedAppAnswer> apps = term is not null
            ? [.. snapshot.Apps.Values.Where(status => ManagerApi.Sees(http, status.App))
                .Select(status => Answer(status, archive, term))]
            : [.. archive.Newest.Where(record => ManagerApi.Sees(http, record.App))
                .OrderBy(record => record.App, StringComparer.Ordinal).Select(record => Answer(record, archive))];
        await ManagerApi.WriteAsync(
            http, new AppsAnswer(apps, snapshot.Ungoverned, term is null ? null : snapshot.LastTick?.At),
            ManagerJson.Default.AppsAnswer);
    }

    private static async Task OneAsync(HttpContext http, string app)
    {
        if (!ManagerApi.Sees(http, app))
        {
            await RefuseUnknownAsync(http, app);
            return;
        }

        var archive = await ManagerApi.ArchiveAsync(http);
        var state = http.RequestServices.GetRequiredService<ManagerState>();
        if (state.Term is { } term && state.Snapshot.Apps.GetValueOrDefault(app) is { } status)
        {
            await ManagerApi.WriteAsync(http, Answer(status, archive, term), ManagerJson.Default.GovernedAppAnswer);
        }
        else if (archive.Last(app) is { } last)
        {
            await ManagerApi.WriteAsync(http, Answer(last, archive), ManagerJson.Default.GovernedAppAnswer);
        }
        else
        {
            await RefuseUnknownAsync(http, app);
        }
    }

    public static Task RefuseUnknownAsync(HttpContext http, string app) => ManagerApi.RefuseAsync(
        http, StatusCodes.Status404NotFound,
        $"no policy governs '{app}', or the scheduler has no such app, and no decision about it is kept");

    public static GovernedAppAnswer Answer(GovernedApp status, DecisionArchive archive, ManagerTerm term) => new()
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
        DryRun = status.Evaluation.DryRun,
        Reason = status.Evaluation.Reason,
        MetricsMissing = status.MetricsMissing,
        Startup = status.Startup is { } startup
            ? new StartupAnswer(startup.Time.TotalSeconds, JsonNamingPolicy.CamelCase.ConvertName(startup.Source.ToString()),
                startup.Starts)
            : null,
        InFlight = status.InFlight,
        NextTry = status.NextTry,
        ScaleInHeld = status.ScaleInHeld,
        ScaleOutHeld = status.ScaleOutHeld,
        Stopped = term.Stop.Current,
        Paused = term.Pauses.Against(status.App, DecisionKind.ScaleIn)
            ?? term.Pauses.Against(status.App, DecisionKind.ScaleOut),
        Override = term.Overrides.Of(status.App),
        LastDecision = archive.Last(status.App),
        LastChange = archive.LastChange(status.App),
    };

    public static GovernedAppAnswer Answer(DecisionRecord record, DecisionArchive archive) => new()
    {
        App = record.App,
        Policy = record.Policy,
        Desired = record.To,
        DryRun = record.DryRun,
        Reason = record.Reason,
        LastDecision = record,
        LastChange = archive.LastChange(record.App),
    };
}
