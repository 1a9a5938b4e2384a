using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Hosting;
using LifecycleManager.Master;
using LifecycleManager.Runtime;
using LifecycleManager.Security;
using LifecycleManager.Testing;

namespace LifecycleManager.Cli.Tests.Hosting;

/// <summary>A real master whose files are replaced while it runs.</summary>
public sealed class RenewalTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-renewal-").FullName;
    private readonly CertificateAuthority _authority = new("lcm test authority");
    private readonly CertificateAuthority _other = new("another authority");
    private readonly RecordingLog _log = new();

    public void Dispose()
    {
        _authority.Dispose();
        _other.Dispose();
        _log.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Theory]
    [InlineData("rename")]
    [InlineData("rewrite")]
    [InlineData("link")]
    public async Task A_new_certificate_is_shown_within_seconds_and_old_connections_go_on(string way)
    {
        var (certificate, key) = Files("first", TimeSpan.FromDays(1));
        if (way == "link")
        {
            // As Kubernetes mounts a secret: the files are links into a directory that is swapped as a whole.
            Directory.CreateSymbolicLink(Path.Combine(_directory, "..data"), Path.GetDirectoryName(certificate)!);
            (certificate, key) = (Path.Combine(_directory, "tls.crt"), Path.Combine(_directory, "tls.key"));
            File.CreateSymbolicLink(certificate, Path.Combine("..data", "server.pem"));
            File.CreateSymbolicLink(key, Path.Combine("..data", "server.key"));
        }

        await using var host = await StartAsync(certificate, key, new MasterOptions());
        await using var old = await ConnectAsync();
        Assert.Equal("CN=first", old.RemoteCertificate!.Subject);

        var (newCertificate, newKey) = Files("second", TimeSpan.FromDays(30));
        switch (way)
        {
            case "rename":
                File.Move(newCertificate, certificate, overwrite: true);
                File.Move(newKey, key, overwrite: true);
                break;
            case "rewrite":
                File.WriteAllText(certificate, File.ReadAllText(newCertificate));
                File.WriteAllText(key, File.ReadAllText(newKey));
                break;
            default:
                Directory.CreateSymbolicLink(Path.Combine(_directory, "..new"), Path.GetDirectoryName(newCertificate)!);
                using (var swap = Process.Start(
                    "mv", ["-T", Path.Combine(_directory, "..new"), Path.Combine(_directory, "..data")]))
                    await swap.WaitForExitAsync();
                break;
        }

        await ShowsAsync("CN=second");
        Assert.Contains(" 200 OK", await AskAsync(old, "/health"), StringComparison.Ordinal);

        // One line, with whose it is, its end and its digest; the metric is of the new one.
        using var shown = X509CertificateLoader.LoadCertificateFromFile(certificate);
        var line = Assert.Single(_log.Lines, line => line.Contains("has changed, and is in force", StringComparison.Ordinal));
        Assert.Contains($"the TLS certificate {certificate} has changed, and is in force: 'CN=second' until "
            + $"{shown.NotAfter.ToUniversalTime():u}, SHA-256 {shown.GetCertHashString(HashAlgorithmName.SHA256)}", line,
            StringComparison.Ordinal);
        Assert.DoesNotContain(_log.Lines, line => line.Contains("PRIVATE", StringComparison.Ordinal));
        await using var reader = await ConnectAsync();
        var metric = (await AskAsync(reader, "/metrics")).Split('\n')
            .Single(text => text.StartsWith("lcm_certificate_expiry_seconds", StringComparison.Ordinal));
        Assert.InRange(double.Parse(metric.Trim().Split(' ')[1], CultureInfo.InvariantCulture), 29 * 86_400d, 30 * 86_400d);

        // The first had a day, the second has a month.
        Assert.Contains(_log.Lines,
            text => text.Contains("The TLS certificate of 'CN=first' expires on", StringComparison.Ordinal));
        Assert.DoesNotContain(_log.Lines, text => text.Contains("'CN=second' expires on", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_no_pair_leaves_the_last_good_one_until_it_is_one()
    {
        var (certificate, key) = Files("first", TimeSpan.FromDays(30));
        await using var host = await StartAsync(certificate, key, new MasterOptions());
        var (newCertificate, newKey) = Files("second", TimeSpan.FromDays(30));
        var (late, _) = Files("late", TimeSpan.FromMinutes(-1));

        // A certificate whose key is still the old one; one that has expired; nonsense; nothing.
        foreach (var (text, problem) in ((string?, string)[])
        [
            (File.ReadAllText(newCertificate), "key"), (File.ReadAllText(late), "'CN=late' has expired on"),
                ("nonsense", "certificate"),
            ("", "empty"), (null, "not there"),
        ])
        {
            if (text is null) File.Delete(certificate);
            else File.WriteAllText(certificate, text);
            await Eventually.TrueAsync(async () =>
            {
                await using var asking = await ConnectAsync();
                var health = await AskAsync(asking, "/health");
                return health.Contains(" 200 OK", StringComparison.Ordinal)
                    && health.Contains($"the TLS certificate {certificate} is not in force, the last good one is: ",
                        StringComparison.Ordinal)
                    && health.Split("the last good one is: ")[1].Contains(problem, StringComparison.OrdinalIgnoreCase);
            }, $"{problem} in health");
            await ShowsAsync("CN=first");
        }

        File.WriteAllText(certificate, File.ReadAllText(newCertificate));
        File.WriteAllText(key, File.ReadAllText(newKey));
        await ShowsAsync("CN=second");
        await using var last = await ConnectAsync();
        Assert.DoesNotContain("not in force", await AskAsync(last, "/health"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Authorities_of_clients_and_credentials_follow_their_files()
    {
        var (certificate, key) = Files("localhost", TimeSpan.FromDays(30));
        var authorities = Path.Combine(_directory, "clients.pem");
        File.WriteAllText(authorities, _authority.Certificate.ExportCertificatePem());
        var credentials = Path.Combine(_directory, "credentials.json");
        File.WriteAllText(credentials, """{"credentials": [{"principal": "ops", "secret": "old"}, {"principal": "node"}]}""");
        await using var host = await StartAsync(
            certificate, key, new MasterOptions { Principals = Principals.OfFile(credentials) }, authorities);
        using var node = _other.Issue("node");
        Assert.Equal("", await StatusAsync(node, null));
        await IsAsync("200", null, "old");
        await IsAsync("401", null, "new");

        // The authority's successor is taken beside it; the old secret ends with the file that has it.
        File.AppendAllText(authorities, "\n" + _other.Certificate.ExportCertificatePem());
        await IsAsync("200", node, null);
        File.WriteAllText(credentials, """{"credentials": [{"principal": "ops", "secret": "new"}]}""");
        await IsAsync("200", null, "new");
        Assert.Equal("401", await StatusAsync(null, "old"));
        Assert.Equal("401", await StatusAsync(node, null));

        // A file that is cut off opens nothing, and tells no secret.
        File.WriteAllText(credentials, """{"credentials": [{"principal": "ops", "secret": "hidden""");
        await Eventually.TrueAsync(() => _log.Lines.Any(line => line.StartsWith(
            $"Warning: the credentials file {credentials} is not in force, the last good one is: ", StringComparison.Ordinal)));
        Assert.Equal("200", await StatusAsync(null, "new"));
        Assert.Equal("401", await StatusAsync(null, "hidden"));
        Assert.DoesNotContain(_log.Lines, line => line.Contains("hidden", StringComparison.Ordinal));

        Task IsAsync(string status, X509Certificate2? shown, string? secret) =>
            Eventually.TrueAsync(
                async () => await StatusAsync(shown, secret) == status, $"{status} for {secret ?? "the certificate"}");
    }

    [Theory]
    [InlineData("revoked")]
    [InlineData("authority")]
    public async Task An_open_connection_ends_when_its_certificate_is_not_taken_any_more(string way)
    {
        var (certificate, key) = Files("localhost", TimeSpan.FromDays(30));
        var (authorities, revoked) = (Path.Combine(_directory, "clients.pem"), Path.Combine(_directory, "revoked"));
        var own = _authority.Certificate.ExportCertificatePem();
        File.WriteAllText(authorities, own + "\n" + _other.Certificate.ExportCertificatePem());
        File.WriteAllText(revoked, "# none yet\n");
        await using var host = await StartAsync(certificate, key, new MasterOptions(), authorities, revoked);
        using var gone = _other.Issue("gone");
        using var welcome = _authority.Issue("welcome");
        await using var ended = await ConnectAsync(gone);
        await using var stays = await ConnectAsync(welcome);
        await using var nameless = await ConnectAsync();

        if (way == "revoked") File.WriteAllText(revoked, gone.SerialNumber + "\n");
        else File.WriteAllText(authorities, own);
        try
        {
            Assert.Equal(0, await ended.ReadAsync(new byte[1]));
        }
        catch (IOException)
        {
            // It is reset.
        }

        Assert.Contains(_log.Lines, line => line.Contains(
            "127.0.0.1 was refused: its open connection has ended: the certificate of 'CN=gone' is ", StringComparison.Ordinal));
        foreach (var open in (SslStream[])[stays, nameless])
            Assert.Contains(" 200 OK", await AskAsync(open, "/health"), StringComparison.Ordinal);
    }

    private int _port;

    private async Task<RoleHost> StartAsync(
        string certificate, string key, MasterOptions options, string? authorities = null, string? revoked = null)
    {
        _port = Server.FreePort();
        var role = MasterCommand.Role(new IPEndPoint(IPAddress.Loopback, _port), "--port", options) with
        {
            State = "memory:" + Guid.NewGuid(),
            Tls = ServerTls.Follow(certificate, key, authorities, clientsMust: false, revoked),
            Followed = [options.Principals.File],
        };
        return await RoleHost.StartAsync(role, _log, TimeProvider.System, CancellationToken.None);
    }

    private Task ShowsAsync(string subject) => Eventually.TrueAsync(async () =>
    {
        await using var connection = await ConnectAsync();
        return connection.RemoteCertificate!.Subject == subject;
    }, $"{subject} is shown");

    private async Task<string> StatusAsync(X509Certificate2? shown, string? secret)
    {
        try
        {
            await using var connection = await ConnectAsync(shown);
            var answer = await AskAsync(
                connection, "/state", secret is null ? null : new Credential("ops", secret).Header.ToString());

            // Who is admitted may come before it leads.
            return answer.Split(' ') is [_, var status, ..] ? status == "503" ? "200" : status : "";
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            return "";
        }
    }

    /// <summary>A connection of its own, without anything of a pool's.</summary>
    private async Task<SslStream> ConnectAsync(X509Certificate2? shown = null)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _port);
        var stream = new SslStream(client.GetStream());
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            ClientCertificates = shown is null ? null : [shown],
            CertificateChainPolicy = TrustedAuthorities.Only([_authority.Certificate]),
        });
        return stream;
    }

    private static async Task<string> AskAsync(SslStream connection, string path, string? authorization = null)
    {
        var caller = authorization is null ? "" : $"Authorization: {authorization}\r\n";
        await connection.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{caller}\r\n"));
        using var reader = new StreamReader(connection, leaveOpen: true);
        return await reader.ReadToEndAsync();
    }

    private (string Certificate, string Key) Files(string name, TimeSpan left)
    {
        var directory = Directory.CreateDirectory(Path.Combine(_directory, name)).FullName;
        return _authority.Files(directory, "server", name, server: true, expires: DateTimeOffset.UtcNow + left);
    }
}
