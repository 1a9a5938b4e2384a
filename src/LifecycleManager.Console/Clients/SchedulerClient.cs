using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Console.Clients;

/// <summary>What the console asks of the scheduler.</summary>
public sealed class SchedulerClient(IMarathonApi api)
{
    private static readonly string[] Counts = ["apps.counts", "apps.deployments"];
    private static readonly string[] RefusedOffers = ["lastUnusedOffers"];

    /// <summary>All apps by id, with their counts and deployments.</summary>
    public async Task<IReadOnlyList<App>> AppsAsync(CancellationToken cancellation) =>
        [.. (await api.GetApps(Counts, cancellation: cancellation)).Apps.OrderBy(app => app.Id, StringComparer.Ordinal)];

    /// <summary>All pods by id, with their instances.</summary>
    public async Task<IReadOnlyList<PodStatus>> PodsAsync(CancellationToken cancellation) =>
        [.. (await api.GetPodStatuses(cancellation)).OrderBy(pod => pod.Id, StringComparer.Ordinal)];

    /// <summary>One app with its instances.</summary>
    public async Task<App> AppAsync(string id, CancellationToken cancellation) =>
        (await api.GetApp(id.Trim('/'), cancellation)).App;

    /// <summary>The deployments under way.</summary>
    public Task<IReadOnlyList<Deployment>> DeploymentsAsync(CancellationToken cancellation) => api.GetDeployments(cancellation);

    /// <summary>What waits for an offer.</summary>
    public async Task<IReadOnlyList<QueueItem>> QueueAsync(CancellationToken cancellation) =>
        (await api.GetQueue(RefusedOffers, cancellation)).Queue;

    /// <summary>All instances.</summary>
    public async Task<IReadOnlyList<AppTask>> TasksAsync(CancellationToken cancellation) =>
        (await api.GetTasks(cancellation)).Tasks;
}
