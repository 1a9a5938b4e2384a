using LifecycleManager.Decisions.Schedules;

namespace LifecycleManager.Manager.Scheduling;

/// <summary>
/// Schedules that people have added, as they were read before: a manager that takes over need not read all of them again. For any
/// thread.
/// </summary>
internal sealed class ScheduleCache(ReadSchedule read)
{
    private volatile Dictionary<string, (string Text, ScalingSchedule Schedule)> _known = new(StringComparer.Ordinal);

    /// <summary>What a schedule says, or why it cannot be read.</summary>
    public (ScalingSchedule? Schedule, string? Problem) Read(AddedSchedule added) =>
        _known.TryGetValue(added.Name, out var known) && known.Text == added.Text ? (known.Schedule, null)
            : read(SourceOf(added.Name), added.Text);

    /// <summary>What a text says that somebody has sent.</summary>
    public (ScalingSchedule? Schedule, string? Problem) Read(string text) => read("the schedule", text);

    /// <summary>Keeps these, and no others.</summary>
    public void Keep(IReadOnlyCollection<AddedSchedule> all)
    {
        var known = new Dictionary<string, (string, ScalingSchedule)>(all.Count, StringComparer.Ordinal);
        foreach (var added in all)
        {
            if (Read(added).Schedule is { } schedule) known[added.Name] = (added.Text, schedule);
        }

        _known = known;
    }

    private static string SourceOf(string name) => $"schedule {name}";
}
