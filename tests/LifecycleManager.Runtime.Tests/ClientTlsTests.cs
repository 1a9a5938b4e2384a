using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using LifecycleManager.Testing;

namespace LifecycleManager.Runtime.Tests;

public sealed class ClientTlsTests : IDisposable
{
    private readonly CertificateAuthority _first = new("first");
    private readonly CertificateAuthority _second = new("second");

    public void Dispose()
    {
        _first.Dispose();
        _second.Dispose();
    }

    [Fact]
    public async Task What_is_shown_and_whom_is_trusted_are_those_of_the_moment()
    {
        using var server = _second.Issue("localhost", server: true, client: false);
        using var one = _first.Issue("one");
        using var two = _first.Issue("two");
        X509Certificate2? own = one;
        X509Certificate2Collection? trusted = [_first.Certificate];
        var tls = new ClientTls(() => own, () => trusted);
        await Assert.ThrowsAsync<AuthenticationException>(() => ShownAsync(tls, server));
        trusted = [_first.Certificate, _second.Certificate];
        Assert.Equal("CN=one", await ShownAsync(tls, server));
        own = two;
        Assert.Equal("CN=two", await ShownAsync(tls, server));
        own = null;
        Assert.Null(await ShownAsync(tls, server));

        // The machine's authorities know none of these.
        trusted = null;
        await Assert.ThrowsAsync<AuthenticationException>(() => ShownAsync(tls, server));
    }

    [Fact]
    public async Task Another_name_an_expired_certificate_and_one_of_a_client_are_no_server()
    {
        var tls = new ClientTls(() => null, () => [_first.Certificate]);
        using var good = _first.Issue("localhost", server: true, client: false);
        await ShownAsync(tls, good);
        await Assert.ThrowsAsync<AuthenticationException>(() => ShownAsync(tls, good, "elsewhere.example.org"));
        using var late = _first.Issue("localhost", server: true, expires: DateTimeOffset.UtcNow.AddMinutes(-1));
        await Assert.ThrowsAsync<AuthenticationException>(() => ShownAsync(tls, late));
        using var client = _first.Issue("localhost");
        await Assert.ThrowsAsync<AuthenticationException>(() => ShownAsync(tls, client, "localhost"));
    }

    private static async Task<string?> ShownAsync(ClientTls tls, X509Certificate2 server, string host = "localhost")
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        string? shown = null;
        async Task ServeAsync()
        {
            using var accepted = await listener.AcceptTcpClientAsync();
            await using var stream = new SslStream(accepted.GetStream());
            try
            {
                await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
                {
                    ServerCertificate = server,
                    ClientCertificateRequired = true,
                    RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
                    {
                        shown = certificate?.Subject;
                        return certificate is null || errors != SslPolicyErrors.RemoteCertificateNotAvailable;
                    },
                });
            }
            catch (Exception e) when (e is AuthenticationException or IOException)
            {
                // The client does not trust it.
            }
        }

        var serving = ServeAsync();
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        await using (var stream = new SslStream(client.GetStream()))
        {
            var options = new SslClientAuthenticationOptions { TargetHost = host };
            tls.ApplyTo(options);
            await stream.AuthenticateAsClientAsync(options);
            await serving;
        }

        return shown;
    }
}
