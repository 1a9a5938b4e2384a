using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace LifecycleManager.Cli.Tests.Commands;

/// <summary>Tools trust whom they are told to, and follow a role that stands by to the one that leads.</summary>
public sealed class CallerSettingsTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-caller-").FullName;

    public static TheoryData<string> Tools =>
    [
        "app list --scheduler", "policy explain /web --manager", "policy start --manager", "schedule list --manager",
        "recommend --manager", "rebalance --scheduler",
    ];

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [MemberData(nameof(Tools))]
    public async Task An_authority_of_ones_own_is_trusted_where_it_is_said_and_nobody_else_then(string tool)
    {
        using var own = new CertificateAuthority("own");
        using var other = new CertificateAuthority("other");
        using var certificate = own.Issue("localhost", server: true);
        await using var role = new TlsAnswering(certificate, """{"apps":[],"jobs":[],"moves":[],"message":"done"}""");
        var words = $"{tool} https://localhost:{role.Port}".Split(' ');
        Assert.NotEqual(0, (await Lcm.RunAsync(words)).Code);
        Assert.Equal(0, role.Answered);
        Assert.NotEqual(0, (await Lcm.RunAsync([.. words, "--tls-ca", other.AuthorityFile(Sub("other"))])).Code);
        Assert.Equal(0, role.Answered);
        await Lcm.RunAsync([.. words, "--tls-ca", own.AuthorityFile(Sub("own"))]);
        Assert.True(role.Answered > 0, tool);
    }

    [Theory]
    [MemberData(nameof(Tools))]
    [InlineData("proxy --once --check true --output {0}/proxy.conf --scheduler")]
    public async Task A_certificate_is_shown_to_roles_that_ask_for_one(string tool)
    {
        using var own = new CertificateAuthority("own");
        using var certificate = own.Issue("localhost", server: true);
        await using var role = new TlsAnswering(
            certificate, """{"apps":[],"jobs":[],"moves":[],"tasks":[],"message":"done"}""", asks: true);
        var (shown, key) = own.Files(_directory, "ops", "ops", server: false);
        string[] words =
        [
            .. string.Format(CultureInfo.InvariantCulture, tool, _directory).Split(' '), $"https://localhost:{role.Port}",
                "--tls-ca",
            own.AuthorityFile(_directory),
        ];
        await Lcm.RunAsync([.. words, "--tls-certificate", shown, "--tls-key", key]);
        Assert.Contains("CN=ops", role.Shown);

        var (server, serverKey) = own.Files(_directory, "server", "server", server: true);
        var refused = await Lcm.RunAsync([.. words, "--tls-certificate", server, "--tls-key", serverKey]);
        Assert.Contains("is for no client", refused.Error, StringComparison.Ordinal);
        var alone = await Lcm.RunAsync([.. words, "--tls-key", key]);
        Assert.Contains("--tls-key needs a --tls-certificate", alone.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_context_has_its_authority_and_what_is_none_is_said()
    {
        using var own = new CertificateAuthority("own");
        using var certificate = own.Issue("localhost", server: true);
        await using var role = new TlsAnswering(certificate, """{"apps":[]}""", asks: true);
        var (shown, key) = own.Files(_directory, "ops", "ops", server: false);
        var file = new Dictionary<string, string?> { ["context-file"] = Path.Combine(_directory, "contexts.json") };
        Task<Lcm> RunAsync(params string[] words) => Lcm.RunAsync(file, default, words);
        var address = $"https://localhost:{role.Port}";
        var set = await RunAsync(
            "context", "set", "c", "--scheduler", address, "--tls-ca", own.AuthorityFile(_directory),
            "--tls-certificate", shown, "--tls-key", key);
        Assert.Equal(0, set.Code);
        Assert.Equal((0, ""), (await RunAsync("app", "list", "-o", "name")) is var run ? (run.Code, run.Error) : default);
        Assert.Contains("CN=ops", role.Shown);

        var untrusted = await Lcm.RunAsync("app", "list", "--scheduler", address);
        Assert.Equal((8, true), (untrusted.Code, untrusted.Error.Contains("--tls-ca", StringComparison.Ordinal)));
        var empty = Path.Combine(_directory, "empty.pem");
        await File.WriteAllTextAsync(empty, "nothing");
        var none = await Lcm.RunAsync("app", "list", "--tls-ca", empty);
        Assert.Equal((1, true), (none.Code, none.Error.Contains("no certificate (PEM)", StringComparison.Ordinal)));
        Assert.Equal(1, (await Lcm.RunAsync("app", "list", "--tls-ca", empty + ".none")).Code);
    }

    [Fact]
    public async Task Explain_follows_a_manager_that_stands_by_to_the_one_that_leads()
    {
        var asked = "";
        await using var leader = await Answering.OfCallsAsync(call =>
        {
            asked = $"{call.Request.RawUrl} {call.Request.Headers["Authorization"]}";
            return (200, """{"app":"/web"}""");
        });
        await using var standby = await Answering.OfCallsAsync(call =>
        {
            call.Response.RedirectLocation = new Uri(leader.Address, "/v1/apps/web/explain").ToString();
            return (307, "");
        });
        var secret = Path.Combine(_directory, "secret");
        await File.WriteAllTextAsync(secret, "s");
        var run = await Lcm.RunAsync("policy", "explain", "/web", "--format", "json", "--manager", standby.Address.ToString(),
            "--principal", "ops", "--secret-file", secret);
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Equal($"/v1/apps/web/explain Basic {Convert.ToBase64String("ops:s"u8)}", asked);
    }

    private string Sub(string name) => Directory.CreateDirectory(Path.Combine(_directory, name)).FullName;

    /// <summary>A web server over TLS that gives one answer.</summary>
    private sealed class TlsAnswering : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly X509Certificate2 _certificate;
        private readonly string _body;
        private readonly bool _asks;
        private readonly ConcurrentQueue<string> _shown = new();
        private readonly Task _work;
        private int _answered;

        public TlsAnswering(X509Certificate2 certificate, string body, bool asks = false)
        {
            (_certificate, _body, _asks) = (certificate, body, asks);
            _listener.Start();
            _work = AcceptAsync();
        }

        /// <summary>Whose certificates it was shown.</summary>
        public IReadOnlyCollection<string> Shown => _shown;

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public int Answered => Volatile.Read(ref _answered);

        public async ValueTask DisposeAsync()
        {
            _listener.Dispose();
            await _work;
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    using var client = await _listener.AcceptTcpClientAsync();
                    await AnswerAsync(client);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                // It is at its end.
            }
        }

        private async Task AnswerAsync(TcpClient client)
        {
            try
            {
                await using var tls = new SslStream(client.GetStream());
                await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
                {
                    ServerCertificate = _certificate,
                    ClientCertificateRequired = _asks,
                    RemoteCertificateValidationCallback = (_, shown, _, errors) =>
                    {
                        if (shown is not null) _shown.Enqueue(shown.Subject);
                        return shown is null || errors != SslPolicyErrors.RemoteCertificateNotAvailable;
                    },
                });
                if (await tls.ReadAsync(new byte[16 * 1024]) == 0) return;
                Interlocked.Increment(ref _answered);
                await tls.WriteAsync(Encoding.ASCII.GetBytes(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
                    + $"Content-Length: {_body.Length}\r\n\r\n{_body}"));
            }
            catch (Exception e) when (e is IOException or AuthenticationException)
            {
                // Who asked does not trust it.
            }
        }
    }
}
