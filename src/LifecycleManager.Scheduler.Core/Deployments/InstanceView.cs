using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Deployments;

/// <summary>What a decision has to know of an instance.</summary>
/// <param name="TaskId">The task.</param>
/// <param name="IsNew">It runs what is wanted, and stays where it is.</param>
/// <param name="IsActive">It counts: it is not meant to end, and not given up as unreachable.</param>
/// <param name="Occupies">It uses resources, or may.</param>
/// <param name="IsUp">It runs, passes all its checks and is ready.</param>
/// <param name="IsExpendable">Ending it takes no capacity away: it is not running, or known to be unhealthy.</param>
/// <param name="Rank">The order of ending it among its like: lower ends first.</param>
/// <param name="Staged">When it was launched.</param>
/// <param name="Group">Where it is, for those constraints that spread: instances of fuller groups end first.</param>
internal readonly record struct InstanceView(
    string TaskId, bool IsNew, bool IsActive, bool Occupies, bool IsUp, bool IsExpendable, int Rank, ClockReading Staged,
    string? Group)
{
    /// <summary>Sees an instance of the version <paramref name="own"/> against the configuration that is wanted.</summary>
    /// <param name="instance">The instance.</param>
    /// <param name="own">The definition that it runs; null where that is not known.</param>
    /// <param name="wantedConfig">The configuration that is wanted.</param>
    /// <param name="presumeHealthy">Take one for healthy whose checks have not been answered.</param>
    public static InstanceView Of(Instance instance, AppDefinition? own, DateTimeOffset wantedConfig, bool presumeHealthy = false)
    {
        var running = instance.State == InstanceState.Running;
        var healthy = own is null || own.HealthChecks.Count == 0 || (instance.Healthy ?? presumeHealthy);
        return new InstanceView(
            instance.TaskId,
            instance.ConfigVersion == wantedConfig && !instance.Moves,
            instance.IsActive,
            !instance.State.IsUnreachable() || (instance.Goal == InstanceGoal.Running
                && instance.State == InstanceState.Unreachable),
            running && instance.Goal == InstanceGoal.Running && healthy && instance.Ready,
            !running || instance.Healthy == false,
            RankOf(instance, healthy),
            instance.Staged,
            GroupOf(instance, own));
    }

    private static int RankOf(Instance instance, bool healthy) => instance.State switch
    {
        InstanceState.Unreachable or InstanceState.UnreachableInactive => 0,
        InstanceState.Provisioned or InstanceState.Staging or InstanceState.Starting => 2,
        _ when instance.Healthy == false => 1,
        _ when !healthy || !instance.Ready => 3,
        _ => 4,
    };

    private static string? GroupOf(Instance instance, AppDefinition? own)
    {
        var spreading = own?.Constraints.FirstOrDefault(
            constraint => constraint.Operator is ConstraintOperator.GroupBy or ConstraintOperator.MaxPer);
        return spreading?.Field switch
        {
            null => null,
            "hostname" or "@hostname" => instance.Host,
            "@region" => instance.Region,
            "@zone" => instance.Zone,
            var field => instance.Attributes.GetValueOrDefault(field),
        };
    }
}
