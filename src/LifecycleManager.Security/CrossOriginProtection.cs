using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Security;

/// <summary>
/// Keeps other sites' pages from making the browser of whoever looks at them change something here: listeners on the loopback interface
/// and browsers that remember a password would obey. The rules are those of Go's <c>http.CrossOriginProtection</c>: reading is free;
/// otherwise <c>Sec-Fetch-Site</c> must say <c>same-origin</c> or <c>none</c>, and where a browser does not send that, <c>Origin</c> must be
/// the host that was called. What is no browser sends neither and is not concerned.
/// </summary>
public static class CrossOriginProtection
{
    /// <summary>Refuses such calls with 403.</summary>
    public static void UseCrossOriginProtection(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        if (IsSafe(context.Request)) return next(context);
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync("Forbidden: a page of another site may not change anything here\n");
    });

    private static bool IsSafe(HttpRequest request)
    {
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method)) return true;
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        if (site.Length > 0) return site is "same-origin" or "none";
        var origin = request.Headers.Origin.ToString();
        return origin.Length == 0
            || Uri.TryCreate(origin, UriKind.Absolute, out var page) && string.Equals(page.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase);
    }
}
