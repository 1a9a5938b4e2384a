using System.Globalization;
using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Tests.Engine;

/// <summary>
/// The Horizontal Pod Autoscaler's published algorithm as a table of cases. The sources are the section "Algorithm details" of
/// kubernetes.io's "Horizontal Pod Autoscaling" and the formulas of its replica calculator; the numbers are worked out by hand.
/// </summary>
public sealed class HpaTests
{
    private const string Free = "scaleOut: { limit: none }\nscaleIn: { stabilization: 0s, limit: none }";

    /// <summary>
    /// Readings: one per instance; <c>r</c> and a value for a ready one, <c>n</c> for one that is not ready, <c>m</c> for one
    /// without a value.
    /// </summary>
    [Theory]
    // desired = ceil(current * value / target)
    [InlineData("r200 r200", 0, 100, 4, "double the target doubles")]
    [InlineData("r50 r50", 0, 100, 1, "half the target halves")]
    [InlineData("r150 r150 r150", 0, 100, 5, "rounded up: 4.5")]
    [InlineData("r30 r30 r30", 0, 100, 1, "rounded up: 0.9")]
    [InlineData("r300 r500 r700", 0, 500, 3, "the mean counts")]
    [InlineData("r1000 r1000", 0, 100, 10, "the bounds hold")]
    // tolerance 0.1
    [InlineData("r109 r109", 0, 100, 2, "within the tolerance above")]
    [InlineData("r110 r110", 0, 100, 2, "on its edge")]
    [InlineData("r111 r111", 0, 100, 3, "past its edge")]
    [InlineData("r91 r91", 0, 100, 2, "within the tolerance below")]
    [InlineData("r90 r90 r90 r90 r90 r90 r90 r90 r90 r90", 0, 100, 10, "on its lower edge")]
    [InlineData("r89 r89 r89 r89 r89 r89 r89 r89 r89 r89", 0, 100, 9, "past its lower edge")]
    // not ready: uses nothing when growing, is left out when shrinking
    [InlineData("r300 r500 r700 n", 0, 300, 5, "1500/4 = 375 is 1.25: ceil(1.25 * 4)")]
    [InlineData("r400 n n", 0, 300, 3, "400/3 turns the direction round: kept")]
    [InlineData("r300 n n", 0, 300, 3, "exactly the target: kept")]
    [InlineData("r900 n n", 0, 300, 3, "900/3 is the target: within the tolerance")]
    [InlineData("r1200 n n", 0, 300, 4, "1200/3 = 400: ceil(1.33 * 3)")]
    [InlineData("r100 r100 r100 n", 0, 300, 1, "shrinking leaves those out: ceil(0.33 * 3)")]
    // staged ones are pods that are pending
    [InlineData("r600", 1, 300, 2, "600/2 is the target with the pending one")]
    [InlineData("r1000", 1, 300, 4, "1000/2 = 500: ceil(1.67 * 2)")]
    // missing: uses nothing when growing, the target when shrinking
    [InlineData("r600 m", 0, 300, 2, "600/2 is the target with the missing one")]
    [InlineData("r900 m", 0, 300, 3, "900/2 = 450: ceil(1.5 * 2)")]
    [InlineData("r60 r60 m m", 0, 300, 3, "(120 + 600)/4 = 180: ceil(0.6 * 4)")]
    [InlineData("r280 m m", 0, 300, 3, "(280 + 600)/3 = 293 is within the tolerance")]
    [InlineData("r900 m n", 0, 300, 3, "900/3 is the target with both")]
    [InlineData("m m", 0, 300, 2, "no ready one has a value: kept")]
    [InlineData("n n", 0, 300, 2, "none is ready: kept")]
    public void Resource_metrics(string readings, int staged, double target, int expected, string because)
    {
        var instances = readings.Split(' ').Select(text => (
            Value: text.Length > 1 ? double.Parse(text[1..], CultureInfo.InvariantCulture) : text[0] == 'm'
            ? double.NaN : 5000, Ready: text[0] != 'n')).ToArray();
        var cluster = new Cluster(Target($"value: {target}"), instances.Length + staged) { Staged = staged };
        cluster.Healthy = instances.Count(one => one.Ready);
        cluster.Metrics.Instances("m", instances);
        Assert.True(cluster.Tick().To == expected, $"{because}: {cluster.Engine.Explain(Cluster.App)!.Reason}");
    }

    [Theory]
    // AverageValue: ceil(total / target), and the tolerance is of the share per instance
    [InlineData(3, 330, 100, 3)]
    [InlineData(3, 331, 100, 4)]
    [InlineData(3, 270, 100, 3)]
    [InlineData(3, 269, 100, 3)]
    [InlineData(3, 200, 100, 2)]
    [InlineData(3, 201, 100, 3)]
    [InlineData(4, 1000, 100, 10)]
    public void External_metrics_per_instance(int instances, double total, double target, int expected)
    {
        var cluster = new Cluster(Target($"value: {target}, per: instance"), instances) { Metrics = { ["m"] = total } };
        Assert.Equal(expected, cluster.Tick().To);
    }

    [Theory]
    // Value: ceil(ratio * ready)
    [InlineData(4, 4, 200, 100, 8)]
    [InlineData(4, 4, 50, 100, 2)]
    [InlineData(4, 4, 109, 100, 4)]
    [InlineData(4, 2, 200, 100, 4)]
    [InlineData(4, 2, 300, 100, 6)]
    public void Object_metrics(int instances, int healthy, double value, double target, int expected)
    {
        var cluster = new Cluster(Target($"value: {target}", "promql: m"), instances) { Metrics = { ["m"] = value } };
        cluster.Healthy = healthy;
        Assert.Equal(expected, cluster.Tick().To);
    }

    [Theory]
    [InlineData(2.0, 0.5, 8)]
    [InlineData(0.5, 0.5, 2)]
    [InlineData(0.5, double.NaN, 4)]
    [InlineData(2.0, double.NaN, 8)]
    [InlineData(double.NaN, double.NaN, 4)]
    public void Several_metrics_take_the_highest_and_a_missing_one_forbids_only_shrinking(double first, double second,
        int expected)
    {
        var cluster = new Cluster(
            $$"""
            policy: hpa
            app: /search
            instances: { min: 1, max: 10 }
            metrics:
              a: { promql: a }
              b: { promql: b }
            rules:
              - { rule: a, target: { metric: a, value: 1 } }
              - { rule: b, target: { metric: b, value: 1 } }
            {{Free}}
            """, 4);
        if (!double.IsNaN(first)) cluster.Metrics["a"] = first;
        if (!double.IsNaN(second)) cluster.Metrics["b"] = second;
        Assert.Equal(expected, cluster.Tick().To);
    }

    /// <summary>Each step: what the metric recommends, and the count after it. 15 s a step.</summary>
    [Theory]
    [InlineData("the highest of the window counts", "scaleIn: { stabilization: 60s, limit: none }", 10,
        "8:10 6:10 9:10 5:9 5:9 5:9 5:5")]
    [InlineData("growth is at once all the same", "scaleIn: { stabilization: 60s, limit: none }\nscaleOut: { limit: none }", 2,
        "4:4 2:4 6:6 2:6 2:6 2:6 2:2")]
    [InlineData("the least of the window counts", "scaleOut: { stabilization: 45s, limit: none }", 2, "9:2 5:2 7:5 8:5 9:7")]
    [InlineData("scale-in select Max takes the greatest change",
        "scaleIn: { stabilization: 0s, limit: [ 4 per 1m, 10% per 1m ] }", 80, "10:72 10:72 10:72 10:72 10:64")]
    [InlineData("scale-in select Min takes the least change",
        "scaleIn: { stabilization: 0s, limit: [ 4 per 1m, 10% per 1m ], select: min }", 80, "10:76 10:76 10:76 10:76 10:72")]
    [InlineData("scale-in select Disabled changes nothing", "scaleIn: { stabilization: 0s, select: disabled }", 80,
        "10:80 10:80")]
    [InlineData("scale-out by percent doubles", "scaleOut: { limit: [ 100% per 15s ] }", 3, "90:6 90:12 90:24 90:48 90:90")]
    [InlineData("scale-out by the default: 4 or 100% per 15s", "", 1, "90:5 90:10 90:20 90:40 90:80")]
    [InlineData("scale-out select Min", "scaleOut: { limit: [ 4 per 15s, 100% per 15s ], select: min }", 1,
        "90:2 90:4 90:8 90:12")]
    [InlineData("scale-out select Disabled", "scaleOut: { select: disabled }", 1, "90:1")]
    [InlineData("percent rounds up when growing", "scaleOut: { limit: 10% per 15s }", 5, "90:6 90:7 90:8")]
    [InlineData("a period counts from its start: what went in it comes back to the limit",
        "scaleOut: { limit: 4 per 1m }\nscaleIn: { stabilization: 0s, limit: none }", 10, "14:14 12:12 90:14 90:14 90:18 90:18")]
    public void Behavior(string because, string behavior, int from, string steps)
    {
        var cluster = new Cluster(
            $$"""
            policy: hpa
            app: /search
            instances: { min: 1, max: 100 }
            metrics:
              m: { promql: m }
            rules:
              - { rule: m, when: m >= 0, then: { set: m } }
            {{behavior}}
            """, from);
        // The count that is found is a recommendation of its own.
        cluster.Metrics["m"] = from;
        cluster.Tick(15);
        var expected = steps.Split(' ').Select(step => int.Parse(step.Split(':')[1], CultureInfo.InvariantCulture)).ToList();
        var counts = new List<int>();
        foreach (var step in steps.Split(' '))
        {
            cluster.Metrics["m"] = int.Parse(step.Split(':')[0], CultureInfo.InvariantCulture);
            cluster.Tick(15);
            counts.Add(cluster.Instances);
        }

        Assert.True(expected.SequenceEqual(counts), $"{because}: {string.Join(' ', counts)}");
    }

    [Fact]
    public void The_defaults_are_those_of_the_hpa()
    {
        var policy = Assert.Single(PolicyParser.Parse("p", "policy: p\napp: /a\ninstances: { max: 2 }\nrules: []").Policies);
        Assert.Equal((TimeSpan.Zero, TimeSpan.FromMinutes(5)), (policy.ScaleOut.Stabilization, policy.ScaleIn.Stabilization));
        Assert.Equal(["4 per 15s", "100% per 15s"], policy.ScaleOut.Limits.Select(limit => limit.ToString()));
        Assert.Equal(["100% per 15s"], policy.ScaleIn.Limits.Select(limit => limit.ToString()));
    }

    private static string Target(string target, string source = "actuator: m") => $$"""
        policy: hpa
        app: /search
        instances: { min: 1, max: 10 }
        metrics:
          m: { {{source}} }
        rules:
          - rule: m
            target: { metric: m, {{target}} }
        {{Free}}
        """;
}
