using System.Text.Json;
using LifecycleManager.Metrics.Core.Queries;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Metrics.Tests.Collecting;

/// <summary>
/// What real services answer before the first call, and what the collector makes of it: idle where they answer and have nothing
/// to tell of what is known to exist, missing else.
/// </summary>
public sealed class IdleTests
{
    private const string Root = "/actuator/metrics";
    private static readonly MetricQuery Calls = new()
    {
        Source = MetricSource.Actuator,
        Selector = "http.server.requests{uri=\"/\",statistic=\"COUNT\"}",
        Across = Aggregation.Sum,
    };

    private static readonly MetricQuery P95 = new()
    {
        Source = MetricSource.Histogram,
        Selector = "http_server_requests_seconds{uri=\"/\"}",
        Quantile = 0.95,
        Window = TimeSpan.FromMinutes(1),
    };

    [Theory]
    [InlineData("2.7")]
    [InlineData("3.5")]
    [InlineData("4.0")]
    public async Task A_timer_of_requests_is_idle_until_the_first_call_and_a_slip_of_the_pen_is_missing(string boot)
    {
        var recorded = Recorded(boot);
        string Answer(string id) => recorded[id].Body;
        var answers = new Dictionary<string, string>
        {
            [Root] = Recorded("3.5")["A-metrics-list-before"].Body,
            [Root + "/jvm.gc.pause"] = Answer("A-gc-pause-before"),
        };
        Assert.All(["A-requests-never-asked", "A-requests-no-such-series-yet", "A-no-such-meter", "A-requests-unknown-value"],
            id => Assert.Equal(404, recorded[id].Status));
        await using var service = await Actuator(answers);
        await using var scheduler = (await FakeScheduler.StartAsync()).App("/a").Task("/a", "one", service.Port);
        await using var collector = await CollectorUnderTest.StartAsync(scheduler);
        MetricQuery rate = Calls with { Function = WindowFunction.Rate, Window = TimeSpan.FromMinutes(1) },
            pauses = Calls with { Selector = "jvm.gc.pause" },
            wrong = Calls with { Selector = "no.such.meter{statistic=\"COUNT\"}" },
            wrongUri = Calls with { Selector = "http.server.requests{uri=\"/none\",statistic=\"COUNT\"}" };
        collector.Demand(("/a", Calls), ("/a", rate), ("/a", pauses), ("/a", wrong), ("/a", wrongUri));
        await collector.ReadAsync("/a", pauses);
        await Is(collector, Calls, Absence.Idle);
        await Is(collector, rate, Absence.Idle);
        await Is(collector, wrong, Absence.Missing);

        // What the scrapes themselves have called is counted by now, and is no call.
        var all = Answer("A-requests-all");
        answers[Root + "/http.server.requests"] = Only(all, uri => uri.StartsWith("/actuator", StringComparison.Ordinal));
        await Is(collector, Calls, Absence.Idle);
        await Is(collector, wrongUri, Absence.Idle);

        // Others were called, and of what was not nobody knows whether it will ever be.
        answers[Root + "/http.server.requests"] = all;
        await Is(collector, Calls, Absence.Missing);
        answers[Root + "/http.server.requests?tag=uri%3A%2F"] = answers[Root + "/http.server.requests?tag=uri:%2F"] =
            Answer("A-requests-root-s1");
        await collector.ReadAsync("/a", Calls);
        await Is(collector, wrongUri, Absence.Missing);

        // A new instance has not been called yet; that there are calls of the kind is known.
        answers.Remove(Root + "/http.server.requests?tag=uri%3A%2F");
        answers.Remove(Root + "/http.server.requests?tag=uri:%2F");
        await Is(collector, Calls, Absence.Idle);
        await Is(collector, wrongUri, Absence.Missing);
    }

    [Fact]
    public async Task A_histogram_is_idle_before_the_first_call_and_while_nobody_calls()
    {
        var text = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Data", "spring-3.5-s1.txt"));
        var before = string.Join('\n', text.Split('\n').Where(line => !line.Contains("uri=\"/\"", StringComparison.Ordinal)));
        var (body, isDown) = (before, false);
        await using var service = await HttpServer.StartAsync(context =>
        {
            context.Response.StatusCode = isDown ? 503 : context.Request.Path == "/actuator/prometheus" ? 200 : 404;
            context.Response.ContentType = "text/plain;version=0.0.4;charset=utf-8";
            return context.Response.WriteAsync(context.Response.StatusCode == 200 ? body : "");
        });
        await using var scheduler = (await FakeScheduler.StartAsync()).App("/a").Task("/a", "one", service.Port);
        await using var collector = await CollectorUnderTest.StartAsync(scheduler);
        var wrong = P95 with { Selector = "no_such_seconds" };
        var total = new MetricQuery { Source = MetricSource.Prometheus, Selector = "bookings_total" };
        collector.Demand(("/a", P95), ("/a", wrong), ("/a", total));
        await collector.ReadAsync("/a", total);
        await Is(collector, P95, Absence.Idle);
        await Is(collector, wrong, Absence.Missing);

        // Called once, before two scrapes that see the same.
        body = text;
        await collector.ReadAsync("/a", P95, reading => reading.Missing == "the histogram has no observation in the window");
        await Is(collector, P95, Absence.Idle);

        // Idle is what an instance says; one that does not answer says nothing.
        body = before;
        await Is(collector, P95, Absence.Idle);
        isDown = true;
        await Is(collector, P95, Absence.Missing);
    }

    [Fact]
    public async Task A_query_over_series_without_an_observation_is_idle_and_one_without_series_is_missing()
    {
        var result = "[]";
        await using var prometheus = await HttpServer.StartAsync(context =>
        {
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync("{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":"
                + result.Replace("[1,", $"[{context.Request.Query["time"]},", StringComparison.Ordinal) + "}}");
        });
        await using var scheduler = await FakeScheduler.StartAsync();
        await using var collector = await CollectorUnderTest.StartAsync(scheduler,
            options => options with { Prometheus = prometheus.Url });
        var query = new MetricQuery
        {
            Source = MetricSource.PromQl,
            Selector = "histogram_quantile(0.95, sum by (le, pod) (rate(http_server_requests_seconds_bucket[1m])))",
            From = new SourceSettings { Across = Aggregation.Max },
        };
        collector.Demand(("/a", query));
        await collector.ReadAsync("/a", query,
            reading => reading is { Absence: Absence.Missing, Source: SourceState.Answers });

        result = "[{\"metric\":{\"pod\":\"a\"},\"value\":[1,\"NaN\"]},{\"metric\":{\"pod\":\"b\"},\"value\":[1,\"NaN\"]}]";
        await collector.ReadAsync("/a", query, reading => reading.Absence == Absence.Idle);

        // One of the pods was called.
        result = "[{\"metric\":{\"pod\":\"a\"},\"value\":[1,\"NaN\"]},{\"metric\":{\"pod\":\"b\"},\"value\":[1,\"0.25\"]}]";
        Assert.Equal(0.25, (await collector.ReadAsync("/a", query)).Value);

        result = "[{\"metric\":{\"pod\":\"a\"},\"value\":[1,\"+Inf\"]}]";
        await collector.ReadAsync("/a", query, reading => reading is { IsKnown: false, Absence: Absence.Missing });
    }

    private static Task<MetricReading> Is(CollectorUnderTest collector, MetricQuery query, Absence absence) =>
        collector.ReadAsync("/a", query, reading => !reading.IsKnown && reading.Absence == absence);

    private static Task<HttpServer> Actuator(Dictionary<string, string> answers) => HttpServer.StartAsync(context =>
    {
        if (!answers.TryGetValue(context.Request.Path + context.Request.QueryString, out var body))
        {
            context.Response.StatusCode = 404;
            return Task.CompletedTask;
        }

        context.Response.ContentType = "application/vnd.spring-boot.actuator.v3+json";
        return context.Response.WriteAsync(body);
    });

    /// <summary>A recorded metric with some values of its tag <c>uri</c> alone.</summary>
    private static string Only(string metric, Func<string, bool> keeps)
    {
        var json = System.Text.Json.Nodes.JsonNode.Parse(metric)!;
        var uris = json["availableTags"]!.AsArray().Single(tag => (string?)tag!["tag"] == "uri")!;
        uris["values"] = new System.Text.Json.Nodes.JsonArray(
            [.. uris["values"]!.AsArray().Select(value => (string)value!).Where(keeps).Select(value => JsonValueOf(value))]);
        return json.ToJsonString();

        static System.Text.Json.Nodes.JsonNode JsonValueOf(string value) => System.Text.Json.Nodes.JsonValue.Create(value)!;
    }

    private static Dictionary<string, (int Status, string Body)> Recorded(string boot) =>
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Data", "spring-actuator.jsonl"))
            .Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.GetProperty("boot").GetString() == boot)
            .ToDictionary(line => line.GetProperty("id").GetString()!,
                line => (line.GetProperty("status").GetInt32(), line.GetProperty("body").GetString()!));
}
