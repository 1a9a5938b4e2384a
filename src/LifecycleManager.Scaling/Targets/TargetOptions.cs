using LifecycleManager.Runtime;

namespace LifecycleManager.Scaling.Targets;

/// <summary>
/// What is scaled, and how to get there. Secrets are read from files, anew when these change, and never logged.
/// </summary>
public sealed record TargetOptions
{
    /// <summary>The kind.</summary>
    public TargetKind Kind { get; init; } = TargetKind.Marathon;

    /// <summary>
    /// The address: <c>http(s)://host:port</c>, for <see cref="TargetKind.Swarm"/> also <c>unix:///path</c>. Null: the manager's
    /// scheduler; the cluster that the manager runs in (Kubernetes); <c>http://127.0.0.1:4646</c> (Nomad);
    /// <c>unix:///var/run/docker.sock</c> (Swarm).
    /// </summary>
    public Uri? Address { get; init; }

    /// <summary>
    /// Further addresses of the same service: a Marathon's standbys. The first that answers is asked.
    /// </summary>
    public IReadOnlyList<Uri> OtherAddresses { get; init; } = [];

    /// <summary>The user for basic authentication; with <see cref="PasswordFile"/>.</summary>
    public string? User { get; init; }

    /// <summary>A file with the password.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>
    /// A file with a token: Kubernetes' and Marathon's bearer token, Nomad's secret id. A content with a scheme of its own
    /// (<c>Basic ...</c>, <c>token=...</c> as DC/OS wants it) is sent as it is.
    /// </summary>
    public string? TokenFile { get; init; }

    /// <summary>
    /// A file with the certificates (PEM) that the server's must come from; null: those that the system trusts.
    /// </summary>
    public string? CaFile { get; init; }

    /// <summary>
    /// What a scheduler that asks for a certificate is shown, and whom is taken for one, unless <see cref="CaFile"/> says it;
    /// null for the usual.
    /// </summary>
    public ClientTls? Tls { get; init; }

    /// <summary>The namespace (Kubernetes, Nomad); <c>*</c> for all.</summary>
    public string Namespace { get; init; } = "default";

    /// <summary>Which objects may be scaled at all, by label (Kubernetes); null for all.</summary>
    public string? LabelSelector { get; init; }
}

/// <summary>What can be scaled.</summary>
public enum TargetKind
{
    /// <summary>Our own scheduler or a real Marathon; apps by their ids.</summary>
    Marathon,

    /// <summary>Kubernetes' deployments, as <c>/namespace/name</c>.</summary>
    Kubernetes,

    /// <summary>
    /// The task groups of Nomad's service jobs, as <c>/job/group</c>, or <c>/namespace/job/group</c> where all are watched.
    /// </summary>
    Nomad,

    /// <summary>Docker Swarm's replicated services, as <c>/name</c>.</summary>
    Swarm,
}
