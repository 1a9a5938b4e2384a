using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Discovery;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Targets;

namespace LifecycleManager.Metrics.Tests.Scraping;

/// <summary>Where an endpoint is found, where redirects lead, and what is said where there is nothing.</summary>
public sealed class FindingTests
{
    private const string Old = "text/plain; version=0.0.4";
    private static readonly MetricQuery Load = OneTarget.Text("load");

    private static async Task<(JobStatus Status, double Value, string Address)> ScrapeAsync(
        Func<string, byte[]> answer, Dictionary<string, string>? labels = null, MetricQuery? query = null)
    {
        await using var server = new RawServer(head => answer(head.Split(' ')[1]));
        using var target = new OneTarget(server.Port, labels);
        var job = target.Job(query ?? Load);
        var status = await target.ScrapeAsync(job);
        return (status, target.Read(query ?? Load).Value, job.Address.Replace($":{server.Port}", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_endpoint_is_what_parses_and_not_the_first_plain_text()
    {
        // A page in plain text stands where the metrics might be, and an empty text before them.
        var (status, value, address) = await ScrapeAsync(path => path switch
        {
            "/actuator/prometheus" => RawServer.Ok("text/plain", "Hello, world!\n"u8),
            "/prometheus" => RawServer.Ok(Old, ""u8),
            "/metrics" => RawServer.Ok(Old, "load 3\n"u8),
            _ => RawServer.Status(404),
        });
        Assert.True(status.Up, status.Error);
        Assert.Equal((3, "http://127.0.0.1/metrics"), (value, address));

        // Boot 1's numbers below the same path are JSON.
        (status, value, address) = await ScrapeAsync(path => path switch
        {
            "/admin" => RawServer.Ok("text/plain", "the office\n"u8),
            "/admin/metrics" => RawServer.Ok("application/json", "{\"load\":1}"u8),
            "/admin/prometheus" => RawServer.Ok(Old, "load 4\n"u8),
            _ => RawServer.Status(404),
        }, new() { ["lcm.metrics.path"] = "/admin" });
        Assert.Equal((4, "http://127.0.0.1/admin/prometheus"), (value, address));

        // The other way round: the metrics under the name of the actuator's list.
        (_, value, address) = await ScrapeAsync(path => path switch
        {
            "/admin/prometheus" => RawServer.Ok("text/html", "<p>"u8),
            "/admin/metrics" => RawServer.Ok(Old, "load 5\n"u8),
            _ => RawServer.Status(404),
        }, new() { ["lcm.metrics.path"] = "/admin" });
        Assert.Equal((5, "http://127.0.0.1/admin/metrics"), (value, address));

        // No metric yet, and nothing better: that is the place.
        (status, _, address) = await ScrapeAsync(path =>
            path == "/metrics" ? RawServer.Ok(Old, ""u8) : RawServer.Status(404));
        Assert.True(status.Up);
        Assert.Equal("http://127.0.0.1/metrics", address);
    }

    [Fact]
    public async Task What_is_damaged_where_it_was_is_not_looked_for_elsewhere()
    {
        var body = "load 1\n";
        var asked = new List<string>();
        await using var server = new RawServer(head =>
        {
            asked.Add(head.Split(' ')[1]);
            return head.StartsWith("GET /metrics ", StringComparison.Ordinal)
                ? RawServer.Ok(Old, System.Text.Encoding.UTF8.GetBytes(body)) : RawServer.Status(404);
        });
        using var target = new OneTarget(server.Port);
        var job = target.Job(Load);
        await target.ScrapeAsync(job);
        asked.Clear();
        body = "load 1\nload{";
        Assert.Contains("/metrics: line 2", (await target.ScrapeAsync(job)).Error, StringComparison.Ordinal);
        Assert.Equal(["/metrics"], asked);
        body = "load 2\n";
        Assert.True((await target.ScrapeAsync(job)).Up);
        Assert.Equal(["/metrics", "/metrics"], asked);
    }

    [Theory]
    [InlineData(401, 404, 404, "/actuator/prometheus answered 401: name credentials by --metrics-credentials")]
    [InlineData(404, 403, 404, "/prometheus answered 403: name credentials by --metrics-credentials")]
    [InlineData(404, 404, 401, "/metrics answered 401: name credentials by --metrics-credentials")]
    [InlineData(503, 404, 401, "/metrics answered 401: name credentials by --metrics-credentials")]
    [InlineData(200, 404, 503, "/metrics answered 503")]
    [InlineData(200, 404, 404, "answered text/html where Prometheus or OpenMetrics text is needed; where only its type is wrong, "
        + "the label lcm.metrics.format says what it is")]
    [InlineData(404, 404, 404, "has no Prometheus text at /actuator/prometheus, /prometheus, /metrics: say where by the label "
        + "lcm.metrics.path or the policy's scrape")]
    public async Task The_failure_that_tells_most_is_reported_with_its_remedy(int first, int second, int third, string reason)
    {
        var answers = new Dictionary<string, int>
        {
            ["/actuator/prometheus"] = first,
            ["/prometheus"] = second,
            ["/metrics"] = third,
        };
        var (status, _, _) = await ScrapeAsync(path =>
            answers[path] == 200 ? RawServer.Ok("text/html", "<p>"u8) : RawServer.Status(answers[path]));
        Assert.Contains(reason, status.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_histogram_that_is_native_alone_has_observed_and_is_not_idle()
    {
        var query = new MetricQuery
        {
            Source = MetricSource.Histogram,
            Selector = "http_server_requests_seconds",
            Quantile = 0.95,
        };
        await using var server = await HttpServer.StartAsync(Old, new()
        {
            ["/metrics"] = "http_server_requests_seconds_count{uri=\"/\"} 5\nhttp_server_requests_seconds_sum{uri=\"/\"} 1\n",
        });
        using var target = new OneTarget(server.Port);
        var job = target.Job(query);
        Assert.True((await target.ScrapeAsync(job)).Up, job.Status.Error);
        var value = target.Read(query);
        Assert.False(value.IsIdle);
        Assert.Contains("has a count and no buckets: it is a summary, or a native histogram", value.Missing,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text", 1)]
    [InlineData("openmetrics", double.NaN)]
    public async Task A_label_says_what_a_text_is_whose_type_does_not(string format, double value)
    {
        var labels = new Dictionary<string, string> { ["lcm.metrics.path"] = "/metrics", ["lcm.metrics.format"] = format };
        foreach (var type in (string[])["text/html", "application/octet-stream", "garbage", "text/plain;;", ""])
            Assert.Equal(value, (await ScrapeAsync(_ => RawServer.Ok(type, "load 1\n"u8), labels)).Value);

        // What says what it is, is that.
        Assert.Equal(1, (await ScrapeAsync(_ => RawServer.Ok(Old, "load 1\n"u8), labels)).Value);
        labels["lcm.metrics.format"] = "xml";
        Assert.Contains("label lcm.metrics.format: 'xml' is none of text, openmetrics",
            (await ScrapeAsync(_ => [], labels)).Status.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_path_may_have_a_query_and_labels_give_parameters()
    {
        async Task Asks(string target, Dictionary<string, string> labels)
        {
            var (status, value, _) = await ScrapeAsync(
                path => path == target ? RawServer.Ok(Old, "load 1\n"u8) : RawServer.Status(404), labels);
            Assert.True(status.Up, status.Error);
            Assert.Equal(1, value);
        }

        await Asks("/probe?module=http_2xx&target=https%3A%2F%2Fshop%2F%3Fa%3Db", new()
        {
            ["lcm.metrics.path"] = "/probe",
            ["lcm.metrics.param.target"] = "https://shop/?a=b",
            ["lcm.metrics.param.module"] = "http_2xx",
        });
        await Asks("/federate?match[]=%7Bjob=%22shop%22%7D&match[]=up", new()
        {
            ["lcm.metrics.path"] = "/federate?match[]={job=\"shop\"}&match[]=up",
        });
        await Asks("/actuator/prometheus?includedNames=load", new() { ["lcm.metrics.param.includedNames"] = "load" });
    }

    [Fact]
    public async Task The_path_of_a_policy_is_heeded_as_that_of_the_label()
    {
        async Task Asks(string path, string asked, Dictionary<string, string>? labels = null, bool isActuator = false)
        {
            await using var server = new RawServer(head => !head.StartsWith($"GET {asked} ", StringComparison.Ordinal)
                ? RawServer.Status(404)
                : isActuator ? RawServer.Ok("application/json", "{\"load\":1}"u8) : RawServer.Ok(Old, "load 1\n"u8));
            using var target = new OneTarget(server.Port, labels);
            var query = (isActuator ? OneTarget.Actuator("load") : Load) with { Scrape = new ScrapeSettings { Path = path } };
            var status = await target.ScrapeAsync(target.Job(query));
            Assert.True(status.Up, status.Error);
            Assert.Equal(1, target.Read(query).Value);
        }

        await Asks("/probe?module=http_2xx&target=x", "/probe?module=http_2xx&target=x");
        await Asks("/probe?target=https://shop/?a", "/probe?target=https://shop/?a");
        await Asks("/federate?match[]={job=\"shop\"}&match[]=up", "/federate?match[]=%7Bjob=%22shop%22%7D&match[]=up");
        await Asks("/?all", "/?all");

        // The labels add what the path does not have: it goes before them.
        var labels = new Dictionary<string, string>
        {
            ["lcm.metrics.path"] = "/other?x=1",
            ["lcm.metrics.param.module"] = "icmp",
            ["lcm.metrics.param.target"] = "https://shop/",
        };
        await Asks("/probe", "/probe?module=icmp&target=https%3A%2F%2Fshop%2F", labels);
        await Asks("/probe?mod%75le=tcp", "/probe?module=tcp&target=https%3A%2F%2Fshop%2F", labels);
        await Asks("/probe?module=tcp&target=x", "/probe?module=tcp&target=x", labels);

        // An actuator stands beside the text, and its endpoints have no query.
        await Asks("/actuator/prometheus?includedNames=load", "/actuator/metrics", labels, isActuator: true);
    }

    [Theory]
    [InlineData("//elsewhere/x")]
    [InlineData("/\\elsewhere/x")]
    [InlineData("@elsewhere/x")]
    [InlineData("\\\\elsewhere/x")]
    public void A_path_leads_to_no_other_host(string path)
    {
        using var target = new OneTarget(4711);
        target.Instance.Target = target.Instance.Target with { Path = path };
        var address = new EndpointAddress(target.Instance, new EndpointKey(EndpointKind.Text, null));
        Assert.Equal("127.0.0.1:4711", address.At(address.GivenPath!).Authority);
        Assert.Empty(address.At(path).UserInfo);
        Assert.NotNull(ScrapeSettings.ProblemOf(path));
        Assert.Contains("label lcm.metrics.path: ", AppMetricsLabels.Parse(
            new Dictionary<string, string> { ["lcm.metrics.path"] = path }).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_is_made_once_and_anew_with_each_change_of_the_instance_or_its_app()
    {
        using var target = new OneTarget(4711);
        var instance = target.Instance;
        var address = new EndpointAddress(instance, new EndpointKey(EndpointKind.Text, null));
        var first = address.At("/metrics");
        Assert.Same(first, address.At("/metrics"));
        Assert.Equal("http://127.0.0.1:4711/other", address.At("/other").ToString());
        Assert.Equal(first, address.At("/metrics"));

        instance.Target = instance.Target with { Ports = [4712] };
        Assert.Equal("http://127.0.0.1:4712/metrics", address.At("/metrics").ToString());
        instance.App = new TargetApp("/a", AppMetricsLabels.Parse(new Dictionary<string, string>
        {
            ["lcm.metrics.scheme"] = "https",
            ["lcm.metrics.param.a"] = "1",
        }));
        Assert.Equal("https://127.0.0.1:4712/metrics?a=1", address.At("/metrics").ToString());
        instance.App = new TargetApp("/a", AppMetricsLabels.Parse(new Dictionary<string, string> { ["lcm.metrics.port"] = "3" }));
        Assert.Equal(FailureReason.Configuration, Assert.Throws<ScrapeException>(() => address.At("/metrics")).Reason);
    }

    [Theory]
    [InlineData("/actuator/prometheus?uri=/a/b", "/actuator")]
    [InlineData("/actuator/prometheus", "/actuator")]
    [InlineData("/probe?target=https://shop/", "/probe")]
    public void The_actuator_beside_a_text_is_by_the_path_without_its_query(string path, string actuator) =>
        Assert.Equal(actuator, ManagementPath.Of(path));

    [Fact]
    public async Task Parameters_of_target_files_are_asked_as_prometheus_asks_them()
    {
        var group = new TargetGroup(["127.0.0.1:1"], new Dictionary<string, string>
        {
            ["app"] = "/a",
            ["__metrics_path__"] = "/probe",
            ["__param_target"] = "https://shop/",
            ["__param_module"] = "icmp",
        });
        await using var server = new RawServer(head =>
            head.StartsWith("GET /probe?module=icmp&target=https%3A%2F%2Fshop%2F ", StringComparison.Ordinal)
                ? RawServer.Ok(Old, "load 1\n"u8) : RawServer.Status(404));
        using var target = new OneTarget(server.Port);
        target.Instance.Target = Assert.Single(group.Read("file")) with { Ports = [server.Port] };
        await target.ScrapeAsync(target.Job(Load));
        Assert.Equal(1, target.Read(Load).Value);
    }

    [Theory]
    [InlineData("http://a:8080/metrics", "/actuator/prometheus", "http://a:8080/actuator/prometheus")]
    [InlineData("http://a:8080/metrics", "http://a:8080/x?y=z", "http://a:8080/x?y=z")]
    [InlineData("http://a:8080/metrics", "//A:8080/x", "http://a:8080/x")]
    [InlineData("http://a:8080/metrics", "https://a:8443/metrics", "https://a:8443/metrics")]
    [InlineData("http://a:8080/metrics", "https://b:8443/metrics", null)]
    [InlineData("http://a:8080/metrics", "http://b:8080/metrics", null)]
    [InlineData("http://a:8080/metrics", "http://a:9090/metrics", null)]
    [InlineData("https://a/metrics", "http://a/metrics", null)]
    [InlineData("https://a/metrics", "https://a:8443/metrics", null)]
    [InlineData("http://a:8080/metrics", "http://me:secret@a:8080/metrics", null)]
    [InlineData("http://a:8080/metrics", "ftp://a:8080/metrics", null)]
    [InlineData("http://a:8080/metrics", "file:///etc/passwd", null)]
    [InlineData("http://a:8080/metrics", null, null)]
    public void A_redirect_is_followed_to_the_target_itself_alone(string from, string? location, string? to)
    {
        var next = Redirects.Follow(new Uri(from), location is null ? null : new Uri(location, UriKind.RelativeOrAbsolute),
            out var refusal);
        Assert.Equal(to, next?.ToString());
        Assert.Equal(to is null, refusal is not null);
    }

    [Fact]
    public async Task Redirects_are_bounded_and_no_credential_leaves_the_target()
    {
        var seen = new List<string>();
        await using var thief = new RawServer(head =>
        {
            seen.Add(head);
            return RawServer.Ok(Old, "load 1\n"u8);
        });
        var elsewhere = $"http://127.0.0.1:{thief.Port}/metrics";
        var (status, _, _) = await ScrapeAsync(_ => RawServer.Status(302, $"Location: {elsewhere}\r\n"));
        Assert.Contains($"a redirect to {elsewhere}, another port, which is not followed", status.Error,
            StringComparison.Ordinal);
        Assert.Empty(seen);
        (status, _, _) = await ScrapeAsync(path => RawServer.Status(307, $"Location: {path}x?token=s3cret\r\n"),
            new() { ["lcm.metrics.path"] = "/metrics" });
        Assert.Contains("the 6th, which is not followed", status.Error, StringComparison.Ordinal);
    }
}
