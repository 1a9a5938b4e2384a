using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Security;

/// <summary>Access control of all that a role serves.</summary>
public static class AccessControlMiddleware
{
    /// <summary>Admits calls to what is mapped after it, as its <see cref="EndpointAccess"/> says.</summary>
    public static void UseAccessControl(this IApplicationBuilder app, AccessControl access) => app.Use(async (context, next) =>
    {
        var asked = context.GetEndpoint()?.Metadata.GetMetadata<EndpointAccess>();
        var needed = EndpointAccess.Needed(asked, context.Request.Method);
        if (asked?.Callers == OtherCallers.OfAnyApp) AccessControl.ScopeOf(context);
        if (needed == Permission.None
            || await access.AdmitAsync(context, needed, byApp: asked is { Callers: not OtherCallers.None })) await next(context);
    });
}
