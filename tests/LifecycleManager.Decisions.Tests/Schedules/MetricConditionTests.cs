using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Schedules;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tests.Schedules;

/// <summary>A condition holds only where it is known to.</summary>
public sealed class MetricConditionTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 30, 22, 30, 0, TimeSpan.Zero);
    private readonly FakeMetrics _metrics = new();

    [Theory]
    [InlineData(0.0, true)]
    [InlineData(3.0, false)]
    [InlineData(null, null)]
    [InlineData(double.NaN, null)]
    public void A_metric_decides_it_where_it_is_there(double? queue, bool? holds)
    {
        if (queue is { } value) _metrics["jobs"] = value;
        Assert.Equal(holds, Holds("queue == 0"));
    }

    [Theory]
    [InlineData("max(load) > 5", true)]
    [InlineData("max(load) > 8", null)]
    [InlineData("max(load) < 5", false)]
    [InlineData("min(load) < 9", true)]
    [InlineData("load > 5", null)]
    [InlineData("p90(load) > 9", null)]
    [InlineData("p50(load) > 6", true)]
    public void A_silent_instance_may_be_anything(string condition, bool? holds)
    {
        _metrics.Instances("load", (8, true), (8, true), (double.NaN, true));
        Assert.Equal(holds, Holds(condition));
    }

    [Fact]
    public void What_is_idle_is_zero_load()
    {
        _metrics.Absent("load", Absence.Idle);
        Assert.True(Holds("load == 0"));
        _metrics.Absent("load", Absence.Missing);
        Assert.Null(Holds("load == 0"));
        Assert.True(Holds("load == 0 or healthy == 3"));
        Assert.False(Holds("load == 0 and healthy == 4"));
    }

    [Theory]
    [InlineData("instances == 5 and healthy == 3 and staged == 2", true)]
    [InlineData("time >= 23:30 and time < 23:31", true)]
    [InlineData("time < 12:00", false)]
    public void Facts_are_those_of_the_app_and_of_the_local_time(string condition, bool holds) =>
        Assert.Equal(holds, Holds(condition));

    [Fact]
    public void Each_metric_is_demanded_once_with_the_labels_of_the_app()
    {
        var labels = new Dictionary<string, string> { ["team"] = "batch" };
        var demands = Condition("queue == 0 and max(load) < 5 and queue < 3").Demands(new AppRef("/a", labels)).ToList();
        Assert.Equal(["/a jobs", "/a load"], demands.Select(demand => $"{demand.App} {demand.Query.Selector}"));
        Assert.All(demands, demand => Assert.Same(labels, demand.Labels));
    }

    private bool? Holds(string condition) => Condition(condition).Holds(new AppFacts("/a", 5, 3, 2, false, Now), _metrics);

    private static ScheduleCondition Condition(string condition)
    {
        var (job, problems) = ScheduleParser.Parse("f", $$"""
            name: n
            app: /a
            cron: 0 0 1 * * ?
            zone: Europe/Berlin
            instances: 1
            for: 1h
            metrics: { queue: { pushed: jobs }, load: { prometheus: load } }
            until: {{condition}}
            """);
        Assert.DoesNotContain(problems, problem => problem.Severity == PolicySeverity.Error);
        return job!.End!.Until!;
    }
}
