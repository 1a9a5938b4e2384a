using LifecycleManager.Metrics.Core.Queries;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Metrics.Tests.Collecting;

/// <summary>Who decides is told which apps have new samples, whatever they come from.</summary>
public sealed class ArrivalsTests
{
    private static readonly MetricQuery Load =
        new() { Source = MetricSource.Prometheus, Selector = "load", Across = Aggregation.Sum };

    [Fact]
    public async Task A_scrape_tells_its_app_each_time_and_one_that_fails_tells_nothing()
    {
        await using var server = await HttpServer.StartAsync("text/plain; version=0.0.4", new() { ["/metrics"] = "load 1\n" });
        await using var broken = await HttpServer.StartAsync("text/html", new() { ["/metrics"] = "<html>" });
        await using var scheduler = (await FakeScheduler.StartAsync()).App("/a").Task("/a", "one", server.Port)
            .App("/b").Task("/b", "two", broken.Port);
        await using var collector = await CollectorUnderTest.StartAsync(scheduler);
        collector.Demand(("/a", Load), ("/b", Load));
        var arrivals = collector.Collector.Arrivals;
        var told = new List<string>();

        // Twice what is collected: the second time nothing else has happened than a scrape.
        await Eventually.TrueAsync(() =>
        {
            told.AddRange(arrivals.Take());
            return told.Count >= 2 && broken.Requests.Count >= 2;
        });

        Assert.DoesNotContain("/b", told);
    }

    [Fact]
    public async Task A_source_without_instances_tells_all_apps_that_read_it()
    {
        await using var prometheus = await HttpServer.StartAsync(http =>
        {
            http.Response.ContentType = "application/json";
            return http.Response.WriteAsync(
                $$"""{"status":"success","data":{"resultType":"scalar","result":[{{http.Request.Query["time"]}},"7"]} }""");
        });
        await using var scheduler = (await FakeScheduler.StartAsync()).App("/a").App("/b").App("/c");
        await using var collector = await CollectorUnderTest.StartAsync(
            scheduler, options => options with { Prometheus = new Uri($"http://127.0.0.1:{prometheus.Port}") });
        var depth = new MetricQuery { Source = MetricSource.PromQl, Selector = "scalar(depth)", Across = Aggregation.Sum };
        collector.Demand(("/a", depth), ("/b", depth), ("/c", Load));
        await collector.ReadAsync("/a", depth);

        var told = new HashSet<string>();
        await Eventually.TrueAsync(() =>
        {
            told.UnionWith(collector.Collector.Arrivals.Take());
            return told.Count > 0;
        });

        Assert.Equal(["/a", "/b"], told.Order());
    }

    [Fact]
    public async Task A_push_tells_the_apps_whose_samples_are_used()
    {
        await using var scheduler = (await FakeScheduler.StartAsync()).App("/a");
        await using var collector = await CollectorUnderTest.StartAsync(scheduler);
        var orders = new MetricQuery { Source = MetricSource.Pushed, Selector = "orders", Across = Aggregation.Sum };
        collector.Demand(("/a", orders));
        await collector.ReadAsync("/a", orders, reading => reading.Missing == "nothing has been pushed yet");

        using var body = new StringContent("""
            {"samples": [{"app": "/a", "metric": "orders", "value": 3}, {"app": "/b", "metric": "orders", "value": 9}]}
            """, System.Text.Encoding.UTF8, "application/json");
        (await collector.Http.PostAsync("/v1/samples", body)).EnsureSuccessStatusCode();

        Assert.Equal(["/a"], collector.Collector.Arrivals.Take());
    }
}
