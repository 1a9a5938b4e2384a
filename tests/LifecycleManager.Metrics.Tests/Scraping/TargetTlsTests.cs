using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Tests.Scraping;

/// <summary>Targets that speak TLS, each known to be itself in its own way; what fails is told apart.</summary>
public sealed class TargetTlsTests : IDisposable
{
    private static readonly MetricQuery Load = OneTarget.Text("load");
    private readonly CertificateAuthority _authority = new("the shop's authority");
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-tls-").FullName;

    private static byte[] Answer(string _) => RawServer.Ok("text/plain; version=0.0.4", "load 1\n"u8);

    private static Dictionary<string, string> Labels(params (string Name, string Value)[] more)
    {
        var labels = new Dictionary<string, string> { ["lcm.metrics.path"] = "/metrics", ["lcm.metrics.scheme"] = "https" };
        foreach (var (name, value) in more) labels["lcm.metrics." + name] = value;
        return labels;
    }

    private static async Task<string?> ScrapeAsync(
        int port, Dictionary<string, string> labels, MetricsTls? tls = null, string host = "127.0.0.1")
    {
        using var target = new OneTarget(port, labels, options => tls is null ? options : options with { Tls = [tls] }, host);
        var job = target.Job(Load);
        await target.ScrapeAsync(job);
        return job.Status.Up == true ? null : job.Status.Error;
    }

    [Fact]
    public async Task An_authority_a_name_or_nothing_at_all_is_trusted_by_label_or_by_the_operator()
    {
        using var certificate = _authority.Issue("server", server: true);
        await using var server = new RawServer(Answer, certificate);
        var authority = _authority.Certificate.ExportCertificatePem();
        var file = _authority.AuthorityFile(_directory);
        Assert.Null(await ScrapeAsync(server.Port, Labels(("tls.ca", authority))));
        Assert.Null(await ScrapeAsync(server.Port, Labels(("tls.ca", authority), ("tls.serverName", "localhost"))));
        Assert.Null(await ScrapeAsync(server.Port, Labels(("tls.insecureSkipVerify", "true"))));
        Assert.Null(await ScrapeAsync(server.Port, Labels(), new MetricsTls("/*", file)));
        Assert.Null(await ScrapeAsync(server.Port, Labels(), new MetricsTls("/a", null, InsecureSkipVerify: true)));

        // The operator's word goes before the app's.
        Assert.Contains("unknown authority", await ScrapeAsync(
            server.Port, Labels(("tls.insecureSkipVerify", "true")), new MetricsTls("/a", null)), StringComparison.Ordinal);
        Assert.Contains("cannot be read", await ScrapeAsync(server.Port, Labels(), new MetricsTls("/a", file + ".not")),
            StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, "nothing", TestContext.Current.CancellationToken);
        Assert.Contains("has no certificate", await ScrapeAsync(server.Port, Labels(), new MetricsTls("/a", file)),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_fails_is_told_apart_with_what_to_do()
    {
        async Task Is(string reason, int port, Dictionary<string, string> labels, string host = "127.0.0.1") =>
            Assert.Contains(reason, await ScrapeAsync(port, labels, host: host), StringComparison.Ordinal);
        var authority = ("tls.ca", _authority.Certificate.ExportCertificatePem());
        using (var certificate = _authority.Issue("server", server: true))
        {
            await using var server = new RawServer(Answer, certificate);
            await Is("signed by an unknown authority, CN=the shop's authority: name it by --metrics-tls or the label "
                + "lcm.metrics.tls.ca", server.Port, Labels());
            await Is("the certificate is for another name, localhost, 127.0.0.1: say which by the label "
                + "lcm.metrics.tls.serverName", server.Port, Labels(authority, ("tls.serverName", "shop.example.com")));
            await Is("it closed the connection without an answer: is the scheme right?", server.Port,
                new() { ["lcm.metrics.path"] = "/metrics" });
        }

        using (var certificate = _authority.Issue("server", server: true, expires: DateTimeOffset.UtcNow.AddMinutes(-5)))
        {
            await using var server = new RawServer(Answer, certificate);
            await Is("the certificate expired on ", server.Port, Labels(authority));
            await Is("the certificate expired on ", server.Port, Labels());
        }

        await using var plain = new RawServer(_ => RawServer.Status(400));
        await Is("does not speak TLS: is the scheme right?", plain.Port, Labels());
        await Is("connection refused", Server.FreePort(), Labels());
        await Is("label lcm.metrics.tls.ca has no certificate", plain.Port, Labels(("tls.ca", "x")));
        await Is("label lcm.metrics.tls.insecureSkipVerify: 'yes' is neither true nor false", plain.Port,
            Labels(("tls.insecureSkipVerify", "yes")));
    }

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
