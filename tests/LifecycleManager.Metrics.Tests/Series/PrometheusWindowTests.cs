using System.Globalization;
using System.Text;
using LifecycleManager.Metrics.Exposition;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Core.Windows;

namespace LifecycleManager.Metrics.Tests.Series;

/// <summary>
/// Random series are given to our window functions and to a real Prometheus server: both must come to the same numbers.
/// </summary>
public sealed class PrometheusWindowTests
{
    private static readonly double[] Bounds = [0.01, 0.05, 0.1, 0.5, 1, 5, double.PositiveInfinity];

    [Fact]
    public async Task Every_function_equals_prometheus_on_random_series()
    {
        var start = DateTimeOffset.UtcNow.AddHours(-6).ToUnixTimeMilliseconds() / 60_000 * 60_000;
        var text = History(new Random(20261124), start);
        var series = Parse(text);
        await using var prometheus = await PrometheusServer.StartAsync("  []\n", text);

        var compared = 0;
        var differences = new StringBuilder();
        void Compare(string what, Dictionary<string, double> theirs, Dictionary<string, double> ours)
        {
            foreach (var key in theirs.Keys.Union(ours.Keys))
            {
                compared++;
                var (their, our) = (theirs.GetValueOrDefault(key, double.MinValue), ours.GetValueOrDefault(key, double.MinValue));
                // The last bits may differ where the order of two operations does.
                if (their.Equals(our) || Math.Abs(their - our) <= 1e-12 * Math.Max(Math.Abs(their), Math.Abs(our))) continue;
                differences.AppendLine(CultureInfo.InvariantCulture, $"{what} of {key}: {their:R} to Prometheus, {our:R} to us");
            }
        }

        foreach (var at in (long[])[start + 300_000, start + 437_123, start + 601_000, start + 900_000, start + 1_234_567])
        {
            foreach (var window in (int[])[20, 60, 300])
            {
                foreach (var (function, name) in Functions())
                {
                    var counter = function is WindowFunction.Rate or WindowFunction.Increase;
                    var theirs = await prometheus.QueryAsync($"{name}({(counter ? "counted_total" : "gauged")}[{window}s])", at);
                    Compare($"{name}[{window}s] at {at - start}", Unnamed(theirs),
                        Apply(series, counter ? "counted_total" : "gauged", function, at - window * 1000, at));
                }

                foreach (var quantile in (double[])[0, 0.25, 0.5, 0.95, 0.99, 1])
                {
                    var q = quantile.ToString(CultureInfo.InvariantCulture);
                    var theirs = await prometheus.QueryAsync($"histogram_quantile({q}, rate(timed_bucket[{window}s]))", at);
                    Compare($"quantile {q}[{window}s] at {at - start}", theirs,
                        Quantiles(series, quantile, at - window * 1000, at));
                    theirs = await prometheus.QueryAsync(
                        $"histogram_quantile({q}, sum by (le) (rate(timed_bucket[{window}s])))", at);
                    Compare($"joined quantile {q}[{window}s] at {at - start}", theirs,
                        Quantiles(series, quantile, at - window * 1000, at, joined: true));
                }
            }
        }

        Assert.True(compared > 1500, $"only {compared} values were compared");
        Assert.True(differences.Length == 0, differences.ToString());
    }

    private static IEnumerable<(WindowFunction Function, string Name)> Functions() =>
    [
        (WindowFunction.Last, "last_over_time"), (WindowFunction.Avg, "avg_over_time"), (WindowFunction.Min, "min_over_time"),
        (WindowFunction.Max, "max_over_time"), (WindowFunction.Sum, "sum_over_time"), (WindowFunction.Rate, "rate"),
        (WindowFunction.Increase, "increase"), (WindowFunction.Delta, "delta"), (WindowFunction.Deriv, "deriv"),
    ];

    private static string History(Random random, long start)
    {
        var text = new StringBuilder("# TYPE counted counter\n");
        for (var i = 0; i < 12; i++)
        {
            var value = random.Next(3) == 0 ? random.Next(1_000_000) : 0.0;
            foreach (var time in Times(random, start))
            {
                value = random.Next(25) == 0
                    ? random.NextDouble()
                    : value + (i % 3 == 0 ? random.Next(20) : random.NextDouble() * 1000);
                Line(text, $"counted_total{{i=\"{i}\"}}", value, time);
            }
        }

        text.Append("# TYPE gauged gauge\n");
        for (var i = 0; i < 12; i++)
        {
            foreach (var time in Times(random, start))
            {
                var value = i switch
                {
                    0 => 7.5,
                    1 => random.Next(9) == 0 ? double.NaN : random.NextDouble(),
                    2 => random.Next(9) == 0 ? double.PositiveInfinity : random.NextDouble(),
                    3 => (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-20, 20)),
                    _ => (random.NextDouble() - 0.5) * 1000,
                };
                Line(text, $"gauged{{i=\"{i}\"}}", value, time);
            }
        }

        text.Append("# TYPE timed histogram\n");
        for (var i = 0; i < 6; i++)
        {
            var counts = new double[Bounds.Length];
            var times = Times(random, start).ToArray();
            var values = new List<double[]>();
            foreach (var _ in times)
            {
                if (random.Next(40) == 0) Array.Clear(counts);
                for (var n = random.Next(i == 0 ? 2 : 30); n > 0; n--)
                {
                    var seconds = Math.Pow(10, random.NextDouble() * 4 - 3);
                    for (var b = 0; b < Bounds.Length; b++) counts[b] += seconds <= Bounds[b] ? 1 : 0;
                }

                values.Add([.. counts]);
            }

            // OpenMetrics wants each series' samples together.
            for (var b = 0; b < Bounds.Length; b++)
            {
                var bound = double.IsInfinity(Bounds[b]) ? "+Inf" : Bounds[b].ToString("0.0##", CultureInfo.InvariantCulture);
                for (var t = 0; t < times.Length; t++)
                    Line(text, $"timed_bucket{{i=\"{i}\",le=\"{bound}\"}}", values[t][b], times[t]);
            }
        }

        return text.Append("# EOF\n").ToString();
    }

    // Steps of about 5 s, some far apart, some at full seconds so that window edges are met exactly.
    private static IEnumerable<long> Times(Random random, long start)
    {
        for (var time = start; time < start + 1_300_000; time += random.Next(30) == 0
            ? random.Next(20_000, 90_000)
            : random.Next(3) == 0
            ? 5_000
            : random.Next(4_000, 6_000))
            yield return time;
    }

    private static void Line(StringBuilder text, string series, double value, long time)
    {
        var number = double.IsPositiveInfinity(value) ? "+Inf" : value.ToString("R", CultureInfo.InvariantCulture);
        text.Append(CultureInfo.InvariantCulture, $"{series} {number} {time / 1000.0:0.000}\n");
    }

    private static Dictionary<string, (string Metric, double Bound, string Owner, List<Sample> Samples)> Parse(string text)
    {
        var all = new Dictionary<string, (string, double, string, List<Sample>)>();
        var reader = new ExpositionReader(Encoding.UTF8.GetBytes(text), ExpositionFormat.OpenMetrics);
        ExpositionToken token;
        while ((token = reader.Read()) == ExpositionToken.Sample)
        {
            var labels = new Dictionary<string, string>();
            var label = new LabelReader(reader.Labels);
            while (label.Read()) labels[Encoding.UTF8.GetString(label.Name)] = label.Value;
            var key = Encoding.UTF8.GetString(reader.Series);
            if (!all.TryGetValue(key, out var series))
            {
                var bound = double.NaN;
                if (labels.Remove("le", out var le))
                    Assert.True(ExpositionNumber.TryParse(Encoding.UTF8.GetBytes(le), out bound));
                all[key] = series = (Encoding.UTF8.GetString(reader.Name), bound, PrometheusServer.Name("", labels), []);
            }

            series.Item4.Add(new Sample(reader.Timestamp, reader.Value));
        }

        Assert.Equal(ExpositionToken.End, token);
        return all;
    }

    private static Sample[] Within(List<Sample> samples, long from, long to)
    {
        var buffer = new SampleBuffer();
        foreach (var sample in samples) buffer.Append(sample, long.MaxValue / 2, 10_000);
        return buffer.Between(from, to).ToArray();
    }

    private static Dictionary<string, double> Apply(
        Dictionary<string, (string Metric, double Bound, string Owner, List<Sample> Samples)> all, string metric,
        WindowFunction function, long from, long to)
    {
        var values = new Dictionary<string, double>();
        foreach (var series in all.Values.Where(series => series.Metric == metric))
        {
            if (WindowFunctions.TryApply(function, Within(series.Samples, from, to), from, to, out var value))
                values[series.Owner] = value;
        }

        return values;
    }

    private static Dictionary<string, double> Quantiles(
        Dictionary<string, (string Metric, double Bound, string Owner, List<Sample> Samples)> all, double quantile, long from,
        long to, bool joined = false)
    {
        var values = new Dictionary<string, double>();
        foreach (var histogram in all.Values.Where(series => series.Metric == "timed_bucket").GroupBy(series => joined
            ? "{}"
            : series.Owner))
        {
            var buckets = new List<Bucket>();
            foreach (var series in histogram)
            {
                if (WindowFunctions.TryApply(WindowFunction.Rate, Within(series.Samples, from, to), from, to, out var rate))
                    buckets.Add(new Bucket(series.Bound, rate));
            }

            if (buckets.Count > 0) values[histogram.Key] = HistogramQuantile.Estimate(quantile, buckets.ToArray());
        }

        return values;
    }

    // last_over_time keeps the metric's name.
    private static Dictionary<string, double> Unnamed(Dictionary<string, double> values) =>
        values.ToDictionary(pair => pair.Key[pair.Key.IndexOf('{', StringComparison.Ordinal)..], pair => pair.Value);
}
