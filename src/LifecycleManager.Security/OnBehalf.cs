using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LifecycleManager.Security;

/// <summary>
/// Calls that a process makes for somebody who has shown it his certificate, which it cannot show in his place: the console asks
/// the roles for whoever looks. The header <c>Authorization</c> says for whom, so that a server that knows nothing of it lets
/// nobody in by it. It is believed of this very process, by a key that lives and dies with it, and of a principal with the
/// permission <see cref="Permission.Impersonate"/>, which shows its own certificate or secret; of nobody else.
/// </summary>
public sealed class OnBehalf
{
    /// <summary>The scheme of the header <c>Authorization</c>.</summary>
    public const string Scheme = "On-Behalf";

    private const string Own = "own:";
    private const string Basic = "basic:";
    private const int MaxHeader = 4096;

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);

    /// <summary>What a call of another role says: for whom it is, and who says so.</summary>
    /// <param name="name">The name of his certificate, which was verified.</param>
    /// <param name="speaker">Who says so; null where the certificate of the connection tells.</param>
    public static AuthenticationHeaderValue By(string name, Credential? speaker) =>
        new(Scheme, speaker is null ? Encoded(name) : $"{Encoded(name)} {Basic}{speaker.Header.Parameter}");

    /// <summary>What a call of this process's own role says: it is good for that call alone.</summary>
    /// <param name="name">The name of his certificate, which was verified.</param>
    /// <param name="method">The call's method.</param>
    /// <param name="target">The call's path and query.</param>
    public AuthenticationHeaderValue ByThisProcess(string name, string method, string target) =>
        new(Scheme, $"{Encoded(name)} {Own}{Sign(name, method, target)}");

    /// <summary>Whether a call says that it is made for somebody else.</summary>
    public static bool IsSaid(HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request.Headers.Authorization is [{ } said] && said.StartsWith(Scheme + " ", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>What a call says of for whom it is; null where it says nothing that can be read.</summary>
    /// <param name="request">The call.</param>
    /// <param name="certificateName">The name of the connection's certificate, or null.</param>
    /// <param name="own">The calls of this process; null where it makes none to itself.</param>
    internal static Claim? Read(HttpRequest request, string? certificateName, OnBehalf? own)
    {
        var said = request.Headers.Authorization.ToString();
        if (said.Length > MaxHeader
            || said[(Scheme.Length + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries) is not [var encoded, .. var rest]
            || Decoded(encoded) is not { Length: > 0 } name)
            return null;
        var target = request.HttpContext.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        return rest switch
        {
            [] => new Claim(name, null, certificateName, IsOwn: false),
            [var basic] when basic.StartsWith(Basic, StringComparison.Ordinal) =>
                new Claim(name, "Basic " + basic[Basic.Length..], null, IsOwn: false),
            [var proof] when proof.StartsWith(Own, StringComparison.Ordinal) && own is not null
                && CryptographicOperations.FixedTimeEquals(
                    Encoding.UTF8.GetBytes(proof[Own.Length..]),
                    Encoding.UTF8.GetBytes(own.Sign(name, request.Method, target))) =>
                new Claim(name, null, null, IsOwn: true),
            _ => null,
        };
    }

    private string Sign(string name, string method, string target) =>
        Convert.ToBase64String(
            HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(string.Join('\n', Encoded(name), method, target))));

    private static string Encoded(string name) => Convert.ToBase64String(Encoding.UTF8.GetBytes(name));

    private static string? Decoded(string encoded)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Convert.FromBase64String(encoded));
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Who says for whom a call is.</summary>
    /// <param name="Name">For whom: the name of a certificate.</param>
    /// <param name="Authorization">The secret of who says so, or null.</param>
    /// <param name="CertificateName">The certificate of who says so, or null.</param>
    /// <param name="IsOwn">Whether this process says so.</param>
    internal sealed record Claim(string Name, string? Authorization, string? CertificateName, bool IsOwn)
    {
        /// <summary>Who says so; null where nobody is known by that.</summary>
        public Principal? Speaker(Principals known, DateTimeOffset now) =>
            known.Authenticate(Authorization, CertificateName) is { } speaker && !(speaker.Until <= now) ? speaker : null;

        /// <summary>
        /// For whom it is, who may do so no more than a person does: no agent and no framework is spoken for. Null where he is
        /// not known, or who says so is not believed.
        /// </summary>
        public Principal? Caller(Principals known, DateTimeOffset now) =>
            (IsOwn || Speaker(known, now)?.May(Permission.Impersonate) == true)
            && known.Authenticate(null, Name) is { } caller
                ? caller with { Permissions = caller.Permissions & ~(Permission.Agent | Permission.Impersonate), Roles = [] }
                : null;
    }
}
