using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LifecycleManager.Runtime;

/// <summary>
/// Who a client is to servers that ask for a certificate, and whom it trusts to be one. Both are asked for at each connection, so
/// that they may change while the client is in use; connections that are there go on.
/// </summary>
/// <param name="certificate">The certificate of the moment, with its key; null for none.</param>
/// <param name="authorities">The authorities of the moment; null for those that the machine trusts.</param>
/// <param name="isRevoked">Whether a certificate of theirs counts no more; null for none.</param>
public sealed class ClientTls(
    Func<X509Certificate2?> certificate, Func<X509Certificate2Collection?> authorities,
    Predicate<X509Certificate2>? isRevoked = null)
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>The same certificate, for servers that are known in another way.</summary>
    public ClientTls CertificateAlone => new(certificate, () => null);

    /// <summary>Has connections of a client made by it.</summary>
    public void ApplyTo(SslClientAuthenticationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate()!;
        options.RemoteCertificateValidationCallback = (_, server, chain, errors) => IsTrusted(server, chain, errors);
    }

    private bool IsTrusted(X509Certificate? server, X509Chain? offered, SslPolicyErrors errors)
    {
        if (authorities() is not { } trusted) return errors == SslPolicyErrors.None;
        if (server is null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0)
            return false;
        using var chain = new X509Chain { ChainPolicy = TrustedAuthorities.Only(trusted) };
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        if (offered is not null) chain.ChainPolicy.ExtraStore.AddRange(offered.ChainPolicy.ExtraStore);
        using var copy = server is X509Certificate2 ? null : X509CertificateLoader.LoadCertificate(server.GetRawCertData());
        return chain.Build(copy ?? (X509Certificate2)server) && isRevoked?.Invoke(copy ?? (X509Certificate2)server) != true;
    }
}
