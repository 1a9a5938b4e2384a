using System.IO.Compression;
using System.Text;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Tests.Scraping;

/// <summary>A scrape is whole or it is down, wherever and however its answer is cut; what is cut leaves no sample.</summary>
public sealed class WholeScrapeTests
{
    private const string Old = "text/plain; version=0.0.4";
    private const string Open = "application/openmetrics-text; version=1.0.0";
    private static readonly MetricQuery Load = OneTarget.Text("load");
    private static readonly string Text = string.Concat(Enumerable.Range(0, 200).Select(i => $"load{{i=\"{i}\"}} 1\n"));

    private static byte[] Zip(string text)
    {
        using var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionLevel.Optimal, leaveOpen: true))
            gzip.Write(Encoding.UTF8.GetBytes(text));
        return bytes.ToArray();
    }

    // At random places, and near the end, where the trailer is.
    private static IEnumerable<int> Cuts(int length)
    {
        var random = new Random(13);
        return Enumerable.Range(0, 40).Select(_ => random.Next(length)).Concat(Enumerable.Range(1, 12).Select(i => length - i));
    }

    private static byte[] Cut(byte[] bytes, int at) => bytes[..at];

    private static async Task IsDownWhereCutAsync(int length, Func<int, byte[]> answer)
    {
        var bytes = answer(length);
        await using var server = new RawServer(_ => bytes);
        using var target = new OneTarget(server.Port, new() { ["lcm.metrics.path"] = "/metrics" });
        var whole = target.Job(Load);
        Assert.True((await target.ScrapeAsync(whole)).Up, whole.Status.Error);
        Assert.Equal(200, target.Read(Load).Value);
        foreach (var cut in Cuts(length))
        {
            bytes = answer(cut);
            // A job of its own, since many failures in a row pause one.
            using var fresh = new OneTarget(server.Port, new() { ["lcm.metrics.path"] = "/metrics" });
            var job = fresh.Job(Load);
            Assert.True((await fresh.ScrapeAsync(job)).Up == false, $"cut at {cut} of {length} it is up");
            Assert.Equal(0, fresh.Set(Load).Series.Length);
        }
    }

    [Fact]
    public async Task A_compressed_body_that_is_cut_short_is_down_wherever_it_is_cut()
    {
        var zipped = Zip(Text);
        await IsDownWhereCutAsync(
            zipped.Length, at => RawServer.Ok(Old, Cut(zipped, at), "Content-Encoding: gzip\r\n"));
    }

    [Fact]
    public async Task A_body_that_is_shorter_than_it_was_said_to_be_is_down()
    {
        var body = Encoding.UTF8.GetBytes(Text);
        var whole = RawServer.Ok(Old, body);
        var head = whole.Length - body.Length;
        await IsDownWhereCutAsync(body.Length, at => Cut(whole, head + at));
    }

    [Fact]
    public async Task Chunks_without_their_end_are_down()
    {
        var body = Encoding.UTF8.GetBytes(Text);
        byte[] head = [.. Encoding.ASCII.GetBytes(
            $"HTTP/1.1 200 OK\r\nContent-Type: {Old}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")];
        byte[] chunks = [.. body.Chunk(97).SelectMany(chunk =>
            Encoding.ASCII.GetBytes($"{chunk.Length:x}\r\n").Concat(chunk).Concat("\r\n"u8.ToArray())), .. "0\r\n\r\n"u8];
        await IsDownWhereCutAsync(chunks.Length, at => [.. head, .. chunks[..at]]);
    }

    [Fact]
    public async Task Where_only_the_connection_s_end_ends_an_answer_open_metrics_says_that_it_is_whole()
    {
        var body = Encoding.UTF8.GetBytes(Text + "# EOF\n");
        var head = Encoding.ASCII.GetBytes($"HTTP/1.0 200 OK\r\nContent-Type: {Open}\r\n\r\n");
        // The line feed after it may be missing, as Prometheus has it.
        await IsDownWhereCutAsync(
            body.Length, at => [.. head, .. body[..(at == body.Length ? at : Math.Min(at, body.Length - 2))]]);
    }

    [Fact]
    public async Task A_damaged_body_is_down_and_several_members_are_one_body()
    {
        var (first, second) = (Zip("load 1\n"), Zip("load{i=\"x\"} 2\n"));
        var damaged = Zip(Text);
        damaged[^6] ^= 1;
        byte[] body = [.. first, .. second];
        await using var server = new RawServer(_ => RawServer.Ok(Old, body, "Content-Encoding: gzip\r\n"));
        using var target = new OneTarget(server.Port, new() { ["lcm.metrics.path"] = "/metrics" });
        var job = target.Job(Load);
        Assert.True((await target.ScrapeAsync(job)).Up, job.Status.Error);
        Assert.Equal(3, target.Read(Load).Value);

        body = damaged;
        Assert.Contains("the compressed body is damaged or cut short", (await target.ScrapeAsync(job)).Error,
            StringComparison.Ordinal);
        Assert.Equal(3, target.Read(Load).Value);
        body = [];
        Assert.Contains("damaged or cut short", (await target.ScrapeAsync(job)).Error, StringComparison.Ordinal);
    }
}
