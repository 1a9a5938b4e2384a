namespace LifecycleManager.Scheduler.Core.Placement;

/// <summary>Why an offer does not fit, in Marathon's words and in its order of checks.</summary>
[Flags]
internal enum RefusalReasons
{
    /// <summary>It fits.</summary>
    None = 0,

    /// <summary>No resources of an accepted role.</summary>
    UnfulfilledRole = 1 << 0,

    /// <summary>A constraint refuses the agent.</summary>
    UnfulfilledConstraint = 1 << 1,

    /// <summary>The agent cannot run what the app is: it has no Docker engine.</summary>
    UnfulfilledContainerizer = 1 << 2,

    /// <summary>Not enough cpus.</summary>
    InsufficientCpus = 1 << 3,

    /// <summary>Not enough memory.</summary>
    InsufficientMemory = 1 << 4,

    /// <summary>Not enough disk.</summary>
    InsufficientDisk = 1 << 5,

    /// <summary>Not enough gpus.</summary>
    InsufficientGpus = 1 << 6,

    /// <summary>A wanted port is not free, or too few are.</summary>
    InsufficientPorts = 1 << 7,
}

/// <summary>Reasons as lists and counts.</summary>
internal static class Refusals
{
    /// <summary>All single reasons in Marathon's order of checks.</summary>
    public static readonly IReadOnlyList<RefusalReasons> Order =
        [.. Enum.GetValues<RefusalReasons>().Where(reason => reason != RefusalReasons.None)];

    /// <summary>The single reasons of a set.</summary>
    public static IReadOnlyList<RefusalReasons> Each(this RefusalReasons reasons) =>
        [.. Order.Where(reason => (reasons & reason) != 0)];

    /// <summary>The first reason in the order of checks.</summary>
    public static int FirstIndex(this RefusalReasons reasons) => System.Numerics.BitOperations.TrailingZeroCount((int)reasons);
}
