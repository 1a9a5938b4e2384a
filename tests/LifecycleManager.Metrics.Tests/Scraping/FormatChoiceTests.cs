using System.Text;
using System.Text.Json;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Tests.Scraping;

/// <summary>Text is asked for until it shows a histogram without buckets; then protobuf, as long as that brings them.</summary>
public sealed class FormatChoiceTests
{
    private const string Delimited =
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores";
    private const string Native = "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 60\nh_sum 87\nh_count 60\n";
    private const string Summary = "# TYPE h summary\nh{quantile=\"0.5\"} 1\nh_sum 87\nh_count 60\n";
    private const string Classic = "# TYPE h histogram\nh_bucket{le=\"1\"} 30\nh_bucket{le=\"+Inf\"} 60\nh_sum 87\nh_count 60\n";

    private static readonly MetricQuery Quantile = new()
    {
        Source = MetricSource.Histogram,
        Selector = "h",
        Quantile = 0.9,
        Across = Aggregation.Sum,
    };

    private static readonly MetricQuery Count = OneTarget.Text("h_count");

    private static readonly byte[] Histogram =
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Data", "prometheus", "protobuf.jsonl"))
            .Select(line => JsonDocument.Parse(line).RootElement).Single(line => line.GetProperty("id").GetString() == "b19")
            .GetProperty("b64").GetBytesFromBase64();

    private static byte[] Text(string text) => RawServer.Ok("text/plain; version=0.0.4", Encoding.UTF8.GetBytes(text));

    [Fact]
    public async Task A_native_histogram_is_asked_for_in_protobuf_and_read()
    {
        await using var server = new RawServer(head =>
            head.Contains("protobuf", StringComparison.Ordinal) ? RawServer.Ok(Delimited, Histogram) : Text(Native));
        using var target = new OneTarget(server.Port, new() { ["lcm.metrics.path"] = "/metrics" });
        var job = target.Job(Quantile, Count);
        Assert.True((await target.ScrapeAsync(job)).Up, job.Status.Error);
        Assert.Contains("no bucket but +Inf", target.Read(Quantile).Missing, StringComparison.Ordinal);
        Assert.False(target.Read(Quantile).IsIdle);
        for (var i = 0; i < 3; i++)
        {
            Assert.True((await target.ScrapeAsync(job)).Up, job.Status.Error);
            Assert.Equal(1.8142521755003982, target.Read(Quantile).Value, 1e-12);
            Assert.Equal(60, target.Read(Count).Value);
        }
    }

    [Fact]
    public async Task What_protobuf_does_not_better_is_asked_for_in_text_again()
    {
        foreach (var answer in (byte[][])[Text(Native), Text(Summary), RawServer.Ok(Delimited, [])])
        {
            var asked = new List<bool>();
            await using var server = new RawServer(head =>
            {
                var protobuf = head.Contains("protobuf", StringComparison.Ordinal);
                lock (asked) asked.Add(protobuf);
                return protobuf ? answer : Text(Summary);
            });
            using var target = new OneTarget(server.Port, new() { ["lcm.metrics.path"] = "/metrics" });
            var job = target.Job(Quantile);
            for (var i = 0; i < 5; i++) await target.ScrapeAsync(job);
            lock (asked) Assert.Equal([false, true, false, false, false], asked);
        }
    }

    [Fact]
    public async Task A_service_whose_protobuf_is_broken_is_scraped_as_text()
    {
        var broken = 0;
        await using var server = new RawServer(head =>
        {
            if (!head.Contains("protobuf", StringComparison.Ordinal)) return Text(Native);
            broken++;
            return RawServer.Ok(Delimited, Histogram.AsSpan(0, 40));
        });
        using var target = new OneTarget(server.Port, new() { ["lcm.metrics.path"] = "/metrics" });
        var job = target.Job(Quantile);
        for (var i = 0; i < 12; i++) await target.ScrapeAsync(job);
        Assert.True(job.Status.Up, job.Status.Error);
        Assert.Equal(3, broken);
    }

    [Fact]
    public async Task A_histogram_with_buckets_is_read_as_text()
    {
        var asked = "";
        await using var server = new RawServer(head =>
        {
            asked += head;
            return Text(Classic);
        });
        using var target = new OneTarget(server.Port, new() { ["lcm.metrics.path"] = "/metrics" });
        var job = target.Job(Quantile);
        for (var i = 0; i < 3; i++) Assert.True((await target.ScrapeAsync(job)).Up, job.Status.Error);
        Assert.DoesNotContain("protobuf", asked, StringComparison.Ordinal);
        Assert.Equal(1, target.Read(Quantile).Value);
    }
}
