using System.Text.Json;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Tables;
using LifecycleManager.Security;
using LifecycleManager.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace LifecycleManager.Manager.Api;

/// <summary><c>/v1/decisions</c>: a page, one of them, and the stream.</summary>
internal static class DecisionsApi
{
    private const int Replayed = 200;
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/decisions", ListAsync).AsksByApp();
        app.MapGet("/v1/decisions/stream", StreamAsync).AsksByApp();
        app.MapGet("/v1/decisions/{id}", OneAsync).AsksByApp();
    }

    private static async Task ListAsync(HttpContext http)
    {
        if (!TryFilter(http, out var filter, out var field, out var message))
        {
            await ManagerApi.RefuseAsync(http, StatusCodes.Status400BadRequest, message!, field);
            return;
        }

        filter = filter with { Sees = SeesOf(http) };
        var leads = http.RequestServices.GetRequiredService<ManagerState>().Term is not null;
        if (!leads) http.Response.Headers[ManagerApi.LeaderHeader] = await ManagerApi.LeaderAsync(http) ?? "none";
        var page = await http.RequestServices.GetRequiredService<DecisionHistory>().QueryAsync(
            filter, () => ManagerApi.ArchiveAsync(http), leads, http.RequestAborted);
        await ManagerApi.WriteAsync(http, page, ManagerJson.Default.DecisionPage);
    }

    private static async Task OneAsync(HttpContext http)
    {
        var id = (string)http.Request.RouteValues["id"]!;
        var leads = http.RequestServices.GetRequiredService<ManagerState>().Term is not null;
        DecisionRecord? found;
        try
        {
            found = await http.RequestServices.GetRequiredService<DecisionHistory>().FindAsync(
                id, () => ManagerApi.ArchiveAsync(http), leads, http.RequestAborted);
        }
        catch (Exception e) when (e is StateUnavailableException or StateFormatException)
        {
            await ManagerApi.RefuseAsync(http, StatusCodes.Status503ServiceUnavailable,
                $"the state does not keep the decision '{id}', and the table cannot be read: {e.Message}");
            return;
        }

        if (found is { } record && ManagerApi.Sees(http, record.App))
            await ManagerApi.WriteAsync(http, record, ManagerJson.Default.DecisionRecord);
        else await ManagerApi.RefuseAsync(http, StatusCodes.Status404NotFound, $"no decision '{id}' is kept");
    }

    /// <summary>
    /// Server-sent events, one for each record that is made or settled. With <c>Last-Event-ID</c> what came after it is sent
    /// first, as far as it is kept. A client that does not keep up is disconnected.
    /// </summary>
    private static async Task StreamAsync(HttpContext http)
    {
        if (ManagerApi.HasUnknown(http, out var unknown, "app"))
        {
            await ManagerApi.RefuseAsync(http, StatusCodes.Status400BadRequest,
                $"unknown parameter '{unknown}': the stream takes app", unknown);
            return;
        }

        if (http.RequestServices.GetRequiredService<ManagerState>().Term is not { } term)
        {
            await ManagerApi.RedirectToLeaderAsync(http);
            return;
        }

        using var subscription = http.RequestServices.GetRequiredService<DecisionFeed>().Subscribe();
        if (subscription is null)
        {
            await ManagerApi.RefuseAsync(http, StatusCodes.Status503ServiceUnavailable,
                "too many clients follow the decisions already");
            return;
        }

        var (app, sees) = ((string?)http.Request.Query["app"], SeesOf(http));
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-cache";
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        var stopping = http.RequestServices.GetService<IHostApplicationLifetime>()?.ApplicationStopping ?? default;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
        try
        {
            await http.Response.WriteAsync(": decisions\n\n", ended.Token);
            if ((string?)http.Request.Headers["Last-Event-ID"] is { Length: > 0 } last)
            {
                var missed = term.Archive.Query(new DecisionFilter { App = app, Sees = sees, Limit = Replayed }).Decisions;
                foreach (var record in missed.Reverse().Where(record => string.CompareOrdinal(record.Id, last) > 0))
                {
                    await SendAsync(
                        http, record, ManagerApi.Text(record, ManagerJson.Default.DecisionRecord), ended.Token);
                }
            }

            await http.Response.Body.FlushAsync(ended.Token);
            var time = http.RequestServices.GetRequiredService<TimeProvider>();
            var next = subscription.WaitAsync(ended.Token).AsTask();
            while (true)
            {
                try
                {
                    if (!await next.WaitAsync(Heartbeat, time, ended.Token)) return;
                }
                catch (TimeoutException)
                {
                    await http.Response.WriteAsync(": still here\n\n", ended.Token);
                    await http.Response.Body.FlushAsync(ended.Token);
                    continue;
                }

                while (subscription.TryRead(out var record, out var json))
                {
                    if ((app is null || record.App == app) && sees?.Invoke(record.App) != false)
                        await SendAsync(http, record, json, ended.Token);
                }

                await http.Response.Body.FlushAsync(ended.Token);
                next = subscription.WaitAsync(ended.Token).AsTask();
            }
        }
        catch (OperationCanceledException)
        {
            // The client went, or the manager stops.
        }
    }

    /// <summary>The apps whose decisions the caller may see; null for all.</summary>
    private static Func<string, bool>? SeesOf(HttpContext http)
    {
        var scope = AccessControl.ScopeOf(http);
        return scope.MayEverywhere(GroupPermission.View) ? null : app => scope.May(GroupPermission.View, app);
    }

    private static async Task SendAsync(HttpContext http, DecisionRecord record, string json, CancellationToken cancellation)
    {
        await http.Response.WriteAsync($"id: {record.Id}\nevent: decision\ndata: {json}\n\n", cancellation);
    }

    private static bool TryFilter(HttpContext http, out DecisionFilter filter, out string? field, out string? message)
    {
        filter = new DecisionFilter();
        message = null;
        if (ManagerApi.HasUnknown(
            http, out field, "app", "policy", "rule", "kind", "outcome", "since", "until", "before", "limit"))
        {
            message =
                $"unknown parameter '{field}': decisions are filtered by app, policy, rule, kind, outcome, since, until, "
                + "before and limit";
            return false;
        }

        foreach (var (name, values) in http.Request.Query)
        {
            var text = values.ToString();
            field = name;
            switch (name)
            {
                case "app": filter = filter with { App = text.StartsWith('/') ? text : "/" + text }; break;
                case "policy": filter = filter with { Policy = text }; break;
                case "rule": filter = filter with { Rule = text }; break;
                case "before": filter = filter with { Before = text }; break;
                case "kind" when Enum.TryParse<DecisionKind>(text, ignoreCase: true, out var kind) && Enum.IsDefined(kind):
                    filter = filter with { Kind = kind };
                    break;
                case "outcome" when Enum.TryParse<DecisionOutcome>(text, ignoreCase: true, out var outcome)
                    && Enum.IsDefined(outcome):
                    filter = filter with { Outcome = outcome };
                    break;
                case "since" when ManagerApi.TryTime(text, out var since): filter = filter with { Since = since }; break;
                case "until" when ManagerApi.TryTime(text, out var until): filter = filter with { Until = until }; break;
                case "limit" when ManagerApi.TryCount(text, DecisionFilter.MaxPageSize, out var limit):
                    filter = filter with { Limit = limit };
                    break;
                default:
                    message = name switch
                    {
                        "kind" => $"kind '{text}' must be scaleOut, scaleIn or hold",
                        "outcome" =>
                            $"outcome '{text}' must be pending, applied, postponed, failed, dryRun, held, interrupted or "
                            + "outdated",
                        "limit" => $"limit '{text}' is not a number from 1 to {DecisionFilter.MaxPageSize}",
                        _ => $"{name} '{text}' is not a time such as 2026-11-24T19:00:00Z",
                    };
                    return false;
            }
        }

        return true;
    }
}
