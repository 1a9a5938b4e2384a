using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Definitions;

namespace LifecycleManager.Scheduler.Api;

/// <summary>Changes of the tree as the API makes them.</summary>
internal static class Changes
{
    /// <summary>Changes the tree, giving service ports to what asks for any.</summary>
    public static async Task<DeploymentReceipt> ChangeAsync(
        this ApiRequest request, Func<GroupDefinition, GroupDefinition> change, ChangeOptions options)
    {
        IReadOnlyList<string> collisions = [];
        var receipt = await request.Scheduler.ChangeAsync(
            root =>
            {
                var wanted = ServicePorts.Assign(change(root), root, request.Rules);
                collisions = ServicePorts.Collisions(wanted, root);
                return wanted;
            },
            options,
            request.Cancellation);
        request.Mark(receipt);
        return receipt with { Messages = [.. receipt.Messages, .. collisions] };
    }

    /// <summary>Names the deployment in the answer's headers.</summary>
    public static void Mark(this ApiRequest request, DeploymentReceipt receipt) =>
        request.Context.Response.Headers["Marathon-Deployment-Id"] = receipt.DeploymentId;

    /// <summary>Answers with the deployment that was made.</summary>
    public static Task DeploymentAsync(this ApiRequest request, DeploymentReceipt receipt, int status = 200)
    {
        request.Mark(receipt);
        var result = new DeploymentResult
        {
            Version = Instants.Write(receipt.Version),
            DeploymentId = receipt.DeploymentId,
            Message = receipt.Messages.Count == 0 ? null : string.Join("; ", receipt.Messages),
        };
        return request.JsonAsync(result, MarathonJson.Default.DeploymentResult, status);
    }
}
