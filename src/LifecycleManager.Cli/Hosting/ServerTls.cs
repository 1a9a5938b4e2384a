using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using LifecycleManager.Runtime;
using LifecycleManager.Runtime.Following;

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
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    /// <summary>The serial numbers of certificates that count no more.</summary>
    public IReadOnlySet<string> Revoked { get; private init; } = new HashSet<string>(StringComparer.Ordinal);

    private readonly SslStreamCertificateContext _context = SslStreamCertificateContext.Create(Certificate, Chain, offline: true);

    /// <summary>Reads PEM files, and follows them.</summary>
    /// <exception cref="CliException">One cannot be read, key and certificate are not of each other, or the certificate is not
    /// valid now or is for no server.</exception>
    public static FollowedFiles<ServerTls> Follow(
        string certificate, string? key, string? clientAuthorities, bool clientsMust, string? revoked = null)
    {
        List<string> paths = [.. ((string?[])[certificate, key, clientAuthorities, revoked]).OfType<string>()];
        try
        {
            return new FollowedFiles<ServerTls>($"the TLS certificate {certificate}", paths, files =>
            {
                string? Text(string? path) => path is null ? null : Encoding.UTF8.GetString(files[paths.IndexOf(path)]);
                return Parse(
                    Text(certificate)!, Text(key ?? certificate)!, Text(clientAuthorities), clientAuthorities, clientsMust) with
                {
                    Revoked = Serials(Text(revoked)),
                };
            }, tls => Describe(tls.Certificate), pipes: true);
        }
        catch (FormatException e)
        {
            throw new CliException($"the TLS certificate {certificate} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>The certificate to show other roles; null where it is for servers alone.</summary>
    public X509Certificate2? ForClient => IsFor(Certificate, ClientAuthentication) ? Certificate : null;

    /// <summary>How a connection is to be spoken to.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="refuse">Told why a client's certificate is refused.</param>
    public SslServerAuthenticationOptions Options(TimeProvider time, Action<string> refuse) => new()
    {
        ServerCertificateContext = _context,
        ClientCertificateRequired = ClientAuthorities is not null,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
        {
            var isShown = certificate is not null && !errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable);
            if (!isShown && (ClientAuthorities is null || !ClientsMust)) return true;
            if (!isShown) return false;
            if (ClientProblem((X509Certificate2)certificate!, time.GetUtcNow()) is not { } problem) return true;
            refuse(problem);
            return false;
        },
    };

    /// <summary>Why a client's certificate is refused at some moment, or null.</summary>
    public string? ClientProblem(X509Certificate2 certificate, DateTimeOffset now)
    {
        if (ClientAuthorities is null) return null;

        // An authority of one's own publishes no list; who is no longer welcome is taken out of the credentials.
        using var chain = new X509Chain { ChainPolicy = TrustedAuthorities.Only(ClientAuthorities) };
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientAuthentication));
        chain.ChainPolicy.VerificationTime = now.LocalDateTime;
        if (chain.Build(certificate))
            return Revoked.Contains(certificate.SerialNumber) ? $"the certificate of '{certificate.Subject}' is revoked" : null;
        if (TimeProblem(certificate, now.UtcDateTime) is { } problem) return problem;
        var status = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, one) => all | one.Status);
        if ((status & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain)) != 0)
            return $"the certificate of '{certificate.Subject}' is of a foreign authority, '{certificate.Issuer}'";
        return $"the certificate of '{certificate.Subject}' is not accepted: {status}";
    }

    /// <summary>A certificate in words: whose, until when, and its digest.</summary>
    public static string Describe(X509Certificate2 certificate) =>
        $"'{certificate.Subject}' until {certificate.NotAfter.ToUniversalTime():u}, "
        + $"SHA-256 {certificate.GetCertHashString(HashAlgorithmName.SHA256)}";

    /// <summary>Reads certificates (PEM).</summary>
    /// <exception cref="FormatException">There is none, or one cannot be read.</exception>
    public static X509Certificate2Collection Certificates(string pem)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(pem);
        }
        catch (CryptographicException e)
        {
            throw new FormatException($"a certificate in it cannot be read: {e.Message}", e);
        }

        return certificates.Count > 0 ? certificates : throw new FormatException("there is no certificate (PEM) in the file");
    }

    /// <summary>Reads the certificate (PEM) of a client, with its key.</summary>
    /// <exception cref="FormatException">They cannot be read, are not of each other, or it is not valid now or for no
    /// client.</exception>
    public static X509Certificate2 OfClient(string certificate, string key)
    {
        var own = Own(certificate, key);
        return IsFor(own, ClientAuthentication) ? own
            : throw new FormatException($"the certificate of '{own.Subject}' is for no client: its extended key usage needs "
                + $"Client Authentication (clientAuth, {ClientAuthentication})");
    }

    private static X509Certificate2 Own(string certificate, string key)
    {
        try
        {
            if (TimeProblem(Certificates(certificate)[0], DateTime.UtcNow) is { } problem) throw new FormatException(problem);
            return X509Certificate2.CreateFromPem(certificate, key);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new FormatException(e.Message, e);
        }
    }

    private static ServerTls Parse(string certificate, string key, string? authorities, string? authoritiesFile, bool clientsMust)
    {
        var chain = Certificates(certificate);
        var own = Own(certificate, key);
        if (!IsFor(own, ServerAuthentication))
        {
            throw new FormatException($"the certificate of '{own.Subject}' is for no server: its extended key usage needs "
                + $"Server Authentication (serverAuth, {ServerAuthentication})");
        }

        return new ServerTls(own, chain, authorities is null ? null : Authorities(authorities, authoritiesFile), clientsMust);
    }

    private static X509Certificate2Collection Authorities(string pem, string? file)
    {
        try
        {
            return Certificates(pem);
        }
        catch (FormatException e)
        {
            throw new FormatException($"--tls-client-ca {file} holds no certificate that can be used: {e.Message}", e);
        }
    }

    private static HashSet<string> Serials(string? text) =>
        [.. (text ?? "").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Where(line => !line.StartsWith('#')).Select(line => line.ToUpperInvariant())];

    private static bool IsFor(X509Certificate2 certificate, string use) =>
        certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>()
        .All(uses => uses.EnhancedKeyUsages.Cast<Oid>().Any(one => one.Value == use));

    private static string? TimeProblem(X509Certificate2 certificate, DateTime now) =>
        now > certificate.NotAfter.ToUniversalTime()
        ? $"the certificate of '{certificate.Subject}' has expired on {certificate.NotAfter.ToUniversalTime():u}"
        : now < certificate.NotBefore.ToUniversalTime()
            ? $"the certificate of '{certificate.Subject}' is not valid before {certificate.NotBefore.ToUniversalTime():u}"
            : null;
}
