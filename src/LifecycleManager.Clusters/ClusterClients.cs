using LifecycleManager.Clusters.Kubernetes;
using LifecycleManager.Clusters.Nomad;
using LifecycleManager.Clusters.Swarm;

namespace LifecycleManager.Clusters;

/// <summary>Makes the clients. Each takes an HTTP client that was set up by <see cref="Http.ClusterHttp"/>.</summary>
public static class ClusterClients
{
    /// <summary>The header that Nomad expects its token in.</summary>
    public const string NomadTokenHeader = "X-Nomad-Token";

    /// <summary>Kubernetes' deployments, as <c>/namespace/name</c>.</summary>
    /// <param name="http">Calls the API server.</param>
    /// <param name="address">The API server, for messages.</param>
    /// <param name="space">The namespace; <c>*</c> for all.</param>
    /// <param name="labelSelector">Which deployments, by label; null for all.</param>
    public static IClusterClient Kubernetes(HttpClient http, Uri address, string space, string? labelSelector) =>
        new KubernetesClient(http, address, space, labelSelector);

    /// <summary>
    /// The task groups of Nomad's service jobs, as <c>/job/group</c>, or <c>/namespace/job/group</c> for all namespaces.
    /// </summary>
    /// <param name="http">Calls a Nomad agent.</param>
    /// <param name="address">The agent, for messages.</param>
    /// <param name="space">The namespace; <c>*</c> for all.</param>
    public static IClusterClient Nomad(HttpClient http, Uri address, string space) => new NomadClient(http, address, space);

    /// <summary>Docker Swarm's replicated services, as <c>/name</c>.</summary>
    /// <param name="http">Calls the engine of a manager node.</param>
    /// <param name="address">The engine, for messages.</param>
    public static IClusterClient Swarm(HttpClient http, Uri address) => new SwarmClient(http, address);
}
