using LifecycleManager.Scheduler.Definitions;

namespace LifecycleManager.Scheduler.State;

/// <summary>An app at one version, with when it was last scaled and changed.</summary>
/// <param name="Definition">The definition.</param>
/// <param name="LastScalingAt">The version that last changed the count.</param>
/// <param name="LastConfigChangeAt">The version that last changed anything else.</param>
internal sealed record AppRecord(AppDefinition Definition, DateTimeOffset LastScalingAt, DateTimeOffset LastConfigChangeAt)
{
    /// <summary>The policy that owns the count.</summary>
    public string? CountOwner { get; init; }

    /// <summary>The stored versions, newest first, this one included.</summary>
    public IReadOnlyList<DateTimeOffset> Versions { get; init; } = [];
}
