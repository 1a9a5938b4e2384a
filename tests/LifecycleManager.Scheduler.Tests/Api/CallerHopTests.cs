using System.Net;
using System.Security.Cryptography.X509Certificates;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LifecycleManager.Scheduler.Tests.Api;

/// <summary>Clients that show a certificate to a scheduler that does not lead.</summary>
public sealed class CallerHopTests : IAsyncLifetime
{
    private const string Certificate = "X-Test-Certificate";
    private const string From = "X-Test-From";

    private readonly CertificateAuthority _authority = new("clients");
    private readonly string _store = "memory:" + Guid.NewGuid();
    private readonly List<(string Path, IHeaderDictionary Headers)> _passedOn = [];
    private readonly List<string?> _addresses = [];
    private SchedulerUnderTest _leader = null!;
    private SchedulerUnderTest _standby = null!;

    public async ValueTask InitializeAsync()
    {
        var principals = Principals.Parse("""
            {"credentials": [
              {"principal": "ops", "permissions": ["operate"]}, {"principal": "*.viewers.test", "permissions": ["view"]},
              {"principal": "s2", "permissions": ["operate"]}, {"principal": "guest", "secret": "g", "permissions": ["view"]}
            ]}
            """);
        SchedulerOptions Secured(SchedulerOptions options) => options with { Principals = principals };
        _leader = await SchedulerUnderTest.StartAsync(_store, change: Secured, before: app =>
        {
            Shows(app);
            app.Use((context, next) =>
            {
                lock (_passedOn) _passedOn.Add((context.Request.Path.Value!, new HeaderDictionary(
                    context.Request.Headers.ToDictionary(header => header.Key, header => header.Value))));
                context.Response.OnStarting(() =>
                {
                    lock (_passedOn) _addresses.Add(AuditTrail.AddressOf(context));
                    return Task.CompletedTask;
                });
                return next(context);
            });
        });
        _standby = await SchedulerUnderTest.StartAsync(_store, leading: false, change: Secured, before: Shows);
        await SchedulerUnderTest.UntilAsync(() => _standby.Service.Snapshot.Leader.Address is not null);
    }

    public async ValueTask DisposeAsync()
    {
        await _standby.DisposeAsync();
        await _leader.DisposeAsync();
        _authority.Dispose();
    }

    [Fact]
    public async Task A_client_is_at_the_standby_who_he_is_at_the_leader()
    {
        foreach (var scheduler in (SchedulerUnderTest[])[_leader, _standby])
        {
            (await scheduler.GetAsync("/v2/apps?label=a%20in%20(b%2C%20c)", (Certificate, "ops"))).Is(200);
            (await scheduler.GetAsync("/v2/apps", (Certificate, "one.viewers.test"))).Is(200);
            (await scheduler.GetAsync("/v2/apps")).Is(401);
            (await scheduler.GetAsync("/v2/apps", (Certificate, "stranger"))).Is(401);
            var id = scheduler == _leader ? "/a" : "/b";
            var app = $$"""{"id": "{{id}}", "cmd": "x", "instances": 0}""";
            (await scheduler.SendAsync("POST", "/v2/apps", app, (Certificate, "one.viewers.test"))).Is(403);
            (await scheduler.SendAsync("POST", "/v2/apps", app, (Certificate, "ops"))).Is(201);
            var secret = new Credential("guest", "g").Header;
            (await scheduler.GetAsync("/v2/apps" + id, ("Authorization", $"{secret.Scheme} {secret.Parameter}"), (Certificate,
                "ops")))
                .Is(200);
        }
    }

    [Fact]
    public async Task No_header_of_a_clients_is_taken_for_the_standbys()
    {
        (await _standby.GetAsync("/v2/apps?id=x", (Certificate, "ops"))).Is(200);
        IHeaderDictionary passed;
        lock (_passedOn) passed = _passedOn.Last(call => call.Headers.ContainsKey("X-Marathon-Via")).Headers;
        var (caller, proof) = ((string)passed["X-Lcm-Caller"]!, (string)passed["X-Lcm-Caller-Proof"]!);

        // What was proved of one call proves nothing of another: path, query, method, name.
        (string, string)[] Headers(string name, string by) =>
            [("X-Marathon-Via", "http://s2:8080"), ("X-Lcm-Caller", name), ("X-Lcm-Caller-Proof", by)];
        (await _leader.GetAsync("/v2/apps?id=x", Headers(caller, proof))).Is(200);
        (await _leader.GetAsync("/v2/apps", Headers(caller, proof))).Is(401);
        (await _leader.GetAsync("/v2/groups?id=x", Headers(caller, proof))).Is(401);
        (await _leader.SendAsync("DELETE", "/v2/apps?id=x", null, Headers(caller, proof))).Is(401);
        (await _leader.GetAsync("/v2/apps?id=x", Headers(Convert.ToBase64String("s2"u8), proof))).Is(401);
        (await _leader.GetAsync("/v2/apps?id=x", Headers("%%%", "x"))).Is(401);
        (await _leader.GetAsync("/v2/apps?id=x", ("X-Lcm-Caller", caller), ("X-Lcm-Caller-Proof", proof))).Is(401);

        // The certificate of a hop is the scheduler's, never the client's.
        (await _leader.GetAsync("/v2/apps", ("X-Marathon-Via", "http://s2:8080"), (Certificate, "s2"))).Is(401);

        // What a client says at the standby goes no further.
        (await _standby.GetAsync("/v2/apps", ("X-Lcm-Caller", caller), ("X-Lcm-Caller-Proof", proof))).Is(401);
        (await _standby.GetAsync("/v2/apps?id=x", ("X-Lcm-Caller", caller), ("X-Lcm-Caller-Proof", proof), (Certificate,
            "one.viewers.test")))
            .Is(200);
        lock (_passedOn) Assert.NotEqual(caller, (string?)_passedOn[^1].Headers["X-Lcm-Caller"]);
    }

    [Fact]
    public async Task A_change_comes_from_the_clients_address_and_from_no_other_that_somebody_says()
    {
        const string App = """{"id": "/a", "cmd": "x", "instances": 0}""";
        (await _standby.SendAsync("PUT", "/v2/apps/a", App, (Certificate, "ops"), (From, "203.0.113.7"))).Is(201);
        Assert.Equal("203.0.113.7", Latest());
        IHeaderDictionary passed;
        lock (_passedOn) passed = _passedOn.Last(call => call.Path == "/v2/apps/a").Headers;
        var (address, proof) = ((string)passed["X-Lcm-Client-Address"]!, (string)passed["X-Lcm-Client-Address-Proof"]!);
        Assert.Equal("203.0.113.7", address);

        // Of the same call alone; a name's proof is none of an address.
        (string, string)[] Headers(string said, string by) =>
            [("X-Marathon-Via", "http://s2:8080"), ("X-Lcm-Client-Address", said), ("X-Lcm-Client-Address-Proof", by)];
        foreach (var (method, path, said, by) in ((string, string, string, string)[])
        [
            ("PUT", "/v2/apps/b", address, proof), ("DELETE", "/v2/apps/a", address, proof),
            ("PUT", "/v2/apps/a", "203.0.113.8", proof), ("PUT", "/v2/apps/a", address, (string)passed["X-Lcm-Caller-Proof"]!),
        ])
        {
            (await _leader.SendAsync(method, path, App, Headers(said, by))).Is(401);
            Assert.Equal("127.0.0.1", Latest());
        }

        // What a client says at the standby goes no further; calls that change nothing say nothing.
        (await _standby.SendAsync("PUT", "/v2/apps/a", App, [
            (Certificate, "ops"), (From, "203.0.113.9"), ("X-Lcm-Client-Address", "203.0.113.7"),
            ("X-Lcm-Client-Address-Proof", proof)])).Is(200);
        Assert.Equal("203.0.113.9", Latest());
        (await _standby.GetAsync("/v2/apps/a", (Certificate, "ops"), (From, "203.0.113.7"))).Is(200);
        lock (_passedOn) Assert.False(_passedOn[^1].Headers.ContainsKey("X-Lcm-Client-Address"));
    }

    private string? Latest()
    {
        lock (_passedOn) return _addresses[^1];
    }

    /// <summary>Shows a certificate as TLS has verified it, and an address as the connection has it.</summary>
    private void Shows(WebApplication app) => app.Use((context, next) =>
    {
        if (context.Request.Headers[Certificate] is [{ Length: > 0 } name])
            context.Features.Set<ITlsConnectionFeature>(new Shown(_authority.Issue(name)));
        if (context.Request.Headers[From] is [{ Length: > 0 } from]) context.Connection.RemoteIpAddress = IPAddress.Parse(from);
        context.Request.Headers.Remove(Certificate);
        context.Request.Headers.Remove(From);
        return next(context);
    });

    private sealed class Shown(X509Certificate2 certificate) : ITlsConnectionFeature
    {
        public X509Certificate2? ClientCertificate { get; set; } = certificate;

        public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) =>
            Task.FromResult(ClientCertificate);
    }
}
