using System.Globalization;
using System.Text.Json;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Core.Windows;

namespace LifecycleManager.Metrics.Core.Tests.Windows;

/// <summary>What Prometheus' engine (3.16) makes of series is what a policy's metrics make of them.</summary>
public sealed class PrometheusVectorTests(ITestOutputHelper output)
{
    private const long LookBack = 5 * 60 * 1000;

    private static readonly Dictionary<string, WindowFunction> Functions = new()
    {
        [""] = WindowFunction.Last,
        ["last_over_time"] = WindowFunction.Last,
        ["avg_over_time"] = WindowFunction.Avg,
        ["min_over_time"] = WindowFunction.Min,
        ["max_over_time"] = WindowFunction.Max,
        ["sum_over_time"] = WindowFunction.Sum,
        ["rate"] = WindowFunction.Rate,
        ["increase"] = WindowFunction.Increase,
        ["delta"] = WindowFunction.Delta,
        ["deriv"] = WindowFunction.Deriv,
    };

    // What the vectors have and policies cannot name, with the number of its cases.
    private static readonly Dictionary<string, int> NotInPolicies = new()
    {
        ["changes"] = 30,
        ["count_over_time"] = 29,
        ["double_exponential_smoothing"] = 35,
        ["idelta"] = 41,
        ["irate"] = 36,
        ["predict_linear"] = 37,
        ["present_over_time"] = 30,
        ["quantile_over_time"] = 39,
        ["resets"] = 33,
        ["stddev_over_time"] = 40,
        ["stdvar_over_time"] = 38,
    };

    [Fact]
    public void Every_function_that_policies_name_comes_to_the_same_as_in_prometheus()
    {
        var skipped = new Dictionary<string, int>();
        var (compared, differences) = (0, 0);
        foreach (var vector in Vectors.Read("promql.jsonl"))
        {
            var series = Series(vector.GetProperty("in"));
            foreach (var (function, window, at, expected) in Cases(vector))
            {
                if (!Functions.TryGetValue(function, out var known))
                {
                    skipped[function] = skipped.GetValueOrDefault(function) + 1;
                    continue;
                }

                compared++;
                var ours = Read(series, known, window, at);
                if (expected is null ? ours is null : ours is { } value && Vectors.AreEqual(value, expected.Value)) continue;
                differences++;
                output.WriteLine(
                    $"{vector.GetProperty("id")} ({vector.GetProperty("kind")}) {function}[{window / 1000} s] at {at}: "
                    + $"{Text(expected)} to Prometheus, {Text(ours)} to us");
            }
        }

        foreach (var (function, count) in skipped) output.WriteLine($"{function}: policies cannot name it; {count} cases");
        Assert.Equal(NotInPolicies.OrderBy(one => one.Key), skipped.OrderBy(one => one.Key));
        Assert.Equal(438 + 17 * 8, compared);
        Assert.Equal(0, differences);
    }

    [Fact]
    public void Quantiles_of_classic_histograms_come_to_the_same_as_in_prometheus()
    {
        var differences = 0;
        foreach (var vector in Vectors.Read("histogram.jsonl"))
        {
            var bounds = vector.GetProperty("le").EnumerateArray()
                .Select(le => NumericLabel.Normalize(le.GetString()!)).ToArray();
            var rows = vector.GetProperty("in").EnumerateArray().ToArray();
            foreach (var query in vector.GetProperty("q").EnumerateArray())
            {
                var (quantile, window, at) = (query[0].Number(), query[1].GetInt64() * 1000, query[2].GetInt64());
                var expected = query[3].ValueKind == JsonValueKind.Null ? (double?)null : query[3].Number();
                var buckets = new List<Bucket>();
                for (var i = 0; i < bounds.Length; i++)
                {
                    // What is no number is in no bucket.
                    if (bounds[i] == "abc") continue;
                    var series = rows.Where(row => row[1][i].ValueKind != JsonValueKind.Null)
                        .Select(row => new Sample(row[0].GetInt64(), row[1][i].GetDouble())).ToArray();
                    var function = window > 0 ? WindowFunction.Rate : WindowFunction.Last;
                    if (Read(new Recorded(series, []), function, window, at) is { } count)
                        buckets.Add(new Bucket(Vectors.Number(bounds[i]), count));
                }

                var ours = buckets.Count == 0 ? (double?)null : HistogramQuantile.Estimate(quantile, buckets.ToArray());
                if (expected is null ? ours is null : ours is { } value && Vectors.AreEqual(value, expected.Value)) continue;
                differences++;
                output.WriteLine(
                    $"{vector.GetProperty("id")} ({vector.GetProperty("kind")}) quantile {quantile} [{window / 1000} s] at {at}: "
                    + $"{Text(expected)} to Prometheus, {Text(ours)} to us");
            }
        }

        Assert.Equal(0, differences);
    }

    private static IEnumerable<(string Function, long Window, long At, double? Expected)> Cases(JsonElement vector)
    {
        static double? Value(JsonElement value) => value.ValueKind == JsonValueKind.Null ? null : value.Number();
        foreach (var query in vector.GetProperty("q").EnumerateArray())
            yield return (query[0].GetString()!, query[1].GetInt64() * 1000, query[2].GetInt64(), Value(query[3]));
        if (!vector.TryGetProperty("r", out var ranges)) yield break;
        foreach (var range in ranges.EnumerateArray())
        {
            var at = range[2].GetInt64();
            foreach (var value in range[4].EnumerateArray())
            {
                yield return (range[0].GetString()!, range[1].GetInt64() * 1000, at, Value(value));
                at += range[3].GetInt64();
            }
        }
    }

    // As a scrape stores it: what is not newer than the newest is dropped, a mark that the series is gone is no sample.
    private static Recorded Series(JsonElement appends)
    {
        var (samples, gone) = (new List<Sample>(), new List<long>());
        foreach (var append in appends.EnumerateArray())
        {
            var time = append[0].GetInt64();
            if (samples.Count > 0 && time <= Math.Max(samples[^1].Time, gone.LastOrDefault())) continue;
            if (append[1].ValueKind == JsonValueKind.String && append[1].GetString() == "stale") gone.Add(time);
            else samples.Add(new Sample(time, append[1].Number()));
        }

        return new Recorded([.. samples], [.. gone]);
    }

    private static double? Read(Recorded series, WindowFunction function, long window, long at)
    {
        var query = new MetricQuery
        {
            Source = MetricSource.Prometheus,
            Selector = "m",
            Function = function,
            Window = TimeSpan.FromMilliseconds(window),
        };

        // The newest of all is gone: so is the series, until it comes again.
        var newest = Array.FindLast(series.Samples, sample => sample.Time <= at);
        if (window == 0 && Array.Exists(series.Gone, time => time > newest.Time && time <= at)) return null;
        var outcome = WindowReader.Read(query, series.Samples, at, window == 0 ? LookBack : window, 0, out var value);
        return outcome == WindowOutcome.Value ? value.Value : null;
    }

    private static string Text(double? value) => value?.ToString("R", CultureInfo.InvariantCulture) ?? "nothing";

    private sealed record Recorded(Sample[] Samples, long[] Gone);
}
