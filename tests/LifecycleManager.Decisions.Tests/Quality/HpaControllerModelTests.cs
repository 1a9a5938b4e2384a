using System.Text.Json;
using LifecycleManager.Benchmarks.Quality.Models;

namespace LifecycleManager.Decisions.Tests.Quality;

/// <summary>The model of the HPA's controller beside sequences of real turns, tick for tick: it differs in none.</summary>
public sealed class HpaControllerModelTests
{
    [Fact]
    public void Every_turn_sets_the_count_that_kubernetes_set()
    {
        var (rows, differ) = (0, new List<string>());
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Data", "hpa-behavior.jsonl")))
        {
            using var json = JsonDocument.Parse(line);
            rows++;
            var (expected, actual) = (Ints(json.RootElement.GetProperty("got")), Run(json.RootElement));
            if (!expected.SequenceEqual(actual)) differ.Add($"{string.Join(' ', actual)} for {line}");
        }

        Assert.Equal([], differ);
        Assert.True(rows > 200, $"only {rows} rows");
    }

    private static List<int> Run(JsonElement row)
    {
        var controller = new HpaController
        {
            Min = row.GetProperty("min").GetInt32(),
            Max = row.GetProperty("max").GetInt32(),
            DownscaleStabilization = row.TryGetProperty("dw", out var window) ? window.GetDouble() : 300,
            HasBehavior = row.GetProperty("b").GetBoolean(),
            Up = Rules(row, "up", HpaRules.ScaleUp),
            Down = Rules(row, "down", HpaRules.ScaleDown),
        };
        var (now, count, counts, dt) = (0.0, row.GetProperty("start").GetInt32(), new List<int>(), row.GetProperty("dt"));
        foreach (var wanted in row.GetProperty("rec").EnumerateArray())
        {
            var tick = counts.Count;
            now += dt.ValueKind == JsonValueKind.Array ? dt[tick].GetDouble() : tick == 0 ? 0 : dt.GetDouble();
            if (row.TryGetProperty("set", out var set))
                foreach (var one in set.EnumerateArray().Where(one => one[0].GetInt32() == tick)) count = one[1].GetInt32();
            count = controller.Turn(now, count, wanted.ValueKind == JsonValueKind.Array
                ? [.. wanted.EnumerateArray().Select(Count)] : [Count(wanted)]);
            counts.Add(count);
        }

        return counts;
    }

    private static int? Count(JsonElement number) => number.ValueKind == JsonValueKind.Number ? number.GetInt32() : null;

    private static HpaRules Rules(JsonElement row, string name, HpaRules usual)
    {
        if (!row.TryGetProperty(name, out var rules)) return usual;
        return new HpaRules
        {
            Window = rules.TryGetProperty("w", out var window) ? window.GetDouble() : usual.Window,
            Select = rules.TryGetProperty("s", out var select) ? Enum.Parse<HpaSelect>(select.GetString()!) : HpaSelect.Max,
            Policies = rules.TryGetProperty("p", out var policies)
                ? [.. policies.EnumerateArray().Select(one =>
                    new HpaPolicy(one[1].GetInt32(), one[0].GetString() == "%", one[2].GetDouble()))]
                : usual.Policies,
        };
    }

    private static List<int> Ints(JsonElement list) => [.. list.EnumerateArray().Select(number => number.GetInt32())];
}
