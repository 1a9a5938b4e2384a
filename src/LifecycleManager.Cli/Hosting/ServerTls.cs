using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace LifecycleManager.Cli.Hosting;

/// <summary>
/// The certificate that a role serves with, and shows to other roles that ask for one; and whose clients' certificates it takes.
/// </summary>
/// <param name="Certificate">The certificate with its key.</param>
/// <param name="Chain">Certificates between it and its root.</param>
/// <param name="ClientAuthorities">The authorities of clients' certificates; null where none is asked for.</param>
/// <param name="ClientsMust">Whether a client without a certificate is turned away at once, or may still say who he is by a
/// secret.</param>
public sealed record ServerTls(
    X509Certificate2 Certificate, X509Certificate2Collection Chain, X509Certificate2Collection? ClientAuthorities,
    bool ClientsMust)
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    /// <summary>Reads PEM files.</summary>
    /// <exception cref="CliException">One cannot be read, key and certificate are not of each other, or the certificate is not
    /// valid now.</exception>
    public static ServerTls Read(string certificate, string? key, string? clientAuthorities, bool clientsMust)
    {
        try
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(certificate);
            var own = X509Certificate2.CreateFromPemFile(certificate, key);
            if (TimeProblem(own, DateTime.UtcNow) is { } problem)
                throw new CliException($"the TLS certificate {certificate} cannot be used: {problem}");
            return new ServerTls(
                own, chain,
                clientAuthorities is null ? null : Authorities(clientAuthorities), clientsMust);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new CliException($"the TLS certificate {certificate} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>The certificate to show other roles; null where it is for servers alone.</summary>
    public X509Certificate2? ForClient =>
        Certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>()
        .All(uses => uses.EnhancedKeyUsages.Cast<Oid>().Any(use => use.Value == ClientAuthentication))
            ? Certificate : null;

    /// <summary>How Kestrel is to speak.</summary>
    public HttpsConnectionAdapterOptions Options() => new()
    {
        ServerCertificate = Certificate,
        ServerCertificateChain = Chain,
        ClientCertificateMode = ClientAuthorities is null ? ClientCertificateMode.NoCertificate
            : ClientsMust ? ClientCertificateMode.RequireCertificate : ClientCertificateMode.AllowCertificate,
    };

    /// <summary>Why a client's certificate is refused, or null.</summary>
    public string? ClientProblem(X509Certificate2 certificate, SslPolicyErrors errors)
    {
        if (ClientAuthorities is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
            return "it shows no certificate";
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(ClientAuthorities);
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientAuthentication));

        // An authority of one's own publishes no list; who is no longer welcome is taken out of the credentials.
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        if (chain.Build(certificate)) return null;
        if (TimeProblem(certificate, DateTime.UtcNow) is { } problem) return problem;
        var status = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, one) => all | one.Status);
        if ((status & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain)) != 0)
            return $"the certificate of '{certificate.Subject}' is of a foreign authority, '{certificate.Issuer}'";
        return $"the certificate of '{certificate.Subject}' is not accepted: {status}";
    }

    private static X509Certificate2Collection Authorities(string file)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(file);
        return authorities.Count > 0 ? authorities : throw new CliException($"--tls-client-ca {file} holds no certificate");
    }

    private static string? TimeProblem(X509Certificate2 certificate, DateTime now) =>
        now > certificate.NotAfter.ToUniversalTime()
        ? $"the certificate of '{certificate.Subject}' has expired on {certificate.NotAfter.ToUniversalTime():u}"
        : now < certificate.NotBefore.ToUniversalTime()
            ? $"the certificate of '{certificate.Subject}' is not valid before {certificate.NotBefore.ToUniversalTime():u}"
            : null;
}
