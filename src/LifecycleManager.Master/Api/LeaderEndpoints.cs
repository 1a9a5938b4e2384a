using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LifecycleManager.Master.Cluster;
using LifecycleManager.Master.Leadership;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;

namespace LifecycleManager.Master.Api;

/// <summary>
/// What every call passes: who calls, whether this master leads, how long the body is. Errors are plain text, as Mesos'.
/// </summary>
internal sealed partial class LeaderEndpoints(MasterService host, MasterOptions options, AccessControl access, ILogger log)
{
    /// <summary>Serves a call of the leader; others are sent there (307), or told that there is none (503).</summary>
    /// <param name="permission">What it needs of the cluster.</param>
    /// <param name="serve">Serves it.</param>
    /// <param name="byApp">
    /// Whether it is also for callers with permissions on some apps alone: it shows them nothing of any app
    /// (<see cref="AccessControl.ScopeOf"/>).
    /// </param>
    public RequestDelegate Leader(Permission permission, Func<HttpContext, MasterTerm, Task> serve, bool byApp = false) =>
        For(permission, async context =>
    {
        if (host.Current is not { } term)
        {
            await RedirectAsync(context);
            return;
        }

        try
        {
            await serve(context, term);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for an answer any more.
        }
        catch (OperationCanceledException) when (!context.Response.HasStarted)
        {
            // The term has ended.
            await RedirectAsync(context);
        }
        catch (CallFailedException problem) when (!context.Response.HasStarted)
        {
            LogFailed(log, problem.InnerException!, context.Request.Path);
            await AnswerAsync(context, StatusCodes.Status500InternalServerError, $"The call failed: {problem.Message}");
        }
        catch (CallException problem) when (!context.Response.HasStarted)
        {
            await AnswerAsync(context, problem.Status, problem.Message);
        }
    }, byApp);

    /// <summary>Serves a call of whoever may make it.</summary>
    public RequestDelegate For(Permission permission, RequestDelegate serve, bool byApp = false) => async context =>
    {
        if (await access.AdmitAsync(context, permission, byApp)) await serve(context);
    };

    /// <summary>Refuses a call that needs more than it was let in for.</summary>
    /// <exception cref="CallException">The caller may not (403).</exception>
    public static void Need(HttpContext context, Permission permission)
    {
        if (!AccessControl.May(context, permission))
            throw new CallException(StatusCodes.Status403Forbidden, AccessControl.Refusal(context, permission));
    }

    /// <summary>Reads a call from the body.</summary>
    /// <param name="context">The request.</param>
    /// <param name="type">The message.</param>
    /// <param name="isUnknown">Whether the call's type is a word that we do not know.</param>
    /// <param name="anyMedia">Whether the body is taken for JSON whatever its media type, as Mesos' classic endpoints do.</param>
    /// <exception cref="CallException">It is no JSON, not the message, too long, or of an unknown type (501, with its
    /// name).</exception>
    public async Task<T> ReadAsync<T>(
        HttpContext context, JsonTypeInfo<T> type, Func<T, bool>? isUnknown = null, bool anyMedia = false)
    {
        var request = context.Request;
        var media = MediaTypeHeaderValue.TryParse(request.ContentType, out var parsed) ? parsed.MediaType.Value : null;
        if (!anyMedia && !string.Equals(media, "application/json", StringComparison.OrdinalIgnoreCase))
        {
            throw new CallException(StatusCodes.Status415UnsupportedMediaType, "Expecting 'Content-Type' of application/json");
        }

        if (!anyMedia && !Accepts(request.Headers.Accept))
        {
            throw new CallException(StatusCodes.Status406NotAcceptable, "Expecting 'Accept' to allow application/json");
        }

        var limit = context.Features.Get<IHttpMaxRequestBodySizeFeature>();
        if (limit is { IsReadOnly: false }) limit.MaxRequestBodySize = options.MaxRequestBody;
        try
        {
            using var body = new MemoryStream((int)Math.Min(request.ContentLength ?? 0, options.MaxRequestBody));
            await request.Body.CopyToAsync(body, context.RequestAborted);
            var bytes = new ReadOnlyMemory<byte>(body.GetBuffer(), 0, (int)body.Length);
            if (StrictJson.HasNullItem(bytes.Span))
                throw new CallException(StatusCodes.Status400BadRequest, "Failed to parse body into Call: a list holds null");
            var call = JsonSerializer.Deserialize(bytes.Span, type)
                ?? throw new CallException(StatusCodes.Status400BadRequest, "Failed to parse body into JSON: the body is null");
            if (isUnknown?.Invoke(call) == true)
            {
                using var json = JsonDocument.Parse(bytes);
                throw new CallException(StatusCodes.Status501NotImplemented,
                    $"The call of type {json.RootElement.GetProperty("type")} is not implemented");
            }

            return call;
        }
        catch (JsonException problem)
        {
            throw new CallException(StatusCodes.Status400BadRequest, $"Failed to parse body into Call: {problem.Message}");
        }
        catch (BadHttpRequestException problem)
        {
            throw new CallException(problem.StatusCode, problem.Message);
        }
    }

    /// <summary>307 to the same path at the leader, or 503 while there is none.</summary>
    public async Task RedirectAsync(HttpContext context, string? path = null)
    {
        var leader = await host.LeaderAsync(context.RequestAborted);
        if (leader is null)
        {
            await AnswerAsync(context, StatusCodes.Status503ServiceUnavailable, "No leader elected");
            return;
        }

        context.Response.StatusCode = StatusCodes.Status307TemporaryRedirect;
        context.Response.Headers.Location = leader + (path ?? context.Request.Path + context.Request.QueryString);
    }

    /// <summary>A plain answer.</summary>
    public static Task AnswerAsync(HttpContext context, int status, string? text = null)
    {
        context.Response.StatusCode = status;
        if (string.IsNullOrEmpty(text)) return Task.CompletedTask;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text);
    }

    [LoggerMessage(LogLevel.Error, "A call of {Path} has failed; it is answered with 500")]
    private static partial void LogFailed(ILogger log, Exception problem, string path);

    private static bool Accepts(Microsoft.Extensions.Primitives.StringValues accept)
    {
        if (accept.Count == 0 || !MediaTypeHeaderValue.TryParseList(accept, out var types)) return true;
        return types.Any(type => type.MatchesAllTypes || type.Quality is null or > 0
            && (type.MediaType == "application/*" || type.MediaType == "application/json"));
    }
}

/// <summary>A call is answered by a status other than success.</summary>
internal sealed class CallException(int status, string message) : Exception(message)
{
    public int Status { get; } = status;
}
