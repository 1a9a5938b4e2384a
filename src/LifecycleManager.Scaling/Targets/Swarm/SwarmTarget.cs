using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LifecycleManager.Scaling.Targets.Swarm;

/// <summary>
/// Docker Swarm's replicated services through the Engine API of a manager node. A service is updated as a whole, with the index
/// of the version that was read: whoever changes it in between makes the update be read and tried again.
/// </summary>
internal sealed class SwarmTarget(HttpClient client, Uri address) : HttpScalingTarget(client, address, "swarm")
{
    private const int Tries = 3;

    protected override string Rights => "list and update services";

    protected override async Task<IReadOnlyList<ScalableApp>> ListAsync(CancellationToken cancellation)
    {
        var services = await GetAsync("services?status=true", SwarmJson.Default.IReadOnlyListSwarmService, cancellation);
        return [.. services.Where(service => service.Spec.Mode?.Replicated is not null).Select(ToScalable)];
    }

    protected override async Task<ScaleResult> ChangeAsync(ScaleRequest request, CancellationToken cancellation)
    {
        for (var i = 1; ; i++)
        {
            var service = await GetAsync(PathOf(request.App), SwarmJson.Default.JsonObject, cancellation);
            if (service["Spec"] is not JsonObject spec || spec["Mode"]?["Replicated"] is not JsonObject replicated
                || service["Version"]?["Index"]?.GetValue<ulong>() is not { } index
                || service["ID"]?.GetValue<string>() is not { } id)
            {
                return new ScaleResult(ScaleStatus.Refused, "it is not a replicated service");
            }

            replicated["Replicas"] = request.Count;
            try
            {
                var answer = await SendAsync(
                    HttpMethod.Post, $"services/{Uri.EscapeDataString(id)}/update?version={index}", spec.ToJsonString(),
                    SwarmJson.Default.SwarmUpdated, cancellation);
                var warnings = answer.Warnings is { Count: > 0 } ? string.Join("; ", answer.Warnings) : null;
                return new ScaleResult(ScaleStatus.Applied, warnings);
            }
            catch (TargetAnswerException e) when (e.Message.Contains("out of sequence", StringComparison.Ordinal))
            {
                if (i == Tries) return new ScaleResult(ScaleStatus.Locked, "others change it at the same time");
            }
        }
    }

    protected override async Task<int?> CountAsync(string app, CancellationToken cancellation)
    {
        try
        {
            var service = await GetAsync(PathOf(app), SwarmJson.Default.SwarmService, cancellation);
            return (int?)service.Spec.Mode?.Replicated?.Replicas;
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

    private static string PathOf(string app) => $"services/{Uri.EscapeDataString(app.TrimStart('/'))}";

    private static ScalableApp ToScalable(SwarmService service)
    {
        var wanted = (int)Math.Min(int.MaxValue, service.Spec.Mode!.Replicated!.Replicas ?? 1);
        var running = (int)Math.Min(int.MaxValue, service.ServiceStatus?.RunningTasks ?? 0);
        return new ScalableApp
        {
            Id = "/" + service.Spec.Name,
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

internal sealed record SwarmService(SwarmSpec Spec, SwarmStatus? ServiceStatus, SwarmUpdateStatus? UpdateStatus);

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
