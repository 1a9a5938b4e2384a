using System.Text.Json;
using LifecycleManager.Benchmarks.Quality.Models;

namespace LifecycleManager.Decisions.Tests.Quality;

/// <summary>The model of the HPA's replica calculator beside its real answers: it differs in none.</summary>
public sealed class HpaReplicasModelTests
{
    [Fact]
    public void Every_answer_is_the_one_that_kubernetes_gave()
    {
        var (rows, differ) = (0, new List<string>());
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Data", "hpa-replicas.jsonl")))
        {
            using var json = JsonDocument.Parse(line);
            rows++;
            var (expected, actual) = (Expected(json.RootElement), Ask(json.RootElement));
            if (expected != actual) differ.Add($"{expected}, not {actual}: {line}");
        }

        Assert.Equal([], differ);
        Assert.True(rows > 1000, $"only {rows} rows");
    }

    private static string Expected(JsonElement row) =>
        row.TryGetProperty("e", out var error) ? error.GetString()! : $"{row.GetProperty("r").GetInt32()}";

    private static string Ask(JsonElement row)
    {
        // Where the query failed there is nothing to reckon with.
        if (row.TryGetProperty("fail", out _)) return "metricsFailed";
        var (kind, current, target) = (row.GetProperty("k").GetString()!, row.GetProperty("cur").GetInt32(),
            row.GetProperty("t").GetInt64());
        double[] tolerances = row.TryGetProperty("tol", out var tol)
            ? [.. tol.EnumerateArray().Select(one => one.GetDouble())] : [0.1, 0.1];
        var model = new HpaReplicas
        {
            ScaleInTolerance = tolerances[0],
            ScaleOutTolerance = tolerances[1],
            CpuInitialization = row.TryGetProperty("init", out var init) ? init.GetDouble() : 300,
            InitialReadinessDelay = row.TryGetProperty("delay", out var delay) ? delay.GetDouble() : 30,
        };
        var pods = Pods(row);
        var isCpu = row.TryGetProperty("res", out var resource) && resource.GetString() == "cpu";
        int? container = row.TryGetProperty("c", out var c) ? c.GetString() == "a" ? 0 : 1 : null;
        var answer = kind switch
        {
            "util" => model.Utilization(current, target, pods, isCpu, container),
            "raw" or "pods" => model.Average(current, target, pods, isCpu && kind == "raw"),
            "objV" or "extV" => model.Value(current, target, Total(row), pods),
            _ => model.AverageOf(current, target, Total(row)),
        };
        return answer.Error == HpaError.None ? $"{answer.Count}" : JsonNamingPolicy.CamelCase.ConvertName($"{answer.Error}");
    }

    private static long Total(JsonElement row) => row.GetProperty("v") is { ValueKind: JsonValueKind.Array } list
        ? list.EnumerateArray().Aggregate(0L, (sum, one) => Add(sum, one.GetInt64())) : row.GetProperty("v").GetInt64();

    // Quantities that are too great together are the greatest.
    private static long Add(long sum, long value) => sum > long.MaxValue - value ? long.MaxValue : sum + value;

    private static List<HpaPod> Pods(JsonElement row) =>
        row.TryGetProperty("pods", out var pods)
            ? [.. pods.EnumerateArray().SelectMany(pod => Enumerable.Repeat(Pod(pod), pod[0].GetInt32()))] : [];

    private static HpaPod Pod(JsonElement pod)
    {
        var code = pod[1].GetString()!;
        return new HpaPod
        {
            Phase = code[0] switch
            {
                'R' => PodPhase.Running,
                'P' => PodPhase.Pending,
                'S' => PodPhase.Succeeded,
                _ => PodPhase.Failed,
            },
            Ready = code[1] switch
            {
                'T' => ReadyCondition.True,
                'F' => ReadyCondition.False,
                'U' => ReadyCondition.Unknown,
                _ => ReadyCondition.None,
            },
            IsTerminating = code.EndsWith('D'),
            Requests = Has(2) is not { } request ? [0]
                : request.ValueKind == JsonValueKind.Array ? [.. request.EnumerateArray().Select(Whole)] : [Whole(request)],
            Usage = Has(3) is { } usage ? Whole(usage) : null,
            StartedAt = Has(4) is { } started ? started.ValueKind == JsonValueKind.Null ? null : started.GetDouble() : -3600,
            ReadySince = Has(5) is { } since ? since.GetDouble() : -3500,
            MeasuredAt = Has(6) is { } at ? at.GetDouble() : -15,
            Window = Has(7) is { } window ? window.GetDouble() : 30,
        };

        JsonElement? Has(int index) => pod.GetArrayLength() > index ? pod[index] : null;

        static long? Whole(JsonElement number) => number.ValueKind == JsonValueKind.Null ? null : number.GetInt64();
    }
}
