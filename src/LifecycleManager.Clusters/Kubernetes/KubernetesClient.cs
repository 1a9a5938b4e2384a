using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LifecycleManager.Clusters.Kubernetes;

/// <summary>
/// Kubernetes' deployments (<c>apps/v1</c>), scaled through their <c>scale</c> subresource as the HPA does it: read, changed and
/// written with the resource version and the uid, so that a concurrent change, or another object, is never overwritten unseen.
/// </summary>
internal sealed class KubernetesClient(HttpClient client, Uri address, string space, string? labelSelector)
    : ClusterClient(client, address, "kubernetes")
{
    private const string Apps = "apis/apps/v1";
    private const int PageSize = 500;
    private const int MaxPages = 200;
    private const int MaxTries = 3;

    protected override string Rights => "list deployments, and to get and update deployments/scale, in apps/v1";

    protected override async Task<IReadOnlyList<Workload>> ReadAllAsync(CancellationToken cancellation)
    {
        var from = space == "*" ? $"{Apps}/deployments"
            : $"{Apps}/namespaces/{Uri.EscapeDataString(space)}/deployments";
        var selector = labelSelector is null ? "" : $"&labelSelector={Uri.EscapeDataString(labelSelector)}";
        var workloads = new List<Workload>();
        string? next = null;
        for (var page = 0; page < MaxPages; page++)
        {
            var more = next is null ? "" : $"&continue={Uri.EscapeDataString(next)}";
            var list = await GetAsync($"{from}?limit={PageSize}{selector}{more}", KubernetesJson.Default.DeploymentList,
                cancellation);
            if (list.Items is null) throw new JsonException();
            workloads.AddRange(list.Items.Select(ToWorkload));
            next = list.Metadata?.Continue;
            if (string.IsNullOrEmpty(next)) return workloads;
        }

        throw new JsonException();
    }

    protected override async Task<CountChanged> ChangeAsync(CountChange change, CancellationToken cancellation)
    {
        if (PathOf(change.Workload) is not { } path)
            throw new ClusterException(ClusterFault.NotFound, "it is not /namespace/name");
        for (var i = 1; ; i++)
        {
            try
            {
                var scale = await GetAsync(path, KubernetesJson.Default.JsonObject, cancellation);
                if (change.IsMade(Seen(scale))) return new CountChanged();
                if (scale["spec"] is not JsonObject spec)
                {
                    // A count of zero may be left out, and the whole of spec with it.
                    scale["spec"] = spec = [];
                }

                spec["replicas"] = change.Count;
                await SendAsync(
                    HttpMethod.Put, $"{path}?fieldManager=lifecyclemanager", scale.ToJsonString(),
                    KubernetesJson.Default.JsonObject, cancellation);
                return new CountChanged();
            }
            catch (ClusterAnswerException e) when (e.Status == HttpStatusCode.Conflict)
            {
                if (i == MaxTries)
                    throw new ClusterException(ClusterFault.Conflict, $"others change it at the same time: {e.Message}", e);
            }
        }
    }

    protected override async Task<CountSeen?> ReadCountAsync(string workload, CancellationToken cancellation) =>
        PathOf(workload) is { } path
            ? Seen(await GetAsync(path, KubernetesJson.Default.JsonObject, cancellation))
            : null;

    protected override string? MessageOf(string body)
    {
        try
        {
            return JsonNode.Parse(body)?["message"]?.GetValue<string>();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static CountSeen Seen(JsonObject scale) =>
        new(scale["spec"]?["replicas"]?.GetValue<int>() ?? 0, scale["metadata"]?["uid"]?.GetValue<string>());

    private static string? PathOf(string workload)
    {
        var parts = workload.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return parts is [var ns, var name]
            ? $"{Apps}/namespaces/{Uri.EscapeDataString(ns)}/deployments/{Uri.EscapeDataString(name)}/scale"
            : null;
    }

    private static Workload ToWorkload(KubernetesDeployment deployment)
    {
        // Absent numbers are zero, but absent replicas of a spec are one.
        var (wanted, status) = (deployment.Spec?.Replicas ?? 1, deployment.Status);
        var ready = status?.ReadyReplicas ?? 0;
        return new Workload
        {
            Id = $"/{deployment.Metadata.Namespace}/{deployment.Metadata.Name}",
            Identity = deployment.Metadata.Uid,
            Labels = deployment.Metadata.Labels,
            Instances = wanted,
            Running = status?.Replicas ?? 0,
            Healthy = ready,
            Staged = Math.Max(0, wanted - ready),
            Deploying = (status?.ObservedGeneration ?? 0) < deployment.Metadata.Generation
                || (status?.UpdatedReplicas ?? 0) < wanted,
            Deleting = deployment.Metadata.DeletionTimestamp is not null,
        };
    }
}

internal sealed record DeploymentList(IReadOnlyList<KubernetesDeployment>? Items, ListMetadata? Metadata);

internal sealed record ListMetadata(string? Continue);

internal sealed record KubernetesDeployment(ObjectMetadata Metadata, DeploymentSpec? Spec, KubernetesDeploymentStatus? Status);

internal sealed record ObjectMetadata(string Name, string Namespace, long Generation,
    IReadOnlyDictionary<string, string>? Labels, string? DeletionTimestamp = null, string? Uid = null);

internal sealed record DeploymentSpec(int? Replicas);

internal sealed record KubernetesDeploymentStatus(int? Replicas, int? ReadyReplicas, int? UpdatedReplicas,
    long? ObservedGeneration);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(DeploymentList))]
[JsonSerializable(typeof(JsonObject))]
internal sealed partial class KubernetesJson : JsonSerializerContext;
