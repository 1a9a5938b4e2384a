using System.Text;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Series;
using LifecycleManager.Metrics.Tests.Fakes;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Metrics.Tests.Scraping;

/// <summary>One metric of an actuator that fails in whatever way fails alone, within the scrape's time.</summary>
public sealed class SilentMetricTests
{
    private const string Root = "/actuator/metrics";
    private readonly CountedTime _time = new(DateTimeOffset.UtcNow);

    // Metrics are named by what becomes of them once `broken` says so.
    private static async Task AnswerAsync(HttpContext context, string[] names, bool broken)
    {
        var path = context.Request.Path.Value!;
        context.Response.ContentType = "application/json";
        var body = Encoding.UTF8.GetBytes(path == Root
            ? $$"""{"names":["{{string.Join("\",\"", names)}}"]}"""
            : """{"measurements":[{"statistic":"VALUE","value":7}],"availableTags":[]}""");
        switch (broken && path != Root ? path[(Root.Length + 1)..].Split('.')[0] : "well")
        {
            case "hangs":
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
                return;
            case "hangs_within":
                context.Response.ContentLength = body.Length;
                await context.Response.Body.WriteAsync(body.AsMemory(0, 9));
                await context.Response.Body.FlushAsync();
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
                return;
            case "refuses":
                context.Response.StatusCode = 500;
                return;
            case "closes":
                context.Abort();
                return;
            case "closes_within":
                context.Response.ContentLength = body.Length;
                await context.Response.Body.WriteAsync(body.AsMemory(0, 9));
                await context.Response.Body.FlushAsync();
                context.Abort();
                return;
            case "garbage":
                body = [0x7B, 0xFF, 0xFE, 0x00, 0x22];
                break;
            case "large":
                body = new byte[(10 * 1024 * 1024) + 1];
                body.AsSpan().Fill((byte)' ');
                break;
        }

        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    private static SeriesValue Stale(OneTarget target, MetricQuery query) => SeriesReader.Read(
        target.Set(query), query, DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeMilliseconds(), 60_000, 0);

    // All timers of the clock but the scrape's own are of requests that hang.
    private Task HangAsync(int requests) =>
        Eventually.TrueAsync(() => _time.Pending == 1 + requests, "what hangs alone is under way");

    [Fact]
    public async Task A_metric_fails_alone_in_whatever_way_it_fails()
    {
        string[] names = ["hangs", "hangs_within", "refuses", "closes", "closes_within", "garbage", "large", "well.1", "well.2"];
        var broken = false;
        await using var server = await HttpServer.StartAsync(context => AnswerAsync(context, names, broken));
        using var target = new OneTarget(server.Port, time: _time, isChecked: true);
        var queries = names.ToDictionary(name => name, OneTarget.Actuator);
        var job = target.Job([.. queries.Values]);
        Assert.True((await target.ScrapeAsync(job)).Up, job.Status.Error);
        Assert.Equal(names.Length, job.Status.Samples);

        broken = true;
        var before = server.Requests.Count;
        var scrape = target.ScrapeAsync(job);
        await Eventually.TrueAsync(() => server.Requests.Count == before + names.Length, "all are asked");
        await HangAsync(2);
        _time.Advance(TimeSpan.FromSeconds(4.5));
        var status = await scrape;

        Assert.True(status.Up, status.Error);
        Assert.Equal((2, TimeSpan.FromSeconds(4.5)), (status.Samples, status.Duration));
        foreach (var name in names)
        {
            // What it was stands until it is stale; then it is missing, and not idle.
            Assert.Equal(7, target.Read(queries[name]).Value);
            var stale = Stale(target, queries[name]);
            Assert.False(stale.IsIdle);
            Assert.Contains(name switch
            {
                "hangs" or "hangs_within" => $"{Root}/{name} did not answer in 4.5 s",
                "refuses" => "answered 500",
                "closes" => "it closed the connection without an answer",
                // A reset may overtake the head of the answer.
                "closes_within" or "garbage" => $"{Root}/{name}: ",
                "large" => "the body is longer than 10485760 bytes",
                _ => "stale",
            }, stale.Missing, StringComparison.Ordinal);
        }

        broken = false;
        await target.ScrapeAsync(job);
        Assert.All(queries.Values, query => Assert.False(target.Set(query).IsRefused));
    }

    [Fact]
    public async Task Where_many_hang_the_scrape_keeps_its_time_and_asks_them_last()
    {
        string[] well = ["well.1", "well.2", "well.3"];
        string[] hanging = [.. Enumerable.Range(1, 9).Select(i => $"hangs.{i}")], names = [.. hanging, .. well];
        var broken = false;
        await using var server = await HttpServer.StartAsync(context => AnswerAsync(context, names, broken));
        using var target = new OneTarget(server.Port, time: _time, isChecked: true);
        var job = target.Job([.. names.Select(OneTarget.Actuator)]);
        Assert.True((await target.ScrapeAsync(job)).Up, job.Status.Error);

        // Four at once; there is no time left to ask the others.
        broken = true;
        var before = server.Requests.Count;
        var scrape = target.ScrapeAsync(job);
        await Eventually.TrueAsync(() => server.Requests.Count == before + 4, "four are asked");
        await HangAsync(4);
        _time.Advance(TimeSpan.FromSeconds(4.5));
        var status = await scrape;
        Assert.False(status.Up);
        Assert.Contains("did not answer in 4.5 s", status.Error, StringComparison.Ordinal);
        Assert.Equal((before + 4, TimeSpan.FromSeconds(4.5)), (server.Requests.Count, status.Duration));

        // The next ones ask first for what has not failed, then in turns for what has: each is asked again.
        foreach (var (asked, up) in ((int, bool)[])[(4, false), (7, true), (7, true), (7, true)])
        {
            before = server.Requests.Count;
            scrape = target.ScrapeAsync(job);
            var expected = before + asked;
            await Eventually.TrueAsync(() => server.Requests.Count == expected, "four that hang and what is well");
            await HangAsync(4);
            _time.Advance(TimeSpan.FromSeconds(4.5));
            status = await scrape;
            Assert.Equal((up, up ? well.Length : 0, TimeSpan.FromSeconds(4.5)), (status.Up, status.Samples, status.Duration));
        }

        Assert.All(hanging, name => Assert.InRange(server.Requests.Count(path => path == $"{Root}/{name}"), 1 + 1, 1 + 3));
        Assert.Contains(hanging, name => Stale(target, OneTarget.Actuator(name)).Missing!
            .EndsWith($"{name} was not asked: the scrape's other requests took 4.5 s", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_looked_up_does_not_wait_for_what_hangs()
    {
        var broken = false;
        await using var server = await HttpServer.StartAsync(context => AnswerAsync(context, ["hangs", "well"], broken));
        using var target = new OneTarget(server.Port, time: _time, isChecked: true);
        var (hangs, none) = (OneTarget.Actuator("hangs"), OneTarget.Actuator("none"));
        var job = target.Job(hangs, none, OneTarget.Actuator("well"));
        await target.ScrapeAsync(job);
        broken = true;
        var before = server.Requests.Count;
        var scrape = target.ScrapeAsync(job);
        await Eventually.TrueAsync(() => server.Requests.Count == before + 3, "the list is asked for, too");
        await HangAsync(1);
        _time.Advance(TimeSpan.FromSeconds(4.5));
        Assert.Equal((true, 1), ((await scrape).Up, job.Status.Samples));
        Assert.EndsWith("has no metric none", target.Read(none).Missing, StringComparison.Ordinal);
        Assert.False(target.Set(none).IsRefused);
        Assert.True(target.Set(hangs).IsRefused);
    }

    [Theory]
    [InlineData("/health", false)]
    [InlineData("/health/db", true)]
    public async Task A_health_that_hangs_is_not_known_and_hides_nothing_else(string hangs, bool isDemanded)
    {
        await using var server = await HttpServer.StartAsync(async context =>
        {
            context.Response.ContentType = "application/json";
            if (context.Request.Path == "/actuator" + hangs)
            {
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            }
            else if (context.Request.Path == "/actuator/health")
            {
                await context.Response.WriteAsync("""{"status":"UP"}""", context.RequestAborted);
            }
            else
            {
                await AnswerAsync(context, ["well"], false);
            }
        });
        using var target = new OneTarget(server.Port, time: _time);
        var (metric, group) = (OneTarget.Actuator(isDemanded ? "health" : "well"), OneTarget.Actuator("health.db"));
        var job = isDemanded ? target.Job(metric, group) : target.Job(metric);
        var scrape = target.ScrapeAsync(job);
        await Eventually.TrueAsync(() => server.Requests.Contains("/actuator" + hangs), "it is asked");
        await Eventually.TrueAsync(
            () => isDemanded || server.Requests.Contains("/actuator/metrics/well"), "the metric is asked");
        await HangAsync(1);
        _time.Advance(TimeSpan.FromSeconds(4.5));
        var status = await scrape;
        Assert.True(status.Up, status.Error);
        Assert.Equal(isDemanded ? 1 : 7, target.Read(metric).Value);
        Assert.Equal(isDemanded ? true : null, target.Instance.IsUp);
        if (isDemanded)
            Assert.Contains("/health/db did not answer in 4.5 s", target.Read(group).Missing, StringComparison.Ordinal);
    }
}
