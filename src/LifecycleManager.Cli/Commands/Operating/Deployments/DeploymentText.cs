using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Cli.Commands.Operating.Deployments;

/// <summary>Deployments in words.</summary>
internal static class DeploymentText
{
    /// <summary>Where it stands: <c>step 1 of 2: restart /shop/web (canary 25%)</c>.</summary>
    public static string Step(Deployment deployment) =>
        $"step {deployment.CurrentStep} of {deployment.TotalSteps}: "
            + $"{string.Join(", ", Given(deployment.CurrentActions).Select(Action))}";

    /// <summary>What it changes.</summary>
    public static IEnumerable<string> Affected(Deployment deployment) =>
        Given(deployment.AffectedApps).Concat(Given(deployment.AffectedPods));

    // The generated reader sets what an answer leaves out to null, whatever the type says.
    private static IReadOnlyList<T> Given<T>(IReadOnlyList<T>? list) => list ?? [];

    private static string Action(DeploymentAction action)
    {
        var word = action.Action.Replace("Application", "", StringComparison.Ordinal)
            .Replace("Pod", "", StringComparison.Ordinal).ToLowerInvariant();
        return $"{word} {action.App ?? action.Pod}{(action.Stage is { } stage ? $" ({stage})" : "")}";
    }
}
