using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LifecycleManager.Security;

/// <summary>
/// Whom an endpoint lets in. Without one it is the cluster's: reading calls (GET, HEAD, OPTIONS) need
/// <see cref="Permission.View"/> and all others <see cref="Permission.Operate"/>, which permissions on some apps do not give.
/// </summary>
/// <param name="Permission">What is needed of the cluster; null for the usual one of the method.</param>
/// <param name="Callers">Who else comes in.</param>
public sealed record EndpointAccess(Permission? Permission, OtherCallers Callers)
{
    /// <summary>Whether a call of a method reads, and changes nothing.</summary>
    public static bool IsReading(string method) =>
        HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method);

    /// <summary>What a call needs of the cluster.</summary>
    public static Permission Needed(EndpointAccess? access, string method) => access?.Permission
        ?? (IsReading(method) ? Security.Permission.View : Security.Permission.Operate);
}

/// <summary>Who is let in beside those whom the cluster's permission lets in.</summary>
public enum OtherCallers
{
    /// <summary>Nobody.</summary>
    None,

    /// <summary>Who may do something with some apps: the endpoint shows and does what <see cref="AppScope"/> permits.</summary>
    ByApp,

    /// <summary>Who may do something with some apps: the endpoint shows nothing of any app.</summary>
    OfAnyApp,
}

/// <summary>Says whom an endpoint lets in.</summary>
public static class EndpointAccessExtensions
{
    /// <summary>Says what a call of an endpoint needs; with <see cref="Permission.None"/> nobody is asked who he is.</summary>
    public static T Needs<T>(this T endpoint, Permission permission)
        where T : IEndpointConventionBuilder => endpoint.WithMetadata(new EndpointAccess(permission, OtherCallers.None));

    /// <summary>
    /// Says that an endpoint asks what its caller may do with which apps, and answers accordingly. A successful answer to who
    /// has permissions on some apps alone, given without asking (<see cref="AccessControl.ScopeOf"/>), is refused.
    /// </summary>
    public static T AsksByApp<T>(this T endpoint, Permission? permission = null)
        where T : IEndpointConventionBuilder => endpoint.WithMetadata(new EndpointAccess(permission, OtherCallers.ByApp));

    /// <summary>Leaves an endpoint that is mapped for every method to those that read; others are answered with 405.</summary>
    public static T ReadsOnly<T>(this T endpoint) where T : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new HttpMethodMetadata([HttpMethods.Get, HttpMethods.Head]));

    /// <summary>Says that an endpoint shows nothing of any app, and changes nothing.</summary>
    public static T ShowsNoApp<T>(this T endpoint)
        where T : IEndpointConventionBuilder => endpoint.WithMetadata(new EndpointAccess(null, OtherCallers.OfAnyApp));
}
