using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LifecycleManager.Clusters.Http;
using Microsoft.AspNetCore.Hosting;

namespace LifecycleManager.Clusters.Tests.Http;

/// <summary>Who we are to an orchestrator, and whether it is trusted.</summary>
public sealed class ClusterHttpTests : ClientTests
{
    [Theory]
    [InlineData("abc.def.ghi", "Bearer abc.def.ghi")]
    [InlineData("token=eyJ", "token=eyJ")]
    [InlineData("Basic dTpw", "Basic dTpw")]
    public async Task A_token_is_read_from_its_file_and_again_when_it_is_renewed(string content, string header)
    {
        Server.Answer = _ => (200, "[]");
        var file = Write("token", content);
        var client = Nomad(connection => connection with { TokenFile = file });
        await client.ListAsync(default);
        Assert.Equal(header, Server.Requests.Last().Headers["Authorization"]);

        File.WriteAllText(file, "renewed");
        File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddMinutes(1));
        await client.ListAsync(default);
        Assert.Equal("Bearer renewed", Server.Requests.Last().Headers["Authorization"]);

        File.Delete(file);
        var e = await Assert.ThrowsAsync<ClusterException>(() => client.ListAsync(default));
        Assert.Contains("the credentials in", e.Message);
        Assert.DoesNotContain("renewed", e.Message);
    }

    [Fact]
    public async Task A_user_and_a_password_file_make_basic_authentication()
    {
        Server.Answer = _ => (200, "[]");
        var password = Write("password", "s3cret");
        await Nomad(connection => connection with { User = "jörg", PasswordFile = password }).ListAsync(default);
        var header = Server.Requests.Last().Headers["Authorization"];
        Assert.Equal("jörg:s3cret", System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(header["Basic ".Length..])));
    }

    [Fact]
    public async Task AServer_is_trusted_by_the_given_authority_alone()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await using var server = await FakeServer.StartAsync(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        server.Answer = _ => (200, """{"metadata":{},"items":[]}""");

        var authority = Write("ca.pem", certificate.ExportCertificatePem());
        Assert.Empty(await Kubernetes(server.Address, authority).ListAsync(default));
        var untrusted = await Assert.ThrowsAsync<ClusterException>(() => Kubernetes(server.Address, null).ListAsync(default));
        Assert.Contains("no trusted TLS connection", untrusted.Message);
    }

    private IClusterClient Nomad(Func<ClusterConnection, ClusterConnection> configure) =>
        ClusterClients.Nomad(Http(configure), Server.Address, "default");

    private IClusterClient Kubernetes(Uri address, string? caFile) => ClusterClients.Kubernetes(
        Http(connection => connection with { Address = address, CaFile = caFile }), address, "default", null);
}
