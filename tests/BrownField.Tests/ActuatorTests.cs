using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;

namespace BrownField.Tests;

public sealed class ActuatorTests
{
    private static readonly CancellationToken Stop = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Boot_1_is_flat_and_counts_the_service_s_requests_but_not_its_own()
    {
        await using var search = await Service.SearchAsync(BootShape.One, new FakeTimeProvider());
        for (var i = 0; i < 3; i++) await search.StatusAsync("/search?origin=NYC");
        await search.StatusAsync("/search");
        await search.StatusAsync("/admin/metrics");

        var (_, metrics) = await search.GetAsync("/admin/metrics");

        Assert.Equal(4, (double)metrics["gauge.servo.tpm"]!);
        Assert.Equal(3, (double)metrics["counter.status.200.search"]!);
        Assert.Equal(1, (double)metrics["counter.status.400.search"]!);
        foreach (var name in new[] { "mem", "mem.free", "processors", "uptime", "instance.uptime", "systemload.average",
            "threads", "gauge.response.search" })
            Assert.True(metrics[name] is JsonValue value && value.TryGetValue<double>(out _), name);
        Assert.Equal("""{"gauge.servo.tpm":4}""", (await search.GetAsync("/admin/metrics/gauge.servo.tpm")).Body.ToJsonString());
        Assert.Equal(HttpStatusCode.NotFound, (await search.GetAsync("/admin/metrics/gauge.nothing")).Status);
        var (_, health) = await search.GetAsync("/admin/health");
        Assert.Equal(("UP", "UP"), ((string)health["status"]!, (string)health["diskSpace"]!["status"]!));
    }

    [Fact]
    public async Task Boot_2_has_a_document_a_metric_with_tags_that_narrow_it()
    {
        await using var search = await Service.SearchAsync(BootShape.Two, new FakeTimeProvider());
        await search.StatusAsync("/search?origin=NYC");
        await search.StatusAsync("/search");

        var names = (await search.GetAsync("/actuator/metrics")).Body["names"]!.AsArray().Select(name => (string)name!).ToArray();
        Assert.Subset(names.ToHashSet(), new HashSet<string> { "http.server.requests", "system.cpu.usage", "process.cpu.usage" });
        foreach (var name in names)
            Assert.Equal(name, (string)(await search.GetAsync("/actuator/metrics/" + name)).Body["name"]!);

        var (_, all) = await search.GetAsync("/actuator/metrics/http.server.requests");
        Assert.Equal(2, Statistic(all, "COUNT"));
        Assert.Equal(["200", "400"], Values(all, "status"));
        var (_, narrowed) = await search.GetAsync("/actuator/metrics/http.server.requests?tag=status:200&tag=uri:/search");
        Assert.Equal(1, Statistic(narrowed, "COUNT"));
        Assert.Equal(["exception", "method", "outcome"], narrowed["availableTags"]!.AsArray()
            .Select(tag => (string)tag!["tag"]!));
        Assert.Equal(HttpStatusCode.NotFound, await search.StatusAsync("/actuator/metrics/http.server.requests?tag=status:418"));
        Assert.Equal(HttpStatusCode.NotFound, await search.StatusAsync("/actuator/metrics/no.such"));
        Assert.Equal(2, Statistic((await search.GetAsync("/actuator/metrics/servo.tpm")).Body, "VALUE"));
    }

    [Fact]
    public async Task Boot_2_health_has_components_and_groups()
    {
        await using var search = await Service.SearchAsync(BootShape.Two);

        var (status, health) = await search.GetAsync("/actuator/health");

        Assert.Equal((HttpStatusCode.OK, "UP"), (status, (string)health["status"]!));
        Assert.Equal("UP", (string)health["components"]!["readinessState"]!["status"]!);
        foreach (var group in health["groups"]!.AsArray())
            Assert.Equal(HttpStatusCode.OK, await search.StatusAsync($"/actuator/health/{group}"));
    }

    [Fact]
    public async Task Prometheus_text_has_Micrometer_s_names()
    {
        await using var search = await Service.SearchAsync(BootShape.Two, new FakeTimeProvider());
        await search.StatusAsync("/search?origin=NYC");

        using var response = await search.Http.GetAsync("/actuator/prometheus", Stop);
        var text = await response.Content.ReadAsStringAsync(Stop);

        const string Tags = """{exception="None",method="GET",outcome="SUCCESS",status="200",uri="/search" """;
        Assert.StartsWith("text/plain; version=0.0.4", response.Content.Headers.ContentType!.ToString(),
            StringComparison.Ordinal);
        Assert.Contains($"http_server_requests_seconds_count{Tags.TrimEnd()}}} 1\n", text, StringComparison.Ordinal);
        Assert.Contains($"http_server_requests_seconds_bucket{Tags.TrimEnd()},le=\"+Inf\"}} 1\n", text, StringComparison.Ordinal);
        foreach (var name in new[] { "system_cpu_usage", "process_cpu_usage", "process_uptime_seconds", "servo_tpm" })
            Assert.Contains($"\n{name} ", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(BootShape.One, "/admin/health", "/actuator/health")]
    [InlineData(BootShape.Two, "/actuator/health", "/admin/health")]
    public async Task One_shape_does_not_serve_the_other_s_paths(BootShape boot, string served, string absent)
    {
        await using var search = await Service.SearchAsync(boot);

        Assert.Equal(HttpStatusCode.OK, await search.StatusAsync(served));
        Assert.Equal(HttpStatusCode.NotFound, await search.StatusAsync(absent));
    }

    [Theory]
    [InlineData("/admin/metrics")]
    [InlineData("/actuator/metrics")]
    [InlineData("/actuator/metrics/system.cpu.usage")]
    [InlineData("/actuator/prometheus")]
    public async Task Each_fault_fails_the_metrics_and_leaves_health_and_service_alone(string metrics)
    {
        await using var error = await Service.SearchAsync(BootShape.Both, fault: MetricsFault.Error);
        Assert.Equal(HttpStatusCode.InternalServerError, await error.StatusAsync(metrics));
        Assert.Equal(HttpStatusCode.OK, await error.StatusAsync("/admin/health"));
        Assert.Equal(HttpStatusCode.OK, await error.StatusAsync("/search?origin=NYC"));

        await using var html = await Service.SearchAsync(BootShape.Both, fault: MetricsFault.Html);
        using (var response = await html.Http.GetAsync(metrics, Stop))
            Assert.Equal((HttpStatusCode.OK, "text/html"),
                (response.StatusCode, response.Content.Headers.ContentType!.MediaType));

        await using var endless = await Service.SearchAsync(BootShape.Both, fault: MetricsFault.Endless);
        using (var response = await endless.Http.GetAsync(metrics, HttpCompletionOption.ResponseHeadersRead, Stop))
        await using (var body = await response.Content.ReadAsStreamAsync(Stop))
            await body.ReadExactlyAsync(new byte[2 * 1024 * 1024], Stop);

        await using var hang = await Service.SearchAsync(BootShape.Both, fault: MetricsFault.Hang);
        hang.Http.Timeout = TimeSpan.FromMilliseconds(200);
        await Assert.ThrowsAsync<TaskCanceledException>(() => hang.Http.GetAsync(metrics, Stop));
    }

    private static double Statistic(JsonNode metric, string statistic) =>
        (double)metric["measurements"]!.AsArray().Single(m => (string)m!["statistic"]! == statistic)!["value"]!;

    private static IEnumerable<string> Values(JsonNode metric, string tag) =>
        metric["availableTags"]!.AsArray().Single(t => (string)t!["tag"]! == tag)!["values"]!.AsArray()
        .Select(value => (string)value!);
}
