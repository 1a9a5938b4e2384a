using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Security;

/// <summary>
/// Authenticates and authorizes calls of a role's endpoints: 401 for a caller that is unknown, 403 for one that is not permitted.
/// Answers are plain text, as Mesos'.
/// </summary>
/// <param name="principals">Who may call.</param>
/// <param name="realm">The realm that a caller is asked for credentials of.</param>
public sealed class AccessControl(Principals principals, string realm)
{
    private static readonly object Key = new();

    private readonly RefusalLog _refusals = new();

    /// <summary>Who calls; null where nobody is asked.</summary>
    public static Principal? PrincipalOf(HttpContext context) => context.Items.TryGetValue(Key, out var principal)
        ? (Principal?)principal : null;

    /// <summary>Whether the caller of an admitted call may also do something; everybody may where nobody is asked.</summary>
    public static bool May(HttpContext context, Permission permission) =>
        PrincipalOf(context) is not { } principal || principal.May(permission);

    /// <summary>Whether the call may go on; if not, it is answered.</summary>
    public async ValueTask<bool> AdmitAsync(HttpContext context, Permission permission)
    {
        if (!principals.AreRequired) return true;
        var certificate = await context.Connection.GetClientCertificateAsync(context.RequestAborted);
        var name = certificate?.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        if (principals.Authenticate(context.Request.Headers.Authorization, name) is not { } principal)
        {
            Report(context, name is null ? "its credentials are not those of a known principal"
                : $"the name of its certificate, '{name}', is not a known principal");
            context.Response.Headers.WWWAuthenticate = $"Basic realm=\"{realm}\", charset=\"UTF-8\"";
            await AnswerAsync(context, StatusCodes.Status401Unauthorized,
                "Unauthorized: the call needs a known principal and its secret, or its certificate");
            return false;
        }

        context.Items[Key] = principal;
        if (principal.May(permission)) return true;
        var refusal = Refusal(context, permission);
        Report(context, refusal);
        await AnswerAsync(context, StatusCodes.Status403Forbidden, refusal);
        return false;
    }

    /// <summary>Why the caller may not do something.</summary>
    public static string Refusal(HttpContext context, Permission permission) =>
        $"Forbidden: principal '{PrincipalOf(context)?.Name}' lacks the permission '{permission.ToString().ToLowerInvariant()}'";

    private void Report(HttpContext context, string cause)
    {
        if (context.RequestServices?.GetService<ILoggerFactory>() is { } loggers)
            _refusals.Refused(loggers.CreateLogger<AccessControl>(), $"{context.Connection.RemoteIpAddress}", cause);
    }

    private static Task AnswerAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text + "\n");
    }
}
