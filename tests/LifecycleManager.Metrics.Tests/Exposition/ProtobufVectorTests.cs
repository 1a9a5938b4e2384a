using System.Text;
using System.Text.Json;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Core.Windows;
using LifecycleManager.Metrics.Exposition;

namespace LifecycleManager.Metrics.Tests.Exposition;

/// <summary>
/// What Prometheus stores of protobuf expositions, and what it makes of native histograms. On purpose, a native histogram gives
/// its <c>_count</c> and <c>_sum</c> as series too, so that policies that name them go on when a client turns to native
/// histograms; exemplars and created times are not kept.
/// </summary>
public sealed class ProtobufVectorTests
{
    [Fact]
    public void Series_and_native_histograms_are_those_that_prometheus_stores()
    {
        var count = 0;
        foreach (var vector in Vectors.Read("protobuf.jsonl"))
        {
            count++;
            var id = vector.GetProperty("id").GetString();
            var (ours, error) = All(vector.GetProperty("b64").GetBytesFromBase64());
            if (vector.GetProperty("native").ValueKind == JsonValueKind.Null)
            {
                Assert.True(error is not null, $"{id}: Prometheus refuses it, we see {string.Join("; ", ours)}");
                continue;
            }

            Assert.True(error is null, $"{id}: {error}");
            Assert.Equal(Theirs(vector).Order(), ours.Order());
        }

        Assert.Equal(19, count);
    }

    [Fact]
    public void What_the_engine_makes_of_native_histograms_we_make_of_them()
    {
        var compared = 0;
        foreach (var vector in Vectors.Read("protobuf.jsonl"))
        {
            if (vector.GetProperty("native").ValueKind == JsonValueKind.Null) continue;
            var histograms = new Dictionary<string, NativeHistogram>();
            var reader = new ProtobufReader(vector.GetProperty("b64").GetBytesFromBase64());
            while (reader.Read() == ExpositionToken.Sample)
            {
                if (reader.Histogram is { } histogram) histograms[Encoding.UTF8.GetString(reader.Name)] = histogram;
            }

            foreach (var series in vector.GetProperty("native").EnumerateArray())
            {
                if (!series.TryGetProperty("q", out var answers)) continue;
                var histogram = histograms[series.GetProperty("name").GetString()!];
                foreach (var answer in answers.EnumerateObject())
                {
                    // Policies name no deviation.
                    if (answer.Name == "stddev") continue;
                    var ours = answer.Name switch
                    {
                        "count" => histogram.Count,
                        "sum" => histogram.Sum,
                        "avg" => histogram.Sum / histogram.Count,
                        "frac_0_1" => NativeDistribution.Fraction(0, 1, histogram),
                        var quantile => NativeDistribution.Quantile(Number(quantile), histogram),
                    };
                    var theirs = Number(answer.Value.GetString()!);
                    compared++;
                    Assert.True(
                        ours.Equals(theirs) || Math.Abs(ours - theirs) <= 1e-11 * Math.Abs(theirs),
                        $"{vector.GetProperty("id")} {answer.Name}: {theirs:R} to Prometheus, {ours:R} to us");
                }
            }
        }

        Assert.True(compared > 80, $"only {compared} values were compared");
    }

    [Fact]
    public void A_body_that_is_cut_short_or_damaged_anywhere_ends_in_an_error_or_in_other_values_never_in_an_exception()
    {
        foreach (var vector in Vectors.Read("protobuf.jsonl"))
        {
            var body = vector.GetProperty("b64").GetBytesFromBase64();
            for (var length = 1; length < body.Length; length++)
            {
                // Only between two messages may it end.
                var (_, error) = All(body[..length]);
                if (error is null) Assert.Contains("families", vector.GetProperty("what").GetString());
            }

            for (var i = 0; i < body.Length; i++)
            {
                foreach (var damage in (byte[])[0x00, 0x01, 0x7F, 0x80, 0xFF])
                {
                    var damaged = body.ToArray();
                    damaged[i] ^= damage;
                    All(damaged);
                }
            }
        }
    }

    private static (List<string> Samples, string? Error) All(byte[] body)
    {
        var samples = new List<string>();
        var reader = new ProtobufReader(body);
        ExpositionToken token;
        while ((token = reader.Read()) == ExpositionToken.Sample)
        {
            var sample = Vectors.Series(Encoding.UTF8.GetString(reader.Name), Vectors.All(new LabelReader(reader.Labels)))
                + (reader.Histogram is { } histogram ? Text(histogram) : $" {NumericLabel.FormatShortest(reader.Value)}");
            samples.Add(reader.Timestamp is { } time ? $"{sample} @{time}" : sample);
        }

        return (samples, token == ExpositionToken.Error ? reader.Error : null);
    }

    private static string Text(NativeHistogram histogram) =>
        $" schema {histogram.Schema} zero {Go(histogram.ZeroThreshold)} {Go(histogram.ZeroCount)} count {Go(histogram.Count)}"
        + $" sum {Go(histogram.Sum)} positive {Text(histogram.Positive)} negative {Text(histogram.Negative)}";

    private static string Text(NativeBuckets buckets) => string.Join(
        ' ', Enumerable.Range(0, buckets.Length).Select(i => $"{buckets.Indexes[i]}:{Go(buckets.Counts[i])}"));

    private static string Go(double value) => NumericLabel.FormatShortest(value);

    private static IEnumerable<string> Theirs(JsonElement vector)
    {
        foreach (var series in vector.GetProperty("native").EnumerateArray())
        {
            var name = series.GetProperty("name").GetString()!;
            var labels = series.TryGetProperty("l", out var flat) ? Vectors.Labels(flat).ToArray() : [];
            var time = series.TryGetProperty("t", out var t) ? $" @{t.GetInt64()}" : "";
            if (!series.TryGetProperty("h", out var h))
            {
                yield return $"{Vectors.Series(name, labels)} {series.GetProperty("v").GetString()}{time}";
                continue;
            }

            string Of(string key) => h.GetProperty(key).GetString()!;
            yield return $"{Vectors.Series($"{name}_count", labels)} {Of("n")}{time}";
            yield return $"{Vectors.Series($"{name}_sum", labels)} {Of("sum")}{time}";
            yield return $"{Vectors.Series(name, labels)} schema {h.GetProperty("schema")} zero {Of("zt")} {Of("zc")}"
                + $" count {Of("n")} sum {Of("sum")} positive {Buckets(h, "ps", "p")} negative {Buckets(h, "ns", "neg")}{time}";
        }
    }

    private static string Buckets(JsonElement histogram, string spans, string counts)
    {
        var index = 0;
        var given = new Queue<string>(histogram.GetProperty(counts).EnumerateArray().Select(one => one.GetString()!));
        var buckets = new List<string>();
        foreach (var span in histogram.GetProperty(spans).EnumerateArray())
        {
            index += span[0].GetInt32();
            for (var i = span[1].GetInt32(); i > 0; i--, index++)
            {
                var count = given.Dequeue();
                if (count != "0") buckets.Add($"{index}:{count}");
            }
        }

        return string.Join(' ', buckets);
    }

    private static double Number(string text) =>
        ExpositionNumber.TryParse(Encoding.UTF8.GetBytes(text), out var value) ? value : throw new FormatException(text);
}
