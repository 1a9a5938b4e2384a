using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Labels;

namespace LifecycleManager.Scheduler.Core.Deployments;

/// <summary>
/// A whole new version (green) beside the one that serves (blue): it takes twice the room, and in return the change and the way
/// back are one moment each.
/// </summary>
internal static class BlueGreen
{
    /// <summary>The stages.</summary>
    public static IReadOnlyList<RolloutStep> Stages(BlueGreenOptions options) =>
    [
        new(new RolloutStage(RolloutKind.Green), new StepPause(options.SwitchesItself ? options.Verify : null)),
        new(new RolloutStage(RolloutKind.Switched), options.Keep > TimeSpan.Zero ? new StepPause(options.Keep) : null),
    ];

    /// <summary>Decides, until the switch is over.</summary>
    /// <param name="count">The wanted count of green.</param>
    /// <param name="blue">The count that blue is kept at; null to leave it as it is.</param>
    /// <param name="selection">The app's kill selection.</param>
    /// <param name="instances">All of its instances.</param>
    public static AppDecision Decide(int count, int? blue, KillSelection selection, IReadOnlyCollection<InstanceView> instances)
    {
        var oldOnes = instances.Where(view => view is { IsActive: true, IsNew: false }).ToList();
        var newOnes = instances.Where(view => view is { IsActive: true, IsNew: true }).ToList();
        var kill = KillOrder.Choose(newOnes, newOnes.Count - count, selection)
            .Concat(KillOrder.Choose(oldOnes, oldOnes.Count - (blue ?? int.MaxValue), selection))
            .Select(view => view.TaskId).ToList();
        var complete = kill.Count == 0 && newOnes.Count == count && newOnes.All(view => view.IsUp);
        return new AppDecision(Math.Max(0, count - newOnes.Count), kill, complete)
        {
            LaunchOld = Math.Max(0, (blue ?? 0) - oldOnes.Count),
        };
    }
}

/// <summary>How a blue-green deployment goes.</summary>
/// <param name="App">The app.</param>
internal sealed record BlueGreenOptions(AppId App)
{
    /// <summary>Switches by itself once green has been healthy for <see cref="Verify"/>; else it waits for a word.</summary>
    public bool SwitchesItself { get; init; } = true;

    /// <summary>How long green must be healthy before it switches by itself.</summary>
    public TimeSpan Verify { get; init; }

    /// <summary>How long blue is kept after the switch, to go back to.</summary>
    public TimeSpan Keep { get; init; }

    /// <summary>
    /// Green that is not healthy within this time is given up; null: as the label <c>lcm.rollback.after</c> says.
    /// </summary>
    public TimeSpan? AbortAfter { get; init; }
}
