using System.Net;
using LifecycleManager.Agent;
using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Hosting;
using LifecycleManager.Discovery.Eureka;
using LifecycleManager.Manager;
using LifecycleManager.Master;
using LifecycleManager.Scheduler;
using LifecycleManager.Security;
using LifecycleManager.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Cli.Tests.Hosting;

/// <summary>One role in this process, with its routes as they are mapped, and without the others.</summary>
internal sealed record RunningRole(RoleHost Host, Uri Address, IReadOnlyList<(string Method, string Path)> Routes)
    : IAsyncDisposable
{
    /// <summary>Whom each route lets in, as its metadata says; null where nothing is said.</summary>
    public IReadOnlyDictionary<string, EndpointAccess?> Access { get; private init; } = new Dictionary<string, EndpointAccess?>();

    /// <summary>The roles, each after those that it needs.</summary>
    public static readonly string[] Names = ["master", "agent", "scheduler", "manager"];

    private static readonly Uri Nobody = new("http://127.0.0.1:9");

    private readonly HttpClient _http =
        new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { Timeout = TimeSpan.FromSeconds(30) };

    public async Task<HttpResponseMessage> SendAsync(
        string method, string path, string host, string? origin, (string? Type, string Body)? content = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(Address, path));
        request.Headers.Host = host;
        if (origin is not null) request.Headers.Add("Origin", origin);
        if (content is { } stated)
        {
            request.Content = new ByteArrayContent(System.Text.Encoding.UTF8.GetBytes(stated.Body));
            if (stated.Type is not null) request.Content.Headers.TryAddWithoutValidation("Content-Type", stated.Type);
        }
        else if (method is not ("GET" or "HEAD"))
        {
            request.Content = new StringContent("{}", null, "application/json");
        }

        return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Host.DisposeAsync();
    }

    public static async Task<RunningRole> StartAsync(
        string name, AllowedHosts? hosts, string directory, ILoggerFactory? log = null, Principals? principals = null,
        Uri? others = null)
    {
        others ??= Nobody;
        var known = principals ?? Principals.Anyone;
        var listen = new IPEndPoint(IPAddress.Loopback, Server.FreePort());
        var address = new Uri($"http://{listen}");
        var role = name switch
        {
            "master" => MasterCommand.Role(
                listen, "--port", new MasterOptions { Address = address, Principals = known }) with
            { State = "memory:" },
            "agent" => AgentCommand.Role([listen], "--port", new AgentOptions
            {
                WorkDirectory = directory,
                Masters = [others],
                Hostname = "127.0.0.1",
                Port = listen.Port,
                Containerizers = ["process"],
                Principals = known,
            }),
            "scheduler" => SchedulerCommand.Role(
                listen, "--port", new SchedulerOptions { Masters = [others], Address = address, Principals = known },
                new EurekaOptions { Servers = [Nobody] }, Nobody, address) with
            { State = "memory:" },
            _ => ManagerCommand.Role(listen, "--port", new ManagerOptions
            {
                Scheduler = others,
                Address = address,
                Principals = known,
            }) with
            {
                State = "memory:"
            },
        };
        var routes = new List<(string Method, string Path)>();
        var access = new Dictionary<string, EndpointAccess?>(StringComparer.Ordinal);
        var map = role.Map;
        role = role with
        {
            Hosts = hosts,
            Map = app =>
            {
                map(app);
                routes.AddRange(RoutesOf(app));
                foreach (var endpoint in ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints)
                    .OfType<RouteEndpoint>())
                    foreach (var method in MethodsOf(endpoint))
                        access[$"{method} {PathOf(endpoint)}"] = endpoint.Metadata.GetMetadata<EndpointAccess>();
            },
        };
        return new RunningRole(await RoleHost.StartAsync(role, log ?? NullLoggerFactory.Instance, TimeProvider.System, default),
            address, routes)
        { Access = access };
    }

    /// <summary>The routes with their methods; of those that take any method, one of each kind.</summary>
    private static IEnumerable<(string Method, string Path)> RoutesOf(IEndpointRouteBuilder app) =>
        from endpoint in app.DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
        from method in MethodsOf(endpoint)
        select (method, PathOf(endpoint));

    private static string PathOf(RouteEndpoint endpoint) => "/"
        + string.Join('/', endpoint.RoutePattern.PathSegments.Select(segment => string.Concat(segment.Parts.Select(part =>
            part is Microsoft.AspNetCore.Routing.Patterns.RoutePatternLiteralPart literal ? literal.Content : "x"))));

    private static IReadOnlyList<string> MethodsOf(RouteEndpoint endpoint) =>
        endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods is { Count: > 0 } methods
            ? methods : ["GET", "POST", "PUT", "PATCH", "DELETE"];
}
