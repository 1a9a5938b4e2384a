using System.Globalization;
using System.Text.Json;

namespace LifecycleManager.Decisions.Tests.Engine;

/// <summary>
/// Stabilization and limits beside real sequences of Kubernetes' HPA, <c>Data/hpa-behavior.jsonl</c>: whole turns of its
/// controller, by a clock. A sequence is followed tick for tick from the HPA's own counts; where a count differs, it does so for
/// one of the reasons here.
/// </summary>
public sealed class HpaBehaviorTests(ITestOutputHelper output)
{
    private const string Edge =
        "without behavior the HPA counts a recommendation that is exactly as old as the window; with it, and here, it has left";

    private const string Forgotten =
        "the HPA forgets changes of a direction after the longest period of its own limits, though the other's look further back";

    private const string OldLimit = "without behavior the HPA grows to twice the count or 4 a tick, which no limit by time says";

    [Fact]
    public void Counts_are_those_of_the_hpa()
    {
        var (same, ticks, skipped) = (0, 0, 0);
        var differ = new List<(string Reason, string Text)>();
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Data", "hpa-behavior.jsonl")))
        {
            using var json = JsonDocument.Parse(line);
            var row = json.RootElement;
            if (!row.GetProperty("b").GetBoolean() && MeetsTheOldLimit(row))
            {
                skipped++;
                continue;
            }

            var (expected, actual) = (Ints(row.GetProperty("got")), Run(row));
            ticks += expected.Count;
            var at = Enumerable.Range(0, expected.Count).Where(i => expected[i] != actual[i]).DefaultIfEmpty(-1).First();
            if (at < 0) same++;
            else differ.Add((Reason(row, at), $"{row.GetProperty("id")} tick {at}: HPA {expected[at]}, here {actual[at]}"));
        }

        output.WriteLine($"{same} sequences of {ticks} ticks are equal");
        output.WriteLine($"{skipped} do not fit: {OldLimit}");
        foreach (var group in differ.GroupBy(one => one.Reason))
        {
            output.WriteLine($"{group.Count()} differ on purpose: {group.Key}");
            foreach (var (_, text) in group) output.WriteLine("  " + text);
        }

        Assert.Equal([], differ.Where(one => one.Reason.Length == 0).Select(one => one.Text));
        Assert.True(same > 180, $"only {same} were compared");
    }

    private static string Reason(JsonElement row, int tick)
    {
        if (row.GetProperty("b").GetBoolean())
            return Longest(row, "up") != Longest(row, "down") ? Forgotten : "";
        var window = row.TryGetProperty("dw", out var dw) ? dw.GetInt32() : 300;
        var times = Times(row);
        // The count found at the first tick is a recommendation of then.
        return Enumerable.Range(0, Math.Max(tick, 1)).Any(before => times[tick] - times[before] == window) ? Edge : "";
    }

    /// <summary>The longest period of a direction's limits, in seconds.</summary>
    private static int Longest(JsonElement row, string name) =>
        row.TryGetProperty(name, out var rules) && rules.TryGetProperty("p", out var policies)
            ? policies.EnumerateArray().Max(one => one[2].GetInt32()) : 15;

    /// <summary>When each tick is, in seconds from the first.</summary>
    private static List<int> Times(JsonElement row)
    {
        var (dt, now, times) = (row.GetProperty("dt"), 0, new List<int>());
        for (var tick = 0; tick < row.GetProperty("rec").GetArrayLength(); tick++)
            times.Add(now += Step(dt, tick));
        return times;
    }

    private static int Step(JsonElement dt, int tick) =>
        dt.ValueKind == JsonValueKind.Array ? dt[tick].GetInt32() : tick == 0 ? 0 : dt.GetInt32();

    private static List<int> Run(JsonElement row)
    {
        var (min, max) = (row.GetProperty("min").GetInt32(), row.GetProperty("max").GetInt32());
        var recommended = row.GetProperty("rec").EnumerateArray().ToList();
        var metrics = recommended.Max(rec => rec.ValueKind == JsonValueKind.Array ? rec.GetArrayLength() : 1);
        var behavior = row.GetProperty("b").GetBoolean();
        var window = row.TryGetProperty("dw", out var dw) ? dw.GetInt32() : 300;
        var names = Enumerable.Range(0, metrics).Select(i => $"m{i}").ToList();
        var policy = $$"""
            policy: hpa
            app: /search
            instances: { min: {{min}}, max: {{max}} }
            metrics:
              {{string.Join("\n  ", names.Select(name => $"{name}: {{ promql: {name} }}"))}}
            rules:
              {{string.Join("\n  ", names.Select(name =>
                $"- {{ rule: {name}, target: {{ metric: {name}, value: 1, per: instance, tolerance: 0 }} }}"))}}
            scaleOut: {{(behavior ? Direction(row, "up", 0, "4 per 15s, 100% per 15s") : "{ limit: none }")}}
            scaleIn: {{Direction(row, behavior ? "down" : "", window, "100% per 15s")}}
            """;
        var cluster = new Cluster(policy, row.GetProperty("start").GetInt32());
        var counts = new List<int>();
        for (var tick = 0; tick < recommended.Count; tick++)
        {
            foreach (var set in Entries(row, "set").Where(set => set[0].GetInt32() == tick))
                cluster.Instances = cluster.Healthy = set[1].GetInt32();
            var values = recommended[tick].ValueKind == JsonValueKind.Array
                ? recommended[tick].EnumerateArray().ToList() : [recommended[tick]];
            for (var i = 0; i < metrics; i++)
            {
                cluster.Metrics.Remove(names[i]);
                if (i < values.Count && values[i].ValueKind == JsonValueKind.Number)
                    cluster.Metrics[names[i]] = values[i].GetInt32();
            }

            cluster.Tick(Step(row.GetProperty("dt"), tick));
            counts.Add(cluster.Instances);
        }

        return counts;
    }

    private static string Direction(JsonElement row, string name, int window, string limits)
    {
        var select = "max";
        if (row.TryGetProperty(name, out var rules))
        {
            if (rules.TryGetProperty("w", out var w)) window = w.GetInt32();
            if (rules.TryGetProperty("s", out var s)) select = s.GetString()!.ToLowerInvariant();
            if (rules.TryGetProperty("p", out var policies))
            {
                limits = string.Join(", ", policies.EnumerateArray().Select(one => string.Create(CultureInfo.InvariantCulture,
                    $"{one[1].GetInt32()}{(one[0].GetString() == "%" ? "%" : "")} per {one[2].GetInt32()}s")));
            }
        }

        return $"{{ stabilization: {window}s, select: {select}, limit: [ {limits} ] }}";
    }

    /// <summary>Whether a tick grows as far as the old limit lets it, or wants to.</summary>
    private static bool MeetsTheOldLimit(JsonElement row)
    {
        var (got, count) = (Ints(row.GetProperty("got")), row.GetProperty("start").GetInt32());
        for (var tick = 0; tick < got.Count; tick++)
        {
            foreach (var set in Entries(row, "set").Where(set => set[0].GetInt32() == tick)) count = set[1].GetInt32();
            if (got[tick] > count && got[tick] >= Math.Max(2 * count, 4)) return true;
            count = got[tick];
        }

        return false;
    }

    private static List<JsonElement> Entries(JsonElement row, string name) =>
        row.TryGetProperty(name, out var list) ? [.. list.EnumerateArray()] : [];

    private static List<int> Ints(JsonElement list) => [.. list.EnumerateArray().Select(number => number.GetInt32())];
}
