using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Hosting;
using LifecycleManager.Master;
using LifecycleManager.Runtime;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Security;
using LifecycleManager.Security.Joining;
using LifecycleManager.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Cli.Tests.Hosting;

/// <summary>Real masters that have the authority, and those who ask them for a certificate.</summary>
public sealed class JoiningTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-joining-").FullName;
    private readonly string _state = "memory:" + Guid.NewGuid();
    private readonly RecordingLog _log = new();
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ClusterAuthority _authority;

    public JoiningTests() => _authority = Authority("ca");

    public void Dispose()
    {
        _key.Dispose();
        _log.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_token_is_good_once_whichever_master_is_asked()
    {
        await using var first = await StartAsync(_authority, 0);
        await using var second = await StartAsync(_authority, 1);
        var token = _authority.CreateToken(JoinRole.Agent, TimeSpan.FromHours(1));
        var answer = await JoinAsync(token, JoinRole.Agent, _key, 0);
        Assert.Contains("CERTIFICATE", answer.Certificate, StringComparison.Ordinal);
        Assert.Contains(_log.Lines,
            line => line.Contains("A certificate is made for 'node1.agent.shop'", StringComparison.Ordinal));

        // An answer that was lost is asked for again, with the same key; another key is another process.
        await JoinAsync(token, JoinRole.Agent, _key, 1);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        foreach (var master in (int[])[0, 1])
        {
            var used = await Assert.ThrowsAsync<JoinException>(() => JoinAsync(token, JoinRole.Agent, other, master));
            Assert.Contains("the token is used up, by 'node1.agent.shop' at ", used.Message, StringComparison.Ordinal);
            Assert.Contains("'lcm token create --role agent' makes another", used.Message, StringComparison.Ordinal);
        }

        Assert.All(_log.Lines, line => Assert.DoesNotContain(token.Reveal(), line, StringComparison.Ordinal));
        Assert.Equal(2, _authority.List().Count(issued => issued.Subject == "node1.agent.shop"));
    }

    [Fact]
    public async Task Tokens_that_are_old_of_another_cluster_or_for_another_role_are_a_line_each()
    {
        await using var host = await StartAsync(_authority, 0);
        var stranger = Authority("other");
        Task<JoinException> RefusedAsync(JoinToken token, JoinRole role) =>
            Assert.ThrowsAsync<JoinException>(() => JoinAsync(token, role, _key, 0));
        var agents = _authority.CreateToken(JoinRole.Agent, TimeSpan.FromHours(1));
        Assert.StartsWith("the token is for the role agent, this process is of the role master",
            (await RefusedAsync(agents, JoinRole.Master)).Message, StringComparison.Ordinal);
        Assert.StartsWith("the token was good until",
            (await RefusedAsync(_authority.CreateToken(JoinRole.Agent, TimeSpan.FromSeconds(-1)), JoinRole.Agent)).Message,
            StringComparison.Ordinal);
        var foreign = await RefusedAsync(stranger.CreateToken(JoinRole.Agent, TimeSpan.FromHours(1)), JoinRole.Agent);
        Assert.Equal($"localhost:{_ports[0]} is of another cluster: its authority's digest is {_authority.Digest}, "
            + "the token's is " + stranger.Digest, foreign.Message);

        // Forged with the right digest it comes as far as the authority, which has not sealed it.
        var forged = JoinToken.Create(JoinRole.Master, DateTimeOffset.UtcNow.AddHours(1), _authority.Digest, new byte[32]);
        Assert.EndsWith(": the token is none of this cluster's", (await RefusedAsync(forged, JoinRole.Master)).Message,
            StringComparison.Ordinal);

        // Whoever passes over his own look is told by the authority as well, and none of it has used the token up.
        var request = SigningRequests.Create("node1", [], _key);
        var passed = System.Text.Json.JsonSerializer.Serialize(new { role = "scheduler", token = agents.Reveal(), request });
        Assert.Contains("is for the role agent", await PostAsync(passed, 403), StringComparison.Ordinal);
        await JoinAsync(agents, JoinRole.Agent, _key, 0);
    }

    [Fact]
    public async Task Wrong_tokens_wait_and_bodies_are_bounded()
    {
        await using var host = await StartAsync(_authority, 0);
        var begin = Stopwatch.GetTimestamp();
        for (var i = 0; i < 4; i++)
        {
            var answer = await PostAsync("""{"role": "agent", "token": "guess"}""", 403);
            Assert.Contains("no token", answer, StringComparison.Ordinal);
        }

        Assert.True(Stopwatch.GetElapsedTime(begin) >= TimeSpan.FromMilliseconds(100 + 200 + 400 + 800));
        await PostAsync($$"""{"role": "{{new string('x', 64 * 1024)}}"}""", 413);
        foreach (var body in (string[])["", "null", "nonsense", "[]", """{"role": 1}"""]) await PostAsync(body, 400);
        await PostAsync("{}", 403);
        Assert.Contains(_log.Lines, line => line.Contains("127.0.0.1 gets no certificate", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Who_has_joined_is_renewed_by_his_certificate_until_it_is_revoked()
    {
        await using var host = await StartAsync(_authority, 0);
        var identity = new ClusterIdentity(Path.Combine(_directory, "node"));
        var token = _authority.CreateToken(JoinRole.Agent, TimeSpan.FromHours(1));
        identity.Keep(await JoinAsync(token, JoinRole.Agent, _key, 0), _key, new JoinedCluster([Address(0)], token.Id));
        var client = new JoinClient(identity, JoinRole.Agent);
        Assert.Empty((await client.TrustAsync(CancellationToken.None)).Revoked);
        using var next = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = SigningRequests.Create("node1", ["node1"], next);
        identity.Keep(await client.RenewAsync(request, CancellationToken.None), next, identity.Cluster);
        await client.TrustAsync(CancellationToken.None);

        // In one's own name alone.
        var greedy = await Assert.ThrowsAsync<JoinException>(() =>
            client.RenewAsync(SigningRequests.Create("node2", [], next), CancellationToken.None));
        Assert.Contains("'node1.agent.shop' cannot be renewed as 'node2.agent.shop'", greedy.Message, StringComparison.Ordinal);

        Assert.Equal(2, _authority.Revoke("node1.agent.shop").Count);
        var refused = await Assert.ThrowsAsync<JoinException>(() => client.RenewAsync(request, CancellationToken.None));
        Assert.Contains("neither over nor revoked", refused.Message, StringComparison.Ordinal);

        // Once the master has looked, no connection is made any more.
        await Eventually.TrueAsync(async () =>
        {
            var problem = await Assert.ThrowsAsync<JoinException>(() => client.TrustAsync(CancellationToken.None));
            return problem.Message.Contains("does not answer", StringComparison.Ordinal);
        }, "the master refuses it");
        Assert.Contains(_log.Lines,
            line => line.Contains("the certificate of 'CN=node1.agent.shop' is revoked", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_master_without_the_authority_says_so_and_the_next_is_asked()
    {
        await using var standby = await StartAsync(null, 0);
        await using var host = await StartAsync(_authority, 1);
        var token = _authority.CreateToken(JoinRole.Scheduler, TimeSpan.FromHours(1));
        var alone = await Assert.ThrowsAsync<JoinException>(() => JoinAsync(token, JoinRole.Scheduler, _key, 0));
        Assert.Equal($"localhost:{_ports[0]} has no authority: join at the master that has it (--ca-dir)", alone.Message);
        var nobody = await Assert.ThrowsAsync<JoinException>(() => JoinClient.JoinAsync(
            token, JoinRole.Scheduler, [new Uri($"https://localhost:{Server.FreePort()}")], "", TimeProvider.System,
                CancellationToken.None));
        Assert.Contains("does not answer", nobody.Message, StringComparison.Ordinal);
        await JoinAsync(token, JoinRole.Scheduler, _key, 0, 1);
    }

    private readonly int[] _ports = [Server.FreePort(), Server.FreePort()];

    private Uri Address(int master) => new($"https://localhost:{_ports[master]}");

    private Task<JoinAnswer> JoinAsync(JoinToken token, JoinRole role, ECDsa key, params int[] masters) => JoinClient.JoinAsync(
        token, role, [.. masters.Select(Address)], SigningRequests.Create("node1", ["node1"], key), TimeProvider.System,
        CancellationToken.None);

    private async Task<string> PostAsync(string body, int status)
    {
        using var handler = new SocketsHttpHandler();
        new ClientTls(() => null, () => [_authority.Certificate]).ApplyTo(handler.SslOptions);
        using var http = new HttpClient(handler);
        using var content = new StringContent(body, Encoding.UTF8, "application/json");

        // Who refuses a long body at once closes the connection while it is still sent.
        http.DefaultRequestHeaders.ExpectContinue = body.Length > 32 * 1024;
        using var answer = await http.PostAsync(new Uri(Address(0), "/lcm/v1/join"), content);
        Assert.Equal((HttpStatusCode)status, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync();
    }

    private ClusterAuthority Authority(string name) =>
        ClusterAuthority.Create(Path.Combine(_directory, name), "shop", TimeSpan.FromHours(1), TimeProvider.System);

    private async Task<RoleHost> StartAsync(ClusterAuthority? authority, int master)
    {
        // As lcm master does it: its own certificate, and what it looks up, come from the authority.
        var identity = new ClusterIdentity(Path.Combine(_directory, $"m{master}"));
        using (var key = ECDsa.Create(ECCurve.NamedCurves.nistP256))
        {
            identity.Keep(_authority.Issue(SigningRequests.Create($"m{master}", ["localhost"], key), JoinRole.Master, null), key,
                new JoinedCluster([], null));
        }

        var principals = Principals.OfFile(identity.Credentials);
        var role = MasterCommand.WithAuthority(MasterCommand.Role(
            new IPEndPoint(IPAddress.Loopback, _ports[master]), "--port", new MasterOptions { Principals = principals }),
                authority);
        var add = role.Add;
        return await RoleHost.StartAsync(role with
        {
            State = _state,
            Tls = ServerTls.Follow(identity.Certificate, null, identity.Authority, clientsMust: false, identity.Revoked),
            Followed = [principals.File],
            Add = services =>
            {
                add(services);
                services.AddHostedService(provider => new IdentityRenewal(
                    identity, new OwnAuthority(_authority), $"m{master}", ["localhost"],
                    provider.GetRequiredService<RoleHealth>(), new QuickTime(),
                        provider.GetRequiredService<ILogger<IdentityRenewal>>()));
            },
        }, _log, TimeProvider.System, CancellationToken.None);
    }

    /// <summary>The system's time, by which waits are over after a hundredth.</summary>
    private sealed class QuickTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? dueTime / 100 : dueTime, period);
    }
}
