using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions.Pods;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>A group on the wire, with its definitions alone.</summary>
internal static class GroupNotation
{
    /// <summary>Writes a group and all below it.</summary>
    public static Group Shown(GroupDefinition group) => new()
    {
        Id = group.Id.Path,
        Version = Timestamps.Write(group.Version),
        Dependencies = [.. group.Dependencies.Select(dependency => dependency.Path)],
        Apps = [.. group.Apps.Where(app => !app.IsPod).Select(app => app.Wire)],
        Pods = [.. group.Apps.Where(app => app.IsPod).Select(PodNotation.Shown)],
        Groups = [.. group.Groups.Select(Shown)],
    };
}
