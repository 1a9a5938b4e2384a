using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Deployments;

namespace LifecycleManager.Scheduler.Core.Inputs;

/// <summary>How a change is made.</summary>
/// <param name="Force">Cancel the deployments that are in the way.</param>
/// <param name="Reason">Why, for people and the log.</param>
internal sealed record ChangeOptions(bool Force = false, string? Reason = null)
{
    /// <summary>
    /// Whoever owns the counts that this change sets from now on, such as <c>policy search</c>; <c>none</c> takes them from
    /// whoever owned them. Null, for a person or a pipeline: counts that are owned stay, and the receipt says so.
    /// </summary>
    public string? CountOwner { get; init; }

    /// <summary>
    /// Whether what is asked for an app is a count and nothing else: an order, which is taken whoever owns the count.
    /// </summary>
    public Func<AppId, bool> OrdersCount { get; init; } = _ => false;

    /// <summary>What the app that is changed must be for that; null for a change of any.</summary>
    public CountCondition? Condition { get; init; }

    /// <summary>Where in the request an app stands, for a request that may have several; null for one of a single app.</summary>
    public Func<AppId, string>? PathOf { get; init; }

    /// <summary>The change puts groups: it takes the place of groups that cannot be read.</summary>
    internal bool PutsGroups { get; init; }

    /// <summary>The app that is changed is deployed blue-green; null for a rolling deployment.</summary>
    public BlueGreenOptions? BlueGreen { get; init; }
}

/// <summary>A change that is stored, and the deployment that carries it out.</summary>
/// <param name="DeploymentId">The deployment; already over where nothing had to be done.</param>
/// <param name="Version">The version of the tree, and of each app that changed.</param>
/// <param name="Root">The tree after the change.</param>
internal sealed record DeploymentReceipt(string DeploymentId, DateTimeOffset Version, GroupDefinition Root)
{
    /// <summary>What was kept in place of a requested value, and why; empty where everything was taken as asked.</summary>
    public IReadOnlyList<string> Messages { get; init; } = [];
}
