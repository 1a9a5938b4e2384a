using System.Net.Http.Headers;
using System.Text;
using LifecycleManager.Runtime.Following;

namespace LifecycleManager.Security;

/// <summary>Who a client is to a server that asks: HTTP basic authentication. A secret from a file follows it.</summary>
public sealed class Credential
{
    private readonly Func<string> _secret;

    /// <param name="principal">Its name; without a colon.</param>
    /// <param name="secret">Its secret.</param>
    public Credential(string principal, string secret) => (Principal, _secret) = (principal, () => secret);

    /// <param name="principal">Its name; without a colon.</param>
    /// <param name="secret">Its secret, which may change.</param>
    public Credential(string principal, FollowedFiles<string> secret)
    {
        ArgumentNullException.ThrowIfNull(secret);
        (Principal, _secret, File) = (principal, () => secret.Current, secret);
    }

    /// <summary>Its name.</summary>
    public string Principal { get; }

    /// <summary>The file of its secret; null where there is none that may change.</summary>
    public IFollowed? File { get; }

    /// <summary>The header that says so, with the secret of the moment.</summary>
    public AuthenticationHeaderValue Header =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Principal}:{_secret()}")));

    /// <summary>Without the secret, whatever logs it.</summary>
    public override string ToString() => Principal;
}
