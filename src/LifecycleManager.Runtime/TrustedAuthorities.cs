using System.Security.Cryptography.X509Certificates;

namespace LifecycleManager.Runtime;

/// <summary>Trust in authorities of one's own, instead of the machine's.</summary>
public static class TrustedAuthorities
{
    /// <summary>A policy that takes what these authorities have signed, and nothing else; revocation is not looked up.</summary>
    /// <param name="roots">The authorities' certificates.</param>
    public static X509ChainPolicy Only(X509Certificate2Collection roots)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        policy.CustomTrustStore.AddRange(roots);
        return policy;
    }
}
