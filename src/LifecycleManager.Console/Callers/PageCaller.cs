using System.Security.Claims;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Console.Callers;

/// <summary>
/// Who looks at a page: the words by which he says who he is, which go with each call that is made for him, and what he may do.
/// It travels as the user of the page's request and of its socket's, and so is that of all components of the page.
/// </summary>
/// <param name="authorization">The header <c>Authorization</c>; null where he says nothing, or shows a certificate.</param>
/// <param name="scope">What he may do with which apps, for what is shown: the roles judge each call themselves.</param>
/// <param name="isByCertificate">Whether his certificate is all that says who he is.</param>
internal sealed class PageCaller(string? authorization, AppScope scope, bool isByCertificate = false) : ClaimsPrincipal
{
    /// <summary>Who is asked nothing, and may do everything.</summary>
    public static PageCaller Anyone { get; } = new(null, AppScope.All);

    /// <summary>The header <c>Authorization</c>, or null.</summary>
    public string? Authorization { get; } = authorization;

    /// <summary>Whether his certificate is all that says who he is.</summary>
    public bool IsByCertificate { get; } = isByCertificate;

    /// <summary>What he may do with which apps.</summary>
    public AppScope Scope { get; } = scope;

    /// <summary>
    /// Whether a call can be made that is known to be his: he has said who he is, or nobody is asked. Who has shown a certificate
    /// has not, and a call in his place would be the console's own.
    /// </summary>
    public bool CanBeSaid => Authorization is not null || ReferenceEquals(Scope, AppScope.All);

    /// <summary>The caller of a request that was let in.</summary>
    public static PageCaller Of(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var authorization = context.Request.Headers.Authorization is [{ Length: > 0 } said] ? said : null;
        return new PageCaller(authorization, AccessControl.ScopeOf(context),
            authorization is null && AccessControl.PrincipalOf(context) is not null);
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
