using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Targets;
using LifecycleManager.Runtime;

namespace LifecycleManager.Metrics.Sources.Servers;

/// <summary>How a server's TLS is checked, and what certificate is shown to it.</summary>
internal static class SourceTls
{
    /// <summary>All that may be wrong with a certificate.</summary>
    public const SslPolicyErrors All = SslPolicyErrors.RemoteCertificateNotAvailable
        | SslPolicyErrors.RemoteCertificateNameMismatch | SslPolicyErrors.RemoteCertificateChainErrors;

    private static readonly CertificateRemedies Remedies = new("name it by 'caFile'", "say which by 'serverName'");

    /// <summary>Puts a server's settings into the options of a connection.</summary>
    /// <param name="server">The server.</param>
    /// <param name="options">The options.</param>
    /// <param name="overlooked">What may be wrong with the certificate; all of it where the operator says so.</param>
    /// <exception cref="ScrapeException">A file cannot be read, or holds no certificate.</exception>
    public static void Apply(
        SourceServer server, SslClientAuthenticationOptions options, SslPolicyErrors overlooked = SslPolicyErrors.None)
    {
        if (server.AnyCertificate) overlooked = All;
        options.RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
            CertificateProblem.Check(certificate, chain, errors & ~overlooked, Remedies);
        options.TargetHost = server.TlsName ?? (string.IsNullOrEmpty(options.TargetHost) ? server.Url.Host : options.TargetHost);
        if (server.Authorities is { } authorities)
        {
            var roots = new X509Certificate2Collection();
            Try(server, "caFile", () => roots.ImportFromPem(authorities.ReadAll()));
            if (roots.Count == 0) throw Refused(server, "caFile", "it holds no certificate");
            options.CertificateChainPolicy = TrustedAuthorities.Only(roots);
        }

        if (server is not { Certificate: { } certificate, Key: { } key }) return;
        Try(server, "certificateFile", () => options.ClientCertificateContext = SslStreamCertificateContext.Create(
            X509Certificate2.CreateFromPem(certificate.ReadAll(), key.ReadAll()), additionalCertificates: null, offline: true));
    }

    private static void Try(SourceServer server, string key, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw Refused(server, key, e.Message);
        }
    }

    private static ScrapeException Refused(SourceServer server, string key, string why) =>
        new(FailureReason.Configuration, $"{server.Address}: '{key}' cannot be used: {why}");
}
