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
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Cli.Tests.Hosting;

/// <summary>Every route of every role, as it is mapped, called as a page of another site has a browser call it.</summary>
public sealed class BrowserTests : IDisposable
{
    private static readonly Uri Nobody = new("http://127.0.0.1:9");
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-hosts-").FullName;

    public static TheoryData<string> Roles => ["master", "agent", "scheduler", "manager"];

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task A_rebound_name_reaches_no_route(string role)
    {
        await using var running = await StartAsync(role, new AllowedHosts());
        Assert.NotEmpty(running.Routes);
        foreach (var (method, path) in running.Routes)
        {
            using var answer = await running.SendAsync(method, path, "evil.example:8080", "http://evil.example:8080");
            Assert.True(answer.StatusCode == HttpStatusCode.Forbidden, $"{method} {path} is {answer.StatusCode}");
            Assert.Equal("DENY", answer.Headers.GetValues("X-Frame-Options").Single());
        }
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task Another_sites_page_changes_nothing_whoever_may_call(string role)
    {
        await using var running = await StartAsync(role, null);
        foreach (var (method, path) in running.Routes.Where(route => route.Method is not ("GET" or "HEAD")))
        {
            foreach (var origin in (string[])["http://evil.example", "null", "https://lcm.example.com:8443"])
            {
                using var answer = await running.SendAsync(method, path, "lcm.example.com", origin);
                Assert.True(answer.StatusCode == HttpStatusCode.Forbidden,
                    $"{method} {path} from {origin} is {answer.StatusCode}");
            }

            // A page of its own comes further than that, wherever it gets.
            using var own = await running.SendAsync(method, path, "lcm.example.com", "https://lcm.example.com");
            Assert.DoesNotContain("a page of another site", await own.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task Nothing_may_be_shown_in_a_frame(string role)
    {
        await using var running = await StartAsync(role, new AllowedHosts());
        foreach (var (_, path) in running.Routes.Where(route => route.Method == "GET"))
        {
            using var answer = await running.SendAsync("GET", path, "localhost", null);
            Assert.True(
                answer.Headers.NonValidated.TryGetValues("X-Frame-Options", out var options) && options.ToString() == "DENY"
                && answer.Headers.NonValidated.TryGetValues("Content-Security-Policy", out var policy)
                && policy.ToString().Contains("frame-ancestors 'none'", StringComparison.Ordinal),
                $"{path} ({answer.StatusCode}) may be framed: {answer}");
        }
    }

    private async Task<Running> StartAsync(string name, AllowedHosts? hosts)
    {
        var listen = new IPEndPoint(IPAddress.Loopback, Server.FreePort());
        var address = new Uri($"http://{listen}");
        var role = name switch
        {
            "master" => MasterCommand.Role(listen, "--port", new MasterOptions { Address = address }) with { State = "memory:" },
            "agent" => AgentCommand.Role([listen], "--port", new AgentOptions
            {
                WorkDirectory = _directory,
                Masters = [Nobody],
                Hostname = "127.0.0.1",
                Port = listen.Port,
                Containerizers = ["process"],
            }),
            "scheduler" => SchedulerCommand.Role(
                listen, "--port", new SchedulerOptions { Masters = [Nobody], Address = address },
                new EurekaOptions { Servers = [Nobody] }, Nobody, address) with
            { State = "memory:" },
            _ => ManagerCommand.Role(listen, "--port", new ManagerOptions { Scheduler = Nobody, Address = address }) with
            {
                State = "memory:"
            },
        };
        var routes = new List<(string Method, string Path)>();
        var map = role.Map;
        role = role with
        {
            Hosts = hosts,
            Map = app =>
            {
                map(app);
                routes.AddRange(RoutesOf(app));
            },
        };
        return new Running(await RoleHost.StartAsync(role, NullLoggerFactory.Instance, TimeProvider.System, default), address,
            routes);
    }

    /// <summary>The routes with their methods; of those that take any method, one of each kind.</summary>
    private static IEnumerable<(string Method, string Path)> RoutesOf(IEndpointRouteBuilder app) =>
        from endpoint in app.DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
        let path = "/"
        + string.Join('/', endpoint.RoutePattern.PathSegments.Select(segment => string.Concat(segment.Parts.Select(part =>
            part is Microsoft.AspNetCore.Routing.Patterns.RoutePatternLiteralPart literal ? literal.Content : "x"))))
        from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods is { Count: > 0 } methods
            ? methods : ["GET", "POST", "PUT", "PATCH", "DELETE"]
        select (method, path);

    private sealed record Running(RoleHost Host, Uri Address, IReadOnlyList<(string Method, string Path)> Routes)
        : IAsyncDisposable
    {
        private readonly HttpClient _http =
            new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { Timeout = TimeSpan.FromSeconds(30) };

        public async Task<HttpResponseMessage> SendAsync(string method, string path, string host, string? origin)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(Address, path));
            request.Headers.Host = host;
            if (origin is not null) request.Headers.Add("Origin", origin);
            if (method is not ("GET" or "HEAD")) request.Content = new StringContent("{}", null, "application/json");
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        }

        public async ValueTask DisposeAsync()
        {
            _http.Dispose();
            await Host.DisposeAsync();
        }
    }
}
