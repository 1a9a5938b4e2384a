using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Runtime;

namespace LifecycleManager.Metrics.Sources.Servers;

/// <summary>How a server's TLS is checked, and what certificate is shown to it.</summary>
internal static class SourceTls
{
    /// <summary>Puts a server's settings into the options of a connection.</summary>
    /// <exception cref="ScrapeException">A file cannot be read, or holds no certificate.</exception>
    public static void Apply(SourceServer server, SslClientAuthenticationOptions options)
    {
        options.TargetHost = server.TlsName ?? (string.IsNullOrEmpty(options.TargetHost) ? server.Url.Host : options.TargetHost);
#pragma warning disable CA5359 // Any certificate is taken where the operator says so, and only there.
        if (server.AnyCertificate) options.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
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

    /// <summary>Why a handshake failed, with what to do; null where the server's certificate was not the reason.</summary>
    public static string? Explain(Exception e)
    {
        for (Exception? cause = e; cause is not null; cause = cause.InnerException)
        {
            if (cause is not AuthenticationException { Message: var message }) continue;
            if (message.Contains("RemoteCertificateNameMismatch", StringComparison.Ordinal))
                return "its certificate is for another name: 'serverName'";
            if (message.Contains("NotTimeValid", StringComparison.Ordinal))
                return "its certificate has run out, or is not valid yet";
            // A callback of ours that refuses looks at nothing but the authority.
            return message.Contains("RemoteCertificateChainErrors", StringComparison.Ordinal)
                || message.Contains("certificate chain", StringComparison.Ordinal)
                || message.Contains("RemoteCertificateValidationCallback", StringComparison.Ordinal)
                ? "its certificate is of an authority that is not trusted: 'caFile'"
                : $"no TLS connection: {message.TrimEnd('.')}";
        }

        return null;
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
