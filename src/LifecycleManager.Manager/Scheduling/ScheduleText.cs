using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Schedules;

namespace LifecycleManager.Manager.Scheduling;

/// <summary>Reads schedules as people write them.</summary>
internal static class ScheduleText
{
    private const int MostNamed = 5;

    /// <summary>Reads them; as dry runs, whatever they say, where these are wanted.</summary>
    public static ReadSchedule Reader(bool dryRun) => (source, text) =>
    {
        var (schedule, problem) = Read(source, text);
        return (dryRun && schedule is not null ? schedule with { DryRun = true } : schedule, problem);
    };

    /// <inheritdoc cref="ReadSchedule"/>
    public static (ScalingSchedule? Schedule, string? Problem) Read(string source, string text)
    {
        var (schedule, problems) = ScheduleParser.Parse(source, text);
        if (schedule is not null) return (schedule, null);
        var errors = problems.Where(problem => problem.Severity == PolicySeverity.Error).Take(MostNamed).Select(problem =>
            problem.ToString() + (problem.Suggestion is { } suggestion ? $" ({suggestion})" : ""));
        return (null, string.Join("; ", errors) is { Length: > 0 } all ? all : $"{source} is no schedule");
    }
}
