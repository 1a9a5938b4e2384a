using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Console.Callers;

/// <summary>
/// Lets pages and their sockets know who looks, and bounds how many pages are open at once: each holds memory here.
/// </summary>
internal sealed class PageSockets
{
    /// <summary>Pages that are open at once.</summary>
    public const int Most = 200;

    /// <summary>Where pages keep their socket.</summary>
    public const string Path = "/_blazor";

    private int _open;

    /// <summary>What goes before the console's endpoints.</summary>
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var isSocket = context.Request.Path.StartsWithSegments(Path);
        if (!isSocket && !context.Request.Path.StartsWithSegments("/ui"))
        {
            await next(context);
            return;
        }

        context.User = PageCaller.Of(context);

        // A socket, or what stands in for one where a proxy lets none through: one call that stays open.
        if (!isSocket || context.Request.Path != Path || HttpMethods.IsPost(context.Request.Method))
        {
            await next(context);
            return;
        }

        try
        {
            if (Interlocked.Increment(ref _open) <= Most)
            {
                await next(context);
                return;
            }

            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            await context.Response.WriteAsync($"{Most} pages of the console are open already\n");
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }
}
