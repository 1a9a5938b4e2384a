using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LifecycleManager.Runtime;

namespace LifecycleManager.Metrics.Targets;

/// <summary>How a target that speaks TLS is known to be itself.</summary>
/// <param name="Authorities">
/// The certificates of the authorities that are trusted, as PEM, instead of the machine's; null: the machine's.
/// </param>
/// <param name="ServerName">The name that its certificate is to have, also told to it (SNI and
/// <c>Host</c>, which .NET takes for one); null: the host's.</param>
/// <param name="InsecureSkipVerify">Whether any certificate is taken.</param>
internal sealed record TlsSettings(string? Authorities, string? ServerName, bool InsecureSkipVerify)
{
    private static readonly CertificateRemedies Remedies = new(
        "name it by --metrics-tls or the label lcm.metrics.tls.ca", "say which by the label lcm.metrics.tls.serverName");

    /// <summary>The machine's authorities, and the host's name.</summary>
    public static TlsSettings Usual { get; } = new(null, null, false);

    /// <summary>A role of the own cluster: <see cref="CollectorOptions.ClusterTls"/>.</summary>
    public static TlsSettings OfCluster { get; } = new(null, null, false) { IsOfCluster = true };

    /// <summary>Whether it is a role of the own cluster.</summary>
    public bool IsOfCluster { get; private init; }

    /// <summary>What is wrong with certificates in PEM; null where they can be used.</summary>
    public static string? Check(string pem)
    {
        try
        {
            return Read(pem).Count > 0 ? null : "has no certificate: PEM is needed, -----BEGIN CERTIFICATE-----";
        }
        catch (CryptographicException)
        {
            return "has a certificate that cannot be read";
        }
    }

    /// <summary>The options of a client that works by these.</summary>
    public SslClientAuthenticationOptions ToOptions()
    {
        var options = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                InsecureSkipVerify || CertificateProblem.Check(certificate, chain, errors, Remedies),
        };
        if (Authorities is not null) options.CertificateChainPolicy = TrustedAuthorities.Only(Read(Authorities));
        return options;
    }

    private static X509Certificate2Collection Read(string pem)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPem(pem);
        return certificates;
    }
}
