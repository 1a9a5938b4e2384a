using LifecycleManager.Clusters;

namespace LifecycleManager.Scaling.Targets;

/// <summary>
/// The workloads of an orchestrator as apps. A change whose answer is lost is settled by reading the count back.
/// </summary>
internal sealed class ClusterTarget(IClusterClient client) : IScalingTarget
{
    public string Description => client.Description;

    public async Task<IReadOnlyList<ScalableApp>> GetAppsAsync(CancellationToken cancellation)
    {
        try
        {
            return [.. (await client.ListAsync(cancellation)).Select(ToApp)];
        }
        catch (ClusterException e)
        {
            throw new TargetUnavailableException(e.Message, e);
        }
    }

    public async Task<bool> IsGoneAsync(string app, CancellationToken cancellation)
    {
        try
        {
            return await client.CountAsync(app, cancellation) is null;
        }
        catch (ClusterException e)
        {
            throw new TargetUnavailableException(e.Message, e);
        }
    }

    public async Task<ScaleResult> ScaleAsync(ScaleRequest request, CancellationToken cancellation)
    {
        try
        {
            var changed = await client.SetCountAsync(
                new CountChange(request.App, request.Count, request.Seen, request.Policy, request.Reason), cancellation);
            return new ScaleResult(ScaleStatus.Applied, changed.Warning, changed.Deployment);
        }
        catch (ClusterException e)
        {
            return e.Fault switch
            {
                ClusterFault.Conflict => new ScaleResult(ScaleStatus.Locked, e.Message),
                ClusterFault.NotFound => new ScaleResult(ScaleStatus.NotFound, e.Message),
                ClusterFault.Outdated => new ScaleResult(ScaleStatus.Outdated, e.Message),
                ClusterFault.Refused => new ScaleResult(ScaleStatus.Refused, e.Message),
                _ => await SettleAsync(request, e.Message, cancellation),
            };
        }
    }

    private async Task<ScaleResult> SettleAsync(ScaleRequest request, string problem, CancellationToken cancellation)
    {
        try
        {
            return await client.CountAsync(request.App, cancellation) is { } found
                ? request.Settle(found, problem)
                : new ScaleResult(ScaleStatus.NotFound, "the app is gone");
        }
        catch (ClusterException)
        {
            return new ScaleResult(ScaleStatus.Unavailable, problem);
        }
    }

    private static ScalableApp ToApp(Workload workload) => new()
    {
        Id = workload.Id,
        Identity = workload.Identity,
        HasLastingIdentity = workload.Identity is not null,
        Labels = workload.Labels,
        Instances = workload.Instances,
        Running = workload.Running,
        Healthy = workload.Healthy,
        Staged = workload.Staged,
        Deploying = workload.Deploying,
        Deleting = workload.Deleting,
    };
}
