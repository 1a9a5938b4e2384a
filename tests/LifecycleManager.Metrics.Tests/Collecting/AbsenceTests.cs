using LifecycleManager.Metrics.Core.Queries;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Metrics.Tests.Collecting;

/// <summary>
/// No value has many causes; one of them is that what should tell it does not answer, and no other is taken for it.
/// </summary>
public sealed class AbsenceTests
{
    private static readonly MetricQuery Load = new()
    {
        Source = MetricSource.Prometheus,
        Selector = "load",
        Across = Aggregation.Sum
    };

    private static readonly MetricQuery P95 = new()
    {
        Source = MetricSource.Histogram,
        Selector = "http_server_requests_seconds{uri=\"/\"}",
        Quantile = 0.95,
        Across = Aggregation.Avg,
        Window = TimeSpan.FromSeconds(2),
    };

    // As Spring Boot shows a timer that publishes a histogram.
    private static string Requests(int count) => $$"""
        # TYPE http_server_requests_seconds histogram
        http_server_requests_seconds_bucket{method="GET",uri="/",le="0.05"} {{count}}
        http_server_requests_seconds_bucket{method="GET",uri="/",le="+Inf"} {{count}}
        http_server_requests_seconds_count{method="GET",uri="/"} {{count}}
        http_server_requests_seconds_sum{method="GET",uri="/"} {{count * 0.01}}

        """;

    [Fact]
    public async Task A_burst_that_is_over_leaves_nothing_to_tell_and_no_source_silent()
    {
        var (count, calls) = (0, true);
        await using var boot = await HttpServer.StartAsync(context =>
        {
            context.Response.ContentType = "text/plain; version=0.0.4";
            return context.Response.WriteAsync(Requests(calls ? count += 3 : count));
        });
        await using var scheduler = (await FakeScheduler.StartAsync()).App("/a").Task("/a", "one", boot.Port);
        await using var collector = await CollectorUnderTest.StartAsync(scheduler,
            options => options with { Staleness = TimeSpan.FromSeconds(1) });
        collector.Demand(("/a", P95));
        await collector.ReadAsync("/a", P95);

        calls = false;
        var idle = await collector.ReadAsync("/a", P95, reading =>
            reading.Missing?.Contains("no observation", StringComparison.Ordinal) == true);
        Assert.Equal(SourceState.Answers, idle.Source);
    }

    [Fact]
    public async Task A_source_that_stops_to_answer_is_silent_once_its_last_word_is_stale()
    {
        var isDown = false;
        await using var server = await HttpServer.StartAsync(context =>
        {
            context.Response.StatusCode = isDown ? 503 : 200;
            context.Response.ContentType = "text/plain; version=0.0.4";
            return context.Response.WriteAsync("load 1\n");
        });
        await using var scheduler = (await FakeScheduler.StartAsync()).App("/a").Task("/a", "one", server.Port);
        await using var collector = await CollectorUnderTest.StartAsync(scheduler,
            options => options with { Staleness = TimeSpan.FromSeconds(1) });
        collector.Demand(("/a", Load));
        Assert.Equal(SourceState.Answers, (await collector.ReadAsync("/a", Load)).Source);

        isDown = true;
        Assert.False((await collector.ReadAsync("/a", Load, reading => reading.Source == SourceState.Silent)).IsKnown);

        isDown = false;
        Assert.Equal(SourceState.Answers, (await collector.ReadAsync("/a", Load)).Source);
    }

    [Fact]
    public async Task Nothing_that_is_not_there_yet_or_not_there_any_more_is_silent()
    {
        await using var server = await HttpServer.StartAsync("text/plain; version=0.0.4",
            new() { ["/metrics"] = "other 1\nload NaN\n" });
        await using var scheduler = (await FakeScheduler.StartAsync()).App("/a").App("/suspended").Task("/a", "one", server.Port);
        await using var collector = await CollectorUnderTest.StartAsync(scheduler);
        void Is(SourceState source, string app, MetricQuery query)
        {
            var reading = collector.Collector.Read(app, query, DateTimeOffset.UtcNow);
            Assert.Equal((false, source), (reading.IsKnown, reading.Source));
        }

        // A policy that has just been loaded, for an app that is known and one that is not.
        Is(SourceState.Unasked, "/a", Load);
        Is(SourceState.Unasked, "/gone", Load);
        var (none, few) = (Load with { Selector = "renamed" },
            Load with { Selector = "other", Function = WindowFunction.Rate, Window = TimeSpan.FromMilliseconds(1) });
        collector.Demand(("/a", Load), ("/a", none), ("/a", few), ("/a", P95), ("/suspended", Load));
        await collector.TargetAsync(target => target is { App: "/a", State: "up" });
        Is(SourceState.Answers, "/a", Load);
        Is(SourceState.Answers, "/a", none);
        Is(SourceState.Answers, "/a", few);
        Is(SourceState.Answers, "/a", P95);
        Is(SourceState.Unasked, "/suspended", Load);

        // Scaled to nothing by hand.
        scheduler.RemoveTask("one");
        scheduler.Announce();
        await collector.ReadAsync("/a", none, reading => reading.Instances == 0);
        Is(SourceState.Unasked, "/a", none);
    }

    [Fact]
    public async Task One_instance_that_answers_shows_that_the_app_is_not_cut_off()
    {
        await using var up = await HttpServer.StartAsync("text/plain; version=0.0.4", new() { ["/metrics"] = "other 1\n" });
        await using var down = await HttpServer.StartAsync(context =>
        {
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        });
        await using var scheduler = (await FakeScheduler.StartAsync()).App("/a").Task("/a", "one", down.Port);
        await using var collector = await CollectorUnderTest.StartAsync(scheduler);
        collector.Demand(("/a", Load));
        await collector.TargetAsync(target => target.State == "down");
        Assert.Equal(SourceState.Silent, collector.Collector.Read("/a", Load, DateTimeOffset.UtcNow).Source);

        scheduler.Task("/a", "two", up.Port).Announce();
        await collector.TargetAsync(target => target.State == "up");
        Assert.Equal(SourceState.Answers, (await collector.ReadAsync("/a", Load, reading => reading.Instances == 2)).Source);
    }
}
