using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LifecycleManager.Manager.Evaluation;
using LifecycleManager.Manager.Health;
using LifecycleManager.Manager.Observability;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Security;
using LifecycleManager.Storage;
using LifecycleManager.Storage.Leading;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Prometheus;

namespace LifecycleManager.Manager.Api;

/// <summary>The manager's REST API.</summary>
internal static class ManagerApi
{
    /// <summary>Which manager leads, on answers of one that does not.</summary>
    public const string LeaderHeader = "Lcm-Leader";

    private const int MaxReasonLength = 500;

    // Reasons are read with curl, too: "tpm 12 > 10", not "tpm 12 \u003E 10". The answers are no HTML.
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Map(WebApplication app, AccessControl access)
    {
        var registry = app.Services.GetRequiredService<CollectorRegistry>();
        app.MapMetrics(settings => settings.Registry = registry).ReadsOnly();
        app.MapGet("/health", http => HealthAsync(http, access)).Needs(Permission.None);
        app.MapPing();
        PoliciesApi.Map(app);
        PolicyFilesApi.Map(app);
        ToolsApi.Map(app);
        DecisionsApi.Map(app);
        AppsApi.Map(app);
        StopApi.Map(app);
        SchedulesApi.Map(app);
        PausesApi.Map(app);
        OverridesApi.Map(app);
        HistoryApi.Map(app);
        RecommendationsApi.Map(app);
        AuditApi.Map(app);
        AnnotationsApi.Map(app);
        DocumentApi.Map(app);
    }

    /// <summary>Answers as JSON.</summary>
    public static async Task WriteAsync<T>(HttpContext http, T answer, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json; charset=utf-8";
        await using (var json = new Utf8JsonWriter(http.Response.BodyWriter, Readable)) JsonSerializer.Serialize(json, answer,
            type);
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
    }

    /// <summary>The JSON of an answer as a text.</summary>
    public static string Text<T>(T answer, JsonTypeInfo<T> type)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Readable)) JsonSerializer.Serialize(json, answer, type);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Reads a body; null with what is wrong with it. No body at all is <paramref name="otherwise"/>.</summary>
    public static async Task<(T? Body, string? Field, string? Message, int Status)> ReadAsync<T>(
        HttpContext http, JsonTypeInfo<T> type, T? otherwise = null)
        where T : class
    {
        try
        {
            if (http.Request.ContentLength == 0 && otherwise is not null) return (otherwise, null, null, StatusCodes.Status200OK);
            return await JsonSerializer.DeserializeAsync(http.Request.Body, type, http.RequestAborted) is { } body
                ? (body, null, null, StatusCodes.Status200OK)
                : (otherwise, null, "the body is null", StatusCodes.Status400BadRequest);
        }
        catch (JsonException e)
        {
            return (null, e.Path, $"the body is not what is expected: {e.Message}", StatusCodes.Status400BadRequest);
        }
        catch (BadHttpRequestException e)
        {
            return (null, null, e.Message, e.StatusCode);
        }
    }

    /// <summary>Reads why something is done; where what is sent is wrong it is answered, and null.</summary>
    public static async Task<ReasonBody?> ReadReasonAsync(HttpContext http)
    {
        var (body, field, message, status) = await ReadAsync(http, ManagerJson.Default.ReasonBody, new ReasonBody());
        if (WrongReason(body?.Reason) is { } wrong)
            (body, field, message, status) = (null, "reason", wrong, StatusCodes.Status400BadRequest);
        if (body is null) await RefuseAsync(http, status, message!, field);
        return body;
    }

    /// <summary>What is wrong with a reason; null where nothing is.</summary>
    public static string? WrongReason(string? reason) =>
        reason?.Length > MaxReasonLength ? $"reason is over {MaxReasonLength} characters" : null;

    /// <summary>Reads how many are asked for: a number from 1 to some.</summary>
    public static bool TryCount(string text, int most, out int count) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count >= 1 && count <= most;

    /// <summary>Answers with an error.</summary>
    public static Task RefuseAsync(HttpContext http, int status, string message, string? field = null) =>
        WriteAsync(http, new ErrorAnswer(message, field), ManagerJson.Default.ErrorAnswer, status);

    /// <summary>Carries out what is stored; answers for whatever keeps it from that.</summary>
    public static async Task StoreAsync(HttpContext http, Func<Task> store)
    {
        try
        {
            await store();
        }
        catch (InvalidOperationException e) when (e is not ObjectDisposedException)
        {
            await RefuseAsync(http, StatusCodes.Status409Conflict, e.Message);
        }
        catch (Exception e) when (e is ObjectDisposedException or FencedException or StateUnavailableException
            or WriteOutcomeUnknownException or TimeoutException)
        {
            await RefuseAsync(http, StatusCodes.Status503ServiceUnavailable, $"it could not be stored: {e.Message}");
        }
    }

    /// <summary>
    /// Readies an answer from the decisions on record: a manager that does not lead says so in its headers, and reads the store.
    /// </summary>
    public static async Task<DecisionArchive> ArchiveAsync(HttpContext http)
    {
        if (http.RequestServices.GetRequiredService<ManagerState>().Term is { } term) return term.Archive;
        http.Response.Headers[LeaderHeader] = await LeaderAsync(http) ?? "none";
        return await http.RequestServices.GetRequiredService<FollowedDecisions>().ReadAsync(http.RequestAborted);
    }

    /// <summary>The leader's address, or null; also where the election cannot be asked.</summary>
    public static Task<string?> LeaderAsync(HttpContext http) =>
        http.RequestServices.GetRequiredService<LeadershipService>().LeaderAsync(http.RequestAborted);

    /// <summary>What only the leader does; another sends the caller there.</summary>
    public static async Task RedirectToLeaderAsync(HttpContext http)
    {
        var leader = await LeaderAsync(http);
        http.Response.Headers[LeaderHeader] = leader ?? "none";
        if (leader is not null)
        {
            // As it was written: a header has no letters beyond ASCII.
            http.Response.Headers.Location = leader.TrimEnd('/') + (http.Request.Path + http.Request.QueryString);
        }

        var message = leader is null ? "no manager leads now" : $"this manager does not lead: ask {leader}";
        await WriteAsync(
            http, new ErrorAnswer(message, Leader: leader), ManagerJson.Default.ErrorAnswer,
            leader is null ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status307TemporaryRedirect);
    }

    /// <summary>Refuses query parameters that nobody reads.</summary>
    public static bool HasUnknown(HttpContext http, out string? unknown, params ReadOnlySpan<string> known)
    {
        foreach (var name in http.Request.Query.Keys)
        {
            if (known.Contains(name)) continue;
            unknown = name;
            return true;
        }

        unknown = null;
        return false;
    }

    /// <summary>Reads a time such as <c>2026-11-24T19:00:00Z</c>; without a zone it is UTC.</summary>
    public static bool TryTime(string text, out DateTimeOffset time) => DateTimeOffset.TryParse(
        text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);

    /// <summary>Whether the caller may see an app.</summary>
    public static bool Sees(HttpContext http, string app) => AccessControl.ScopeOf(http).May(GroupPermission.View, app);

    /// <summary>
    /// Whether the caller may change what is made of an app's count; if not, he is told (403), whether there is such an app or
    /// not.
    /// </summary>
    public static async Task<bool> MayScaleAsync(HttpContext http, string app)
    {
        if (AccessControl.ScopeOf(http).May(GroupPermission.Scale, app)) return true;
        await RefuseAsync(http, StatusCodes.Status403Forbidden, AccessControl.Refused(http, GroupPermission.Scale, [app]));
        return false;
    }

    // Problems and warnings may name apps.
    private static async Task HealthAsync(HttpContext http, AccessControl access)
    {
        var report = http.RequestServices.GetRequiredService<ManagerHealth>().Judge(await LeaderAsync(http));
        var sees = await access.MaySeeAllAsync(http);
        report = report with
        {
            Problems = HealthEndpoints.Shown(report.Problems, sees),
            Warnings = HealthEndpoints.Shown(report.Warnings, sees),
        };
        await WriteAsync(
            http, report, ManagerJson.Default.HealthReport,
            report.Status == "down" ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK);
    }
}
