using System.Security.Claims;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Console.Callers;

/// <summary>
/// Who looks at a page: what says who he is, which goes with each call that is made for him, and what he may do.
/// It travels as the user of the page's request and of its socket's, and so is that of all components of the page.
/// </summary>
/// <param name="authorization">The header <c>Authorization</c>; null where he says nothing, or shows a certificate.</param>
/// <param name="scope">What he may do with which apps, for what is shown: the roles judge each call themselves.</param>
/// <param name="certificate">His certificate, where it is all that says who he is.</param>
internal sealed class PageCaller(string? authorization, AppScope scope, PageCertificate? certificate = null) : ClaimsPrincipal
{
    /// <summary>Who is asked nothing, and may do everything.</summary>
    public static PageCaller Anyone { get; } = new(null, AppScope.All);

    /// <summary>The header <c>Authorization</c>, or null.</summary>
    public string? Authorization { get; } = authorization;

    /// <summary>His certificate, where it is all that says who he is; else null.</summary>
    public PageCertificate? Certificate { get; } = certificate;

    /// <summary>What he may do with which apps.</summary>
    public AppScope Scope { get; } = scope;

    /// <summary>What tells him from all others, while what says who he is stays the same.</summary>
    public string Key => Authorization ?? (Certificate is { } shown ? $"{shown.Until.UtcTicks} {shown.Name}" : "");

    /// <summary>Whether he is another one's equal: he says the same of himself, and may do the same.</summary>
    public bool IsSameAs(PageCaller other) => Key == other.Key && ReferenceEquals(Scope, other.Scope);

    /// <summary>The caller of a request that was let in.</summary>
    public static PageCaller Of(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);

        // For whom somebody speaks is between two roles: the console's own certificate would go with it, and make it good.
        var authorization = !OnBehalf.IsSaid(context.Request)
            && context.Request.Headers.Authorization is [{ Length: > 0 } said] ? said : null;
        var scope = AccessControl.ScopeOf(context);

        // Pages are passed on by no scheduler: the certificate is the connection's, which the server has verified.
        return authorization is null && AccessControl.PrincipalOf(context) is { } principal
            && context.Connection.ClientCertificate is { } shown
            ? new PageCaller(null, scope, new PageCertificate(principal.Name, shown.NotAfter.ToUniversalTime()))
            : new PageCaller(authorization, scope);
    }

    /// <summary>The caller of a component's page.</summary>
    /// <exception cref="InvalidOperationException">The page was not opened by way of the console's own middleware.</exception>
    public static async ValueTask<PageCaller> OfAsync(AuthenticationStateProvider users)
    {
        ArgumentNullException.ThrowIfNull(users);
        return (await users.GetAuthenticationStateAsync()).User as PageCaller
            ?? throw new InvalidOperationException("a page of the console does not know who looks at it");
    }
}

/// <summary>A certificate that somebody has shown.</summary>
/// <param name="Name">Whom it names.</param>
/// <param name="Until">Its end.</param>
internal sealed record PageCertificate(string Name, DateTimeOffset Until);
