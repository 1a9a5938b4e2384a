using LifecycleManager.Decisions;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Schedules;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Manager.Tests.Fakes;

/// <summary>Scheduled jobs as a rule file would have them.</summary>
internal static class Jobs
{
    public const string File = "jobs.yml";

    /// <summary>A job that sets an exact count.</summary>
    public static ScalingSchedule Set(string name, string app, int count, Recurrence when, ScheduleEnd? end = null) =>
        Of(name, app, new ScheduledCount(count), when, end);

    public static ScalingSchedule Of(string name, string app, ScheduledCount count, Recurrence when, ScheduleEnd? end = null) =>
        new()
        {
            Name = name,
            Place = new SourcePlace(File, 1, 1),
            App = new AppSelector { Ids = [app] },
            When = when,
            Count = count,
            End = end,
            Digest = $"{name} {app} {count} {when}",
        };

    /// <summary>A window of so many minutes.</summary>
    public static ScheduleEnd For(double minutes, int? then = null, ScheduleCondition? until = null) =>
        new(until, null, TimeSpan.FromMinutes(minutes), then);

    /// <summary>Has the manager under test follow these jobs of files.</summary>
    public static async Task UseJobsAsync(this TermUnderTest term, params IReadOnlyList<ScalingSchedule> jobs)
    {
        term.Policies = term.Policies with { Jobs = jobs };
        await term.TickAsync(0);
    }
}

/// <summary>Fire times one by one.</summary>
internal sealed class Times(params IReadOnlyList<DateTimeOffset> times) : Recurrence
{
    public override string Text => string.Join(", ", times);

    public override DateTimeOffset? Next(DateTimeOffset after) =>
        times.Where(time => time > after).Cast<DateTimeOffset?>().FirstOrDefault();
}

/// <summary>Fire times at each full period of the clock.</summary>
internal sealed class Every(TimeSpan period) : Recurrence
{
    public override string Text => $"every {period}";

    public override DateTimeOffset? Next(DateTimeOffset after) =>
        new DateTimeOffset((after.UtcTicks / period.Ticks * period.Ticks) + period.Ticks, TimeSpan.Zero);
}

/// <summary>A gauge of the app's that is zero.</summary>
internal sealed class IsZero(string gauge) : ScheduleCondition
{
    private readonly MetricQuery _query = new() { Source = MetricSource.Actuator, Selector = gauge };

    public override string Text => $"{gauge} == 0";

    public override IEnumerable<MetricDemand> Demands(AppRef app) => [new MetricDemand(app.Id, _query)];

    public override bool? Holds(in AppFacts facts, IMetricReader metrics) =>
        metrics.Read(facts.App, _query, facts.Now) is { IsKnown: true } reading ? reading.Value == 0 : null;
}
