using System.Text.Json;
using LifecycleManager.Decisions.Recommending;

namespace LifecycleManager.Decisions.Tests.Recommending;

/// <summary>
/// The histogram and the recommender beside real answers of Kubernetes' vertical pod autoscaler: <c>Data/vpa-*.jsonl</c>.
/// </summary>
public sealed class VpaTests(ITestOutputHelper output)
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly double[] Percentiles = [0, 0.05, 0.5, 0.9, 0.95, 1];

    [Fact]
    public void Percentiles_are_those_of_the_vpa()
    {
        var differ = new List<string>();
        var rows = Rows("vpa-histogram.jsonl");
        foreach (var row in rows)
        {
            var histogram = new DecayingHistogram(
                new ExponentialBuckets(Number(row, "first"), Number(row, "max"), Number(row, "growth"), Number(row, "eps")),
                TimeSpan.FromSeconds(Number(row, "half")));
            foreach (var sample in row.GetProperty("s").EnumerateArray())
                histogram.Add(sample[1].GetDouble(), sample[2].GetDouble(), Start.AddSeconds(sample[0].GetDouble()));
            var expected = row.GetProperty("q").EnumerateArray().Select(value => value.GetDouble());
            var found = Percentiles.Select(histogram.Percentile).ToList();

            // The answers are written with nine decimals.
            if (!expected.Zip(found).All(pair => Math.Abs(pair.First - pair.Second) <= 1e-9 * Math.Max(1, pair.First)))
                differ.Add($"{row.GetProperty("id")}: {row.GetProperty("q")}, here {string.Join(", ", found)}");
        }

        foreach (var text in differ) output.WriteLine(text);
        Assert.Empty(differ);
        Assert.Equal(28, rows.Count);
    }

    [Fact]
    public void Recommendations_are_those_of_the_vpa()
    {
        var differ = new List<string>();
        var rows = Rows("vpa-recommend.jsonl");
        foreach (var row in rows)
        {
            var usage = new AppUsage("/app");
            var at = Start;
            var repeated = row.TryGetProperty("rep", out var rep) ? rep.GetInt32() : 1;
            foreach (var value in Values(row, "cpu"))
            {
                for (var i = 0; i < repeated; i++, at = at.AddSeconds(Number(row, "dt")))
                    usage.AddCpu(value.GetDouble() / 1000, at);
            }

            at = Start;
            foreach (var value in Values(row, "mem"))
            {
                usage.Memory.Add(value.GetDouble(), 1, at);
                at = at.AddSeconds(Number(row, "mdt"));
            }

            var found = Recommender.Vpa.Recommend(usage, row.GetProperty("n").GetInt32());
            var expected = $"{row.GetProperty("cpuOut")} {row.GetProperty("memOut")}";
            var text = $"{Text(found.Cpu)} {Text(found.Memory)}";
            if (text != expected) differ.Add($"{row.GetProperty("id")}: {expected}, here {text}");
        }

        foreach (var text in differ) output.WriteLine(text);
        Assert.Empty(differ);
        Assert.Equal(103, rows.Count);
    }

    private static string Text(ResourceBounds bounds) => $"[{bounds.Lower},{bounds.Target},{bounds.Upper}]";

    private static List<JsonElement> Rows(string file) =>
        [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Data", file))
            .Select(line => JsonDocument.Parse(line).RootElement)];

    /// <summary>Null stands for no sample.</summary>
    private static List<JsonElement> Values(JsonElement row, string name) =>
        row.GetProperty(name) is { ValueKind: JsonValueKind.Array } values ? [.. values.EnumerateArray()] : [];

    private static double Number(JsonElement row, string name) => row.GetProperty(name).GetDouble();
}
