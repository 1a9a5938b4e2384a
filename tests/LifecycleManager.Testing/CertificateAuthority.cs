using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LifecycleManager.Testing;

/// <summary>An authority of certificates, of the test's own.</summary>
public sealed class CertificateAuthority : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>A new one.</summary>
    public CertificateAuthority(string name)
    {
        var request = new CertificateRequest($"CN={name}", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        Certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(60));
    }

    /// <summary>Its own certificate.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>Its certificate as a file.</summary>
    public string AuthorityFile(string directory)
    {
        var path = Path.Combine(directory, "authority.pem");
        File.WriteAllText(path, Certificate.ExportCertificatePem());
        return path;
    }

    /// <summary>A new certificate and its key as files.</summary>
    public (string Certificate, string Key) Files(string directory, string file, string name, bool server, bool client = false,
        DateTimeOffset? expires = null)
    {
        using var issued = Issue(name, server, client || !server, expires);
        var (certificate, key) = (Path.Combine(directory, file + ".pem"), Path.Combine(directory, file + ".key"));
        File.WriteAllText(certificate, issued.ExportCertificatePem());
        File.WriteAllText(key, issued.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        return (certificate, key);
    }

    /// <summary>A new certificate with its key, for a client or for a server on this machine.</summary>
    public X509Certificate2 Issue(string name, bool server = false, bool client = true, DateTimeOffset? expires = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName($"CN=\"{name}\""), key, HashAlgorithmName.SHA256);
        var uses = new OidCollection();
        if (server) uses.Add(new Oid("1.3.6.1.5.5.7.3.1"));
        if (client) uses.Add(new Oid("1.3.6.1.5.5.7.3.2"));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(uses, false));
        if (server)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName("localhost");
            names.AddIpAddress(IPAddress.Loopback);
            request.CertificateExtensions.Add(names.Build());
        }

        using var issued = request.Create(Certificate, DateTimeOffset.UtcNow.AddHours(-1),
            expires ?? DateTimeOffset.UtcNow.AddDays(1), RandomNumberGenerator.GetBytes(16));
        return issued.CopyWithPrivateKey(key);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Certificate.Dispose();
        _key.Dispose();
    }
}
