using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LifecycleManager.Security.Joining;

/// <summary>How a certificate is asked for.</summary>
public static class SigningRequests
{
    /// <summary>Makes a request (PEM), signed by the key.</summary>
    /// <param name="name">The name of whoever asks, without the role and the cluster, which the authority adds.</param>
    /// <param name="hosts">Host names and addresses that others call him by; 16 at most.</param>
    /// <param name="key">His key, of the curve P-256 or P-384.</param>
    public static string Create(string name, IEnumerable<string> hosts, ECDsa key)
    {
        var request = new CertificateRequest(new X500DistinguishedName($"CN={name}"), key, HashAlgorithmName.SHA256);
        if (SigningRequest.Alternatives(hosts) is { } alternatives) request.CertificateExtensions.Add(alternatives);
        return request.CreateSigningRequestPem();
    }
}

/// <summary>What somebody who asks for a certificate may say of himself: a name, and where he is reached.</summary>
/// <param name="Name">His name, without the role and the cluster, which the authority adds.</param>
/// <param name="Hosts">Host names and addresses that others call him by.</param>
/// <param name="Key">His public key.</param>
internal sealed record SigningRequest(string Name, IReadOnlyList<string> Hosts, PublicKey Key)
{
    /// <summary>The longest request, in bytes.</summary>
    public const int MaxBytes = 16 * 1024;

    private const int MaxName = 40;
    private const int MaxHosts = 16;

    /// <summary>What tells one key from others.</summary>
    public string KeyDigest => Convert.ToHexStringLower(SHA256.HashData(Key.ExportSubjectPublicKeyInfo()));

    /// <summary>Reads a request: that whoever asks has the key is proved by its signature.</summary>
    /// <exception cref="FormatException">It is none, or says what it may not.</exception>
    public static SigningRequest Parse(string pem)
    {
        try
        {
            var request = CertificateRequest.LoadSigningRequestPem(
                pem, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
            using var key = request.PublicKey.GetECDsaPublicKey();
            if (key?.KeySize is not (256 or 384)) throw new FormatException("the key must be of the curve P-256 or P-384");
            if (request.SubjectName.EnumerateRelativeDistinguishedNames().ToList() is not [{ HasMultipleElements: false } only]
                || only.GetSingleElementType().Value != "2.5.4.3" || only.GetSingleElementValue() is not { } name)
                throw new FormatException("the subject must be a common name alone");
            CheckName(name);
            var alternatives = request.CertificateExtensions.OfType<X509SubjectAlternativeNameExtension>().ToList();
            List<string> hosts =
            [
                .. alternatives.SelectMany(one => one.EnumerateDnsNames()),
                .. alternatives.SelectMany(one => one.EnumerateIPAddresses()).Select(address => address.ToString()),
            ];
            foreach (var host in hosts) CheckHost(host);
            return hosts.Count <= MaxHosts ? new SigningRequest(name, [.. hosts.Distinct()], request.PublicKey)
                : throw new FormatException($"more than {MaxHosts} names");
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new FormatException($"the signing request cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Refuses what cannot be a name within the cluster.</summary>
    /// <exception cref="FormatException">It cannot.</exception>
    public static void CheckName(string name)
    {
        if (name.Length > MaxName || Uri.CheckHostName(name) is not (UriHostNameType.Dns or UriHostNameType.IPv4)
            || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-')))
            throw new FormatException($"'{name}' is no name of a host, of letters, digits, '-' and '.', {MaxName} at most");
    }

    /// <summary>The extension that names hosts; null where there are none.</summary>
    public static X509Extension? Alternatives(IEnumerable<string> hosts)
    {
        var names = new SubjectAlternativeNameBuilder();
        var isEmpty = true;
        foreach (var host in hosts)
        {
            if (IPAddress.TryParse(host, out var address)) names.AddIpAddress(address);
            else names.AddDnsName(host);
            isEmpty = false;
        }

        return isEmpty ? null : names.Build();
    }

    private static void CheckHost(string host)
    {
        if (IPAddress.TryParse(host, out _)) return;
        if (host.Length > 253 || Uri.CheckHostName(host) != UriHostNameType.Dns
            || host.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-')))
            throw new FormatException($"'{host}' is no host's name");
    }
}
