namespace LifecycleManager.Clusters.Kubernetes;

/// <summary>The API server of the Kubernetes cluster that this process runs in, and the service account of its pod.</summary>
public static class InCluster
{
    private const string ServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <summary>The service account's token.</summary>
    public const string TokenFile = $"{ServiceAccount}/token";

    /// <summary>The authority of the API server's certificate.</summary>
    public const string CaFile = $"{ServiceAccount}/ca.crt";

    /// <summary>The API server's address; null outside of a cluster.</summary>
    public static Uri? Address
    {
        get
        {
            var host = Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST");
            if (string.IsNullOrEmpty(host)) return null;
            var port = Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_PORT") ?? "443";
            return new Uri($"https://{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{port}");
        }
    }
}
