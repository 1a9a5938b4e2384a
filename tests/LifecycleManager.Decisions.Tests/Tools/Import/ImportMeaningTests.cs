using LifecycleManager.Benchmarks.Quality.Models;
using static LifecycleManager.Decisions.Tests.Tools.Import.DrawnMetric;
using static LifecycleManager.Decisions.Tests.Tools.Import.SourceModels;

namespace LifecycleManager.Decisions.Tests.Tools.Import;

/// <summary>
/// Sources beside their policies, turn for turn over the same readings: what the source sets, and what the engine sets by what
/// <c>lcm policy import</c> made of it.
/// </summary>
public sealed class ImportMeaningTests
{
    private const int Turns = 600;
    private const int LongestHold = 30;

    private const string Tempered =
        "behavior: { scaleUp: { stabilizationWindowSeconds: 45, selectPolicy: Min, policies: [ { type: Pods, value: 2, "
        + "periodSeconds: 60 }, { type: Percent, value: 50, periodSeconds: 30 } ] }, "
        + "scaleDown: { stabilizationWindowSeconds: 120, policies: [ { type: Percent, value: 10, periodSeconds: 60 } ] } }";

    private static readonly Dictionary<string, Meaning> Meanings =
        OfHpa().Concat(OfKeda()).Concat(OfNomad()).Concat(OfMarathon()).ToDictionary(one => one.Name);

    public static TheoryData<string> Names => [.. Meanings.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_policy_sets_what_the_source_sets(string name)
    {
        var meaning = Meanings[name];
        var import = Importing.Of(meaning.File, meaning.Text);
        Assert.True(import.Code == meaning.Code, import.Error);
        var (changes, differ) = (0, new List<string>());
        for (var seed = 1; seed <= 3; seed++)
        {
            var (model, cluster, random) = (meaning.Model(), import.At(meaning.Start), new Random(seed));
            var (values, next) = (new double[meaning.Metrics.Length], 0);
            for (var turn = 0; turn < Turns; turn++)
            {
                if (turn == next)
                {
                    next += random.Next(1, LongestHold);
                    for (var i = 0; i < values.Length; i++) values[i] = meaning.Metrics[i].Draw(random);
                }

                var before = cluster.Instances;
                for (var i = 0; i < values.Length; i++) meaning.Metrics[i].Feed(cluster, values[i]);
                var (theirs, ours) = (model(turn * meaning.Seconds, before, values), cluster.Tick(meaning.Seconds).To);
                if (theirs != before) changes++;
                if (theirs != ours && !meaning.MayDiffer(before, theirs, ours))
                    differ.Add($"seed {seed}, turn {turn}: {string.Join(' ', values)} at {before}: {theirs}, here {ours}");
                cluster.Instances = cluster.Healthy = theirs;
            }
        }

        Assert.True(differ.Count == 0, $"{differ.Count} differ\n{string.Join('\n', differ.Take(8))}\n{import.Text}");
        Assert.True(changes >= 20, $"only {changes} changes were compared");
    }

    private static IEnumerable<Meaning> OfHpa()
    {
        yield return Hpa("cpu",
            "- { type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 60 } } }",
            "behavior: { scaleDown: { } }", () => SourceModels.Hpa(Defaults(), Utilization(60)), Percent("cpu"));
        yield return Hpa("pods",
            "- { type: Pods, pods: { metric: { name: a-b }, target: { type: AverageValue, averageValue: 1500m } } }",
            Tempered, () => SourceModels.Hpa(WithBehavior(), Average(1.5)), Each("""{"a-b"}""", 6));
        yield return Hpa("object", "- { type: Object, object: { describedObject: { kind: Ingress, name: main }, "
            + "metric: { name: rps }, target: { type: Value, value: 2k } } }",
            "behavior: { scaleUp: { tolerance: 0.3 }, scaleDown: { tolerance: 50m } }",
            () => SourceModels.Hpa(Defaults(), Value(2000, new HpaReplicas { ScaleOutTolerance = 0.3, ScaleInTolerance = 0.05 })),
            Joined("""sum(rps{ingress="main"})""", 6000));
        yield return Hpa("external, two",
            "- { type: External, external: { metric: { name: a }, target: { type: AverageValue, averageValue: 30 } } }\n"
            + "  - { type: External, external: { metric: { name: b, selector: { matchExpressions: [ { key: q, operator: NotIn, "
            + "values: [ x ] } ] } }, target: { type: AverageValue, averageValue: 7 } } }",
            Tempered, () => SourceModels.Hpa(WithBehavior(), AverageOf(30), AverageOf(7)),
            Joined("sum(a)", 600), Joined("""sum(b{q!~"x"})""", 140));
    }

    private static IEnumerable<Meaning> OfKeda()
    {
        yield return Keda("redis, metadata: { listName: jobs, listLength: '5' }", 1,
            () => SourceModels.Hpa(Defaults(), AverageOf(5)), Joined("jobs", 150));
        yield return Keda("redis, metricType: Value, metadata: { listName: jobs, listLength: '50' }", 1,
            () => SourceModels.Hpa(Defaults(), Value(50)), Joined("jobs", 120));
        yield return Keda("redis, metadata: { listName: jobs, listLength: '5', activationListLength: '3' }", 0,
            () => SourceModels.Keda(new KedaActivation { Activation = 3 }, SourceModels.Hpa(Defaults(), AverageOf(5))),
            Joined("jobs", 150) with { Draw = random => random.Next(3) > 0 ? random.Next(4) : random.Next(150) }) with
        {
            Start = 0,
            // What wakes is limited from none here, from one in KEDA; whose steps from and to zero wait for a look of their own.
            MayDiffer = (before, theirs, ours) =>
                before == 0 ? ours > 0 && (theirs == 0 || theirs - ours is 0 or 1) : theirs <= 1 && ours <= 1,
        };
    }

    private static IEnumerable<Meaning> OfNomad()
    {
        const string Memory = "query = \"avg_memory-allocated\"\n";
        yield return Nomad("target-value",
            $"check \"c\" {{\n{Memory}strategy \"target-value\" {{\ntarget = 70\nthreshold = 0.05\n}}\n}}",
            Percent("mem"), true, (count, value) => NomadStrategies.TargetValue(count, value, 70, 0.05));
        yield return Nomad("pass-through",
            "check \"c\" {\nsource = \"prometheus\"\nquery = \"jobs\"\nstrategy \"pass-through\" {}\n}",
            Joined("jobs", 40), true, (_, value) => (int)value);
        foreach (var (action, step) in new (string, Func<int, int>)[]
        {
            ("delta = 3", NomadStrategies.Delta(3)), ("delta = -2", NomadStrategies.Delta(-2)),
            ("percentage = 30", NomadStrategies.Percentage(30)), ("percentage = -15", NomadStrategies.Percentage(-15)),
        })
        {
            // The other check goes back, so that there is something to step from.
            var back = step(10) > 10 ? 2 : 20;
            yield return Nomad($"threshold, {action}", Threshold("group = \"g\"", 61, 200, action)
                + Threshold("group = \"g\"", 0, 31, $"value = {back}"), Percent("mem"), true,
                Within(61, 200, step), Within(0, 31, NomadStrategies.Value(back)));
        }

        yield return Nomad("thresholds without a group", Threshold("", 61, 200, "delta = 3") + Threshold("", 0, 31, "delta = -1"),
            Percent("mem"), false, Within(61, 200, NomadStrategies.Delta(3)), Within(0, 31, NomadStrategies.Delta(-1)));

        static string Threshold(string group, int lower, int upper, string action) => $"check \"c{lower}\" {{\n{Memory}{group}\n"
            + $"strategy \"threshold\" {{\nlower_bound = {lower}\nupper_bound = {upper}\n"
            + $"within_bounds_trigger = 1\n{action}\n}}\n}}\n";
    }

    private static IEnumerable<Meaning> OfMarathon()
    {
        yield return Marathon("cpu", "81", "55", [(55, 81)], (one, _) => one);
        yield return Marathon("and", "81,61", "55,21", [(55, 81), (21, 61)], (one, other) => one == other ? one : 0);
        // The source joins -1, 0 and 1 by their bits.
        yield return Marathon("or", "81,61", "55,21", [(55, 81), (21, 61)], (one, other) => one | other);
    }

    private static HpaController Defaults() => new() { Min = 1, Max = 40 };

    private static HpaController WithBehavior() => new()
    {
        Min = 1,
        Max = 40,
        Up = new HpaRules { Window = 45, Select = HpaSelect.Min, Policies = [new(2, false, 60), new(50, true, 30)] },
        Down = new HpaRules { Window = 120, Policies = [new(10, true, 60)] },
    };

    private static Meaning Hpa(string name, string metrics, string behavior, Func<Turn> model, params DrawnMetric[] drawn) => new(
        $"HPA: {name}", "hpa.yml", "kind: HorizontalPodAutoscaler\nmetadata: { name: web, namespace: shop }\nspec:\n"
        + $"  scaleTargetRef: {{ kind: Deployment, name: web }}\n  maxReplicas: 40\n  metrics:\n  {metrics}\n  {behavior}\n",
        15, model, drawn);

    private static Meaning Keda(string trigger, int min, Func<Turn> model, params DrawnMetric[] drawn) => new(
        $"KEDA: {trigger}, from {min}", "so.yml", "kind: ScaledObject\nmetadata: { name: w, namespace: shop }\nspec:\n"
        + $"  scaleTargetRef: {{ name: w }}\n  minReplicaCount: {min}\n  maxReplicaCount: 40\n"
        + $"  triggers:\n  - {{ type: {trigger} }}\n",
        15, model, drawn);

    private static Meaning Nomad(
        string name, string checks, DrawnMetric drawn, bool isGroup, params Func<int, double, int?>[] model) => new(
        $"Nomad: {name}", "j.nomad", "job \"web\" {\ngroup \"front\" {\nscaling {\nmin = 1\nmax = 40\n"
        + $"policy {{\ncooldown = \"1m\"\n{checks}\n}}\n}}\n}}\n}}", 10,
        () => SourceModels.Nomad(1, 40, 60, isGroup, model), drawn);

    private static Meaning Marathon(
        string mode, string most, string least, (double Min, double Max)[] ranges, Func<int, int, int> join) => new(
        $"marathon-autoscale: {mode}", "env", $"AS_MARATHON_APP=/shop/web\nAS_MIN_INSTANCES=1\nAS_MAX_INSTANCES=40\n"
        + $"AS_INTERVAL=10\nAS_SCALE_UP_FACTOR=3\nAS_COOL_DOWN_FACTOR=4\nAS_AUTOSCALE_MULTIPLIER=1.5\nAS_TRIGGER_MODE={mode}\n"
        + $"AS_MAX_RANGE={most}\nAS_MIN_RANGE={least}\n", 10,
        () => SourceModels.Marathon(new MarathonAutoscale { Min = 1, Max = 40, Range = (-0.5, 0.5) }, ranges, join),
        [.. new[] { "cpu", "mem" }.Take(ranges.Length).Select(Percent)]);
}
