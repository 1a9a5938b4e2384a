using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LifecycleManager.Metrics.Kafka.Tests.Fakes;
using LifecycleManager.Metrics.Sources.Servers;

namespace LifecycleManager.Metrics.Kafka.Tests;

/// <summary>TLS before the library's own broker.</summary>
public sealed class KafkaTlsTests
{
    [Fact]
    public async Task The_authority_the_name_and_the_own_certificate_are_checked_and_told_with_the_remedy()
    {
        using var authority = new CertificateAuthority("the shop's");
        using var stranger = new CertificateAuthority("a stranger's");
        using var certificate = authority.Issue("broker", server: true, client: false);
        using var elsewhere = authority.Issue("elsewhere");
        using var own = authority.Issue("lcm");
        using var mock = new MockCluster(1);
        await mock.ProduceAsync("orders", 0, 3);
        mock.Commit("billing", "orders", (0, 1));
        using var front = new TlsFront(mock, certificate);
        using var wants = new TlsFront(mock, certificate, wantsCertificate: true);
        using var otherName = new TlsFront(mock, elsewhere);

        var trusted = Pem(authority.Certificate);
        var (shown, key) = (Pem(own), own.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        using var another = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        const string Untrusted = "of an authority that is not trusted, or for another name: 'caFile'";
        await Task.WhenAll(
            Is(front.Address, null, trusted),
            Is(front.Address, null, null, any: true),
            Is(wants.Address, null, trusted, shown: shown, key: key),
            Is(front.Address, Untrusted, Pem(stranger.Certificate)),
            Is(front.Address, Untrusted, null),
            Is(otherName.Address, Untrusted, trusted),
            Is(otherName.Address, null, null, any: true),
            Is(wants.Address, "'certificateFile'", trusted),
            Is(mock.BootstrapServers, "does it speak TLS there? 'tls: false'", trusted),
            Is(front.Address, "'caFile' holds no certificate as PEM", "nothing"),
            Is(front.Address, "'certificateFile' holds no certificate as PEM", trusted, shown: "nothing", key: key),
            Is(front.Address, "'keyFile' holds no key as PEM", trusted, shown: shown, key: "nothing"),
            Is(front.Address, "or that of another certificate", trusted, shown: shown, key: another.ExportPkcs8PrivateKeyPem()));
    }

    /// <summary>Asks: fails with a text, or not at all.</summary>
    private static async Task Is(
        string servers, string? problem, string? authorities, string? shown = null, string? key = null, bool any = false)
    {
        async Task<TopicOffsets?> AskAsync()
        {
            using var client = new KafkaClients().Create(new KafkaCluster
            {
                BootstrapServers = servers,
                // What has no answer takes all of it.
                Timeout = TimeSpan.FromSeconds(problem is null ? 30 : 3),
                MaxAnswerBytes = 1_000_000,
                Tls = true,
                Authorities = authorities,
                Certificate = shown,
                Key = key,
                AnyCertificate = any,
            });
            return await client.ReadAsync("orders", "billing", null, TestContext.Current.CancellationToken);
        }

        if (problem is null)
        {
            Assert.Equal(new PartitionOffsets(0, 1, 0, 3), (await AskAsync())!.Partitions[0]);
            return;
        }

        var told = "";
        await Eventually.TrueAsync(
            async () => (told = (await Assert.ThrowsAsync<KafkaClientException>(AskAsync)).Message).Contains(
                problem, StringComparison.Ordinal),
            more: () => told);
    }

    private static string Pem(X509Certificate2 certificate) => certificate.ExportCertificatePem();
}
