using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LifecycleManager.Clusters.Swarm;

/// <summary>
/// Docker Swarm's replicated services through the Engine API of a manager node. A service is updated as a whole, with the index
/// of the version that was read: whoever changes it in between makes the update be read, checked and tried again.
/// </summary>
internal sealed class SwarmClient(HttpClient client, Uri address) : ClusterClient(client, address, "swarm")
{
    private const int MaxTries = 3;

    protected override string Rights => "list and update services";

    protected override async Task<IReadOnlyList<Workload>> ReadAllAsync(CancellationToken cancellation)
    {
        var services = await GetAsync("services?status=true", SwarmJson.Default.IReadOnlyListSwarmService, cancellation);
        return [.. services.Where(service => service.Spec.Mode?.Replicated is not null).Select(ToWorkload)];
    }

    protected override async Task<CountChanged> ChangeAsync(CountChange change, CancellationToken cancellation)
    {
        for (var i = 1; ; i++)
        {
            var service = await GetAsync(PathOf(change.Workload), SwarmJson.Default.JsonObject, cancellation);
            if (service["Spec"] is not JsonObject spec || spec["Mode"]?["Replicated"] is not JsonObject replicated
                || service["Version"]?["Index"]?.GetValue<ulong>() is not { } index
                || service["ID"]?.GetValue<string>() is not { } id)
            {
                throw new ClusterException(ClusterFault.Refused, "it is not a replicated service");
            }

            if (change.IsMade(new CountSeen(Clip(replicated["Replicas"]?.GetValue<ulong>()), id))) return new CountChanged();
            replicated["Replicas"] = change.Count;
            try
            {
                var answer = await SendAsync(
                    HttpMethod.Post, $"services/{Uri.EscapeDataString(id)}/update?version={index}", spec.ToJsonString(),
                    SwarmJson.Default.SwarmUpdated, cancellation);
                var warnings = answer.Warnings is { Count: > 0 } ? string.Join("; ", answer.Warnings) : null;
                return new CountChanged(warnings);
            }
            catch (ClusterAnswerException e) when (e.Message.Contains("out of sequence", StringComparison.Ordinal))
            {
                if (i == MaxTries) throw new ClusterException(ClusterFault.Conflict, "others change it at the same time", e);
            }
        }
    }

    protected override async Task<CountSeen?> ReadCountAsync(string workload, CancellationToken cancellation)
    {
        var service = await GetAsync(PathOf(workload), SwarmJson.Default.SwarmService, cancellation);
        return service.Spec.Mode?.Replicated is { } replicated ? new CountSeen(Clip(replicated.Replicas), service.ID) : null;
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

    private static string PathOf(string workload) => $"services/{Uri.EscapeDataString(workload.TrimStart('/'))}";

    // A count that is left out is one.
    private static int Clip(ulong? count) => (int)Math.Min(int.MaxValue, count ?? 1);

    private static Workload ToWorkload(SwarmService service)
    {
        var wanted = Clip(service.Spec.Mode!.Replicated!.Replicas);
        var running = Clip(service.ServiceStatus?.RunningTasks ?? 0);
        return new Workload
        {
            Id = "/" + service.Spec.Name,
            Identity = service.ID,
            Labels = service.Spec.Labels,
            Instances = wanted,
            Running = running,

            // Swarm says running only of a task that has passed its health check.
            Healthy = running,
            Staged = Math.Max(0, wanted - running),
            Deploying = service.UpdateStatus?.State is "updating" or "rollback_started",
        };
    }
}

internal sealed record SwarmService(
    string? ID, SwarmSpec Spec, SwarmStatus? ServiceStatus, SwarmUpdateStatus? UpdateStatus);

internal sealed record SwarmSpec(string Name, IReadOnlyDictionary<string, string>? Labels, SwarmMode? Mode);

internal sealed record SwarmMode(SwarmReplicated? Replicated);

internal sealed record SwarmReplicated(ulong? Replicas);

internal sealed record SwarmStatus(ulong RunningTasks, ulong DesiredTasks);

internal sealed record SwarmUpdateStatus(string? State);

internal sealed record SwarmUpdated(IReadOnlyList<string>? Warnings);

[JsonSourceGenerationOptions(RespectNullableAnnotations = true)]
[JsonSerializable(typeof(IReadOnlyList<SwarmService>))]
[JsonSerializable(typeof(SwarmUpdated))]
[JsonSerializable(typeof(JsonObject))]
internal sealed partial class SwarmJson : JsonSerializerContext;
