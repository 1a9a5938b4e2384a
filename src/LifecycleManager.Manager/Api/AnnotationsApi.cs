using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Tables;
using LifecycleManager.Manager.Webhooks;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Manager.Api;

/// <summary>
/// <c>GET</c> and <c>POST /v1/annotations</c>: changes of counts, and those that failed, as Grafana draws marks of them. The
/// first is for data sources that read any JSON (Infinity), the second for those of the simple JSON protocol.
/// </summary>
internal static class AnnotationsApi
{
    private const int MaxBodyBytes = 16 * 1024;
    private const int MaxAnnotations = 1_000;
    private static readonly TimeSpan Range = TimeSpan.FromHours(6);

    private static readonly DecisionOutcome[] Shown =
        [DecisionOutcome.Applied, DecisionOutcome.Failed, DecisionOutcome.Interrupted];

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/annotations", GetAsync);
        app.MapPost("/v1/annotations", PostAsync).WithMetadata(new BodyLimit(MaxBodyBytes)).Needs(Permission.View);
    }

    private static async Task GetAsync(HttpContext http)
    {
        if (ManagerApi.HasUnknown(http, out var unknown, "app", "policy", "from", "to"))
        {
            await ManagerApi.RefuseAsync(http, StatusCodes.Status400BadRequest,
                $"unknown parameter '{unknown}': annotations are filtered by app, policy, from and to", unknown);
            return;
        }

        var query = http.Request.Query;
        await AnswerAsync(http, query["app"], query["policy"], query["from"], query["to"]);
    }

    private static async Task PostAsync(HttpContext http)
    {
        var (body, field, message, status) = await ManagerApi.ReadAsync(http, AnnotationJson.Default.AnnotationQuery);
        if (body is null) await ManagerApi.RefuseAsync(http, status, message!, field);
        else await AnswerAsync(http, body.Annotation?.Query, null, body.Range?.From, body.Range?.To);
    }

    private static async Task AnswerAsync(HttpContext http, string? app, string? policy, string? from, string? to)
    {
        var until = http.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        if (!string.IsNullOrEmpty(to) && !TryInstant(to, out until))
        {
            await ManagerApi.RefuseAsync(http, StatusCodes.Status400BadRequest, Wrong("to"), "to");
            return;
        }

        var since = until - DateTimeOffset.MinValue > Range ? until - Range : DateTimeOffset.MinValue;
        if (!string.IsNullOrEmpty(from) && !TryInstant(from, out since))
        {
            await ManagerApi.RefuseAsync(http, StatusCodes.Status400BadRequest, Wrong("from"), "from");
            return;
        }

        var leads = http.RequestServices.GetRequiredService<ManagerState>().Term is not null;
        var history = http.RequestServices.GetRequiredService<DecisionHistory>();
        var filter = new DecisionFilter
        {
            App = string.IsNullOrEmpty(app) ? null : "/" + app.Trim('/'),
            Policy = string.IsNullOrEmpty(policy) ? null : policy,
            Since = since,
            Until = until,
            Limit = MaxAnnotations,
        };
        var found = new List<DecisionRecord>();
        foreach (var outcome in Shown)
        {
            found.AddRange((await history.QueryAsync(
                filter with { Outcome = outcome }, () => ManagerApi.ArchiveAsync(http), leads, http.RequestAborted)).Decisions);
        }

        IReadOnlyList<Annotation> annotations =
            [.. found.OrderByDescending(record => record.At).Take(MaxAnnotations).Select(Of)];
        await ManagerApi.WriteAsync(http, annotations, AnnotationJson.Default.IReadOnlyListAnnotation);
    }

    private static Annotation Of(DecisionRecord record)
    {
        var hasFailed = record.Outcome != DecisionOutcome.Applied;
        return new Annotation(
            record.At.ToUnixTimeMilliseconds(),
            $"{record.App} {record.From} → {record.To}{(hasFailed ? " failed" : "")}",
            WebhookMessage.Text(record),
            [record.App, record.Policy, Camel(record.Kind.ToString()), Camel(record.Outcome.ToString())])
        {
            TimeEnd = record.OutcomeAt?.ToUnixTimeMilliseconds(),
        };
    }

    private static string Camel(string name) => JsonNamingPolicy.CamelCase.ConvertName(name);

    private static string Wrong(string name) =>
        $"{name} is neither a time such as 2026-11-24T19:00:00Z nor milliseconds since 1970";

    private static bool TryInstant(string text, out DateTimeOffset at)
    {
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds))
            return ManagerApi.TryTime(text, out at);
        var isKnown = milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();
        at = isKnown ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : default;
        return isKnown;
    }
}

/// <summary>A mark in a graph.</summary>
/// <param name="Time">When it was decided, in milliseconds since 1970.</param>
/// <param name="Title">The app and its counts.</param>
/// <param name="Text">The same with its reason.</param>
/// <param name="Tags">App, policy, kind and outcome.</param>
internal sealed record Annotation(long Time, string Title, string Text, IReadOnlyList<string> Tags)
{
    /// <summary>When it was in force, or had failed; absent where that is not known.</summary>
    public long? TimeEnd { get; init; }
}

/// <summary>What the simple JSON protocol asks; what else it says is passed over.</summary>
internal sealed record AnnotationQuery(AnnotationRange? Range, AnnotationAsked? Annotation);

/// <summary>The time that the dashboard shows.</summary>
internal sealed record AnnotationRange(string? From, string? To);

/// <summary>The annotation as it was set up in the dashboard: its query is an app, or empty.</summary>
internal sealed record AnnotationAsked(string? Query);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(IReadOnlyList<Annotation>))]
[JsonSerializable(typeof(AnnotationQuery))]
internal sealed partial class AnnotationJson : JsonSerializerContext;
