using LifecycleManager.Clients;
using LifecycleManager.Console.Callers;
using LifecycleManager.Console.Clients;
using LifecycleManager.Console.Live;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace LifecycleManager.Console.Hosting;

/// <summary>
/// <c>/ui/download/{agent}/{task}?path=</c>: a file of a sandbox, passed on byte by byte from its agent, which the browser
/// may not be able to reach, as whoever asks. It is never shown as a page of this site.
/// </summary>
internal static class Downloads
{
    /// <summary>Maps it.</summary>
    public static void Map(IEndpointRouteBuilder app) =>
        app.MapGet("/ui/download/{agent}/{task}", AnswerAsync).AsksByApp(Permission.View);

    private static async Task AnswerAsync(
        HttpContext context, string agent, string task, string? path, Feeds feeds)
    {
        var sandboxes = feeds.Of(PageCaller.Of(context)).Sandboxes;
        var needed = path is "stdout" or "stderr" ? GroupPermission.Logs : GroupPermission.Files;
        if (string.IsNullOrEmpty(path))
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "path: is missing");
            return;
        }

        try
        {
            var sandbox = await sandboxes.FindAsync(needed, agent, task, context.RequestAborted);
            using var answer = await sandbox.DownloadAsync(path, context.RequestAborted);
            var headers = context.Response.Headers;
            headers.ContentType = "application/octet-stream";
            headers.CacheControl = "no-store";
            headers.ContentLength = answer.Content.Headers.ContentLength;
            var named = new ContentDispositionHeaderValue("attachment");
            named.SetHttpFileName(path.TrimEnd('/').Split('/')[^1]);
            headers.ContentDisposition = named.ToString();
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        }
        catch (AgentRefusalException e) when (!context.Response.HasStarted)
        {
            await RefuseAsync(context, (int)e.Status, e.Message);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // Half a file must not be taken for a whole one.
            if (context.Response.HasStarted) context.Abort();
            else await RefuseAsync(context, StatusCodes.Status502BadGateway, Failures.Describe(e));
        }
    }

    private static Task RefuseAsync(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(message + "\n");
    }
}
