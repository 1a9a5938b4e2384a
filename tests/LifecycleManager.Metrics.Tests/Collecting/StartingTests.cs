using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Targets;

namespace LifecycleManager.Metrics.Tests.Collecting;

/// <summary>What an instance does while it starts is no load to grow by; how long that is, is stated or learnt.</summary>
public sealed class StartingTests
{
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(10);

    private static (int, double)[][] One(params (int, double)[] samples) => [samples];

    private static MetricQuery Query(Aggregation across, WindowFunction function = WindowFunction.Last, int window = 0) => new()
    {
        Source = MetricSource.Prometheus,
        Selector = "process_cpu_usage",
        Across = across,
        Function = function,
        Window = TimeSpan.FromSeconds(window),
    };

    [Theory]
    // Two at 0.2 and 0.4, one that starts at 0.9: value, and the least for growth.
    [InlineData(Aggregation.Avg, 0.3, 0.2)]
    [InlineData(Aggregation.Min, 0.2, 0)]
    [InlineData(Aggregation.Max, 0.9, 0.4)]
    [InlineData(Aggregation.Sum, 1.5, 0.6)]
    [InlineData(Aggregation.Count, 3, 2)]
    public void What_starts_is_left_out_or_load_and_nothing_for_growth(Aggregation across, double value, double floor)
    {
        var reading = ReadTests.Read(Query(across), Starts(2), [One((5, 0.2)), One((5, 0.4)), One((5, 0.9))]);
        Assert.Equal(value, reading.Value, 1e-9);
        Assert.Equal(value, reading.Range.Point, 1e-9);
        Assert.Equal(floor, reading.Floor, 1e-9);
        var none = ReadTests.Read(Query(across), Starts(2), [One((5, 0.2)), One((5, 0.4)), One()]);
        Assert.Equal(0, none.Silent);
        Assert.Equal(floor, none.Floor, 1e-9);
    }

    [Theory]
    [InlineData(Aggregation.Avg)]
    [InlineData(Aggregation.Sum)]
    public void While_all_start_nothing_is_known_and_nothing_is_missing(Aggregation across)
    {
        var reading = ReadTests.Read(Query(across), Starts(0), [One((5, 0.9))]);
        Assert.Equal((false, Absence.Starting, "i0: it starts"), (reading.IsKnown, reading.Absence, reading.Missing));
        // One that should report and does not is missing, whatever the others do.
        Assert.Equal(Absence.Missing, ReadTests.Read(Query(across), Starts(0), [One((5, 0.9)), One()]).Absence);
    }

    [Theory]
    // The start was over 20 s ago; before it, all of the cpu.
    [InlineData(WindowFunction.Avg, "30:1 25:1 10:0.1 5:0.1", 0.1, Absence.None)]
    [InlineData(WindowFunction.Max, "30:1 25:1 10:0.1 5:0.1", 0.1, Absence.None)]
    [InlineData(WindowFunction.Rate, "30:0 25:5 15:15 5:15", 0, Absence.None)]
    [InlineData(WindowFunction.Avg, "30:1 25:1", 1, Absence.Starting)]
    [InlineData(WindowFunction.Rate, "30:0 25:5 15:15", 0, Absence.Starting)]
    public void A_window_begins_with_the_end_of_the_start(WindowFunction function, string samples, double value, Absence absence)
    {
        var reading = ReadTests.Read(Query(Aggregation.Avg, function, 60),
            (_, target) => target with { Started = ReadTests.Now.AddSeconds(-30) },
            [One([.. samples.Split(' ').Select(sample => sample.Split(':'))
                .Select(pair => ((int)Number(pair[0]), Number(pair[1])))])]);
        Assert.Equal(absence, reading.Absence);
        if (absence == Absence.None) Assert.Equal(value, reading.Value, 1e-9);

        static double Number(string text) => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public void An_instance_starts_until_it_was_healthy_once()
    {
        Func<int, Target, Target> late = (_, target) => target with
        {
            Started = ReadTests.Now.AddSeconds(-60),
            FirstHealthy = ReadTests.Now.AddSeconds(-8),
            IsChecked = true,
        };
        Assert.Equal(0.1, ReadTests.Read(Query(Aggregation.Avg, WindowFunction.Avg, 60), late,
            [One((20, 1), (10, 1), (5, 0.1))]).Value, 1e-9);
    }

    [Fact]
    public void The_time_of_a_start_is_stated_or_learnt_or_the_usual_one()
    {
        var times = new StartupTimes();
        Assert.Equal(new StartupTime(Usual, StartupSource.Usual, 0), times.Of(Usual));
        for (var i = 1; i <= 9; i++) times.Learn(TimeSpan.FromSeconds(20 + i));
        Assert.Equal(new StartupTime(TimeSpan.FromSeconds(29), StartupSource.Learnt, 9), times.Of(Usual));

        // One that hung says nothing of the others, nor does a clock that was set back.
        times.Learn(TimeSpan.FromSeconds(500));
        Assert.Equal(new StartupTime(TimeSpan.FromSeconds(29), StartupSource.Learnt, 10), times.Of(Usual));
        times.Learn(TimeSpan.FromMinutes(11));
        times.Learn(TimeSpan.FromSeconds(-1));
        Assert.Equal(10, times.Of(Usual).Starts);

        // The last twenty count.
        for (var i = 0; i < 20; i++) times.Learn(TimeSpan.FromSeconds(5));
        Assert.Equal(new StartupTime(TimeSpan.FromSeconds(5), StartupSource.Learnt, 20), times.Of(Usual));
        times.Say(policy: null, label: TimeSpan.FromSeconds(40));
        Assert.Equal(new StartupTime(TimeSpan.FromSeconds(40), StartupSource.Label, 20), times.Of(Usual));
        times.Say(policy: TimeSpan.Zero, label: TimeSpan.FromSeconds(40));
        Assert.Equal(new StartupTime(TimeSpan.Zero, StartupSource.Policy, 20), times.Of(Usual));
    }

    [Fact]
    public async Task What_runs_already_teaches_how_long_a_start_takes_and_the_policy_knows_better()
    {
        await using var server = await HttpServer.StartAsync("text/plain; version=0.0.4", new() { ["/metrics"] = "m 1\n" });
        await using var scheduler = await FakeScheduler.StartAsync();
        var started = DateTimeOffset.UtcNow.AddHours(-1);
        scheduler.App("/a", checks: true)
            .Task("/a", "one", server.Port, alive: true, started: started, healthy: started.AddSeconds(22))
            .Task("/a", "two", server.Port, alive: true, started: started, healthy: started.AddSeconds(25));
        await using var collector = await CollectorUnderTest.StartAsync(scheduler);
        var query = new MetricQuery { Source = MetricSource.Prometheus, Selector = "m" };
        Assert.Null(collector.Collector.Startup("/a"));
        collector.Demand(("/a", query));
        await collector.ReadAsync("/a", query, reading => reading.Reporting == 2);
        Assert.Equal(new StartupTime(TimeSpan.FromSeconds(25), StartupSource.Learnt, 2), collector.Collector.Startup("/a"));

        collector.Collector.Demand([new MetricDemand("/a", query) { Startup = TimeSpan.FromMinutes(2) }]);
        await Eventually.TrueAsync(
            () => collector.Collector.Startup("/a") is { Source: StartupSource.Policy, Time.TotalMinutes: 2 },
            "the policy's word");
    }

    [Fact]
    public async Task Where_nobody_checks_the_health_a_start_is_over_with_the_first_answer()
    {
        var isUp = false;
        await using var server = await HttpServer.StartAsync(context =>
        {
            context.Response.StatusCode = isUp ? 200 : 503;
            context.Response.ContentType = "text/plain; version=0.0.4";
            return Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(context.Response, isUp ? "m 1\n" : "");
        });
        await using var scheduler = (await FakeScheduler.StartAsync()).App("/a")
            .Task("/a", "one", server.Port, started: DateTimeOffset.UtcNow.AddSeconds(-30));
        await using var collector = await CollectorUnderTest.StartAsync(scheduler);
        collector.Demand(("/a", new MetricQuery { Source = MetricSource.Prometheus, Selector = "m" }));
        await collector.TargetAsync(target => target.State == "down");
        Assert.Equal(StartupSource.Usual, collector.Collector.Startup("/a")!.Value.Source);
        isUp = true;
        await Eventually.TrueAsync(() => collector.Collector.Startup("/a")!.Value.Starts == 1, "the start is learnt");
        Assert.InRange(collector.Collector.Startup("/a")!.Value.Time.TotalSeconds, 30, 300);
    }

    private static Func<int, Target, Target> Starts(int instance) => (i, target) =>
        i == instance ? target with { Started = ReadTests.Now.AddSeconds(-9) } : target;
}
