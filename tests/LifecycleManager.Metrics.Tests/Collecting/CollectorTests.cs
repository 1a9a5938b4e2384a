using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Sources;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Metrics.Tests.Collecting;

public sealed class CollectorTests
{
    private static readonly MetricQuery Load =
        new() { Source = MetricSource.Prometheus, Selector = "load", Across = Aggregation.Sum };

    private static Task<HttpServer> TextAsync(string body) =>
        HttpServer.StartAsync("text/plain; version=0.0.4", new() { ["/metrics"] = body });

    [Fact]
    public async Task Joins_instances_as_they_come_and_go_within_an_event_s_time()
    {
        await using var first = await TextAsync("load 1\n");
        await using var second = await TextAsync("load{a=\"x\"} 2\nload{a=\"y\"} 3\n");
        await using var scheduler = (await FakeScheduler.StartAsync()).App("/a").Task("/a", "one", first.Port)
            .Task("/a", "staged", 1, "TASK_STAGING");
        // Polls alone would be far too rare.
        await using var collector = await CollectorUnderTest.StartAsync(scheduler, options =>
            options with { DiscoveryInterval = TimeSpan.FromMinutes(10) });
        var (avg, min, max, count) = (Load with { Across = Aggregation.Avg }, Load with { Across = Aggregation.Min },
            Load with { Across = Aggregation.Max }, Load with { Across = Aggregation.Count });
        collector.Demand(("/a", Load), ("/a", avg), ("/a", min), ("/a", max), ("/a", count));
        Assert.Equal(1, (await collector.ReadAsync("/a", Load, reading => reading.IsKnown)).Instances);

        scheduler.Task("/a", "two", second.Port).Announce();
        var both = await collector.ReadAsync("/a", Load, reading => reading.Reporting == 2);
        Assert.Equal((6, 2), (both.Value, both.Instances));
        double Read(MetricQuery query) => collector.Collector.Read("/a", query, DateTimeOffset.UtcNow).Value;
        Assert.Equal((3, 1, 5, 2), (Read(avg), Read(min), Read(max), Read(count)));
        bool Shows(string line) =>
            collector.Http.GetStringAsync("/metrics").Result.Contains(line + "\n", StringComparison.Ordinal);
        await collector.ReadAsync("/a", Load, _ => Shows("lcm_metrics_app_targets{app=\"/a\"} 2")
            && Shows("lcm_metrics_app_targets_up{app=\"/a\"} 2"));

        // One that was deposed goes on collecting, and shows no app.
        var leads = false;
        collector.Collector.ShowAppsWhile(() => leads);
        Assert.False(Shows("lcm_metrics_app_targets{app=\"/a\"} 2"));
        leads = true;
        Assert.True(Shows("lcm_metrics_app_targets{app=\"/a\"} 2"));

        scheduler.RemoveTask("one");
        scheduler.Announce();
        Assert.Equal(5, (await collector.ReadAsync("/a", Load, reading => reading.Instances == 1)).Value);
        collector.Demand();
        await collector.ReadAsync("/a", Load, _ => !Shows("lcm_metrics_app_targets{app=\"/a\"} 1")
            && !Shows("lcm_metrics_app_targets{app=\"/a\"} 2"));
    }

    [Fact]
    public async Task Keeps_the_last_targets_while_the_scheduler_is_away_and_says_so()
    {
        await using var server = await TextAsync("load 1\n");
        await using var scheduler = (await FakeScheduler.StartAsync()).App("/a").Task("/a", "one", server.Port);
        await using var collector = await CollectorUnderTest.StartAsync(scheduler, options =>
            options with { DiscoveryInterval = TimeSpan.FromMilliseconds(100) });
        collector.Demand(("/a", Load));
        await collector.ReadAsync("/a", Load);

        scheduler.Broken = true;
        scheduler.HangUp();
        await collector.TargetAsync(_ => !collector.TargetsAsync().Result.Scheduler!.Up);
        var seen = server.Requests.Count;
        await collector.TargetAsync(_ => server.Requests.Count > seen + 1);
        Assert.True(collector.Collector.Read("/a", Load, DateTimeOffset.UtcNow).IsKnown);
        Assert.Contains("500", (await collector.TargetsAsync()).Scheduler!.LastError, StringComparison.Ordinal);

        scheduler.Broken = false;
        await collector.TargetAsync(_ => collector.TargetsAsync().Result.Scheduler is { Up: true, FollowsEvents: true });
    }

    [Fact]
    public async Task Says_exactly_why_a_value_is_missing()
    {
        await using var server = await TextAsync("other 1\nlimited NaN\n");
        await using var scheduler = (await FakeScheduler.StartAsync()).App("/a").App("/empty").Task("/a", "one", server.Port);
        await using var collector = await CollectorUnderTest.StartAsync(scheduler);
        Assert.Equal("it is not collected yet", collector.Collector.Read("/a", Load, DateTimeOffset.UtcNow).Missing);
        MetricQuery broken = Load with { Selector = "load{a=b}" }, nan = Load with { Selector = "limited" },
            rate = Load with { Selector = "other", Function = WindowFunction.Rate },
            queue = new() { Source = MetricSource.PromQl, Selector = "up" },
            disk = new() { Source = MetricSource.Container, Selector = "disk" };
        collector.Demand(("/a", Load), ("/empty", Load), ("/gone", Load), ("/a", broken), ("/a", nan), ("/a", rate),
            ("/a", queue), ("/a", disk));

        async Task Missing(string app, MetricQuery query, string reason) => await collector.ReadAsync(
            app, query, reading => reading.Missing?.Contains(reason, StringComparison.Ordinal) == true);
        await Missing("/a", Load, $"one: no series at http://127.0.0.1:{server.Port}/metrics matches load");
        await Missing("/empty", Load, "no instance runs");
        await Missing("/gone", Load, "the scheduler has no app /gone");
        await Missing("/a", broken, "a quoted value is needed at character 8 of load{a=b}");
        await Missing("/a", nan, "the value is NaN");
        await Missing("/a", rate, "rate needs a window");
        await Missing("/a", queue, "no Prometheus server is configured");
        await Missing("/a", disk, "'disk' is not a container statistic: cpu, mem");
        Assert.Equal(1, collector.Collector.Read("/a", Load, DateTimeOffset.UtcNow).Instances);
    }

    [Fact]
    public async Task A_target_that_falls_silent_goes_stale_and_a_series_that_vanishes_is_gone_at_once()
    {
        var silent = false;
        var body = "load 1\nmore 2\n";
        await using var server = await HttpServer.StartAsync(async context =>
        {
            if (silent) context.Abort();
            context.Response.ContentType = "text/plain";
            await context.Response.WriteAsync(body);
        });
        await using var scheduler = (await FakeScheduler.StartAsync()).App("/a").Task("/a", "one", server.Port);
        await using var collector =
            await CollectorUnderTest.StartAsync(scheduler, options => options with { Staleness = TimeSpan.FromSeconds(3) });
        var more = Load with { Selector = "more", Window = TimeSpan.FromMinutes(1), Function = WindowFunction.Avg };
        collector.Demand(("/a", Load), ("/a", more));
        await collector.ReadAsync("/a", Load);
        await collector.ReadAsync("/a", more);

        body = "load 1\n";
        await collector.ReadAsync("/a", more, reading =>
            reading.Missing?.Contains("no series", StringComparison.Ordinal) == true);
        Assert.True(collector.Collector.Read("/a", Load, DateTimeOffset.UtcNow).IsKnown);

        silent = true;
        await collector.TargetAsync(target => target.State == "down");
        var reading = await collector.ReadAsync("/a", Load, reading => !reading.IsKnown);
        Assert.StartsWith("one: down: ", reading.Missing, StringComparison.Ordinal);

        silent = false;
        await collector.ReadAsync("/a", Load);
    }

    [Fact]
    public async Task An_instance_is_ready_when_it_is_healthy_and_past_its_start()
    {
        var now = DateTimeOffset.UtcNow;
        await using var server = await TextAsync("load 1\n");
        await using var scheduler = (await FakeScheduler.StartAsync()).App("/a", checks: true)
            .App("/b", new() { ["lcm.metrics.startup"] = "1h" })
            .Task("/a", "alive", server.Port, alive: true)
            .Task("/a", "sick", server.Port, alive: false)
            .Task("/a", "unknown", server.Port)
            .Task("/a", "young", server.Port, alive: true, started: now)
            .Task("/b", "slow", server.Port, started: now.AddMinutes(-30));
        await using var collector =
            await CollectorUnderTest.StartAsync(scheduler, options => options with { StartupTime = TimeSpan.FromMinutes(10) });
        collector.Demand(("/a", Load), ("/b", Load));
        // One is ready; what the others have is load all the same.
        await collector.ReadAsync("/a", Load, reading => reading is { Reporting: 1, Value: 4, Floor: 1 });

        var readings = new List<InstanceReading>();
        collector.Collector.ReadInstances("/a", Load, now, readings);
        collector.Collector.ReadInstances("/b", Load, now, readings);
        Assert.Equal(["alive", "sick", "unknown", "young", "slow"], readings.Select(reading => reading.InstanceId));
        Assert.Equal([true, false, false, false, false], readings.Select(reading => reading.Ready));
    }

    [Fact]
    public async Task Labels_choose_path_and_port_and_a_wrong_label_is_named()
    {
        await using var server = await HttpServer.StartAsync("text/plain", new() { ["/deep/prom"] = "load 7\n" });
        await using var scheduler = (await FakeScheduler.StartAsync())
            .App("/a", new() { ["lcm.metrics.path"] = "/deep/prom" }).Task("/a", "one", server.Port)
            .App("/b", new() { ["lcm.metrics.port"] = "1" }).Task("/b", "two", server.Port)
            .App("/c", new() { ["lcm.metrics.scheme"] = "ftp" }).Task("/c", "three", server.Port);
        await using var collector = await CollectorUnderTest.StartAsync(scheduler);
        collector.Demand(("/a", Load), ("/b", Load), ("/c", Load));
        Assert.Equal(7, (await collector.ReadAsync("/a", Load)).Value);
        await collector.ReadAsync("/b", Load, reading => reading.Missing == "two: down: two has 1 ports, none with the index 1");
        await collector.ReadAsync("/c", Load, reading =>
            reading.Missing == "three: down: label lcm.metrics.scheme: 'ftp' is neither http nor https");
    }

    [Fact]
    public async Task A_policy_chooses_path_port_and_credentials_before_labels_do()
    {
        await using var server = await HttpServer.StartAsync(async context =>
        {
            context.Response.StatusCode = context.Request.Path != "/deep/prom"
                ? 404 : context.Request.Headers.Authorization == "Bearer s3cret" ? 200 : 401;
            context.Response.ContentType = "text/plain";
            if (context.Response.StatusCode == 200) await context.Response.WriteAsync("load 7\n");
        });
        Environment.SetEnvironmentVariable("COLLECTOR_TESTS_SECRET", "s3cret");
        await using var scheduler = (await FakeScheduler.StartAsync())
            .App("/a", new() { ["lcm.metrics.path"] = "/elsewhere" }).Task("/a", "one", server.Port, firstPort: 1);
        await using var collector = await CollectorUnderTest.StartAsync(scheduler, options => options with
        {
            Credentials = [new MetricsCredential("shop-api", null, "env:COLLECTOR_TESTS_SECRET")],
        });
        var query = Load with { Scrape = new ScrapeSettings { Path = "/deep/prom", Port = 1, Credentials = "shop-api" } };
        var stranger = Load with { Scrape = new ScrapeSettings { Path = "/deep/prom", Port = 1, Credentials = "nobodys" } };
        collector.Demand(("/a", query), ("/a", stranger));
        Assert.Equal(7, (await collector.ReadAsync("/a", query)).Value);
        await collector.ReadAsync("/a", stranger, reading =>
            reading.Missing == "one: down: the policy names the credentials 'nobodys', which the manager was not given");
    }

    [Fact]
    public async Task Only_what_is_demanded_is_asked_and_nothing_when_nothing_is()
    {
        await using var server = await TextAsync("load 1\n");
        await using var scheduler = (await FakeScheduler.StartAsync()).App("/a").App("/b").Task("/a", "one", server.Port)
            .Task("/b", "two", server.Port);
        await using var collector = await CollectorUnderTest.StartAsync(scheduler);
        collector.Demand(("/a", Load));
        await collector.ReadAsync("/a", Load);
        Assert.Equal("/a", Assert.Single((await collector.TargetsAsync()).Targets).App);
        collector.Demand();
        await collector.ReadAsync("/a", Load, reading => reading.Missing == "it is not collected yet");
        Assert.Empty((await collector.TargetsAsync()).Targets);
    }

    [Fact]
    public async Task Container_statistics_come_from_the_agents_that_the_master_knows()
    {
        var seconds = 0.0;
        await using var agent = await HttpServer.StartAsync(async context =>
        {
            seconds += 0.1;
            var at = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
            var statistics = FormattableString.Invariant(
                $"\"timestamp\":{at},\"cpus_limit\":0.5,\"cpus_user_time_secs\":{seconds},\"cpus_system_time_secs\":1,\"mem_limit_bytes\":200,\"mem_rss_bytes\":50");
            await context.Response.WriteAsync(
                $"[{{\"executor_id\":\"one\",\"framework_id\":\"f\",\"statistics\":{{{statistics}}}}},{{\"executor_id\":\"nobody\",\"statistics\":{{}}}}]");
        });
        await using var master = await HttpServer.StartAsync(
            "application/json",
            new()
            {
                ["/slaves"] = $$"""
                    {"slaves":[{"id":"s1","pid":"slave(1)@127.0.0.1:{{agent.Port}}","active":true},{"pid":"slave(1)@127.0.0.1:1","active":false}]}
                    """,
            });
        await using var scheduler = (await FakeScheduler.StartAsync()).App("/a").Task("/a", "one", 1);
        await using var collector =
            await CollectorUnderTest.StartAsync(scheduler, options => options with { Master = master.Url });
        MetricQuery Container(string name) => new() { Source = MetricSource.Container, Selector = name };
        collector.Demand(("/a", Container("cpu")), ("/a", Container("mem")), ("/a", Container("net.rx.bytes")));
        Assert.Equal(0.25, (await collector.ReadAsync("/a", Container("mem"))).Value);
        Assert.True((await collector.ReadAsync("/a", Container("cpu"))).Value > 0);
        Assert.Contains("does not measure net.rx.bytes",
            collector.Collector.Read("/a", Container("net.rx.bytes"), DateTimeOffset.UtcNow).Missing, StringComparison.Ordinal);

        // Without a demand nothing is asked, until somebody wants what all containers use.
        Assert.Empty(collector.Collector.Usages.Take());
        collector.Demand();
        collector.Collector.Usages.Want(true);
        IReadOnlyCollection<ContainerUsage> usages = [];
        await Eventually.TrueAsync(() => (usages = collector.Collector.Usages.Take()).Count > 0);
        var usage = Assert.Single(usages);
        Assert.Equal(("/a", "one", 50), (usage.App, usage.Instance, usage.MemoryBytes));
        Assert.True(usage.CpuSeconds > 1);
        collector.Collector.Usages.Want(false);
        Assert.Empty(collector.Collector.Usages.Take());
    }
}
