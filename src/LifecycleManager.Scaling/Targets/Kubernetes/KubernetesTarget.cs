using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LifecycleManager.Scaling.Targets.Kubernetes;

/// <summary>
/// Kubernetes' deployments (<c>apps/v1</c>), scaled through their <c>scale</c> subresource as the HPA does it: read, changed and
/// written with the resource version, so that a concurrent change is never overwritten unseen.
/// </summary>
internal sealed class KubernetesTarget(HttpClient client, Uri address, TargetOptions options)
    : HttpScalingTarget(client, address, "kubernetes")
{
    private const string Apps = "apis/apps/v1";
    private const int PageSize = 500;
    private const int MostPages = 200;
    private const int Tries = 3;

    protected override string Rights => "list deployments, and to get and update deployments/scale, in apps/v1";

    protected override async Task<IReadOnlyList<ScalableApp>> ListAsync(CancellationToken cancellation)
    {
        var from = options.Namespace == "*" ? $"{Apps}/deployments"
            : $"{Apps}/namespaces/{Uri.EscapeDataString(options.Namespace)}/deployments";
        var selector = options.LabelSelector is null ? "" : $"&labelSelector={Uri.EscapeDataString(options.LabelSelector)}";
        var apps = new List<ScalableApp>();
        string? next = null;
        for (var page = 0; page < MostPages; page++)
        {
            var more = next is null ? "" : $"&continue={Uri.EscapeDataString(next)}";
            var list = await GetAsync($"{from}?limit={PageSize}{selector}{more}", KubernetesJson.Default.DeploymentList,
                cancellation);
            if (list.Items is null) throw new JsonException();
            apps.AddRange(list.Items.Select(ToScalable));
            next = list.Metadata?.Continue;
            if (string.IsNullOrEmpty(next)) return apps;
        }

        throw new JsonException();
    }

    protected override async Task<ScaleResult> ChangeAsync(ScaleRequest request, CancellationToken cancellation)
    {
        if (PathOf(request.App) is not { } path) return new ScaleResult(ScaleStatus.NotFound, "it is not /namespace/name");
        for (var i = 1; ; i++)
        {
            try
            {
                var scale = await GetAsync(path, KubernetesJson.Default.JsonObject, cancellation);
                if (scale["spec"] is not JsonObject spec)
                {
                    // A count of zero may be left out, and the whole of spec with it.
                    scale["spec"] = spec = [];
                }

                spec["replicas"] = request.Count;
                await SendAsync(
                    HttpMethod.Put, $"{path}?fieldManager=lifecyclemanager", scale.ToJsonString(),
                    KubernetesJson.Default.JsonObject, cancellation);
                return new ScaleResult(ScaleStatus.Applied);
            }
            catch (TargetAnswerException e) when (e.Status == HttpStatusCode.Conflict)
            {
                if (i == Tries) return new ScaleResult(ScaleStatus.Locked, $"others change it at the same time: {e.Message}");
            }
        }
    }

    protected override async Task<int?> CountAsync(string app, CancellationToken cancellation)
    {
        try
        {
            if (PathOf(app) is not { } path) return null;
            var scale = await GetAsync(path, KubernetesJson.Default.JsonObject, cancellation);
            return scale["spec"]?["replicas"]?.GetValue<int>() ?? 0;
        }
        catch (TargetAnswerException e) when (e.Status == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

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

    private static string? PathOf(string app)
    {
        var parts = app.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return parts is [var space, var name]
            ? $"{Apps}/namespaces/{Uri.EscapeDataString(space)}/deployments/{Uri.EscapeDataString(name)}/scale"
            : null;
    }

    private static ScalableApp ToScalable(KubernetesDeployment deployment)
    {
        // Absent numbers are zero, but absent replicas of a spec are one.
        var (wanted, status) = (deployment.Spec?.Replicas ?? 1, deployment.Status);
        var ready = status?.ReadyReplicas ?? 0;
        return new ScalableApp
        {
            Id = $"/{deployment.Metadata.Namespace}/{deployment.Metadata.Name}",
            Labels = deployment.Metadata.Labels,
            Instances = wanted,
            Running = status?.Replicas ?? 0,
            Healthy = ready,
            Staged = Math.Max(0, wanted - ready),
            Deploying = (status?.ObservedGeneration ?? 0) < deployment.Metadata.Generation
                || (status?.UpdatedReplicas ?? 0) < wanted,
        };
    }
}

internal sealed record DeploymentList(IReadOnlyList<KubernetesDeployment>? Items, ListMetadata? Metadata);

internal sealed record ListMetadata(string? Continue);

internal sealed record KubernetesDeployment(ObjectMetadata Metadata, DeploymentSpec? Spec, KubernetesDeploymentStatus? Status);

internal sealed record ObjectMetadata(string Name, string Namespace, long Generation,
    IReadOnlyDictionary<string, string>? Labels);

internal sealed record DeploymentSpec(int? Replicas);

internal sealed record KubernetesDeploymentStatus(int? Replicas, int? ReadyReplicas, int? UpdatedReplicas,
    long? ObservedGeneration);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(DeploymentList))]
[JsonSerializable(typeof(JsonObject))]
internal sealed partial class KubernetesJson : JsonSerializerContext;
