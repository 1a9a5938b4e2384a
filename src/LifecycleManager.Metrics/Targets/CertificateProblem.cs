using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace LifecycleManager.Metrics.Targets;

/// <summary>Why a certificate is not taken, with what to do about it.</summary>
internal sealed class CertificateProblem(string message) : AuthenticationException(message)
{
    /// <summary>True where the certificate is fine.</summary>
    /// <exception cref="CertificateProblem">It is not; the message says why.</exception>
    public static bool Check(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None) return true;
        if (certificate is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
            throw new CertificateProblem("the target shows no certificate");
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
                ? $"the certificate is signed by an unknown authority, {certificate.Issuer}: "
                    + "name it by --metrics-tls or the label lcm.metrics.tls.ca"
                : $"the certificate is refused: {flags}");
        }

        throw new CertificateProblem(
            $"the certificate is for another name, {Names(certificate)}: say which by the label lcm.metrics.tls.serverName");
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
