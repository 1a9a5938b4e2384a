using System.Net;
using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.Events;
using LifecycleManager.Scheduler.State;

namespace LifecycleManager.Scheduler;

/// <summary>
/// The scheduler to its API: reads are immutable snapshots, changes run one after another on the owner's loop and are durable when
/// their task completes. Every change throws <see cref="NotLeaderException"/> where another scheduler leads.
/// </summary>
public sealed class SchedulerService
{
    /// <summary>Everything at this moment; free to take.</summary>
    public SchedulerSnapshot Snapshot => throw new NotImplementedException();

    /// <summary>
    /// Changes the tree of groups and apps, and stores the deployment that carries the change out. The function gets the newest tree
    /// and gives the wanted one; apps that differ get a new version here, whatever version they carry. What it throws is thrown to
    /// the caller and nothing is changed.
    /// </summary>
    /// <exception cref="AppLockedException">A deployment holds one of the apps, and the change is not forced.</exception>
    /// <exception cref="ChangeRefusedException">The wanted tree is not possible, for example its dependencies have a cycle.</exception>
    public Task<DeploymentReceipt> ChangeAsync(
        Func<GroupDefinition, GroupDefinition> change, ChangeOptions options, CancellationToken cancellation) =>
        throw new NotImplementedException();

    /// <summary>Replaces all instances of some apps, keeping their upgrade strategies.</summary>
    /// <exception cref="AppNotFoundException">There is no such app.</exception>
    public Task<DeploymentReceipt> RestartAsync(
        IReadOnlyCollection<AppId> apps, ChangeOptions options, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>Ends instances; unknown ids are left out of the answer.</summary>
    /// <exception cref="AppLockedException">With <see cref="KillOptions.Scale"/>: a deployment holds the app.</exception>
    public Task<KillReceipt> KillAsync(IReadOnlyCollection<string> taskIds, KillOptions options, CancellationToken cancellation) =>
        throw new NotImplementedException();

    /// <summary>
    /// Cancels a deployment. Without <paramref name="force"/> a new deployment takes the affected apps back to what they were; with
    /// it everything is left as it is.
    /// </summary>
    /// <returns>The deployment that rolls back; null when forced.</returns>
    /// <exception cref="DeploymentNotFoundException">There is no such deployment.</exception>
    public Task<DeploymentReceipt?> CancelDeploymentAsync(string id, bool force, CancellationToken cancellation) =>
        throw new NotImplementedException();

    /// <summary>Lets a delayed launch go on at once.</summary>
    /// <returns>False when the app has nothing in the queue.</returns>
    public Task<bool> ResetDelayAsync(AppId app, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>The stored versions of an app, newest first; empty for an unknown one.</summary>
    public Task<IReadOnlyList<DateTimeOffset>> AppVersionsAsync(AppId app, CancellationToken cancellation) =>
        throw new NotImplementedException();

    /// <summary>One stored version of an app, or null.</summary>
    public Task<AppDefinition?> AppVersionAsync(AppId app, DateTimeOffset version, CancellationToken cancellation) =>
        throw new NotImplementedException();

    /// <summary>The stored versions of the tree, newest first.</summary>
    public Task<IReadOnlyList<DateTimeOffset>> GroupVersionsAsync(CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>The whole tree at one of its versions, or null.</summary>
    public Task<GroupDefinition?> GroupVersionAsync(DateTimeOffset version, CancellationToken cancellation) =>
        throw new NotImplementedException();

    /// <summary>Gives the leadership up, so that another scheduler (or this one again) is elected.</summary>
    public Task AbdicateAsync(CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>
    /// The event bus from now on. The buffer of one subscriber is bounded: one that does not keep up is dropped, its stream ends.
    /// Other subscribers see <c>event_stream_attached</c> and <c>event_stream_detached</c>.
    /// </summary>
    /// <param name="types">The wanted types; null or empty for all.</param>
    /// <param name="remote">The subscriber, for people.</param>
    /// <param name="cancellation">Unsubscribes.</param>
    /// <exception cref="TooManySubscribersException">The bus is full.</exception>
    public IAsyncEnumerable<SchedulerEventMessage> EventsAsync(
        IReadOnlySet<string>? types, string remote, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>Publishes <c>api_post_event</c>: a request that changed an app.</summary>
    public void PublishApiPost(string uri, IPAddress? client, AppDefinition app) => throw new NotImplementedException();
}

/// <summary>The event bus has as many subscribers as it takes: 503.</summary>
public sealed class TooManySubscribersException() : Exception("too many event streams are open");

/// <summary>How a change is made.</summary>
/// <param name="Force">Cancel the deployments that are in the way.</param>
/// <param name="Reason">Why, for people and the log.</param>
public sealed record ChangeOptions(bool Force = false, string? Reason = null)
{
    /// <summary>Whoever owns the counts that this change sets, such as <c>policy search</c>; null for a person or a pipeline.</summary>
    public string? CountOwner { get; init; }
}

/// <summary>A change that is stored, and the deployment that carries it out.</summary>
/// <param name="DeploymentId">The deployment; already over where nothing had to be done.</param>
/// <param name="Version">The version of the tree, and of each app that changed.</param>
/// <param name="Root">The tree after the change.</param>
public sealed record DeploymentReceipt(string DeploymentId, DateTimeOffset Version, GroupDefinition Root)
{
    /// <summary>What was kept in place of a requested value, and why; empty where everything was taken as asked.</summary>
    public IReadOnlyList<string> Messages { get; init; } = [];
}

/// <summary>How to end instances.</summary>
/// <param name="Scale">Lower the count of the apps by the instances that end.</param>
/// <param name="Wipe">Forget unreachable instances at once.</param>
/// <param name="Force">With <paramref name="Scale"/>: cancel deployments that are in the way.</param>
public sealed record KillOptions(bool Scale = false, bool Wipe = false, bool Force = false);

/// <summary>What a kill did.</summary>
/// <param name="Instances">The instances that end, as they were before.</param>
/// <param name="Deployment">With scale: the deployment.</param>
public sealed record KillReceipt(IReadOnlyList<Instance> Instances, DeploymentReceipt? Deployment);
