using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace LifecycleManager.Security.Joining;

/// <summary>A call to join, or, without a token, to renew.</summary>
/// <param name="Request">The signing request (PEM).</param>
/// <param name="Role">Who joins, so that a token for another role is told before it is used.</param>
/// <param name="Token">The token; null for whoever shows his certificate.</param>
internal sealed record JoinCall(string? Request, string? Role = null, string? Token = null);

/// <summary>What every member of a cluster is to know. Nothing in it is secret.</summary>
/// <param name="Authority">The authority's certificate (PEM).</param>
/// <param name="Credentials">Who may do what, as a credentials file.</param>
/// <param name="Revoked">The serial numbers of certificates that are revoked and have not ended.</param>
public sealed record Trust(string Authority, string Credentials, IReadOnlyList<string> Revoked);

/// <summary>A certificate, with what its owner is to know.</summary>
/// <param name="Certificate">It (PEM).</param>
/// <param name="Trust">What else there is to know.</param>
public sealed record JoinAnswer(string Certificate, Trust Trust);

/// <summary>A certificate that the authority has made.</summary>
/// <param name="Serial">Its serial number, in hexadecimal digits.</param>
/// <param name="Subject">Whose it is: <c>node1.agent.lcm</c>.</param>
/// <param name="Role">What it is for.</param>
/// <param name="Hosts">Names and addresses in it.</param>
/// <param name="From">From when.</param>
/// <param name="Until">Until when.</param>
/// <param name="Address">Whence it was asked for; null for this machine.</param>
/// <param name="Revoked">Since when it counts no more; null for one that does.</param>
public sealed record IssuedCertificate(
    string Serial, string Subject, string Role, IReadOnlyList<string> Hosts, DateTimeOffset From, DateTimeOffset Until,
    string? Address, DateTimeOffset? Revoked = null)
{
    /// <summary>How a list of them is shown.</summary>
    public static JsonTypeInfo<IReadOnlyList<IssuedCertificate>> ListJson => JoiningJson.Default.IReadOnlyListIssuedCertificate;
}

/// <summary>What an authority is told when it is made.</summary>
/// <param name="Cluster">The cluster's name, the last part of every subject.</param>
/// <param name="CertificatesFor">How long its certificates are good for.</param>
internal sealed record AuthoritySettings(string Cluster, TimeSpan CertificatesFor);

/// <summary>How a token was used.</summary>
/// <param name="Subject">By whom.</param>
/// <param name="KeyDigest">Of the key that was signed: the same key may ask again, since its answer may have been lost.</param>
/// <param name="At">When.</param>
/// <param name="Until">Until when the token is good.</param>
public sealed record TokenUse(string Subject, string KeyDigest, DateTimeOffset At, DateTimeOffset Until)
{
    /// <summary>How it is stored.</summary>
    public static JsonTypeInfo<TokenUse> Json => JoiningJson.Default.TokenUse;
}

/// <summary>Which tokens are used up: kept where the masters' state is, so that another master knows it, too.</summary>
public interface ITokenUses
{
    /// <summary>Keeps that a token is used, unless it is.</summary>
    /// <returns>How it was used before; null where it was not.</returns>
    /// <exception cref="IOException">That cannot be kept now.</exception>
    Task<TokenUse?> UseAsync(string token, TokenUse use, CancellationToken cancellation);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    WriteIndented = true)]
[JsonSerializable(typeof(JoinCall))]
[JsonSerializable(typeof(JoinAnswer))]
[JsonSerializable(typeof(Trust))]
[JsonSerializable(typeof(IssuedCertificate))]
[JsonSerializable(typeof(IReadOnlyList<IssuedCertificate>))]
[JsonSerializable(typeof(AuthoritySettings))]
[JsonSerializable(typeof(TokenUse))]
[JsonSerializable(typeof(JoinedCluster))]
internal sealed partial class JoiningJson : JsonSerializerContext;
