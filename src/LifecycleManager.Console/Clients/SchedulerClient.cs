using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using LifecycleManager.Protocol.Marathon;
using Refit;

namespace LifecycleManager.Console.Clients;

/// <summary>What the console reads of the scheduler, as one caller. What it changes, the caller's browser asks for.</summary>
/// <param name="http">A client of the scheduler.</param>
internal sealed class SchedulerClient(HttpClient http)
{
    private static readonly string[] Counts = ["apps.counts", "apps.deployments", "apps.lastTaskFailure"];
    private static readonly string[] RefusedOffers = ["lastUnusedOffers"];

    /// <summary>Marathon's API itself.</summary>
    public IMarathonApi Api { get; } = MarathonApi.For(http);

    /// <summary>All apps by id, with their counts, deployments and last failures.</summary>
    public async Task<IReadOnlyList<App>> AppsAsync(CancellationToken cancellation) =>
        [.. (await Api.GetApps(Counts, cancellation: cancellation)).Apps.OrderBy(app => app.Id, StringComparer.Ordinal)];

    /// <summary>All pods by id, with their instances.</summary>
    public async Task<IReadOnlyList<PodStatus>> PodsAsync(CancellationToken cancellation) =>
        [.. (await Api.GetPodStatuses(cancellation)).OrderBy(pod => pod.Id, StringComparer.Ordinal)];

    /// <summary>One app with its instances.</summary>
    /// <exception cref="UnknownAppException">There is none.</exception>
    public async Task<App> AppAsync(string id, CancellationToken cancellation)
    {
        try
        {
            return (await Api.GetApp(id.Trim('/'), cancellation)).App;
        }
        catch (ApiException e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            throw new UnknownAppException($"There is no application /{id.Trim('/')} (any more).");
        }
    }

    /// <summary>The tree of groups with what each depends on, without what is in them.</summary>
    public Task<Group> GroupsAsync(CancellationToken cancellation) =>
        GetAsync("v2/groups?embed=group.groups", MarathonJson.Default.Group, cancellation);

    /// <summary>The deployments under way.</summary>
    public Task<IReadOnlyList<Deployment>> DeploymentsAsync(CancellationToken cancellation) => Api.GetDeployments(cancellation);

    /// <summary>What waits for an offer.</summary>
    public async Task<IReadOnlyList<QueueItem>> QueueAsync(CancellationToken cancellation) =>
        (await Api.GetQueue(RefusedOffers, cancellation)).Queue;

    /// <summary>All instances of apps.</summary>
    public async Task<IReadOnlyList<AppTask>> TasksAsync(CancellationToken cancellation) =>
        (await Api.GetTasks(cancellation)).Tasks;

    /// <summary>Who leads, and of which build it is.</summary>
    public async Task<SchedulerInfo> InfoAsync(CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "v2/info");
        using var answer = await http.SendAsync(request, cancellation);
        if (!answer.IsSuccessStatusCode)
            throw await ApiException.Create(request, HttpMethod.Get, answer, MarathonApi.Settings);
        var info = await answer.Content.ReadFromJsonAsync<JsonElement>(cancellation);
        return new SchedulerInfo(
            info.TryGetProperty("leader", out var leader) ? leader.ToString() : null,
            info.TryGetProperty("buildref", out var build) ? build.ToString()
                : info.TryGetProperty("version", out var version) ? version.ToString() : "unknown");
    }

    /// <summary>The versions of an app that are kept, newest first.</summary>
    public async Task<IReadOnlyList<string>> VersionsAsync(string id, CancellationToken cancellation) =>
        (await GetAsync($"v2/apps/{id.Trim('/')}/versions", MarathonJson.Default.VersionList, cancellation)).Versions;

    /// <summary>The definition of an app in one version.</summary>
    public Task<App> DefinitionAsync(string id, string version, CancellationToken cancellation) => GetAsync(
        $"v2/apps/{id.Trim('/')}/versions/{Uri.EscapeDataString(version)}", MarathonJson.Default.App, cancellation);

    /// <summary>How an app's blue-green deployment stands; null where there is none.</summary>
    public async Task<BlueGreenState?> BlueGreenAsync(string id, CancellationToken cancellation)
    {
        try
        {
            return await GetAsync($"v2/apps/{id.Trim('/')}/blue-green", MarathonJson.Default.BlueGreenState, cancellation);
        }
        catch (ApiException e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>What a person has written of an app, a pod or a group, with all that we do not know of.</summary>
    /// <exception cref="UnknownAppException">There is none.</exception>
    public async Task<JsonObject> WrittenAsync(DefinitionKind kind, string id, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{kind.Collection}/{id.Trim('/')}");
        using var answer = await http.SendAsync(request, cancellation);
        if (answer.StatusCode == HttpStatusCode.NotFound)
            throw new UnknownAppException($"There is no {kind.Word} /{id.Trim('/')} (any more).");
        if (!answer.IsSuccessStatusCode)
            throw await ApiException.Create(request, HttpMethod.Get, answer, MarathonApi.Settings);
        var read = Definitions.Read(await answer.Content.ReadAsStringAsync(cancellation));
        return Definitions.Bare(kind != DefinitionKind.App ? read : read["app"] is JsonObject app ? (JsonObject)app.DeepClone()
            : throw new JsonException("the scheduler's answer has no app"));
    }

    private async Task<T> GetAsync<T>(
        string path, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        using var answer = await http.SendAsync(request, cancellation);
        if (!answer.IsSuccessStatusCode)
            throw await ApiException.Create(request, HttpMethod.Get, answer, MarathonApi.Settings);
        return await answer.Content.ReadFromJsonAsync(type, cancellation) ?? throw new JsonException("the answer is empty");
    }
}

/// <summary>What was asked for does not exist.</summary>
internal sealed class UnknownAppException(string message) : Exception(message);
