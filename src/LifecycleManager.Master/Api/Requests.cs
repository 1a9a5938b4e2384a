using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LifecycleManager.Master.State;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LifecycleManager.Master.Api;

/// <summary>What the master's APIs have in common: bodies, refusals, the way to the leader.</summary>
internal static class Requests
{
    /// <summary>Answers a call; refusals become their status with the reason, and who does not lead names the leader.</summary>
    public static async Task HandleAsync(HttpContext context, MasterService master, Func<Task> handle)
    {
        try
        {
            if (!master.Leads)
            {
                await RedirectAsync(context, master);
                return;
            }

            await handle();
        }
        catch (CallRefusedException e)
        {
            await RefuseAsync(context, e.Status, e.Message);
        }
        catch (JsonException e)
        {
            await RefuseAsync(context, 400, $"the body is not the message: {e.Message}");
        }
        catch (FormatException e)
        {
            await RefuseAsync(context, 400, e.Message);
        }
        catch (BadHttpRequestException e)
        {
            await RefuseAsync(context, e.StatusCode, e.Message);
        }
    }

    public static async Task RedirectAsync(HttpContext context, MasterService master)
    {
        if (await master.LeaderAsync(context.RequestAborted) is not { } leader)
        {
            await RefuseAsync(context, 503, "no master leads at the moment");
            return;
        }

        context.Response.StatusCode = StatusCodes.Status307TemporaryRedirect;
        context.Response.Headers.Location = new Uri(new Uri(leader), context.Request.Path + context.Request.QueryString.ToString()).ToString();
    }

    public static async Task RefuseAsync(HttpContext context, int status, string reason)
    {
        if (context.Response.HasStarted) return;
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(reason);
    }

    public static async Task<T> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type, long maxBody)
    {
        if (!context.Request.HasJsonContentType()) throw new CallRefusedException(415, "the body must be application/json");
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = maxBody;
        return await context.Request.ReadFromJsonAsync(type, context.RequestAborted)
            ?? throw new CallRefusedException(400, "the body is null");
    }
}
