using LifecycleManager.Console.Clients;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Security;
using MudBlazor;

namespace LifecycleManager.Console.Components;

/// <summary>What can be done with a deployment.</summary>
public enum Steering
{
    /// <summary>Begin nothing more of it.</summary>
    Pause,

    /// <summary>Go on.</summary>
    Resume,

    /// <summary>Take the step that waits to be promoted.</summary>
    Promote,

    /// <summary>Make all as it was before.</summary>
    RollBack,

    /// <summary>Stop, and leave all as it is.</summary>
    Stop,
}

/// <summary>Asks for what is to be done with a deployment, and does it.</summary>
internal static class Steerings
{
    /// <summary>
    /// Whether a caller may steer a deployment: of apps that he may not see there is a number, and no permission.
    /// </summary>
    public static bool May(AppScope scope, Deployment deployment) => deployment.OthersAffected is null
        && (deployment.AffectedApps ?? []).Concat(deployment.AffectedPods ?? [])
            .All(app => scope.May(GroupPermission.Deploy, app));

    /// <summary>Asks first where it cannot be taken back; whether the scheduler was asked.</summary>
    public static async Task<bool> AskAsync(
        Steering what, IDialogService dialogs, BrowserCalls browser, ISnackbar notes, string id)
    {
        var (method, path, done) = what switch
        {
            Steering.Pause => ("POST", $"/v2/deployments/{id}/pause", "The deployment is paused."),
            Steering.Resume => ("POST", $"/v2/deployments/{id}/resume", "The deployment goes on."),
            Steering.Promote => ("POST", $"/v2/deployments/{id}/promote", "The deployment is promoted."),
            Steering.RollBack => ("DELETE", $"/v2/deployments/{id}", "The deployment is rolled back."),
            _ => ("DELETE", $"/v2/deployments/{id}?force=true", "The deployment is stopped."),
        };
        var asked = what switch
        {
            Steering.RollBack => await dialogs.AskAsync("Roll this deployment back?", "Roll back",
                ["A new deployment brings all that this one changed to what it was before.", "What this one has begun ends."]),
            Steering.Stop => await dialogs.AskAsync("Stop this deployment without a rollback?", "Stop it",
                ["It ends at once, and all stays as it is at this moment.",
                    "Old and new instances may run side by side afterwards."],
                isGrave: true),
            _ => false,
        };
        if (asked is null) return false;
        notes.Tell(done, await browser.ChangeAsync(method, path));
        return true;
    }
}
