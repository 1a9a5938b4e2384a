using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Hosting;
using LifecycleManager.Master;
using LifecycleManager.Security;
using LifecycleManager.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Cli.Tests.Hosting;

/// <summary>A real master behind real TLS.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-tls-").FullName;
    private readonly CertificateAuthority _authority;
    private readonly CertificateAuthority _stranger;
    private readonly string _certificate;
    private readonly string _key;

    public TlsTests()
    {
        _authority = new CertificateAuthority("lcm test authority");
        _stranger = new CertificateAuthority("somebody else's authority");
        (_certificate, _key) = _authority.Files(_directory, "server", "localhost", server: true);
    }

    public void Dispose()
    {
        _authority.Dispose();
        _stranger.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_certificate_is_who_its_client_is_and_a_secret_still_counts()
    {
        var principals = Principals.Parse("""
            {"credentials": [
              {"principal": "*.agents.example.org", "permissions": ["agent"]},
              {"principal": "ops", "secret": "o", "permissions": ["operate"]}
            ]}
            """);
        var (host, address) = await StartAsync(new MasterOptions { Principals = principals });
        await using var running = host;
        using var node = Client(address, _authority.Issue("node1.agents.example.org"));
        using var other = Client(address, _authority.Issue("node1.elsewhere.org"));
        using var stranger = Client(address, _stranger.Issue("node1.agents.example.org"));
        using var plain = Client(address, null);

        // Of an agent: its call is looked at, and it may not look at anything else.
        Assert.Equal(HttpStatusCode.BadRequest, await AgentCallAsync(node));
        Assert.Equal(HttpStatusCode.Forbidden, (await node.GetAsync("/state")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await AgentCallAsync(other));
        await Assert.ThrowsAsync<HttpRequestException>(() => AgentCallAsync(stranger));

        Assert.Equal(HttpStatusCode.Unauthorized, (await plain.GetAsync("/state")).StatusCode);
        plain.DefaultRequestHeaders.Authorization = new Credential("ops", "o").Header;
        Assert.Equal(HttpStatusCode.OK, (await plain.GetAsync("/state")).StatusCode);
    }

    [Fact]
    public async Task Without_secrets_a_certificate_is_a_must()
    {
        var (host, address) = await StartAsync(new MasterOptions());
        await using var running = host;
        using var node = Client(address, _authority.Issue("anybody"));
        using var plain = Client(address, null);
        Assert.Equal(HttpStatusCode.OK, (await node.GetAsync("/health")).StatusCode);
        await Assert.ThrowsAsync<HttpRequestException>(() => plain.GetAsync("/health"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Browsers_are_told_to_speak_tls_alone_only_where_that_is_asked_for(bool strict)
    {
        var (host, address) = await StartAsync(new MasterOptions(), strict: strict);
        await using var running = host;
        using var client = Client(address, _authority.Issue("anybody"));
        foreach (var path in (string[])["/health", "/state", "/nothing"])
        {
            using var answer = await client.GetAsync(path);
            Assert.Equal(strict ? ["max-age=31536000"] : [],
                answer.Headers.TryGetValues("Strict-Transport-Security", out var values) ? values : []);
        }
    }

    [Theory]
    [InlineData("master")]
    [InlineData("agent")]
    [InlineData("scheduler")]
    [InlineData("manager")]
    public async Task Hsts_without_tls_is_refused_since_no_browser_would_heed_it(string role)
    {
        var ran = await Commands.Lcm.RunAsync(role, "--hsts", "--work-dir", _directory);
        Assert.Equal(ExitStatus.Failure, ran.Code);
        Assert.Contains("--hsts is for a role with TLS: --tls-certificate gives it one", ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Why_a_peer_was_refused_is_told_once_with_its_address()
    {
        var log = new RecordedLog();
        var principals = Principals.Parse("""{"credentials": [{"principal": "node1", "permissions": ["agent"]}]}""");
        var (host, address) = await StartAsync(new MasterOptions(), log);
        await using var running = host;
        var (asking, asked) = await StartAsync(new MasterOptions { Principals = principals }, log, probes: false);
        await using var other = asking;

        // Twice each, and told once.
        var late = _authority.Issue("late", expires: DateTimeOffset.UtcNow.AddMinutes(-1));
        for (var i = 0; i < 2; i++)
        {
            using var expired = Client(address, late);
            using var stranger = Client(address, _stranger.Issue("stranger"));
            using var distrusting = new HttpClient(new SocketsHttpHandler()) { BaseAddress = address };
            foreach (var client in (HttpClient[])[expired, stranger, distrusting])
                await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("/health"));
            using var node = Client(asked, _authority.Issue("node1"));
            Assert.Equal(HttpStatusCode.Forbidden, (await node.GetAsync("/state")).StatusCode);
        }

        foreach (var cause in (string[])
        [
            "127.0.0.1 was refused: the certificate of 'CN=late' has expired on",
            "127.0.0.1 was refused: the certificate of 'CN=stranger' is of a foreign authority, 'CN=somebody else's authority'",
            "127.0.0.1 was refused: the TLS handshake ended early",
            "127.0.0.1 was refused: Forbidden: principal 'node1' lacks the permission 'view'",
        ])
        {
            await Eventually.TrueAsync(() => log.Lines.Any(line => line.Contains(cause, StringComparison.Ordinal)), cause);
            Assert.Single(log.Lines, line => line.Contains(cause, StringComparison.Ordinal));
        }

        // One day is left of the role's own.
        Assert.Contains(log.Lines, line => line.Contains("The TLS certificate of 'CN=localhost' expires on",
            StringComparison.Ordinal));
        using var reader = Client(address, _authority.Issue("anybody"));
        var metric = (await reader.GetStringAsync("/metrics")).Split('\n')
            .Single(line => line.StartsWith("lcm_certificate_expiry_seconds", StringComparison.Ordinal));
        Assert.InRange(double.Parse(metric.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture), 80_000, 86_400);
    }

    [Fact]
    public void An_own_certificate_that_has_expired_is_refused_at_the_start_in_one_line()
    {
        var (certificate, key) = _authority.Files(_directory, "old", "localhost", server: true,
            expires: DateTimeOffset.UtcNow.AddMinutes(-1));
        var error = Assert.Throws<CliException>(() => ServerTls.Follow(certificate, key, null, clientsMust: false));
        Assert.Contains("old.pem cannot be used: the certificate of 'CN=localhost' has expired on", error.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kestrels_own_section_says_where_to_listen_and_its_limits()
    {
        var port = Server.FreePort();
        var section = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Kestrel:Endpoints:Https:Url"] = $"https://localhost:{port}",
            ["Kestrel:Endpoints:Https:Certificate:Path"] = _certificate,
            ["Kestrel:Endpoints:Https:Certificate:KeyPath"] = _key,
            ["Kestrel:Limits:MaxConcurrentConnections"] = "1",
        }).Build().GetSection("Kestrel");
        var role = MasterCommand.Role(new IPEndPoint(IPAddress.Loopback, port), "--port", new MasterOptions()) with
        {
            State = "memory:" + Guid.NewGuid(),
            Kestrel = section,
        };
        await using var host = await RoleHost.StartAsync(role, NullLoggerFactory.Instance, TimeProvider.System,
            CancellationToken.None);
        Assert.Equal($"https://127.0.0.1:{port}/", RoleSettings.AddressOf(role).ToString());
        using var first = Client(new Uri($"https://localhost:{port}"), null);
        using var second = Client(new Uri($"https://localhost:{port}"), null);
        Assert.Equal(HttpStatusCode.OK, (await first.GetAsync("/health")).StatusCode);
        await Assert.ThrowsAsync<HttpRequestException>(() => second.GetAsync("/health"));
    }

    [Fact]
    public void A_certificate_of_no_server_cannot_serve_and_one_of_no_client_is_shown_to_nobody()
    {
        var (certificate, key) = _authority.Files(_directory, "client", "client", server: false);
        var error = Assert.Throws<CliException>(() => ServerTls.Follow(certificate, key, null, clientsMust: false));
        Assert.Contains("client.pem cannot be used: the certificate of 'CN=client' is for no server: its extended key "
            + "usage needs Server Authentication", error.Message, StringComparison.Ordinal);
        Assert.Null(ServerTls.Follow(_certificate, _key, null, clientsMust: false).Current.ForClient);
        var (both, bothKey) = _authority.Files(_directory, "both", "both", server: true, client: true);
        Assert.Equal("CN=both", ServerTls.Follow(both, bothKey, null, clientsMust: false).Current.ForClient?.Subject);
    }

    [Fact]
    public void A_certificate_that_cannot_be_used_is_an_error_of_one_line()
    {
        var missing = Assert.Throws<CliException>(() =>
            ServerTls.Follow(Path.Combine(_directory, "nothing.pem"), _key, null, clientsMust: false));
        Assert.Contains("nothing.pem", missing.Message, StringComparison.Ordinal);
        var (_, otherKey) = _authority.Files(_directory, "other", "other", server: true);
        Assert.Contains("cannot be used", Assert.Throws<CliException>(() =>
            ServerTls.Follow(_certificate, otherKey, null, false)).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(_directory, "empty.pem"), "");
        Assert.Contains("holds no certificate",
            Assert.Throws<CliException>(() => ServerTls.Follow(_certificate, _key, Path.Combine(_directory, "empty.pem"),
                false)).Message, StringComparison.Ordinal);
    }

    private async Task<(RoleHost Host, Uri Address)> StartAsync(MasterOptions options, ILoggerProvider? log = null,
        bool probes = true, bool strict = false)
    {
        var port = Server.FreePort();
        var role = MasterCommand.Role(new IPEndPoint(IPAddress.Loopback, port), "--port", options) with
        {
            State = "memory:" + Guid.NewGuid(),
            IsStrict = strict,
            Tls = ServerTls.Follow(_certificate, _key, _authority.AuthorityFile(_directory),
                clientsMust: !options.Principals.AreRequired),
        };
        var loggers = log is null ? (ILoggerFactory)NullLoggerFactory.Instance : new LoggerFactory([log]);
        var host = await RoleHost.StartAsync(role, loggers, TimeProvider.System, CancellationToken.None);
        var address = new Uri($"https://localhost:{port}");
        if (!probes || !options.Principals.AreRequired) return (host, address);

        using var probe = Client(address, null);
        probe.DefaultRequestHeaders.Authorization = new Credential("ops", "o").Header;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while ((await probe.GetAsync("/state", limit.Token)).StatusCode == HttpStatusCode.ServiceUnavailable)
            await Task.Delay(20, limit.Token);
        return (host, address);
    }

    private static async Task<HttpStatusCode> AgentCallAsync(HttpClient client)
    {
        using var call = new StringContent("""{"type": "REGISTER"}""", Encoding.UTF8, "application/json");
        return (await client.PostAsync("/api/v1/agent", call)).StatusCode;
    }

    private HttpClient Client(Uri address, X509Certificate2? certificate)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.ClientCertificates = certificate is null ? null : [certificate];
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { _authority.Certificate },
            RevocationMode = X509RevocationMode.NoCheck,
        };
        return new HttpClient(handler) { BaseAddress = address };
    }

    private sealed class RecordedLog : ILoggerProvider, ILogger
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<string> _lines = new();

        public IReadOnlyCollection<string> Lines => _lines;

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) =>
            _lines.Enqueue(formatter(state, exception));

        public void Dispose()
        {
        }
    }
}
