using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace LifecycleManager.Metrics.Targets;

/// <summary>How whoever is asked is told to be another, where its certificate is fine by itself.</summary>
/// <param name="Authority">Names the authority that is to be trusted.</param>
/// <param name="Name">Says which name the certificate is to have.</param>
internal sealed record CertificateRemedies(string Authority, string Name);

/// <summary>Why a certificate is not taken, with what to do about it.</summary>
internal sealed class CertificateProblem(string message) : AuthenticationException(message)
{
    /// <summary>What is said of something that should speak TLS and does not.</summary>
    public const string NoTls = "what answers there does not speak TLS: is the scheme right?";

    /// <summary>True where the certificate is fine.</summary>
    /// <exception cref="CertificateProblem">It is not; the message says why.</exception>
    public static bool Check(
        X509Certificate? shown, X509Chain? chain, SslPolicyErrors errors, CertificateRemedies remedies)
    {
        if (errors == SslPolicyErrors.None) return true;
        if (shown is not X509Certificate2 certificate || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
            throw new CertificateProblem("no certificate is shown");
        var now = DateTimeOffset.UtcNow;
        if (now > certificate.NotAfter)
            throw new CertificateProblem($"the certificate expired on {Day(certificate.NotAfter)}: renew it");
        if (now < certificate.NotBefore)
        {
            throw new CertificateProblem(
                $"the certificate is valid from {Day(certificate.NotBefore)} on: is a clock wrong?");
        }

        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors))
        {
            var flags = chain?.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, one) => all | one.Status);
            const X509ChainStatusFlags Unknown = X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain;
            throw new CertificateProblem((flags & Unknown) != 0
                ? $"the certificate is signed by an unknown authority, {certificate.Issuer}: {remedies.Authority}"
                : $"the certificate is refused: {flags}");
        }

        throw new CertificateProblem(
            $"the certificate is for another name, {Names(certificate)}: {remedies.Name}");
    }

    /// <summary>Why no TLS connection came about; null where TLS was not the reason.</summary>
    public static string? Explain(Exception? exception)
    {
        AuthenticationException? failed = null;
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is CertificateProblem) return exception.Message;
            failed ??= exception as AuthenticationException;
        }

        // An alert comes with the TLS library's own words; what is no TLS has none, since the first bytes are no record.
        return failed is null ? null
            : failed.InnerException is { } inner ? $"the TLS handshake failed: {inner.Message.TrimEnd('.')}" : NoTls;
    }

    /// <summary>Whether a connection failed since the certificate is not taken.</summary>
    public static bool IsIn(Exception? exception)
    {
        while (exception is not (null or CertificateProblem)) exception = exception.InnerException;
        return exception is not null;
    }

    private static string Names(X509Certificate2 certificate)
    {
        var alternatives = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        var names = alternatives is null
            ? [certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false)]
            : alternatives.EnumerateDnsNames().Concat(alternatives.EnumerateIPAddresses().Select(ip => ip.ToString())).ToList();
        return string.Join(", ", names.Take(5));
    }

    private static string Day(DateTime time) =>
        time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) + " UTC";
}
