using LifecycleManager.Scheduler.Core.Definitions;

namespace LifecycleManager.Scheduler.Core.Events;

/// <summary>The trees that a deployment leads from and to.</summary>
/// <param name="Target">The wanted tree.</param>
/// <param name="Before">The apps that the deployment changes as they were; null for new ones.</param>
internal sealed record DeploymentTrees(GroupDefinition Target, IReadOnlyDictionary<AppId, AppRecord?> Before)
{
    /// <summary>The tree as it was.</summary>
    public GroupDefinition Original => GroupTree.With(Target, Before.ToDictionary(app => app.Key, app => app.Value?.Definition));
}
