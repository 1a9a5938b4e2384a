using System.Globalization;
using System.Text.Json;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Series;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Metrics.Tests.Scraping;

/// <summary>The actuators of Boot 1.5, 2.7, 3.5 and 4.0, as the real ones answered under a known load.</summary>
public sealed class SpringTests
{
    private static MetricQuery Actuator(string selector) => OneTarget.Actuator(selector);

    public static TheoryData<string> Boots => ["2.7", "3.5", "4.0"];

    [Theory]
    [MemberData(nameof(Boots))]
    public async Task Every_recorded_metric_is_read_as_it_was(string boot)
    {
        var recording = SpringRecording.Of(boot);
        string[] ids = ["A-metrics-list-after", "A-requests-root-s2", "A-bookings-s2", "A-requests-template-encoded",
            "A-requests-status-500", "A-orders.pending-eu", "A-orders.pending-us", "A-hikari-pool", "A-jvm.memory.used-heap",
            "A-jvm.memory.used", "A-orders.pending", "A-hikaricp.connections.max", "A-odd.nan",
            "A-odd.inf", "A-odd.big", "A-requests-all"];
        await using var server = await recording.ServeAsync([.. ids.Where(recording.Ids.Contains)]);
        using var target = new OneTarget(server.Port);
        var expected = new Dictionary<string, double>
        {
            ["http.server.requests{uri=\"/\"}"] = 51,
            ["http.server.requests{uri=\"/\",statistic=\"COUNT\"}"] = 51,
            ["http.server.requests{uri=\"/orders/{id}\"}"] = 5,
            ["http.server.requests{status=\"500\"}"] = 3,
            ["bookings"] = 51,
            ["orders.pending{region=\"eu\"}"] = 42,
            ["hikaricp.connections.max{pool=\"HikariPool-1\"}"] = 5,
            ["odd.big"] = 1.5e18,
        };
        string[] odd = ["odd.nan", "odd.inf"];
        var queries = expected.Keys.Concat(odd).Append("jvm.memory.used{area=\"heap\"}").Select(Actuator).ToArray();
        var job = target.Job(queries);
        await target.ScrapeAsync(job);
        Assert.True((await target.ScrapeAsync(job)).Up, job.Status.Error);
        foreach (var (selector, value) in expected)
            Assert.Equal((selector, value), (selector, target.Read(Actuator(selector)).Value));
        Assert.True(target.Read(Actuator("jvm.memory.used{area=\"heap\"}")).Value > 1e6);

        // What is no number is there all the same.
        Assert.Equal("the value is NaN", target.Read(Actuator("odd.nan")).Missing);
        Assert.Equal("the value is Infinity", target.Read(Actuator("odd.inf")).Missing);
    }

    [Fact]
    public async Task Boot_1_answers_all_at_once_and_NaN_is_no_missing_metric()
    {
        var recording = SpringRecording.Of("1.5");
        await using var server = await recording.ServeAsync("A-metrics-s2", "A-actuator-metrics");
        using var target = new OneTarget(server.Port);
        var (nan, root, none) = (Actuator("gauge.odd.nan"), Actuator("counter.status.200.root"), Actuator("no.such"));
        var job = target.Job(nan, root, none);
        Assert.True((await target.ScrapeAsync(job)).Up, job.Status.Error);
        Assert.Equal(51, target.Read(root).Value);
        Assert.Equal("the value is NaN", target.Read(nan).Missing);
        Assert.EndsWith("has no metric no.such", target.Read(none).Missing, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Boots))]
    public async Task Text_and_open_metrics_of_an_instance_come_to_the_same(string boot)
    {
        var expected = new Dictionary<string, double>
        {
            ["http_server_requests_seconds_count{uri=\"/\"}"] = 51,
            ["http_server_requests_seconds_count{uri=\"/a,b\"}"] = 10,
            ["http_server_requests_seconds_count{status=\"500\"}"] = 3,
            ["http_server_requests_seconds_bucket{uri=\"/\",le=\"0.1\"}"] = 46,
            ["http_server_requests_seconds_bucket{uri=\"/\",le=\"0.2\"}"] = 51,
            ["http_server_requests_seconds_bucket{uri=\"/\",le=\"+Inf\"}"] = 51,
            ["bookings_total"] = 51,
            ["orders_pending"] = 462,
            ["order_size_bytes_bucket{le=\"1000\"}"] = 20,
            ["order_size_bytes_sum"] = 252_500,
            ["work_time_seconds{quantile=\"0.95\"}"] = 0.97255424,
            ["work_time_seconds_sum"] = 50.5,
        };
        foreach (var (file, type) in new[]
        {
            ($"prometheus-{boot}-s2.txt", "text/plain; version=0.0.4"),
            ($"openmetrics-{boot}-s2.txt", "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        })
        {
            var body = await File.ReadAllTextAsync(
                Path.Combine(AppContext.BaseDirectory, "Data", file), TestContext.Current.CancellationToken);
            await using var server = await HttpServer.StartAsync(type, new() { ["/metrics"] = body });
            using var target = new OneTarget(server.Port);
            var job = target.Job([.. expected.Keys.Select(OneTarget.Text)]);
            Assert.True((await target.ScrapeAsync(job)).Up, job.Status.Error);
            foreach (var (selector, value) in expected)
                Assert.Equal((file, selector, value), (file, selector, target.Read(OneTarget.Text(selector)).Value));
        }
    }

    [Theory]
    [MemberData(nameof(Boots))]
    public async Task The_fake_actuator_answers_as_the_real_one_did(string boot)
    {
        var recording = SpringRecording.Of(boot);
        await using var fake = await BootActuator.StartAsync([.. BootActuator.RequestsOf(boot)]);
        foreach (var id in (string[])["A-requests-root-s2", "A-requests-root-200", "A-requests-root-500", "A-requests-status-500",
            "A-requests-template-encoded", "A-requests-comma", "A-requests-comma-and-second-tag", "A-requests-no-colon",
            "A-requests-unknown-tag", "A-requests-unknown-value", "A-requests-same-tag-twice", "A-requests-empty-value"])
        {
            if (!recording.Ids.Contains(id)) continue;
            var line = recording[id];
            var (path, tags) = Split(line.Path);
            var answer = fake.Answer(path, tags);
            Assert.Equal((id, line.Status), (id, answer.Status));
            if (line.Status != 200) continue;
            Assert.Equal((id, Count(line.Body!)), (id, Count(answer.Body)));
            Assert.Equal(Tags(line.Body!), Tags(answer.Body));
        }

        static double Count(string body) => JsonDocument.Parse(body).RootElement.GetProperty("measurements").EnumerateArray()
            .Single(one => one.GetProperty("statistic").GetString() == "COUNT").GetProperty("value").GetDouble();
        static IEnumerable<string> Tags(string body) => JsonDocument.Parse(body).RootElement.GetProperty("availableTags")
            .EnumerateArray().Select(tag => tag.GetProperty("tag").GetString()!).Order(StringComparer.Ordinal);
        static (string, string[]) Split(string path) => path.Split('?', 2) is [var start, var query]
            ? (start, [.. query.Split('&').Select(one => Uri.UnescapeDataString(one["tag=".Length..]))]) : (path, []);
    }

    [Theory]
    [InlineData("http.server.requests{uri='/a,b'}", 10)]
    [InlineData("http.server.requests{uri='/a,b',method='GET'}", 10)]
    [InlineData("http.server.requests{uri=~'/a,b|/orders/.*'}", 15)]
    [InlineData("http.server.requests{uri!~'/actuator.*|/ctl/.*'}", 73)]
    [InlineData("http.server.requests{uri!~'/actuator.*|/ctl/.*',status!='404'}", 69)]
    [InlineData("http.server.requests{uri!~'/actuator.*',uri!='/',status=~'2..'}", 18)]
    [InlineData("http.server.requests{status=~'5..'}", 3)]
    [InlineData("http.server.requests{status=~'5..',statistic='MAX'}", 0.5)]
    [InlineData("http.server.requests{uri!='/nowhere'}", 90)]
    [InlineData("http.server.requests{uri!='',colour=''}", 90)]
    [InlineData("http.server.requests{uri=~'/|/fail',method!~'P.*',status='200'}", 51)]
    public async Task Matchers_pick_the_series_that_they_pick_in_prometheus(string selector, double count)
    {
        var text = await File.ReadAllTextAsync(
            Path.Combine(AppContext.BaseDirectory, "Data", "prometheus-3.5-s2.txt"), TestContext.Current.CancellationToken);
        await using var actuator = await BootActuator.StartAsync([.. BootActuator.RequestsOf("3.5")]);
        using var target = new OneTarget(actuator.Port);
        var query = Actuator(selector);
        var job = target.Job(query);
        foreach (var _ in (int[])[1, 2])
        {
            await target.ScrapeAsync(job);
            Assert.True(job.Status.Up, job.Status.Error);
            Assert.Equal(count, target.Read(query).Value);
        }

        if (selector.Contains("statistic", StringComparison.Ordinal)) return;
        await using var prometheus = await HttpServer.StartAsync("text/plain; version=0.0.4", new() { ["/metrics"] = text });
        using var other = new OneTarget(prometheus.Port);
        var same = OneTarget.Text(selector.Replace("http.server.requests", "http_server_requests_seconds_count",
            StringComparison.Ordinal));
        await other.ScrapeAsync(other.Job(same));
        Assert.Equal(count, other.Read(same).Value);
    }

    [Theory]
    [MemberData(nameof(Boots))]
    public async Task The_heap_of_an_instance_is_all_its_pools_whatever_joins_instances(string boot)
    {
        var text = await File.ReadAllTextAsync(
            Path.Combine(AppContext.BaseDirectory, "Data", $"prometheus-{boot}-s2.txt"), TestContext.Current.CancellationToken);
        var pools = text.Split('\n').Where(line => line.StartsWith("jvm_memory_used_bytes{", StringComparison.Ordinal)
                && line.Contains("area=\"heap\"", StringComparison.Ordinal))
            .Select(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture)).ToList();
        await using var server = await HttpServer.StartAsync("text/plain; version=0.0.4", new() { ["/metrics"] = text });
        using var target = new OneTarget(server.Port);
        var heap = OneTarget.Text("jvm_memory_used_bytes{area=\"heap\"}") with { Across = Aggregation.Max };
        await target.ScrapeAsync(target.Job(heap));
        Assert.Equal(3, pools.Count);
        Assert.Equal(pools.Sum(), target.Read(heap).Value);
        Assert.Equal(pools.Max(), target.Read(heap with { Within = Aggregation.Max }).Value);
    }

    [Fact]
    public async Task What_is_not_there_costs_one_request_a_scrape()
    {
        await using var actuator = await BootActuator.StartAsync([.. BootActuator.RequestsOf("3.5")]);
        using var target = new OneTarget(actuator.Port);
        async Task Costs(int requests, params string[] selectors)
        {
            var job = target.Job([.. selectors.Select(Actuator)]);
            await target.ScrapeAsync(job);
            await target.ScrapeAsync(job);
            var before = actuator.Requests.Count;
            for (var i = 0; i < 3; i++) await target.ScrapeAsync(job);
            Assert.Equal((string.Join(' ', selectors), 3 * requests),
                (string.Join(' ', selectors), Metrics(actuator.Requests.Skip(before))));
        }

        await Costs(1, "no.such");
        await Costs(1, "no.such", "gauge.servo.tpm", "orders.pending{region='eu'}");
        await Costs(1, "http.server.requests{uri='/none'}");
        await Costs(1, "http.server.requests{uri='/'}");
        await Costs(1, "http.server.requests{status!='600'}");
        await Costs(2, "http.server.requests{uri='/'}", "no.such");
        await Costs(2, "http.server.requests{status=~'5..'}");

        static int Metrics(IEnumerable<string> requests) =>
            requests.Count(request => !request.EndsWith("/health", StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_refused_metric_does_not_fail_the_others_and_is_not_idle()
    {
        await using var actuator = await BootActuator.StartAsync(
            [.. BootActuator.RequestsOf("3.5"), new BootActuator.Meter("bookings", [], [("COUNT", 51)])]);
        using var target = new OneTarget(actuator.Port);
        var (bookings, root) = (Actuator("bookings"), Actuator("http.server.requests{uri='/'}"));
        var job = target.Job(bookings, root);
        await target.ScrapeAsync(job);
        Assert.Equal((51, 51), (target.Read(bookings).Value, target.Read(root).Value));

        actuator.Refusals["http.server"] = 500;
        Assert.True((await target.ScrapeAsync(job)).Up);
        Assert.Equal(51, target.Read(bookings).Value);
        // What it was stands until it is stale; then nothing is known, which is not idle.
        Assert.Equal(51, target.Read(root).Value);
        var later = DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeMilliseconds();
        var stale = SeriesReader.Read(target.Set(root), root, later, 60_000, 0);
        Assert.False(stale.IsIdle);
        Assert.Contains("answered 500", stale.Missing, StringComparison.Ordinal);

        // Refusals alone are no matter of one metric.
        actuator.Refusals["bookings"] = 403;
        var status = await target.ScrapeAsync(job);
        Assert.False(status.Up);
        Assert.Contains("answered 403: name credentials by --metrics-credentials", status.Error, StringComparison.Ordinal);

        actuator.Refusals.Clear();
        Assert.True((await target.ScrapeAsync(job)).Up);
        Assert.False(target.Set(root).IsRefused);

        // The list is refused, which only what is not known to be there is looked up in.
        var none = Actuator("no.such");
        var more = target.Job(bookings, none);
        await target.ScrapeAsync(more);
        actuator.RefusesList = true;
        Assert.True((await target.ScrapeAsync(more)).Up, more.Status.Error);
        Assert.Contains("/actuator/metrics answered 500", target.Read(none).Missing, StringComparison.Ordinal);
        Assert.False(target.Read(none).IsIdle);
    }

    [Theory]
    [InlineData("1.5", "UP")]
    [InlineData("1.5", "DOWN")]
    [InlineData("2.7", "UP")]
    [InlineData("3.5", "DOWN")]
    [InlineData("4.0", "OUT_OF_SERVICE")]
    [InlineData("4.0", "DEGRADED")]
    public async Task Closed_metrics_do_not_hide_an_open_health(string boot, string state)
    {
        var recording = SpringRecording.Of(boot);
        var health = recording[$"A-health-{state}"];
        await using var server = await HttpServer.StartAsync(async context =>
        {
            var isHealth = context.Request.Path == health.Path;
            context.Response.StatusCode = isHealth ? health.Status : 401;
            context.Response.ContentType = health.Type;
            if (isHealth) await context.Response.WriteAsync(health.Body!, TestContext.Current.CancellationToken);
        });
        using var target = new OneTarget(server.Port);
        var (metrics, part) = (target.Job(Actuator("system.cpu.usage")), target.Job(Actuator("health"), Actuator("health.dial"),
            Actuator("health.none")));
        await target.ScrapeAsync(metrics);
        await target.ScrapeAsync(part);
        Assert.False(metrics.Status.Up);
        Assert.Contains("answered 401: name credentials by --metrics-credentials", metrics.Status.Error,
            StringComparison.Ordinal);
        Assert.True(part.Status.Up, part.Status.Error);
        Assert.Equal(state == "UP" ? 1 : 0, target.Read(Actuator("health.dial")).Value);
        Assert.Equal(JsonDocument.Parse(health.Body!).RootElement.GetProperty("status").GetString() == "UP" ? 1 : 0,
            target.Read(Actuator("health")).Value);
        Assert.False(target.Read(Actuator("health.none")).IsIdle);
        Assert.Contains("answered 401", target.Read(Actuator("health.none")).Missing, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_statistic_is_named_and_too_many_values_are_refused()
    {
        Assert.True(SeriesSelector.TryParse("m{statistic=~'C.*'}", out var selector, out _));
        Assert.Contains("is named with '='", ActuatorQuery.Check(selector!), StringComparison.Ordinal);
        await using var actuator = await BootActuator.StartAsync([.. Enumerable.Range(0, 100).Select(i =>
            new BootActuator.Meter("m", new() { ["i"] = $"{i}" }, [("COUNT", 1)]))]);
        using var target = new OneTarget(actuator.Port);
        var (few, many) = (Actuator("m{i=~'1.'}"), Actuator("m{i!='1'}"));
        var job = target.Job(few, many);
        Assert.True((await target.ScrapeAsync(job)).Up);
        Assert.Equal(10, target.Read(few).Value);
        Assert.Contains("picks more values than 64 requests can ask for", target.Read(many).Missing, StringComparison.Ordinal);
        Assert.True(actuator.Requests.Count < 100);
    }

    [Fact]
    public async Task A_service_that_moves_is_found_again()
    {
        await using var actuator = await BootActuator.StartAsync(new BootActuator.Meter("servo.tpm", [], [("VALUE", 7)]));
        var one = SpringRecording.Of("1.5")["A-metrics-s2"];
        var isBoot1 = true;
        await using var server = await HttpServer.StartAsync(async context =>
        {
            var (status, body) = isBoot1 ? context.Request.Path == "/metrics" ? (200, one.Body!) : (404, "")
                : actuator.Answer(context.Request.Path.Value!, []);
            context.Response.StatusCode = status;
            context.Response.ContentType = "application/json";
            if (body.Length > 0) await context.Response.WriteAsync(body, TestContext.Current.CancellationToken);
        });
        using var target = new OneTarget(server.Port);
        var query = Actuator("gauge.servo.tpm");
        var job = target.Job(query);
        foreach (var value in (double[])[33, 7, 33])
        {
            isBoot1 = value == 33;
            Assert.True((await target.ScrapeAsync(job)).Up, job.Status.Error);
            Assert.Equal(value, target.Read(query).Value);
        }
    }
}
