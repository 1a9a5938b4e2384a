using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Labels;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Timing;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Scheduler.Api;

/// <summary>Changes of the tree as the API makes them.</summary>
internal static class ApiChanges
{
    private const int MaxWarnings = 10;

    /// <summary>Changes the tree, giving service ports to what asks for any.</summary>
    public static async Task<DeploymentReceipt> ChangeAsync(
        this ApiRequest request, Func<GroupDefinition, GroupDefinition> change, ChangeOptions options)
    {
        IReadOnlyList<string> notes = [];
        var (scope, scheduler) = (request.Scope, request.Scheduler);
        var receipt = await scheduler.ChangeAsync(
            root =>
            {
                var wanted = ServicePorts.Assign(change(root), root, request.Rules);
                if (!scope.MayEverywhere(GroupPermission.Deploy))
                {
                    var changed = ChangeAccess.Check(scope, root, wanted);
                    if (options.Force) ChangeAccess.CheckForced(scope, scheduler.Snapshot, changed);
                }

                // What is told of others' apps is what the caller may see of them.
                notes =
                [
                    .. ServicePorts.Collisions(
                        SeenSnapshot.Of(wanted, scope) ?? GroupDefinition.Empty, SeenSnapshot.Of(root, scope) ?? root),
                    .. UnknownLabels.Of(wanted, root),
                    .. ResourceRoles.Ignored(wanted, root),
                ];
                return wanted;
            },
            options,
            request.Cancellation);
        request.Mark(receipt);
        request.Warn(notes);
        return receipt with { Messages = [.. receipt.Messages, .. notes] };
    }

    /// <summary>Names the deployment in the answer's headers.</summary>
    public static void Mark(this ApiRequest request, DeploymentReceipt receipt) =>
        request.Context.Response.Headers["Marathon-Deployment-Id"] = receipt.DeploymentId;

    /// <summary>
    /// Says in the answer's headers what is taken, and is as a rule not what was meant, as Kubernetes' API does.
    /// </summary>
    private static void Warn(this ApiRequest request, IReadOnlyList<string> notes)
    {
        foreach (var note in notes.Take(MaxWarnings))
        {
            // A header is ASCII in quotes; a label may be anything.
            var text = string.Concat(note.Where(c => c is >= ' ' and <= '~' and not ('"' or '\\')));
            request.Context.Response.Headers.Append("Warning", $"299 - \"{text[..Math.Min(text.Length, 300)]}\"");
        }
    }

    /// <summary>Answers with the deployment that was made.</summary>
    public static Task DeploymentAsync(this ApiRequest request, DeploymentReceipt receipt, int status = 200)
    {
        request.Mark(receipt);
        var result = new DeploymentResult
        {
            Version = Timestamps.Write(receipt.Version),
            DeploymentId = receipt.DeploymentId,
            Message = receipt.Messages.Count == 0 ? null : string.Join("; ", receipt.Messages),
        };
        return request.JsonAsync(result, MarathonJson.Default.DeploymentResult, status);
    }
}
