using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LifecycleManager.Scaling.Targets.Nomad;

/// <summary>
/// The task groups of Nomad's service jobs. A job's meta serves as labels; one call a job tells its counts, some at a time. Nomad
/// itself refuses to scale a job while a deployment of it is active.
/// </summary>
internal sealed class NomadTarget(HttpClient client, Uri address, TargetOptions options)
    : HttpScalingTarget(client, address, "nomad")
{
    private const int AtOnce = 8;
    private const string Blocked = "blocked due to active deployment";
    private readonly bool _allSpaces = options.Namespace == "*";

    protected override string Rights => "list-jobs, read-job and scale-job in the namespace";

    protected override async Task<IReadOnlyList<ScalableApp>> ListAsync(CancellationToken cancellation)
    {
        var space = Uri.EscapeDataString(options.Namespace);
        var jobs = await GetAsync($"v1/jobs?meta=true&namespace={space}", NomadJson.Default.IReadOnlyListNomadJob, cancellation);
        var active = await GetAsync(
            $"v1/deployments?namespace={space}&filter={Uri.EscapeDataString("Status == \"running\"")}",
            NomadJson.Default.IReadOnlyListNomadDeployment, cancellation);
        var deploying = active.Where(deployment => deployment.Status == "running")
            .Select(deployment => (deployment.Namespace, deployment.JobID)).ToHashSet();
        var apps = new ConcurrentBag<ScalableApp>();
        await Parallel.ForEachAsync(
            jobs.Where(job => job is { Type: "service", Stop: false } && job.Status != "dead"),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation },
            async (job, ct) =>
            {
                NomadScale scale;
                try
                {
                    scale = await GetAsync(PathOf(job.Namespace, job.ID), NomadJson.Default.NomadScale, ct);
                }
                catch (TargetAnswerException e) when (e.Status == HttpStatusCode.NotFound)
                {
                    return; // It has gone since the list was made.
                }

                foreach (var (group, status) in scale.TaskGroups ?? new Dictionary<string, NomadGroup>())
                {
                    apps.Add(ToScalable(job, group, status, deploying.Contains((job.Namespace, job.ID))));
                }
            });
        return [.. apps.OrderBy(app => app.Id, StringComparer.Ordinal)];
    }

    protected override async Task<ScaleResult> ChangeAsync(ScaleRequest request, CancellationToken cancellation)
    {
        if (Parse(request.App) is not var (space, job, group))
            return new ScaleResult(ScaleStatus.NotFound, "it is not /job/group");
        var body = JsonSerializer.Serialize(
            new NomadScaleRequest(
                request.Count, new Dictionary<string, string> { ["Group"] = group }, $"policy {request.Policy}: {request.Reason}",
                new Dictionary<string, string> { ["policy"] = request.Policy }),
            NomadJson.Default.NomadScaleRequest);
        try
        {
            var answer = await SendAsync(HttpMethod.Post, PathOf(space, job), body, NomadJson.Default.NomadScaled, cancellation);
            return new ScaleResult(ScaleStatus.Applied, answer.Warnings is { Length: > 0 } ? answer.Warnings : null,
                answer.EvalID);
        }
        catch (TargetAnswerException e) when (e.Message.Contains(Blocked, StringComparison.OrdinalIgnoreCase))
        {
            return new ScaleResult(ScaleStatus.Locked, e.Message);
        }
    }

    protected override async Task<int?> CountAsync(string app, CancellationToken cancellation)
    {
        if (Parse(app) is not var (space, job, group)) return null;
        try
        {
            var scale = await GetAsync(PathOf(space, job), NomadJson.Default.NomadScale, cancellation);
            return scale.TaskGroups?.GetValueOrDefault(group)?.Desired;
        }
        catch (TargetAnswerException e) when (e.Status == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    protected override string MessageOf(string body) => body;

    private static string PathOf(string space, string job) =>
        $"v1/job/{Uri.EscapeDataString(job)}/scale?namespace={Uri.EscapeDataString(space)}";

    private (string Space, string Job, string Group)? Parse(string app)
    {
        // A job's id may hold slashes; a group's name and a namespace's do not.
        var path = app.TrimStart('/');
        var space = options.Namespace;
        if (_allSpaces)
        {
            var first = path.IndexOf('/', StringComparison.Ordinal);
            if (first <= 0) return null;
            (space, path) = (path[..first], path[(first + 1)..]);
        }

        var last = path.LastIndexOf('/');
        return last <= 0 || last == path.Length - 1 ? null : (space, path[..last], path[(last + 1)..]);
    }

    private ScalableApp ToScalable(NomadJob job, string group, NomadGroup status, bool deploying) => new()
    {
        Id = _allSpaces ? $"/{job.Namespace}/{job.ID}/{group}" : $"/{job.ID}/{group}",
        Labels = job.Meta,
        Instances = status.Desired,
        Running = status.Running,

        // Without a deployment behind them Nomad judges no health.
        Healthy = status.Healthy + status.Unhealthy == 0 ? status.Running : Math.Min(status.Healthy, status.Running),
        Staged = Math.Max(0, status.Desired - status.Running),
        Deploying = deploying,
    };
}

internal sealed record NomadJob(
    string ID, string Namespace, string? Type, string? Status, bool Stop, IReadOnlyDictionary<string, string>? Meta);

internal sealed record NomadDeployment(string JobID, string Namespace, string? Status);

internal sealed record NomadScale(IReadOnlyDictionary<string, NomadGroup>? TaskGroups);

internal sealed record NomadGroup(int Desired, int Placed, int Running, int Healthy, int Unhealthy);

internal sealed record NomadScaleRequest(
    int Count, IReadOnlyDictionary<string, string> Target, string Message, IReadOnlyDictionary<string, string> Meta);

internal sealed record NomadScaled(string? EvalID, string? Warnings);

[JsonSourceGenerationOptions(RespectNullableAnnotations = true)]
[JsonSerializable(typeof(IReadOnlyList<NomadJob>))]
[JsonSerializable(typeof(IReadOnlyList<NomadDeployment>))]
[JsonSerializable(typeof(NomadScale))]
[JsonSerializable(typeof(NomadScaleRequest))]
[JsonSerializable(typeof(NomadScaled))]
internal sealed partial class NomadJson : JsonSerializerContext;
