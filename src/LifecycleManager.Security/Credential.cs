using System.Net.Http.Headers;
using System.Text;

namespace LifecycleManager.Security;

/// <summary>Who a client is to a server that asks: HTTP basic authentication.</summary>
/// <param name="Principal">Its name; without a colon.</param>
/// <param name="Secret">Its secret.</param>
public sealed record Credential(string Principal, string Secret)
{
    /// <summary>The header that says so.</summary>
    public AuthenticationHeaderValue Header =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Principal}:{Secret}")));

    /// <summary>Without the secret, whatever logs it.</summary>
    public override string ToString() => Principal;
}
