using System.IO.Compression;
using System.Text;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Primitives.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Metrics.Tests.Scraping;

public sealed class ScrapeTests
{
    private static readonly MetricQuery Load =
        new() { Source = MetricSource.Prometheus, Selector = "load", Across = Aggregation.Sum };

    private static MetricQuery Actuator(string selector) => new() { Source = MetricSource.Actuator, Selector = selector };

    [Fact]
    public async Task A_compressed_open_metrics_text_is_read_and_a_bomb_is_cut()
    {
        var samples = 1;
        await using var server = await HttpServer.StartAsync(async context =>
        {
            if (context.Request.Path != "/metrics")
            {
                context.Response.StatusCode = 404;
                return;
            }

            Assert.Contains("gzip", context.Request.Headers.AcceptEncoding.ToString(), StringComparison.Ordinal);
            context.Response.ContentType = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            context.Response.Headers.ContentEncoding = "gzip";
            await using var gzip = new GZipStream(context.Response.Body, CompressionLevel.Fastest);
            for (var i = 0; i < samples; i++) await gzip.WriteAsync("load 3\n"u8.ToArray());
            await gzip.WriteAsync("# EOF\n"u8.ToArray());
        });
        await using var scheduler = (await FakeScheduler.StartAsync()).App("/a").Task("/a", "one", server.Port);
        await using var collector =
            await CollectorUnderTest.StartAsync(scheduler, options => options with { MaxBodyBytes = 200_000 });
        collector.Demand(("/a", Load));
        Assert.Equal(3, (await collector.ReadAsync("/a", Load)).Value);
        samples = 100_000;
        await collector.DownAsync("longer than 200000 bytes");
    }

    [Fact]
    public async Task Too_many_samples_or_series_fail_the_scrape_and_store_nothing()
    {
        var round = 0;
        await using var server = await HttpServer.StartAsync(async context =>
        {
            context.Response.ContentType = "text/plain";
            var body = new StringBuilder();
            // New series at each scrape, which a cache must not keep.
            round++;
            for (var i = 0; i < 60; i++) body.Append($"load{{i=\"{round}-{i}\"}} 1\n");
            await context.Response.WriteAsync(body.ToString());
        });
        await using var scheduler = (await FakeScheduler.StartAsync()).App("/a").Task("/a", "one", server.Port);
        await using (var collector =
            await CollectorUnderTest.StartAsync(scheduler, options => options with { MaxSeriesPerTarget = 50 }))
        {
            collector.Demand(("/a", Load));
            await collector.DownAsync("more than 50 series have the names that are looked for");
            Assert.False(collector.Collector.Read("/a", Load, DateTimeOffset.UtcNow).IsKnown);
        }

        await using (var collector =
            await CollectorUnderTest.StartAsync(scheduler, options => options with { MaxSamplesPerScrape = 50 }))
        {
            collector.Demand(("/a", Load));
            await collector.DownAsync("more than 50 samples");
        }

        // Within the limits all is well, however the series change.
        await using (var collector = await CollectorUnderTest.StartAsync(scheduler))
        {
            collector.Demand(("/a", Load));
            var seen = round;
            await collector.ReadAsync("/a", Load, reading => reading.Value == 60 && round > seen + 3);
        }
    }

    [Fact]
    public async Task A_text_that_breaks_in_the_middle_changes_nothing_and_duplicates_count_once()
    {
        var body = "load 1\nload 2\nload{a=\"b\",c=\"d\"} 4\nload{c=\"d\",a=\"b\"} 8\nload{a=\"b\",c=\"d\",e=\"\"} 16\n";
        await using var server = await HttpServer.StartAsync(context =>
        {
            context.Response.ContentType = "text/plain";
            return context.Response.WriteAsync(body);
        });
        await using var scheduler = (await FakeScheduler.StartAsync()).App("/a").Task("/a", "one", server.Port);
        await using var collector = await CollectorUnderTest.StartAsync(scheduler);
        collector.Demand(("/a", Load));
        Assert.Equal(5, (await collector.ReadAsync("/a", Load)).Value);
        body = "load 100\nload{a=\"b\"} oops\n";
        await collector.DownAsync("line 2, column 13: a value is needed: a number, NaN, +Inf or -Inf");
        Assert.Equal(5, collector.Collector.Read("/a", Load, DateTimeOffset.UtcNow).Value);
    }

    [Fact]
    public async Task A_target_that_keeps_failing_is_asked_less_and_comes_back()
    {
        var broken = true;
        await using var server = await HttpServer.StartAsync(async context =>
        {
            context.Response.StatusCode = broken ? 500 : 200;
            context.Response.ContentType = "text/plain";
            await context.Response.WriteAsync("load 1\n");
        });
        await using var scheduler = (await FakeScheduler.StartAsync()).App("/a", new() { ["lcm.metrics.path"] = "/metrics" })
            .Task("/a", "one", server.Port);
        await using var collector =
            await CollectorUnderTest.StartAsync(scheduler, options => options with { Interval = TimeSpan.FromMilliseconds(100) });
        collector.Demand(("/a", Load));
        var target = await collector.TargetAsync(target =>
            target.LastError?.StartsWith("paused after repeated failures: ", StringComparison.Ordinal) == true);
        Assert.Contains("answered 500", target.LastError, StringComparison.Ordinal);
        broken = false;
        await collector.ReadAsync("/a", Load);
        Assert.Equal("up", (await collector.TargetAsync(target => target.State == "up")).State);
    }

    [Fact]
    public async Task Credentials_come_from_files_go_to_their_app_alone_and_show_nowhere()
    {
        var directory = Directory.CreateTempSubdirectory("lcm-credentials-");
        try
        {
            var file = Path.Combine(directory.FullName, "password");
            await File.WriteAllTextAsync(file, "s3cret\n", TestContext.Current.CancellationToken);
            var basic = "Basic " + Convert.ToBase64String("me:s3cret"u8);
            await using var server = await HttpServer.StartAsync(async context =>
            {
                var allowed = context.Request.Headers.Authorization.ToString() == (context.Request.Path == "/metrics"
                    ? basic
                    : "");
                context.Response.StatusCode = allowed ? 200 : 401;
                context.Response.ContentType = "text/plain";
                await context.Response.WriteAsync("load 1\n");
            });
            await using var scheduler = (await FakeScheduler.StartAsync())
                .App("/team/a", new() { ["lcm.metrics.path"] = "/metrics" }).Task("/team/a", "one", server.Port)
                .App("/b", new() { ["lcm.metrics.path"] = "/open" }).Task("/b", "two", server.Port)
                .App("/team/env", new() { ["lcm.metrics.path"] = "/metrics" }).Task("/team/env", "four", server.Port)
                .App("/missing").Task("/missing", "three", server.Port);
            Environment.SetEnvironmentVariable("SCRAPE_TESTS_SECRET", "s3cret");
            await using var collector = await CollectorUnderTest.StartAsync(scheduler, options => options with
            {
                Credentials = [new MetricsCredential("/team/env", "me", "env:SCRAPE_TESTS_SECRET"),
                    new MetricsCredential("/team/*", "me", file),
                    new MetricsCredential("/missing", null, file + ".not")],
            });
            collector.Demand(("/team/a", Load), ("/team/env", Load), ("/b", Load), ("/missing", Load));
            await collector.ReadAsync("/team/a", Load);
            await collector.ReadAsync("/team/env", Load);
            await collector.ReadAsync("/b", Load);
            var missing = await collector.ReadAsync("/missing", Load, reading =>
                reading.Missing?.Contains("cannot be read", StringComparison.Ordinal) == true);
            Assert.DoesNotContain("s3cret", missing.Missing + await collector.Http.GetStringAsync(
                "/v1/targets", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("/a", "/a", true)]
    [InlineData("/a", "/ab", false)]
    [InlineData("/a*", "/ab", true)]
    [InlineData("*", "", true)]
    [InlineData("/*/x-*", "/team/x-1", true)]
    [InlineData("/*/x-*", "/team/y-1", false)]
    [InlineData("*b*b", "ab", false)]
    public void A_star_stands_for_any_characters(string pattern, string name, bool fits) =>
        Assert.Equal(fits, Glob.IsMatch(pattern, name, paths: false));

    [Theory]
    [InlineData("""{"status":"DOWN","diskSpace":{"status":"UP","free":1},"db":{"status":"DOWN"}}""")]
    [InlineData(
        """{"status":"DOWN","components":{"diskSpace":{"status":"UP","details":{"free":1}},"db":{"status":"DOWN","components":{"primary":{"status":"UP"}}}},"groups":["liveness"]}""")]
    public async Task Health_is_read_in_either_shape_also_when_it_comes_with_503(string body)
    {
        await using var server = await HttpServer.StartAsync(async context =>
        {
            var path = context.Request.Path.Value;
            context.Response.ContentType = "application/json";
            context.Response.StatusCode = path switch { "/admin/health" => 503, "/admin/health/liveness" => 200, _ => 404 };
            if (path == "/admin/health") await context.Response.WriteAsync(body);
            if (path == "/admin/health/liveness") await context.Response.WriteAsync("""{"status":"UP"}""");
        });
        await using var scheduler = (await FakeScheduler.StartAsync()).App("/a").Task("/a", "one", server.Port);
        await using var collector = await CollectorUnderTest.StartAsync(scheduler);
        collector.Demand(("/a", Actuator("health")), ("/a", Actuator("health.diskSpace")), ("/a", Actuator("health.db")),
            ("/a", Actuator("health.liveness")), ("/a", Actuator("health.mail")));
        Assert.Equal(0, (await collector.ReadAsync("/a", Actuator("health"))).Value);
        Assert.Equal(1, (await collector.ReadAsync("/a", Actuator("health.diskSpace"))).Value);
        Assert.Equal(0, (await collector.ReadAsync("/a", Actuator("health.db"))).Value);
        Assert.Equal(1, (await collector.ReadAsync("/a", Actuator("health.liveness"))).Value);
        Assert.False(collector.Collector.Read("/a", Actuator("health.mail"), DateTimeOffset.UtcNow).IsKnown);

        // Nobody else checks it, so that its own word makes it not ready.
        var instances = new List<InstanceReading>();
        collector.Collector.ReadInstances("/a", Actuator("health"), DateTimeOffset.UtcNow, instances);
        Assert.False(Assert.Single(instances).Ready);
    }

    [Fact]
    public async Task A_queue_s_depth_is_asked_of_rabbitmq_under_its_escaped_name()
    {
        await using var rabbit = await HttpServer.StartAsync("application/json", new());
        rabbit.Handler = async context =>
        {
            // Escaped slashes stay escaped in the raw target alone.
            var raw = context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget;
            context.Response.ContentType = "application/json";
            if (raw == "/api/queues/%2F/SearchQ")
                await context.Response.WriteAsync("""{"messages": 12, "messages_ready": 10, "messages_unacknowledged": 2}""");
            else if (raw == "/api/queues/shop/new%20orders") await context.Response.WriteAsync("{}");
            else context.Response.StatusCode = 404;
        };
        await using var scheduler = await FakeScheduler.StartAsync();
        await using var collector =
            await CollectorUnderTest.StartAsync(scheduler, options => options with { RabbitMq = rabbit.Url });
        MetricQuery Queue(string name) => new() { Source = MetricSource.RabbitMq, Selector = name };
        collector.Demand(("/a", Queue("SearchQ")), ("/a", Queue("shop/new orders")), ("/a", Queue("nowhere")));
        Assert.Equal(12, (await collector.ReadAsync("/a", Queue("SearchQ"))).Value);
        await collector.ReadAsync("/a", Queue("shop/new orders"), reading =>
            reading.Missing?.Contains("does not know the queue's depth yet", StringComparison.Ordinal) == true);
        await collector.ReadAsync("/a", Queue("nowhere"), reading =>
            reading.Missing?.Contains("answered 404", StringComparison.Ordinal) == true);
    }

    [Fact]
    public void Retries_are_a_tenth_of_the_scrapes_at_most()
    {
        var budget = new RetryBudget();
        var first = Enumerable.Range(0, 100).Count(_ => budget.TrySpend());
        for (var i = 0; i < 1000; i++) budget.Earn();
        var later = Enumerable.Range(0, 2000).Count(_ =>
        {
            budget.Earn();
            return budget.TrySpend();
        });
        Assert.Equal(10, first);
        Assert.InRange(later, 200, 211);
    }

    [Fact]
    public void Jobs_are_spread_evenly_over_the_interval_and_keep_their_place()
    {
        var time = new FakeTimeProvider();
        var context = new ScrapeContext(
            new CollectorOptions { Scheduler = new Uri("http://x") }, time, null!, new CredentialStore([]),
            new TlsStore([]), new RetryBudget(), null!);
        var queue = new LifecycleManager.Metrics.Collecting.JobQueue(TimeSpan.FromSeconds(15));
        var due = new List<long>();
        for (var i = 0; i < 3000; i++) queue.AddNext(new Named(context, $"app.instance-{i}._app.1|Text|"), 60_000);
        while (queue.NextDue is { } next)
        {
            due.Add(next);
            Assert.False(queue.TryTake(next - 1, out _));
            Assert.True(queue.TryTake(next, out _));
        }

        Assert.All(due, at => Assert.InRange(at, 60_000, 75_000));
        // 200 a second; nowhere half as many or twice as many.
        var seconds = due.GroupBy(at => at % 15_000 / 1000).ToList();
        Assert.All(seconds, second => Assert.InRange(second.Count(), 100, 400));
        Assert.Equal(15, seconds.Count);
        // Some begin together, 20 times a second at most.
        Assert.All(due, at => Assert.Equal(0, at % 50));
        var one = new Named(context, "one");
        queue.AddNext(one, 60_000);
        var place = queue.NextDue!.Value;
        Assert.True(queue.TryTake(place, out _));
        queue.AddNext(one, place + 3);
        Assert.Equal(place + 15_000, queue.NextDue);
    }

    private sealed class Named(ScrapeContext context, string id) : ScrapeJob(context)
    {
        public override string Id => id;

        public override string Address => id;

        protected override Task<int> ScrapeAsync(long now, CancellationToken cancellation) => Task.FromResult(0);
    }
}
