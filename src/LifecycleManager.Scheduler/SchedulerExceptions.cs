using LifecycleManager.Scheduler.Definitions;

namespace LifecycleManager.Scheduler;

/// <summary>A change meets a deployment that holds the same apps: 409.</summary>
internal sealed class AppLockedException(IReadOnlyList<string> deploymentIds)
    : Exception(
        "App is locked by one or more deployments. Override with the option '?force=true'. View details at '/v2/deployments/<DEPLOYMENT_ID>'.")
{
    /// <summary>The deployments that hold them.</summary>
    public IReadOnlyList<string> DeploymentIds { get; } = deploymentIds;
}

/// <summary>A change cannot be made: 422.</summary>
internal sealed class ChangeRefusedException(IReadOnlyList<ChangeProblem> problems)
    : Exception(string.Join("; ", problems.Select(problem => $"{problem.Path}: {problem.Message}")))
{
    /// <summary>What is wrong, and where.</summary>
    public IReadOnlyList<ChangeProblem> Problems { get; } = problems;
}

/// <summary>What is wrong with a change at one path.</summary>
/// <param name="Path">Where, <c>/id</c>.</param>
/// <param name="Message">What.</param>
internal sealed record ChangeProblem(string Path, string Message);

/// <summary>This scheduler does not lead: ask the leader, or 503 while there is none.</summary>
/// <param name="leader">The leader's address, <c>http://host:port</c>, or null.</param>
/// <param name="cause">Why there is none, where this scheduler knows.</param>
internal sealed class NotLeaderException(string? leader, string? cause = null)
    : Exception(leader is not null ? $"the leading scheduler is at {leader}"
        : cause is null ? "there is no leading scheduler at the moment" : $"there is no leading scheduler at the moment: {cause}")
{
    /// <summary>The leader's address, <c>http://host:port</c>, or null.</summary>
    public string? Leader { get; } = leader;
}

/// <summary>The store takes no writes, so that nothing can be changed: 503.</summary>
internal sealed class StoreRefusedException(string reason, Exception? inner = null) : Exception(reason, inner)
{
    /// <summary>A write that was begun and may still come to its end.</summary>
    internal Task Unfinished { get; init; } = Task.CompletedTask;
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
