using LifecycleManager.Scheduler.Core.Instances;

namespace LifecycleManager.Scheduler.Core.Inputs;

/// <summary>How to end instances.</summary>
/// <param name="Scale">Lower the count of the apps by the instances that end.</param>
/// <param name="Wipe">Forget unreachable instances at once.</param>
/// <param name="Force">
/// End them at once, without draining; with <paramref name="Scale"/>, cancel deployments that are in the way too.
/// </param>
internal sealed record KillOptions(bool Scale = false, bool Wipe = false, bool Force = false);

/// <summary>What a kill did.</summary>
/// <param name="Instances">The instances that end, as they were before.</param>
/// <param name="Deployment">With scale: the deployment.</param>
internal sealed record KillReceipt(IReadOnlyList<Instance> Instances, DeploymentReceipt? Deployment);
