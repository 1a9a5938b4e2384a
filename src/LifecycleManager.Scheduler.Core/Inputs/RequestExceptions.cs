using LifecycleManager.Scheduler.Core.Definitions;

namespace LifecycleManager.Scheduler.Core.Inputs;

/// <summary>A change meets a deployment that holds the same apps: 409.</summary>
internal sealed class AppLockedException(IReadOnlyList<string> deploymentIds)
    : Exception(
        "App is locked by one or more deployments. Override with the option '?force=true'. View details at '/v2/deployments/<DEPLOYMENT_ID>'.")
{
    /// <summary>The deployments that hold them.</summary>
    public IReadOnlyList<string> DeploymentIds { get; } = deploymentIds;
}

/// <summary>What is stored under an id cannot be read: 409.</summary>
internal sealed class UnreadableStateException(string message) : Exception(message)
{
    internal static UnreadableStateException App(AppId app, string reason) => new(
        $"The stored app '{app.Path}' cannot be read: {reason}. Its tasks run on; a definition that is PUT under its id takes them over.");

    internal static UnreadableStateException Deployment(string id, string reason) => new(
        $"The stored deployment '{id}' cannot be carried on: {reason}. It is forgotten by DELETE with '?force=true'.");

    internal static UnreadableStateException Groups(string reason) => new(
        $"The stored groups cannot be read: {reason}. Apps go on without them; a group that is PUT takes their place.");
}

/// <summary>There is no such app: 404.</summary>
internal sealed class AppNotFoundException(AppId app) : Exception($"App '{app.Path}' does not exist")
{
    /// <summary>The app.</summary>
    public AppId App { get; } = app;
}

/// <summary>A deployment is not where it would have to be for what is asked of it: 409.</summary>
internal sealed class DeploymentStateException(string id, string reason) : Exception($"Deployment {id} {reason}")
{
    /// <summary>The deployment.</summary>
    public string DeploymentId { get; } = id;
}

/// <summary>There is no such deployment: 404.</summary>
internal sealed class DeploymentNotFoundException(string id) : Exception($"Deployment {id} does not exist")
{
    /// <summary>The deployment.</summary>
    public string DeploymentId { get; } = id;
}
