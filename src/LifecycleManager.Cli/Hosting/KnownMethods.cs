using System.Collections.Frozen;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Cli.Hosting;

/// <summary>
/// The methods of HTTP (RFC 9110, and PATCH of RFC 5789). Requests are counted by their method, before it is known whose they
/// are: a stranger could make up words without end, and each would be kept for good.
/// </summary>
internal static class KnownMethods
{
    private static readonly FrozenSet<string> All = FrozenSet.Create(StringComparer.Ordinal, HttpMethods.Get, HttpMethods.Head,
        HttpMethods.Post, HttpMethods.Put, HttpMethods.Patch, HttpMethods.Delete, HttpMethods.Options, HttpMethods.Trace,
        HttpMethods.Connect);

    private static readonly string Refusal = $"Not implemented: the method is none of {string.Join(", ", All.Order())}\n";

    /// <summary>Refuses all others with 501, as RFC 9110 has it (15.6.2); these are taken in small letters too.</summary>
    public static void UseKnownMethods(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        var method = HttpMethods.GetCanonicalizedValue(context.Request.Method);
        if (All.Contains(method))
        {
            context.Request.Method = method;
            return next(context);
        }

        context.Response.StatusCode = StatusCodes.Status501NotImplemented;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(Refusal);
    });
}
