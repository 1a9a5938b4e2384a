using System.Net;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Security;

/// <summary>
/// Calls that another process of the same role has taken from its client and passed on. The certificate of their connection is
/// that process's own, and says nothing of the client.
/// </summary>
public interface IPassedOnCalls
{
    /// <summary>Whether a call says that it was passed on.</summary>
    bool IsPassedOn(HttpContext context);

    /// <summary>
    /// The name of the client's certificate, where it is proved that a process of the same role has verified it; else null.
    /// </summary>
    ValueTask<string?> CertificateNameAsync(HttpContext context);

    /// <summary>
    /// The address that the client has called that process from, where it is proved that it says so; else null.
    /// </summary>
    ValueTask<IPAddress?> ClientAddressAsync(HttpContext context);
}
