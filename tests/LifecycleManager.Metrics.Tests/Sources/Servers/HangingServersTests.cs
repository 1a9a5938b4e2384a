using System.Net;
using System.Net.Sockets;
using LifecycleManager.Metrics.Core.Queries;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Metrics.Tests.Sources.Servers;

/// <summary>A server of whatever kind that takes connections and never says a word: nobody else waits for it.</summary>
public sealed class HangingServersTests
{
    private static readonly Dictionary<string, (MetricQuery Query, string Server)> Kinds = new()
    {
        ["promql"] = (new MetricQuery { Source = MetricSource.PromQl, Selector = "q" }, "url: 'http://127.0.0.1:PORT'"),
        ["rabbitmq"] = (new MetricQuery { Source = MetricSource.RabbitMq, Selector = "q" }, "url: 'http://127.0.0.1:PORT'"),
        ["redis"] = (new MetricQuery { Source = MetricSource.Redis, Selector = "q" }, "url: 'redis://127.0.0.1:PORT'"),
        ["postgres"] = (new MetricQuery { Source = MetricSource.Postgres, Selector = "select 1 as q" },
            "url: 'postgres://127.0.0.1:PORT/x', user: x"),
        ["json"] = (new MetricQuery { Source = MetricSource.Json, Selector = "/q" }, "url: 'http://127.0.0.1:PORT'"),
        ["actuator"] = (new MetricQuery { Source = MetricSource.Actuator, Selector = "q" }, ""),
        ["prometheus"] = (new MetricQuery { Source = MetricSource.Prometheus, Selector = "q" }, ""),
    };

    public static TheoryData<string> Names => [.. Kinds.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task One_that_hangs_adds_nothing_to_the_times_of_others(string kind)
    {
        var (query, server) = Kinds[kind];
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var port = ((IPEndPoint)silent.LocalEndpoint).Port;
        await using var quick = await HttpServer.StartAsync(context =>
        {
            context.Response.ContentType = context.Request.Path == "/metrics" ? "text/plain; version=0.0.4" : "application/json";
            return context.Response.WriteAsync(context.Request.Path == "/metrics" ? "load 3\n" : "2");
        });
        using var files = new SourceFiles(
            $"json:\n  quick: {{ url: 'http://127.0.0.1:{quick.Port}' }}\n"
            + (server.Length == 0 ? "" : (kind == "json" ? "" : $"{SourceWords.KindOf(query.Source)}:\n")
                + $"  hangs: {{ {server.Replace("PORT", $"{port}", StringComparison.Ordinal)}, concurrency: 2 }}\n"));
        await using var scheduler = await FakeScheduler.StartAsync();
        scheduler.App("/quick").Task("/quick", "quick.1", quick.Port);
        scheduler.App("/hangs").Task("/hangs", "hangs.1", port);

        // Of scrapes there are slots: one that hangs has its own, and questions have none of them.
        await using var collector = await CollectorUnderTest.StartAsync(scheduler, options => options with
        {
            SourcesFile = files.Path,
            Interval = TimeSpan.FromMilliseconds(100),
            MaxConcurrentScrapes = server.Length == 0 ? 2 : 1,
            Timeout = TimeSpan.FromMinutes(1),
        });
        var asked = Enumerable.Range(0, server.Length == 0 ? 1 : 10).Select(i => ("/hangs", query with
        {
            Selector = query.Selector + (i == 0 ? "" : $"{i}"),
            From = server.Length == 0 ? null : new SourceSettings { Server = "hangs" },
        })).ToArray();
        var number = new MetricQuery
        {
            Source = MetricSource.Json,
            Selector = "/",
            From = new SourceSettings { Server = "quick" },
        };
        var scraped = new MetricQuery { Source = MetricSource.Prometheus, Selector = "load" };
        collector.Demand([.. asked, ("/quick", number), ("/quick", scraped)]);
        await Eventually.TrueAsync(silent.Pending, "a connection");

        // Both go on again and again while it hangs, and what is read of it is not waited for.
        Assert.Equal(2, (await collector.ReadAsync("/quick", number)).Value);
        Assert.Equal(3, (await collector.ReadAsync("/quick", scraped)).Value);
        int Count(string path) => quick.Requests.Count(request => request.Contains(path, StringComparison.Ordinal));
        var (numbers, texts) = (quick.Requests.Count - Count("/metrics"), Count("/metrics"));
        await Eventually.TrueAsync(
            () => Count("/metrics") > texts + 2 && quick.Requests.Count - Count("/metrics") > numbers + 2);
        Assert.All(asked, one => Assert.False(collector.Collector.Read(one.Item1, one.Item2, DateTimeOffset.UtcNow).IsKnown));
    }
}
