using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LifecycleManager.Clusters.Nomad;

/// <summary>
/// The task groups of Nomad's service jobs. A job's meta serves as labels; one call a job tells its counts, some at a time. Nomad
/// itself refuses to scale a job while a deployment of it is active, or where it is not at the index that was read.
/// </summary>
internal sealed class NomadClient(HttpClient client, Uri address, string space)
    : ClusterClient(client, address, "nomad")
{
    private const int MaxParallelCalls = 8;
    private const int MaxTries = 3;
    private const string OtherIndex = "job modify index";
    private const string Blocked = "blocked due to active deployment";
    private readonly bool _allNamespaces = space == "*";

    protected override string Rights => "list-jobs, read-job and scale-job in the namespace";

    protected override async Task<IReadOnlyList<Workload>> ReadAllAsync(CancellationToken cancellation)
    {
        var from = Uri.EscapeDataString(space);
        var jobs = await GetAsync($"v1/jobs?meta=true&namespace={from}", NomadJson.Default.IReadOnlyListNomadJob, cancellation);
        var active = await GetAsync(
            $"v1/deployments?namespace={from}&filter={Uri.EscapeDataString("Status == \"running\"")}",
            NomadJson.Default.IReadOnlyListNomadDeployment, cancellation);
        var deploying = active.Where(deployment => deployment.Status == "running")
            .Select(deployment => (deployment.Namespace, deployment.JobID)).ToHashSet();
        var workloads = new ConcurrentBag<Workload>();
        await Parallel.ForEachAsync(
            jobs.Where(job => job is { Type: "service", Stop: false } && job.Status != "dead"),
            new ParallelOptions { MaxDegreeOfParallelism = MaxParallelCalls, CancellationToken = cancellation },
            async (job, ct) =>
            {
                NomadScale scale;
                try
                {
                    scale = await GetAsync(PathOf(job.Namespace, job.ID), NomadJson.Default.NomadScale, ct);
                }
                catch (ClusterAnswerException e) when (e.Status == HttpStatusCode.NotFound)
                {
                    return; // It has gone since the list was made.
                }

                foreach (var (group, status) in scale.TaskGroups ?? new Dictionary<string, NomadGroup>())
                {
                    workloads.Add(ToWorkload(job, group, status, scale.Identity, deploying.Contains((job.Namespace, job.ID))));
                }
            });
        return [.. workloads.OrderBy(workload => workload.Id, StringComparer.Ordinal)];
    }

    protected override async Task<CountChanged> ChangeAsync(CountChange change, CancellationToken cancellation)
    {
        if (Parse(change.Workload) is not var (ns, job, group))
            throw new ClusterException(ClusterFault.NotFound, "it is not /job/group");
        for (var i = 1; ; i++)
        {
            var scale = await GetAsync(PathOf(ns, job), NomadJson.Default.NomadScale, cancellation);
            if (scale.Seen(group) is not { } seen) throw new ClusterException(ClusterFault.NotFound, "the job has no such group");
            if (change.IsMade(seen)) return new CountChanged();
            var body = JsonSerializer.Serialize(
                new NomadScaleRequest(
                    change.Count, new Dictionary<string, string> { ["Group"] = group },
                    $"policy {change.Policy}: {change.Reason}", new Dictionary<string, string> { ["policy"] = change.Policy },
                    EnforceIndex: scale.JobModifyIndex > 0, scale.JobModifyIndex),
                NomadJson.Default.NomadScaleRequest);
            try
            {
                var answer = await SendAsync(
                    HttpMethod.Post, PathOf(ns, job), body, NomadJson.Default.NomadScaled, cancellation);
                return new CountChanged(answer.Warnings is { Length: > 0 } ? answer.Warnings : null, answer.EvalID);
            }
            catch (ClusterAnswerException e) when (e.Message.Contains(Blocked, StringComparison.OrdinalIgnoreCase))
            {
                throw new ClusterException(ClusterFault.Conflict, e.Message, e);
            }
            catch (ClusterAnswerException e) when (e.Message.Contains(OtherIndex, StringComparison.OrdinalIgnoreCase))
            {
                if (i == MaxTries) throw new ClusterException(ClusterFault.Conflict, "others change it at the same time", e);
            }
        }
    }

    protected override async Task<CountSeen?> ReadCountAsync(string workload, CancellationToken cancellation)
    {
        if (Parse(workload) is not var (ns, job, group)) return null;
        return (await GetAsync(PathOf(ns, job), NomadJson.Default.NomadScale, cancellation)).Seen(group);
    }

    protected override string MessageOf(string body) => body;

    private static string PathOf(string ns, string job) =>
        $"v1/job/{Uri.EscapeDataString(job)}/scale?namespace={Uri.EscapeDataString(ns)}";

    private (string Namespace, string Job, string Group)? Parse(string workload)
    {
        // A job's id may hold slashes; a group's name and a namespace's do not.
        var path = workload.TrimStart('/');
        var ns = space;
        if (_allNamespaces)
        {
            var first = path.IndexOf('/', StringComparison.Ordinal);
            if (first <= 0) return null;
            (ns, path) = (path[..first], path[(first + 1)..]);
        }

        var last = path.LastIndexOf('/');
        return last <= 0 || last == path.Length - 1 ? null : (ns, path[..last], path[(last + 1)..]);
    }

    private Workload ToWorkload(NomadJob job, string group, NomadGroup status, string? identity, bool deploying) => new()
    {
        Identity = identity,
        Id = _allNamespaces ? $"/{job.Namespace}/{job.ID}/{group}" : $"/{job.ID}/{group}",
        Labels = job.Meta,
        Instances = status.Desired,
        Running = status.Running,

        // Without a deployment behind them Nomad reports no health.
        Healthy = status.Healthy + status.Unhealthy == 0 ? status.Running : Math.Min(status.Healthy, status.Running),
        Staged = Math.Max(0, status.Desired - status.Running),
        Deploying = deploying,
    };
}

internal sealed record NomadJob(
    string ID, string Namespace, string? Type, string? Status, bool Stop, IReadOnlyDictionary<string, string>? Meta);

internal sealed record NomadDeployment(string JobID, string Namespace, string? Status);

internal sealed record NomadScale(
    IReadOnlyDictionary<string, NomadGroup>? TaskGroups, ulong JobCreateIndex = 0, ulong JobModifyIndex = 0,
    bool JobStopped = false)
{
    /// <summary>The index that the job was made at: one that is made anew under the same name has another.</summary>
    [JsonIgnore]
    public string? Identity => JobCreateIndex > 0 ? JobCreateIndex.ToString(CultureInfo.InvariantCulture) : null;

    public CountSeen? Seen(string group) =>
        !JobStopped && TaskGroups?.GetValueOrDefault(group) is { } status ? new CountSeen(status.Desired, Identity) : null;
}

internal sealed record NomadGroup(int Desired, int Placed, int Running, int Healthy, int Unhealthy);

internal sealed record NomadScaleRequest(
    int Count, IReadOnlyDictionary<string, string> Target, string Message, IReadOnlyDictionary<string, string> Meta,
    bool EnforceIndex, ulong JobModifyIndex);

internal sealed record NomadScaled(string? EvalID, string? Warnings);

[JsonSourceGenerationOptions(RespectNullableAnnotations = true)]
[JsonSerializable(typeof(IReadOnlyList<NomadJob>))]
[JsonSerializable(typeof(IReadOnlyList<NomadDeployment>))]
[JsonSerializable(typeof(NomadScale))]
[JsonSerializable(typeof(NomadScaleRequest))]
[JsonSerializable(typeof(NomadScaled))]
internal sealed partial class NomadJson : JsonSerializerContext;
