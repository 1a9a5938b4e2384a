using System.Globalization;
using System.Text.Json;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tests.Engine;

/// <summary>
/// Target rules beside real answers of Kubernetes' replica calculator, <c>Data/hpa-replicas.jsonl</c>. Where they differ, they do
/// so for one of the reasons here, and each reason says in which cases it may.
/// </summary>
public sealed class HpaReplicasTests(ITestOutputHelper output)
{
    private const string Rounded = "the HPA cuts a mean to a whole percent or thousandth before it divides";
    private const string Surplus = "the HPA reckons with pods beyond the count, which go; here those that are asked for";
    private const string NoneReady = "with no pod ready the HPA asks for none; here that says nothing, and every instance counts";
    private const string Direction =
        "over the target the HPA may shrink an app of which it sees fewer pods than there should be, and grow one under it; here the count stays";
    private const string Requests = "the HPA weighs pods by their requests; a share here is a share of each instance alike";

    [Fact]
    public void Target_rules_ask_for_what_the_hpa_asks_for()
    {
        var (same, skipped) = (0, new SortedDictionary<string, int>(StringComparer.Ordinal));
        var differ = new List<(string Reason, string Text)>();
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Data", "hpa-replicas.jsonl")))
        {
            using var json = JsonDocument.Parse(line);
            var row = new Row(json.RootElement);
            if (row.DoesNotFit is { } why)
            {
                skipped[why] = skipped.GetValueOrDefault(why) + 1;
                continue;
            }

            var to = Decide(row);
            if (to == row.Expected) same++;
            else differ.Add((Reason(row, to), $"{row.Id} {row.Kind} at {row.Current}: HPA {row.Expected}, here {to}"));
        }

        output.WriteLine($"{same} are equal");
        foreach (var (why, count) in skipped) output.WriteLine($"{count} do not fit: {why}");
        foreach (var group in differ.GroupBy(one => one.Reason))
        {
            output.WriteLine($"{group.Count()} differ on purpose: {group.Key}");
            foreach (var (_, text) in group) output.WriteLine("  " + text);
        }

        Assert.Equal([], differ.Where(one => one.Reason.Length == 0).Select(one => one.Text));
        Assert.True(same > 500, $"only {same} were compared");
    }

    private static int Decide(Row row)
    {
        var source = row.Kind switch
        {
            "util" => "container: cpu",
            "raw" or "pods" => "actuator: m",
            _ => "promql: m",
        };
        var tolerance = string.Create(CultureInfo.InvariantCulture,
            $"{{ scaleIn: {row.Tolerance}, scaleOut: {row.ToleranceUp} }}");
        var policy = $$"""
            policy: hpa
            app: /search
            instances: { min: 0, max: 100000 }
            metrics:
              m: { {{source}} }
            rules:
              - { rule: r, target: { metric: m, value: {{row.Target.ToString("R", CultureInfo.InvariantCulture)}}, tolerance: {{tolerance}}{{(row.Kind is "objA" or "extA" ? ", per: instance" : "")}} } }
            scaleOut: { limit: none }
            scaleIn: { stabilization: 0s, limit: none }
            """;
        var cluster = new Cluster(policy, row.Current) { Healthy = row.Ready };
        if (row.Total is { } total) cluster.Metrics["m"] = total;
        else if (!row.Failed) cluster.Metrics.Instances(row.Kind == "util" ? "cpu" : "m", row.Readings);
        return cluster.Tick().To;
    }

    private static string Reason(Row row, int to)
    {
        if (row.MixedRequests) return Requests;
        if ((row.Computed > row.TargetUnits && row.Expected < row.Current && to == row.Current)
            || (row.Computed < row.TargetUnits && row.Expected > row.Current && to == row.Current)) return Direction;
        if (row.Total is not null) return row.Ready > row.Current ? Surplus : row.Ready == 0 ? NoneReady : "";
        // What is cut away is less than a unit: with a unit more the HPA would ask for as many, or more.
        var off = ((row.Computed + 1) / row.TargetUnits) - 1;
        var within = to == row.Current && Math.Abs(off) <= (off < 0 ? row.Tolerance : row.ToleranceUp);
        return within
            || (to >= row.Expected
                && to <= Math.Ceiling((row.Computed + 1) / row.TargetUnits * Math.Max(row.Current, row.Readings.Length)))
                ? Rounded : "";
    }

    /// <summary>
    /// One call of the replica calculator; the file's notation is told where it comes from, shared with other projects.
    /// </summary>
    private sealed class Row
    {
        public Row(JsonElement row)
        {
            (Id, Kind, Current) = (row.GetProperty("id").GetString()!, row.GetProperty("k").GetString()!, row.GetProperty("cur")
                .GetInt32());
            var error = row.TryGetProperty("e", out var e) ? e.GetString() : null;
            Failed = row.TryGetProperty("fail", out _);
            // Where the HPA reports an error it keeps the count.
            Expected = error is null ? row.GetProperty("r").GetInt32() : Current;
            TargetUnits = row.GetProperty("t").GetDouble();
            Target = Kind == "util" ? TargetUnits / 100 : TargetUnits / 1000;
            Computed = row.TryGetProperty("u", out var u) ? u.GetDouble() : double.NaN;
            double[] tolerances = row.TryGetProperty("tol", out var tol)
                ? [.. tol.EnumerateArray().Select(one => one.GetDouble())] : [0.1, 0.1];
            (Tolerance, ToleranceUp) = (tolerances[0], tolerances[1]);
            if (row.TryGetProperty("v", out var v))
            {
                Total = Failed ? null : v.ValueKind == JsonValueKind.Array ? v.EnumerateArray().Sum(one => one.GetDouble()) / 1000
                    : v.GetDouble() / 1000;
            }

            DoesNotFit = Expected > 1_000_000 ? "more than a million"
                : tolerances.Max() >= 1 ? "a tolerance of all"
                : row.TryGetProperty("c", out _) ? "a container of several in a pod"
                : error is "missingRequest" or "zeroRequests" or "noContainer" ? "requests that are not there"
                : error is not null && Kind is not ("util" or "raw" or "pods") ? "no pods for a metric without pods"
                : null;
            if (row.TryGetProperty("pods", out var pods)) Read(row, pods);
        }

        public string Id { get; }

        public string Kind { get; }

        public int Current { get; }

        public int Expected { get; }

        public double Target { get; }

        public double TargetUnits { get; }

        public double Computed { get; }

        /// <summary>Under the target.</summary>
        public double Tolerance { get; }

        /// <summary>Over the target.</summary>
        public double ToleranceUp { get; }

        public double? Total { get; }

        public bool Failed { get; }

        public int Ready { get; private set; }

        public bool MixedRequests { get; private set; }

        public string? DoesNotFit { get; private set; }

        public (double Value, bool Ready)[] Readings { get; private set; } = [];

        private void Read(JsonElement row, JsonElement pods)
        {
            var (cpu, readings, requests) = (Kind != "pods" && row.TryGetProperty("res", out var res) && res.GetString() == "cpu",
                new List<(double, bool)>(), new HashSet<double>());
            var init = row.TryGetProperty("init", out var i) ? i.GetDouble() : 300;
            var delay = row.TryGetProperty("delay", out var d) ? d.GetDouble() : 30;
            foreach (var pod in pods.EnumerateArray())
            {
                var (count, code) = (pod[0].GetInt32(), pod[1].GetString()!);
                if (code[0] == 'S') DoesNotFit ??= "a pod that has ended counts with its last metric";
                if (code[0] == 'R' && code[1] == 'T') Ready += count;
                if (code[0] == 'F' || code.EndsWith('D') || Total is not null) continue;
                double? At(int n) => pod.GetArrayLength() > n && pod[n].ValueKind == JsonValueKind.Number
                    ? pod[n].GetDouble() : null;
                double Given(int n, double otherwise) => At(n) ?? otherwise;
                if (Kind == "util" && pod.GetArrayLength() > 2 && pod[2].ValueKind == JsonValueKind.Array)
                {
                    DoesNotFit ??= "a container of several in a pod";
                    continue;
                }

                var request = Kind == "util" ? Given(2, 0) : 1000;
                if (request == 0) DoesNotFit ??= "requests that are not there";
                requests.Add(request);
                var value = At(3) is { } metric ? metric / request : double.NaN;
                var started = pod.GetArrayLength() > 4 && pod[4].ValueKind == JsonValueKind.Null
                    ? (double?)null : Given(4, -3600);
                var (since, at, window) = (Given(5, -3500), Given(6, -15), Given(7, 30));
                var starts = code[0] == 'P' || (cpu && !double.IsNaN(value) && (code[1] == '-' || started is null
                    || (started + init > 0 ? code[1] == 'F' || at < since + window : code[1] == 'F' && started + delay > since)));
                for (var n = 0; n < count; n++) readings.Add((value, !starts));
            }

            (Readings, MixedRequests) = ([.. readings], requests.Count > 1);
        }
    }
}
