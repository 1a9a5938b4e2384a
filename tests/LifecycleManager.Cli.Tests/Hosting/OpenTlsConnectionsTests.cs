using System.Security.Cryptography.X509Certificates;
using LifecycleManager.Cli.Hosting;
using LifecycleManager.Security;
using LifecycleManager.Testing;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Cli.Tests.Hosting;

/// <summary>A certificate is good until its end, for what is open as for what begins.</summary>
public sealed class OpenTlsConnectionsTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-open-").FullName;
    private readonly CertificateAuthority _authority = new("clients");
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task An_open_connection_ends_with_its_certificate_and_others_stay()
    {
        var (certificate, key) = _authority.Files(_directory, "server", "localhost", server: true);
        var tls = ServerTls.Follow(certificate, key, _authority.AuthorityFile(_directory), clientsMust: false);
        var open = new OpenTlsConnections(tls, new RefusalLog(_time), _time, NullLogger.Instance);
        using var brief = _authority.Issue("brief", expires: _time.GetUtcNow().AddHours(3));
        using var lasting = _authority.Issue("lasting", expires: _time.GetUtcNow().AddDays(2));
        await using var ends = Shows(brief);
        await using var over = Shows(brief);
        await using var stays = Shows(lasting);
        using var first = open.Add(ends);
        var second = open.Add(over);
        using var third = open.Add(stays);
        second!.Dispose();

        _time.Advance(TimeSpan.FromHours(3) - TimeSpan.FromMinutes(1));
        Assert.False(ends.ConnectionClosed.IsCancellationRequested);
        _time.Advance(TimeSpan.FromMinutes(2));
        await Eventually.TrueAsync(() => ends.ConnectionClosed.IsCancellationRequested);

        // What belongs to a connection that is over is not touched, and one whose certificate is good is not ended.
        _time.Advance(TimeSpan.FromHours(3));
        Assert.False(over.ConnectionClosed.IsCancellationRequested);
        Assert.False(stays.ConnectionClosed.IsCancellationRequested);
    }

    private static DefaultConnectionContext Shows(X509Certificate2 certificate)
    {
        var connection = new DefaultConnectionContext();
        connection.Features.Set<ITlsConnectionFeature>(new Shown(certificate));
        return connection;
    }

    private sealed class Shown(X509Certificate2 certificate) : ITlsConnectionFeature
    {
        public X509Certificate2? ClientCertificate { get; set; } = certificate;

        public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) =>
            Task.FromResult(ClientCertificate);
    }
}
