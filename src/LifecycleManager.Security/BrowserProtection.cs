using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Security;

/// <summary>
/// Keeps pages of other sites from making the browser of whoever looks at them do something here; listeners on the loopback
/// interface and browsers that remember a password would obey.
/// <para>A name that leads here is not enough to call: a page may have its own name lead to 127.0.0.1 (DNS rebinding), and reads
/// and changes what it likes. So where nobody is asked who he is, <c>Host</c> must be one of the <see cref="AllowedHosts"/>. A
/// change (all but GET and HEAD, and whatever opens a socket) must come from a page of this very host, if from any:
/// <c>Sec-Fetch-Site</c>, where there is one, says <c>same-origin</c> or <c>none</c>, and <c>Origin</c>, where there is one, is
/// the host that was called. What is no browser sends neither. Nothing that is served may be shown in a frame.</para>
/// <para>What a page may do is bounded by a policy, so that a text of somebody else's that got into one (an app's id, a log's
/// line) is never a program: scripts come from here alone, none stands in a page, and none is made of text.</para>
/// </summary>
public static class BrowserProtection
{
    /// <summary>Refuses such calls with 403, and bounds in each answer what a browser may do with it.</summary>
    /// <param name="app">Gets it before all that is used later.</param>
    /// <param name="hosts">The hosts that may be called; null for every one, where callers are asked who they are.</param>
    /// <param name="strict">Whether browsers are told to speak TLS alone to this name from then on, on each of its ports.</param>
    public static void UseBrowserProtection(this IApplicationBuilder app, AllowedHosts? hosts, bool strict = false) =>
        app.Use((context, next) =>
    {
        // At the very end: an endpoint may clear what was set before, and a page may state a policy of its own.
        context.Response.OnStarting(Bound, context.Response);

        // Without TLS browsers pass over it, and whoever is in between could have put it there.
        if (strict && context.Request.IsHttps) context.Response.OnStarting(MakeStrict, context.Response);
        if (WhyRefused(context.Request, hosts) is not { } reason) return next(context);
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync($"Forbidden: {reason}\n");
    });

    /// <summary>A year, as browsers and their makers ask for at least.</summary>
    private static readonly TimeSpan StrictFor = TimeSpan.FromDays(365);

    private static string? WhyRefused(HttpRequest request, AllowedHosts? hosts)
    {
        if (hosts is not null && !hosts.Allow(request.Host))
            return $"the host '{Shown(request.Host.Value)}' is not a name of this machine; --allowed-hosts adds one";
        if (!IsSocket(request) && (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))) return null;
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        var origin = request.Headers.Origin.ToString();
        var isOwn = site is "" or "same-origin" or "none"
            && (origin.Length == 0
                || (Uri.TryCreate(origin, UriKind.Absolute, out var page)
                    && string.Equals(page.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase)));
        return isOwn ? null : "a page of another site may not change anything here";
    }

    /// <summary>
    /// A call that opens a socket: browsers send it from pages of any site, and what goes over it may change things.
    /// </summary>
    private static bool IsSocket(HttpRequest request) =>
        request.Headers.Upgrade.ToString().Contains("websocket", StringComparison.OrdinalIgnoreCase);

    private static Task MakeStrict(object response)
    {
        ((HttpResponse)response).Headers.StrictTransportSecurity = $"max-age={StrictFor.TotalSeconds:0}";
        return Task.CompletedTask;
    }

    private static Task Bound(object response)
    {
        const string Frames = "frame-ancestors 'none'";

        // Styles may stand in a page: what a bar's width is, is no program. Its links begin here, and nowhere else.
        const string Page = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
            + $"object-src 'none'; base-uri 'self'; form-action 'self'; {Frames}";
        var headers = ((HttpResponse)response).Headers;
        headers.XFrameOptions = "DENY";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "same-origin";
        var isPage = headers.ContentType.ToString().StartsWith("text/html", StringComparison.OrdinalIgnoreCase);
        var stated = headers.ContentSecurityPolicy.ToString();
        if (!stated.Contains(Frames, StringComparison.Ordinal))
            headers.ContentSecurityPolicy = stated.Length > 0 ? $"{stated}, {Frames}" : isPage ? Page : Frames;
        return Task.CompletedTask;
    }

    /// <summary>Enough of a stranger's text to know it by.</summary>
    private static string Shown(string? host) => host is { Length: > 100 } ? host[..100] + "..." : host ?? "";
}
