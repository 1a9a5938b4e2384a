using System.Text;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Core.Windows;
using LifecycleManager.Metrics.Exposition;
using LifecycleManager.Metrics.Tests.Fakes;

namespace LifecycleManager.Metrics.Tests.Exposition;

/// <summary>What the vectors of Prometheus have none of: schemas that are reserved, unknown or without bounds; odd exemplars.
/// </summary>
public sealed class ProtobufReaderTests
{
    private const int Histogram = 4;

    private static ProtobufText Family(string name, int type, ProtobufText metric) =>
        new ProtobufText().Text(1, name).Number(3, (ulong)type).Message(4, metric);

    // Of one bucket with two observations.
    private static ProtobufText Native(int schema, long index, params (double Bound, ulong Count)[] classic)
    {
        var histogram = new ProtobufText().Number(1, 2).Double(2, 6).Signed(5, schema)
            .Message(12, new ProtobufText().Signed(1, index).Number(2, 1)).Signed(13, 2);
        foreach (var (bound, count) in classic) histogram.Message(3, new ProtobufText().Number(1, count).Double(2, bound));
        return Family("h", Histogram, new ProtobufText().Message(7, histogram));
    }

    private static List<(string Series, double Value, NativeHistogram? Histogram, string? Unreadable)> Read(byte[] body)
    {
        var (reader, samples) = (new ProtobufReader(body), new List<(string, double, NativeHistogram?, string?)>());
        ExpositionToken token;
        while ((token = reader.Read()) == ExpositionToken.Sample)
            samples.Add((Vectors.Series(Encoding.UTF8.GetString(reader.Name), Vectors.All(new LabelReader(reader.Labels))),
                reader.Value, reader.Histogram, reader.Unreadable));
        Assert.Equal(ExpositionToken.End, token);
        return samples;
    }

    [Theory]
    [InlineData(8, 2 * 256, 4)]
    [InlineData(9, 2 * 512, 4)]
    [InlineData(20, 2 << 20, 4)]
    [InlineData(29, 1 << 29, 2)]
    [InlineData(52, 1, 1.0027112750502025)]
    [InlineData(52, 0, 1)]
    [InlineData(52, -1, 1)]
    public void Schemas_that_are_reserved_are_read_as_the_finest(int schema, long index, double upper)
    {
        var histogram = Read(Native(schema, index).Delimited)[2].Histogram!;
        Assert.Equal((8, 2), (histogram.Schema, histogram.Count));
        Assert.Equal(upper, NativeBuckets.Bound(8, histogram.Positive.Indexes[0]), 1e-12);
        Assert.Equal(2, histogram.Positive.Counts[0]);
    }

    [Theory]
    [InlineData(-53, "custom buckets (schema -53), whose bounds the format does not carry")]
    [InlineData(-5, "buckets of the unknown schema -5")]
    [InlineData(53, "buckets of the unknown schema 53")]
    public void A_schema_that_cannot_be_read_is_told_and_count_and_sum_are_there(int schema, string reason)
    {
        Assert.Equal([("h_count{}", 2, null, null), ("h_sum{}", 6, null, null), ("h{}", 2, null, reason)],
            Read(Native(schema, 0).Delimited));

        // The classic buckets are the same observations.
        Assert.Equal(["h_count{}", "h_sum{}", "h_bucket{le=4.0}", "h_bucket{le=+Inf}"],
            Read(Native(schema, 0, (4, 2)).Delimited).Select(sample => sample.Series));
    }

    [Fact]
    public void Exemplars_and_created_times_of_every_kind_are_taken_and_are_no_samples()
    {
        var time = new ProtobufText().Number(1, 1_700_000_000).Number(2, 5);
        var exemplar = new ProtobufText().Message(1, new ProtobufText().Text(1, "trace").Text(2, "a\"b")).Double(2, 0.5)
            .Message(3, time);
        var empty = new ProtobufText();
        byte[] body =
        [
            .. Family("c", 0, new ProtobufText().Message(3,
                new ProtobufText().Double(1, 7).Message(2, exemplar).Message(3, time))).Delimited,
            .. Family("s", 2, new ProtobufText().Message(4,
                new ProtobufText().Number(1, 2).Double(2, 3).Message(4, time))).Delimited,
            .. Family("b", Histogram, new ProtobufText().Message(7, new ProtobufText().Number(1, 2).Double(2, 3)
                .Message(15, time).Message(3, new ProtobufText().Number(1, 1).Double(2, 1).Message(3, exemplar)))).Delimited,
            .. Family("n", Histogram, new ProtobufText().Message(7, new ProtobufText().Number(1, 2).Double(2, 3)
                .Message(15, time).Message(16, exemplar).Message(16, empty)
                .Message(12, new ProtobufText().Signed(1, 1).Number(2, 1)).Signed(13, 2))).Delimited,
        ];
        Assert.Equal(["c{} 7", "s_count{} 2", "s_sum{} 3", "b_count{} 2", "b_sum{} 3", "b_bucket{le=1.0} 1",
            "b_bucket{le=+Inf} 2", "n_count{} 2", "n_sum{} 3", "n{} 2"],
            Read(body).Select(sample => $"{sample.Series} {sample.Value}"));
    }

    [Theory]
    [InlineData("h", false)]
    [InlineData("h{path='/a'}", true)]
    public async Task What_cannot_be_read_is_missing_with_its_reason_and_never_a_part(string selector, bool isReadable)
    {
        static ProtobufText Of(string path, int schema)
        {
            var histogram = new ProtobufText().Number(1, 2).Double(2, 6).Signed(5, schema)
                .Message(12, new ProtobufText().Signed(1, 2).Number(2, 1)).Signed(13, 2);
            return Family("h", Histogram, new ProtobufText()
                .Message(1, new ProtobufText().Text(1, "path").Text(2, path)).Message(7, histogram));
        }

        const string Type = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
        await using var server = new RawServer(head => head.Contains("protobuf", StringComparison.Ordinal)
            ? RawServer.Ok(Type, (byte[])[.. Of("/a", 0).Delimited, .. Of("/b", -53).Delimited])
            : RawServer.Ok("text/plain; version=0.0.4", Encoding.UTF8.GetBytes(
                "# TYPE h histogram\nh_bucket{path=\"/a\",le=\"+Inf\"} 2\nh_count{path=\"/a\"} 2\n")));
        using var target = new OneTarget(server.Port, new() { ["lcm.metrics.path"] = "/metrics" });
        var (quantile, count) = (new MetricQuery { Source = MetricSource.Histogram, Selector = selector, Quantile = 1 },
            OneTarget.Text("h_count{path='/b'}"));
        var job = target.Job(quantile, count);
        await target.ScrapeAsync(job);
        for (var i = 0; i < 3; i++)
        {
            Assert.True((await target.ScrapeAsync(job)).Up, job.Status.Error);
            Assert.Equal(2, target.Read(count).Value);
            var read = target.Read(quantile);
            if (isReadable)
            {
                Assert.Equal(4, read.Value);
                continue;
            }

            Assert.False(read.IsIdle);
            Assert.EndsWith("/metrics is a native histogram with custom buckets (schema -53), whose bounds the format does not "
                + "carry; have the service publish classic buckets, or exponential ones", read.Missing, StringComparison.Ordinal);
        }
    }
}
