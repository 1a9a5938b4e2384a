using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using LifecycleManager.Metrics.Series;

namespace LifecycleManager.Metrics.Tests.Scraping;

/// <summary>
/// What Prometheus 3.16 made of 78 answers over real sockets, and what it asks for: the collector comes to the same, or differs
/// for a reason that is printed.
/// </summary>
public sealed class PrometheusScrapeTests(ITestOutputHelper output)
{
    private static readonly Dictionary<string, string> OnPurpose = new()
    {
        ["c01"] = "text without a type is old text: exporters written by hand often send none",
        ["c02"] = "text without a type is old text: exporters written by hand often send none",
        ["c19"] = "an OpenMetrics text that is empty lacks its # EOF: nothing proves that it is whole",
        ["c33"] = "a sample of 1970 is stored where Prometheus drops it as too old; no reading sees it, since it is stale",
        ["c34"] = "a sample of ten minutes ago is stored; no reading sees it, since it is stale",
        ["c35"] = "a sample of ten minutes ahead is left out: it would hide every true one after it",
        ["c57"] = "a service's own 'up' is a series like any other, and no verdict on the scrape",
    };

    public static TheoryData<string> Answers() => [.. Recorded("prometheus-scrapes.jsonl").Select(line =>
        line.GetProperty("id").GetString()!)];

    private static IEnumerable<JsonElement> Recorded(string file) =>
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Data", file)).Select(line => JsonDocument.Parse(line).RootElement);

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task A_scrape_comes_to_what_prometheus_makes_of_it(string id)
    {
        var line = Recorded("prometheus-scrapes.jsonl").Single(line => line.GetProperty("id").GetString() == id);
        var bytes = Answer(line);
        await using var server = new RawServer(head =>
            head.StartsWith("GET /moved ", StringComparison.Ordinal) ? Answer("gzip") : bytes);
        using var target = new OneTarget(server.Port, new() { ["lcm.metrics.path"] = "/metrics?x=" });
        var series = line.GetProperty("series").EnumerateArray().Select(one =>
            (Labels: one[0].EnumerateObject().ToDictionary(label => label.Name, label => label.Value.GetString()!),
                Value: one[1].GetString()!)).ToList();
        var names = series.Select(one => one.Labels["__name__"]).Append("a").Append("b")
            .Where(name => name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.')).Distinct().ToArray();
        var queries = names.Select(OneTarget.Text).ToArray();
        var job = target.Job(queries);
        var status = await target.ScrapeAsync(job);

        var up = line.GetProperty("up").GetDouble() != 0;
        var expected = names.Select(name => series.Where(one => one.Labels["__name__"] == name).Sum(one => Number(one.Value)));
        var isSame = status.Up == up && (status.Up == false
            || names.Zip(expected).All(pair => Stored(target.Set(OneTarget.Text(pair.First))).Equals(pair.Second)));
        if (OnPurpose.TryGetValue(id, out var reason))
        {
            output.WriteLine($"{id}: {reason}");
            return;
        }

        Assert.True(isSame, $"{id}: up {status.Up} ({status.Error}), as Prometheus {up}; {line}");
    }

    [Fact]
    public async Task It_asks_as_prometheus_does()
    {
        var requests = new List<string>();
        await using var server = new RawServer(head =>
        {
            lock (requests) requests.Add(head);
            return RawServer.Ok("text/plain; version=0.0.4", "a 1\n"u8);
        });
        var recorded = Recorded("prometheus-scrape-requests.jsonl").ToDictionary(line => line.GetProperty("id").GetString()!,
            line => line.GetProperty("request").GetString()!);
        async Task<string> Asked(string selector, Dictionary<string, string>? labels = null, MetricsCredential? credential = null)
        {
            using var target = new OneTarget(server.Port, labels, options => options with
            {
                Timeout = TimeSpan.FromMilliseconds(750),
                Credentials = credential is null ? [] : [credential],
            });
            var job = target.Job(OneTarget.Text(selector));

            // On a busy machine one may take longer than it may.
            await Eventually.TrueAsync(async () => (await target.ScrapeAsync(job)).Up == true, "an answer",
                more: () => job.Status.Error!);
            lock (requests) return requests[^1];
        }

        void Same(string header, string asked, string id) => Assert.Equal(Header(recorded[id], header), Header(asked, header));
        var plain = await Asked("a_total");
        Same("Accept", plain, "esc-underscores");
        Same("Accept-Encoding", plain, "default");
        Same("X-Prometheus-Scrape-Timeout-Seconds", plain, "timeout");
        Same("Accept", await Asked("a.b"), "default");
        Same("Accept", await Asked("a{x.y=\"z\"}"), "default");

        var asked = await Asked("a", new()
        {
            ["lcm.metrics.path"] = "/r/params?collect%5B%5D=cpu&collect%5B%5D=a%20b",
            ["lcm.metrics.param.tenant"] = "é",
        });
        Assert.Equal(recorded["params"].Split(' ')[1].Replace('+', ' ').Replace(" ", "%20", StringComparison.Ordinal),
            asked.Split(' ')[1]);

        Environment.SetEnvironmentVariable("PROMETHEUS_SCRAPE_TESTS", "p");
        Same("Authorization", await Asked("a", null, new MetricsCredential("/a", "u", "env:PROMETHEUS_SCRAPE_TESTS")), "basic");
        Environment.SetEnvironmentVariable("PROMETHEUS_SCRAPE_TESTS", "tok");
        Same("Authorization", await Asked("a", null, new MetricsCredential("/a", null, "env:PROMETHEUS_SCRAPE_TESTS")), "bearer");
    }

    private static string? Header(string head, string name) => head.Split("\r\n")
        .FirstOrDefault(line => line.StartsWith(name + ": ", StringComparison.OrdinalIgnoreCase))?[(name.Length + 2)..];

    private static double Stored(SeriesSet set)
    {
        var sum = 0.0;
        foreach (var series in set.Series) sum += series.Samples.Count > 0 ? series.Samples.Samples[^1].Value : 0;
        return sum;
    }

    private static double Number(string text) => text switch
    {
        "NaN" => double.NaN,
        "+Inf" => double.PositiveInfinity,
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };

    private static byte[] Answer(JsonElement line)
    {
        if (line.TryGetProperty("hook", out var hook)) return Answer(hook.GetString()!);
        var body = line.TryGetProperty("b64", out var raw) ? raw.GetBytesFromBase64()
            : Encoding.UTF8.GetBytes(line.GetProperty("body").GetString()!);
        var type = line.GetProperty("contentType").GetString();
        var head = $"HTTP/1.1 200 OK\r\n{(type is null ? "" : $"Content-Type: {type}\r\n")}Content-Length: {body.Length}\r\n"
            + "Connection: close\r\n\r\n";
        return [.. Encoding.UTF8.GetBytes(head), .. body];
    }

    // The transport's own tricks; each has the one sample a 1.
    private static byte[] Answer(string hook)
    {
        const string Type = "text/plain; version=0.0.4";
        using var zipped = new MemoryStream();
        using (var gzip = new GZipStream(zipped, CompressionLevel.Optimal, leaveOpen: true)) gzip.Write("a 1\n"u8);
        var body = zipped.ToArray();
        byte[] Chunked(string chunks) => Encoding.ASCII.GetBytes(
            $"HTTP/1.1 200 OK\r\nContent-Type: {Type}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n{chunks}");
        return hook switch
        {
            "500" => RawServer.Status(500),
            "204" => Encoding.ASCII.GetBytes("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"),
            "301" => RawServer.Status(301, "Location: /moved\r\n"),
            "gzip" => RawServer.Ok(Type, body, "Content-Encoding: gzip\r\n"),
            "gzipcut" => RawServer.Ok(Type, body.AsSpan(0, body.Length - 9), "Content-Encoding: gzip\r\n"),
            "short" => RawServer.Ok(Type, "a 1\nb 2\n"u8)[..^4],
            "chunked" => Chunked("4\r\na 1\n\r\n0\r\n\r\n"),
            "chunkcut" => Chunked("4\r\na 1\n\r\n"),
            "close" => Encoding.ASCII.GetBytes($"HTTP/1.0 200 OK\r\nContent-Type: {Type}\r\n\r\na 1\n"),
            "deflate-label-only" => RawServer.Ok(Type, "a 1\n"u8, "Content-Encoding: deflate\r\n"),
            _ => throw new ArgumentOutOfRangeException(nameof(hook), hook, null),
        };
    }
}
