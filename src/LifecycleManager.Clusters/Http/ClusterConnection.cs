using LifecycleManager.Runtime;

namespace LifecycleManager.Clusters.Http;

/// <summary>
/// How to reach an orchestrator, and who we are to it. Secrets are read from files, again when these change, and never logged.
/// </summary>
public sealed record ClusterConnection
{
    /// <summary>The address: <c>http(s)://host:port</c>, with a path behind a proxy, or <c>unix:///path</c>.</summary>
    public required Uri Address { get; init; }

    /// <summary>Further addresses of the same service, such as standbys. The first that answers is asked.</summary>
    public IReadOnlyList<Uri> OtherAddresses { get; init; } = [];

    /// <summary>The user for basic authentication; with <see cref="PasswordFile"/>.</summary>
    public string? User { get; init; }

    /// <summary>A file with the password.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>
    /// A file with a token. A content with a scheme of its own (<c>Basic ...</c>, <c>token=...</c>) is sent as it is.
    /// </summary>
    public string? TokenFile { get; init; }

    /// <summary>The header that the bare token goes in; null: <c>Authorization</c>, as a bearer token.</summary>
    public string? TokenHeader { get; init; }

    /// <summary>
    /// A file with the certificates (PEM) that the server's must come from; null: those that the system trusts.
    /// </summary>
    public string? CaFile { get; init; }

    /// <summary>What a server that asks for a certificate is shown, and whom is taken for one; null for the usual.</summary>
    public ClientTls? Tls { get; init; }

    /// <summary>The longest that one attempt of a call takes. More than zero.</summary>
    public required TimeSpan AttemptTimeout { get; init; }

    /// <summary>The longest that a call takes, retries included. More than zero.</summary>
    public required TimeSpan CallTimeout { get; init; }
}
