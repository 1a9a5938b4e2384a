using Refit;

namespace LifecycleManager.Protocol.Marathon;

/// <summary>
/// Marathon's REST API as a client sees it; our scheduler and a real Marathon alike. App ids are given without their leading
/// slash, since they stand in the path. Every call throws <see cref="ApiException"/> on an answer that is not a success.
/// </summary>
public interface IMarathonApi
{
    /// <summary>The request header that names who owns an app's instance count.</summary>
    const string CountOwnerHeader = "Lcm-Count-Owner";

    /// <summary>
    /// The request header by which a manager that reads the apps tells that it lives: without it for 24 h its policies own
    /// nothing.
    /// </summary>
    const string ManagerHeader = "Lcm-Manager";

    /// <summary>
    /// The request header with the count that a change of an app was decided from: where the app has another by now, and not the
    /// wanted one already, nothing is changed and the answer is 412. A real Marathon ignores it.
    /// </summary>
    const string IfInstancesHeader = "Lcm-If-Instances";

    /// <summary>
    /// The request header with the <see cref="App.CreatedAt"/> that a change of an app was decided for: where it is another app
    /// by now, nothing is changed and the answer is 412. A real Marathon ignores it.
    /// </summary>
    const string IfCreatedAtHeader = "Lcm-If-Created-At";

    /// <summary>All apps.</summary>
    /// <param name="embed">What to add: <c>apps.tasks</c>, <c>apps.counts</c>, <c>apps.deployments</c>,
    /// <c>apps.lastTaskFailure</c>.</param>
    /// <param name="label">A label selector.</param>
    /// <param name="manager">Who reads, where it is a manager. A real Marathon ignores the header.</param>
    /// <param name="cancellation">Gives up.</param>
    [Get("/v2/apps")]
    Task<AppList> GetApps(
        [Query(CollectionFormat.Multi)] IEnumerable<string>? embed = null, string? label = null,
        [Header(ManagerHeader)] string? manager = null, CancellationToken cancellation = default);

    /// <summary>One app.</summary>
    [Get("/v2/apps/{**id}")]
    Task<AppAnswer> GetApp(string id, CancellationToken cancellation = default);

    /// <summary>Makes an app.</summary>
    [Post("/v2/apps")]
    Task<App> CreateApp([Body] App app, CancellationToken cancellation = default);

    /// <summary>Changes an app; with <paramref name="partialUpdate"/> (the default) only the fields that are set.</summary>
    /// <param name="id">The app.</param>
    /// <param name="app">The fields.</param>
    /// <param name="force">Overrides deployments under way.</param>
    /// <param name="partialUpdate">Whether absent fields keep their values.</param>
    /// <param name="countOwner">Who owns the instance count from now on: <c>policy NAME</c>. A real Marathon ignores the
    /// header.</param>
    /// <param name="ifInstances">The count that the app must have: <see cref="IfInstancesHeader"/>.</param>
    /// <param name="ifCreatedAt">When the app must have been made: <see cref="IfCreatedAtHeader"/>.</param>
    /// <param name="cancellation">Gives up.</param>
    [Put("/v2/apps/{**id}")]
    Task<DeploymentResult> UpdateApp(
        string id, [Body] App app, bool? force = null, bool? partialUpdate = null,
        [Header(CountOwnerHeader)] string? countOwner = null, [Header(IfInstancesHeader)] int? ifInstances = null,
        [Header(IfCreatedAtHeader)] string? ifCreatedAt = null, CancellationToken cancellation = default);

    /// <summary>Ends an app.</summary>
    [Delete("/v2/apps/{**id}")]
    Task<DeploymentResult> DeleteApp(string id, bool? force = null, CancellationToken cancellation = default);

    /// <summary>Deployments under way.</summary>
    [Get("/v2/deployments")]
    Task<IReadOnlyList<Deployment>> GetDeployments(CancellationToken cancellation = default);

    /// <summary>Instances that wait for an offer.</summary>
    /// <param name="embed">What to add: <c>lastUnusedOffers</c>.</param>
    /// <param name="cancellation">Gives up.</param>
    [Get("/v2/queue")]
    Task<LaunchQueue> GetQueue([Query(CollectionFormat.Multi)] IEnumerable<string>? embed = null,
        CancellationToken cancellation = default);

    /// <summary>All instances.</summary>
    [Get("/v2/tasks")]
    [Headers("Accept: application/json")]
    Task<TaskList> GetTasks(CancellationToken cancellation = default);

    /// <summary>All pods with their instances.</summary>
    [Get("/v2/pods::status")]
    Task<IReadOnlyList<PodStatus>> GetPodStatuses(CancellationToken cancellation = default);

    /// <summary>Which instances would be better off elsewhere, and why. Not a real Marathon's.</summary>
    /// <param name="max">The most moves; 100 without it.</param>
    /// <param name="cancellation">Gives up.</param>
    [Get("/v2/rebalance")]
    Task<RebalanceAnswer> PlanRebalance(int? max = null, CancellationToken cancellation = default);

    /// <summary>
    /// Replaces the named instances by others elsewhere, each app within its upgrade strategy. Not a real Marathon's.
    /// </summary>
    [Post("/v2/rebalance")]
    Task<RebalanceAnswer> Rebalance([Body] RebalanceTasks tasks, CancellationToken cancellation = default);

    /// <summary>
    /// The event bus as server-sent events; unending. Plans are in the light format: whole trees are nobody's need here.
    /// </summary>
    [Get("/v2/events?plan-format=light")]
    [Headers("Accept: text/event-stream")]
    Task<Stream> GetEvents(
        [Query(CollectionFormat.Multi), AliasAs("event_type")] IEnumerable<string>? types = null, CancellationToken cancellation =
            default);

    /// <summary>Whether anybody is there.</summary>
    [Get("/ping")]
    Task<string> Ping(CancellationToken cancellation = default);
}
