using LifecycleManager.Cli.Commands.Policy;
using LifecycleManager.Clients.Addresses;
using LifecycleManager.Security;

namespace LifecycleManager.Cli.Commands;

/// <summary>How commands reach the manager that leads.</summary>
internal static class ManagerHttp
{
    /// <summary>A client that a manager which stands by leads to the one that leads; the credentials go with it.</summary>
    /// <param name="credential">Who asks; null for nobody.</param>
    public static HttpClient Create(Credential? credential)
    {
        var redirects = new LeaderRedirectHandler { InnerHandler = new SocketsHttpHandler { AllowAutoRedirect = false } };
        var http = new HttpClient(redirects) { Timeout = ExplainCommand.Patience };
        http.DefaultRequestHeaders.Authorization = credential?.Header;
        return http;
    }

    /// <summary>The address of a path, escaped, at a manager.</summary>
    public static Uri At(Uri manager, string path) => new(manager.ToString().TrimEnd('/') + path);
}
