using CsCheck;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Rules;

namespace LifecycleManager.Decisions.Tests.Engine;

/// <summary>Instances that should report and do not: what they could still make of a reading never scales an app in.</summary>
public sealed class SilentInstancesTests
{
    private const double Silent = double.NaN;
    private const string Free = "scaleOut: { limit: none }\nscaleIn: { stabilization: 0s, limit: none }\n";

    [Theory]
    [InlineData(10, 9)]
    [InlineData(9, 10)]
    [InlineData(5, 10)]
    [InlineData(1, 10)]
    [InlineData(0, 10)]
    public void A_sum_of_some_removes_nothing(int reporting, int expected)
    {
        var cluster = Of(Rule("when: m < 8 * (instances - 1) + 10, then: { remove: 1 }",
            "actuator: gauge.servo.tpm, across: sum"), Some(10, reporting, 9));
        // All ten make 90, which is no less than 82; nine of nine make 81, which is.
        if (reporting == 10)
        {
            Assert.Equal(10, cluster.Tick().To);
            cluster.Metrics.Instances("gauge.servo.tpm", Some(10, 10, 8));
            Assert.Equal(expected, cluster.Tick().To);
            return;
        }

        Assert.Equal(10, cluster.Tick().To);
        Assert.Equal(10, cluster.Tick(600).To);
    }

    [Theory]
    [InlineData(4.999)]
    [InlineData(5)]
    [InlineData(5.001)]
    public void A_target_of_which_two_of_eight_report_stays(double value)
    {
        var cluster = Of(Rule("target: { metric: m, value: 5 }", "actuator: m"), Some(8, 2, value));
        Assert.Equal(8, cluster.Tick().To);
        var total = Of(Rule("target: { metric: m, value: 5, per: instance }", "actuator: m, across: sum"),
            Some(8, 2, value));
        Assert.Equal(8, total.Tick().To);
    }

    [Theory]
    // Shrinking, a silent one uses the target, of a share all there is; growing, nothing.
    [InlineData("actuator: m", "value: 60", "", "10 10 10 -", 2)]
    [InlineData("actuator: m", "value: 0.6", "", "0.1 0.1 0.1 -", 2)]
    [InlineData("container: cpu", "value: 0.6", "cpu", "0.1 0.1 0.1 -", 3)]
    [InlineData("container: cpu", "value: 1.2", "cpu", "0.1 0.1 0.1 -", 2)]
    [InlineData("actuator: system.cpu.usage", "value: 60%", "system.cpu.usage", "0.1 0.1 0.1 -", 3)]
    [InlineData("actuator: m", "value: 60", "", "200 200 - -", 7)]
    [InlineData("actuator: m", "value: 60", "", "100 - - -", 4)]
    [InlineData("actuator: m, across: sum", "value: 60, per: instance", "", "10 10 10 -", 2)]
    [InlineData("actuator: m, across: sum", "value: 60, per: instance", "", "200 200 - -", 7)]
    [InlineData("actuator: m, across: sum", "value: 60, per: instance", "", "100 - - -", 4)]
    // Others grow by the least and shrink by the greatest that they can be.
    [InlineData("actuator: m, across: sum", "value: 60", "", "10 10 10 -", 4)]
    [InlineData("actuator: m, across: sum", "value: 60", "", "60 60 - -", 8)]
    [InlineData("actuator: m, across: max", "value: 60", "", "10 10 10 -", 4)]
    [InlineData("actuator: m, across: max", "value: 60", "", "10 10 120 -", 8)]
    [InlineData("actuator: m, across: min", "value: 60", "", "30 90 90 -", 2)]
    [InlineData("actuator: m, across: min", "value: 60", "", "120 120 120 -", 4)]
    [InlineData("actuator: m, across: count", "value: 8", "", "1 1 1 -", 2)]
    [InlineData("actuator: m, across: count", "value: 4", "", "1 1 - -", 4)]
    [InlineData("actuator: m, across: count", "value: 1", "", "1 1 - -", 8)]
    public void Targets_fill_in_as_the_hpa_does(string source, string target, string selector, string readings, int expected)
    {
        var cluster = Of(Rule($"target: {{ metric: m, {target} }}", source), Parse(readings), selector.Length > 0
            ? selector : "m");
        Assert.Equal(expected, cluster.Tick().To);
    }

    [Theory]
    // From the present value up.
    [InlineData("max", "m > 50", "60 10 -", true)]
    [InlineData("sum", "m > 50", "60 10 -", true)]
    [InlineData("sum", "m > 80", "60 10 -", false)]
    // An average holds where it does with the silent ones idle.
    [InlineData("avg", "m > 50", "90 90 -", true)]
    [InlineData("avg", "m > 70", "90 90 -", false)]
    // From the present value down.
    [InlineData("min", "m > 5", "60 10 -", false)]
    [InlineData("min", "m < 20", "60 10 -", true)]
    [InlineData("count", "m >= 2", "60 10 -", true)]
    [InlineData("count", "m >= 3", "60 10 -", false)]
    [InlineData("avg", "p90(m) > 40", "50 50 -", true)]
    [InlineData("avg", "p90(m) < 60", "50 50 -", false)]
    [InlineData("avg", "p25(m) < 60", "50 50 -", true)]
    public void What_holds_with_the_silent_ones_idle_grows(string across, string when, string readings, bool grows)
    {
        var cluster = Of(Rule($"when: '{when}', then: {{ add: 1 }}", $"actuator: m, across: {across}"), Parse(readings));
        Assert.Equal(grows ? 4 : 3, cluster.Tick().To);
    }

    [Fact]
    public void A_gauge_may_be_negative_where_something_shrinks_by_it_and_a_counter_may_not()
    {
        const string When = "when: m > 50, then: { remove: 1 }";
        var gauge = Of(Rule(When, "actuator: slack, across: sum"), Parse("60 10 -"), "slack");
        Assert.Equal(3, gauge.Tick().To);
        foreach (var (source, selector) in new[]
        {
            ("prometheus: r_total", "r_total"), ("prometheus: r, rate: 1m", "r"), ("prometheus: r, increase: 1m", "r"),
            ("actuator: counter.r", "counter.r"),
            ("container: mem.bytes", "mem.bytes"), ("""actuator: 'r{statistic="COUNT"}'""", """r{statistic="COUNT"}"""),
        })
        {
            var counter = Of(Rule(When, source + ", across: sum"), Parse("60 10 -"), selector);
            Assert.Equal(2, counter.Tick().To);
        }

        foreach (var source in new[] { "prometheus: r, delta: 1m", "prometheus: r, deriv: 1m",
            "prometheus: r_total_of_balances" })
        {
            var signed = Of(Rule(When, source + ", across: sum"), Parse("60 10 -"),
                source.Contains("of", StringComparison.Ordinal) ? "r_total_of_balances" : "r");
            Assert.Equal(3, signed.Tick().To);
        }
    }

    [Fact]
    public void Growth_that_is_only_assumed_waits_its_time_and_stops_shrinking_meanwhile()
    {
        var cluster = Of(
            Policy("actuator: m, across: sum",
                "- { rule: up, when: m > 50, for: 10s, then: { add: 1 } }\n  - { rule: down, when: true, then: { remove: 1 } }"),
            Parse("60 10 -"));
        Assert.Equal([3, 3, 4], cluster.Run(TimeSpan.FromSeconds(15)));
    }

    [Theory]
    [InlineData("60 30 -", 3)]
    [InlineData("60 30 5", 2)]
    [InlineData("5 5 -", 3)]
    [InlineData("150 5 -", 5)]
    public void Steps_shrink_only_where_every_step_that_may_hold_does(string readings, int expected)
    {
        var cluster = Of(
            Policy("prometheus: m_total, across: sum",
                "- rule: s\n    step:\n      metric: m\n      steps: [ { above: 100, add: 2 }, { below: 20, remove: 2 }, { above: 20, below: 999999, remove: 1 } ]"),
            Parse(readings), "m_total");
        Assert.Equal(expected, cluster.Tick().To);
    }

    [Theory]
    [InlineData("m / 10", "5 -", 2)]
    [InlineData("m / 10", "50 -", 5)]
    [InlineData("max(1, 20 - m)", "60 -", 1)]
    [InlineData("min(m, 1)", "60 -", 1)]
    [InlineData("m / m", "60 -", 2)]
    public void A_count_that_is_set_shrinks_by_the_greatest_that_it_can_be(string set, string readings, int expected)
    {
        var cluster = Of(Rule($"when: true, then: {{ set: '{set}' }}", "prometheus: m_total, across: sum"), Parse(readings),
            "m_total");
        Assert.Equal(expected, cluster.Tick().To);
    }

    [Fact]
    public void A_lower_bound_that_cannot_be_told_keeps_what_there_is_of_it()
    {
        const string Rules =
            "- { rule: floor, when: m > 50, then: { min: 4 } }\n  - { rule: ceiling, when: instances > 1, then: { max: 2 } }";
        var cluster = Of(Policy("actuator: m, across: sum", Rules), Parse("1 1 1 1 1 -"));
        Assert.Equal(4, cluster.Tick().To);
        cluster.Metrics.Instances("m", Parse("1 1 1 1"));
        Assert.Equal(2, cluster.Tick().To);
    }

    [Fact]
    public void A_forecast_learns_nothing_from_some_of_the_instances()
    {
        var cluster = Of(Rule("forecast: { metric: m, value: 10, season: 1h, step: 1m }", "actuator: m, across: sum"),
            Parse("5 -"));
        cluster.Tick();
        Assert.Equal(RuleVerdict.Unknown, Assert.Single(cluster.Engine.Opinions(Cluster.App)).Verdict);
        Assert.True(double.IsNaN(Assert.Single(cluster.Engine.Forecasts(Cluster.App)).Value));
        cluster.Metrics.Instances("m", Parse("5 5"));
        cluster.Tick();
        Assert.Equal(10, Assert.Single(cluster.Engine.Forecasts(Cluster.App)).Value);
    }

    [Fact]
    public void A_count_set_by_a_schedule_heeds_the_silent_too()
    {
        var cluster = Of(
            Policy("actuator: m, across: sum",
                "- rule: s\n    schedule: { cron: '0 0 0 * * ?', until: '0 0 23 * * ?' }\n    then: { set: 'm / 10' }"),
                Parse("5 -"));
        Assert.Equal(2, cluster.Tick().To);
        cluster.Metrics.Instances("m", Parse("5 5"));
        Assert.Equal(1, cluster.Tick().To);
    }

    [Theory]
    [InlineData("min", "1 1 -", 3)]
    [InlineData("max", "1 1 -", 3)]
    [InlineData("'fallback:1'", "1 1 -", 3)]
    [InlineData("min", "- - -", 1)]
    [InlineData("max", "- - -", 10)]
    [InlineData("'fallback:2'", "- - -", 2)]
    public void What_is_given_for_missing_metrics_is_not_for_those_of_some(string mode, string readings, int expected)
    {
        var cluster = Of(Rule("when: m < 50, then: { remove: 1 }", "actuator: m, across: sum", $"onMissingMetrics: {mode}"),
            Parse(readings));
        Assert.Equal(expected, cluster.Tick().To);
        Assert.Equal(readings == "- - -", cluster.Engine.Report(Cluster.App)!.MetricsMissing);
    }

    [Fact]
    public void A_fallback_for_one_metric_does_not_shrink_by_another_of_which_some_are_silent()
    {
        var policy = """
            policy: p
            app: /search
            instances: { min: 1, max: 10 }
            metrics: { m: { actuator: m, across: sum }, gone: { actuator: gone } }
            rules:
              - { rule: a, when: m < 50, then: { remove: 1 } }
              - { rule: b, when: gone < 50, then: { remove: 1 } }
            onMissingMetrics: min
            scaleIn: { stabilization: 0s }
            """;
        var cluster = Of(policy, Parse("1 1 -"));
        Assert.Equal(3, cluster.Tick().To);
        cluster.Metrics.Instances("m", Parse("1 1 1"));
        Assert.Equal(1, cluster.Tick().To);
    }

    [Fact]
    public void The_reason_tells_what_the_silent_ones_leave_open()
    {
        var counter = Of(Rule("when: m < 72, then: { remove: 1 }", "prometheus: m_total, across: sum"), Some(10, 5, 9),
            "m_total");
        var held = counter.Tick();
        Assert.Equal("m is at least 45: 5 of 10 instances report: held at 10", held.Reason);
        Assert.Equal("m at least 45 < 72 is unknown", Assert.Single(counter.Engine.Opinions(Cluster.App)).Reason);
        Assert.Equal(45, held.Metrics["m"]);

        var gauge = Of(Rule("when: m < 72, then: { remove: 1 }", "actuator: m, across: sum"), Some(10, 5, 9));
        Assert.Equal("m is 45 so far: 5 of 10 instances report: held at 10", gauge.Tick().Reason);
        var grows = Of(Rule("when: m > 10 * instances, then: { add: 1 }", "actuator: m, across: sum"), Some(3, 2, 20));
        Assert.Equal("r: m at least 40 > 10 * instances 3, +1", grows.Tick().Reason);
    }

    [Fact]
    public void Those_that_start_are_not_silent()
    {
        var cluster = Of(Rule("when: m < 50, then: { remove: 1 }", "actuator: m, across: sum"),
            [(1, true), (1, true), (Silent, false)]);
        Assert.Equal(2, cluster.Tick().To);
    }

    /// <summary>
    /// Each aggregation, each kind of rule, each number of silent instances: nothing shrinks unless each completion of what is
    /// silent shrinks at least as far; and nothing grows unless each completion without negative values grows.
    /// </summary>
    [Fact]
    public void Nothing_shrinks_that_a_silent_instance_could_have_kept() =>
        Gen.Select(
            Gen.Int[0, Sources.Length - 1], Gen.Int[0, Aggregations.Length - 1], Gen.Int[0, Rules.Length - 1],
            Gen.Int[0, Rules.Length - 1],
            Gen.Int[1, 6], Gen.Int[0, 5], Gen.Int[0, 40], Gen.OneOf(Gen.Int[0, 20], Gen.Int[0, 3]).Array[6])
        .Sample(
            (source, across, first, second, n, silent, threshold, values) =>
            {
                silent = Math.Min(silent, n - 1);
                var (from, selector, signed) = Sources[source];
                var rules = string.Join("\n  ", new[] { Rules[first], Rules[second] }.Distinct()
                    .Select((rule, i) => "- { rule: r" + i + ", " + rule.Replace("T", $"{threshold}", StringComparison.Ordinal)
                        + " }"));
                var policy = Policy($"{from}, across: {Aggregations[across]}", rules);
                var known = values.Take(n - silent).Select(value => (double)value).ToArray();
                var engine = new Cluster(policy, n) { Applies = false };
                engine.Metrics.Instances(selector, [.. known.Select(value => (value, true)),
                    .. Enumerable.Repeat((Silent, true), silent)]);
                var decision = engine.Tick();
                if (decision.Kind == DecisionKind.Hold) return true;

                // An upper bound that is unknown holds no growth back.
                if (decision.Kind == DecisionKind.ScaleOut && rules.Contains("max: 2", StringComparison.Ordinal)) return true;

                // The HPA's filling in stands for what is up to the target.
                var most = rules.Contains("target", StringComparison.Ordinal) ? 7 : 1e9;
                var completions = new[] { 0.0, Math.Min(3, most), Math.Min(threshold, most), most }
                    .Concat(signed && decision.Kind == DecisionKind.ScaleIn && !rules.Contains("target", StringComparison.Ordinal)
                        ? [-3.0, -1e9] : []);
                return Completions([.. completions], silent).All(completion =>
                {
                    var whole = new Cluster(policy, n) { Applies = false };
                    whole.Metrics.Instances(selector, [.. known.Concat(completion).Select(value => (value, true))]);
                    var to = whole.Tick().To;
                    return decision.Kind == DecisionKind.ScaleIn ? to <= decision.To : to > n;
                });
            },
            iter: 1_500,
            print: values => values.ToString());

    private static readonly string[] Aggregations = ["sum", "avg", "min", "max", "count"];

    private static readonly (string Source, string Selector, bool Signed)[] Sources =
    [
        ("actuator: g", "g", true), ("prometheus: c_total", "c_total", false), ("prometheus: r, rate: 1m", "r", false),
        ("prometheus: d, delta: 1m", "d", true),
        ("container: net.rx.bytes", "net.rx.bytes", false),
    ];

    private static readonly string[] Rules =
    [
        "when: m < T, then: { remove: 1 }",
        "when: m > T, then: { remove: 1 }",
        "when: m > T, then: { add: 1 }",
        "when: m < T, then: { add: 2 }",
        "when: not (m >= T) and healthy == instances, then: { remove: 50% }",
        "when: 'm / instances < T or max(m, 3) < 2', then: { multiply: 0.5 }",
        "when: 'min(m) < T and sum(m) < 3 * T', then: { remove: 1 }",
        "when: p90(m) < T, then: { remove: 1 }",
        "when: p10(m) > T, then: { add: 1 }",
        "when: m != T, then: { set: 'm / 4' }",
        "when: true, then: { set: 'max(1, 6 - m)' }",
        "when: m < T, then: { max: 2 }",
        "when: m > T, then: { min: 3 }",
        "when: instances > 2, then: { max: 2 }",
        "step: { metric: m, steps: [ { above: T, add: 1 }, { below: 3, remove: 2 }, { below: 6, remove: 1 } ] }",
        "step: { metric: 'm - T', steps: [ { above: 0, remove: 1 }, { above: 10, remove: 2 }, { below: -5, add: 1 } ] }",
        "target: { metric: m, value: 7 }",
        "target: { metric: m, value: 7, per: instance }",
        "target: { metric: 'm + 1', value: 7, per: instance }",
        "schedule: { cron: '0 0 0 * * ?', until: '0 0 23 * * ?' }, then: { set: 'm / 4' }",
    ];

    private static IEnumerable<double[]> Completions(double[] of, int count) => count == 0
        ? [[]]
        : Completions(of, count - 1).Take(12).SelectMany(rest => of.Select(value => (double[])[value, .. rest]));

    private static Cluster Of(string policy, (double Value, bool Ready)[] instances, string selector = "")
    {
        var cluster = new Cluster(policy, instances.Length) { Applies = true };
        cluster.Metrics.Instances(selector.Length > 0 ? selector : policy.Contains("gauge.servo.tpm", StringComparison.Ordinal)
            ? "gauge.servo.tpm" : "m", instances);
        return cluster;
    }

    private static (double, bool)[] Some(int instances, int reporting, double value) =>
        [.. Enumerable.Range(0, instances).Select(i => (i < reporting ? value : Silent, true))];

    private static (double, bool)[] Parse(string readings) =>
        [.. readings.Split(' ')
            .Select(text => (text == "-" ? Silent : double.Parse(text, System.Globalization.CultureInfo.InvariantCulture),
                true))];

    private static string Rule(string rule, string source, string rest = "") => Policy(source, $"- {{ rule: r, {rule} }}", rest);

    private static string Policy(string source, string rules, string rest = "") => $$"""
        policy: p
        app: /search
        instances: { min: 1, max: 10 }
        metrics:
          m: { {{source}} }
        rules:
          {{rules}}
        {{Free}}{{rest}}
        """;
}
