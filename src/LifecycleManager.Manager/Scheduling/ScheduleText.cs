using LifecycleManager.Decisions.Schedules;

namespace LifecycleManager.Manager.Scheduling;

/// <summary>Reads schedules as people write them.</summary>
internal static class ScheduleText
{
    /// <inheritdoc cref="ReadSchedule"/>
    public static (ScalingSchedule? Schedule, string? Problem) Read(string source, string text) =>
        (null, $"{source} cannot be read yet: {text.Length}");
}
