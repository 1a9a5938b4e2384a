using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Security;

/// <summary>Access control of all that a role serves.</summary>
public static class AccessControlMiddleware
{
    /// <summary>
    /// Admits calls to what is mapped after it. Reading ones (GET, HEAD, OPTIONS) need <see cref="Permission.View"/> and all
    /// others <see cref="Permission.Operate"/>, unless the endpoint <see cref="Needs{T}">says otherwise</see>.
    /// </summary>
    public static void UseAccessControl(this IApplicationBuilder app, AccessControl access) => app.Use(async (context, next) =>
    {
        var needed = context.GetEndpoint()?.Metadata.GetMetadata<NeededPermission>()?.Permission ?? Usual(context.Request.Method);
        if (needed == Permission.None || await access.AdmitAsync(context, needed)) await next(context);
    });

    /// <summary>Says what a call of an endpoint needs; with <see cref="Permission.None"/> nobody is asked who he is.</summary>
    public static T Needs<T>(this T endpoint, Permission permission)
        where T : IEndpointConventionBuilder => endpoint.WithMetadata(new NeededPermission(permission));

    private static Permission Usual(string method) =>
        HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method)
        ? Permission.View : Permission.Operate;

    private sealed record NeededPermission(Permission Permission);
}
