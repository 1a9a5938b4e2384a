using System.Text.Json;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tools;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tests.Tools;

public sealed class PolicyCheckTests
{
    private static string Policy(string rules, string rest = "", string bounds = "{ min: 1, max: 10 }") => $$"""
        policy: p
        app: /a
        instances: {{bounds}}
        metrics:
          tpm: { actuator: tpm, across: sum }
          cpu: { actuator: cpu }
          queue: { rabbitmq: q }
        rules:
          - { rule: all, when: 'tpm > 1e9 and cpu > 1e9 and queue > 1e9', then: { set: 2 } }
        {{rules}}
        {{rest}}
        """;

    [Theory]
    [InlineData("- { rule: r, when: instances > 10, then: { add: 1 } }", "unreachable-rule")]
    [InlineData("- { rule: r, when: cpu > 0.8 and cpu < 0.2, then: { add: 1 } }", "unreachable-rule")]
    [InlineData("- { rule: r, when: queue < 0, then: { add: 1 } }", "unreachable-rule")]
    [InlineData("- { rule: r, when: false or not true, then: { add: 1 } }", "unreachable-rule")]
    [InlineData("- { rule: r, when: healthy * 2 > 20, then: { add: 1 } }", "unreachable-rule")]
    [InlineData("- { rule: r, when: time > 23:59:59 and cpu > 1, then: { add: 1 } }", "unreachable-rule")]
    [InlineData("- { rule: r, when: 'rate(tpm, 5m) < 0', then: { add: 1 } }", null)]
    [InlineData("- { rule: r, when: instances >= 10 and cpu > 1, then: { set: 3 } }", null)]
    [InlineData("- { rule: r, when: instances >= 1, then: { add: 1 } }", "constant-rule")]
    [InlineData("- { rule: r, when: cpu > 1, then: { min: 1 } }", "no-effect")]
    [InlineData("- { rule: r, when: cpu > 1, then: { max: 10 } }", "no-effect")]
    [InlineData("- { rule: r, when: cpu > 1, then: { min: 11 } }", "bounds-cannot-hold")]
    [InlineData("- { rule: r, when: cpu > 1, then: { set: 11 } }", "bounds-cannot-hold")]
    [InlineData("- { rule: r, when: cpu > 1, then: { set: 10 } }", null)]
    [InlineData("- { rule: r, step: { metric: queue, steps: [ { above: 10, add: 1 }, { above: 10, below: 20, add: 2 } ] } }",
        null)]
    [InlineData("- { rule: r, step: { metric: queue, steps: [ { above: 10, add: 1 }, { above: 10, add: 2 } ] } }",
        "unreachable-rule")]
    [InlineData("- { rule: r, step: { metric: queue, steps: [ { below: 0, remove: 1 }, { above: 10, add: 2 } ] } }",
        "unreachable-rule")]
    [InlineData(
        "- { rule: up, when: tpm > 10 * instances, then: { add: 1 } }\n  - { rule: down, when: tpm < 11 * instances, "
            + "then: { remove: 1 } }", "fighting-rules")]
    [InlineData(
        "- { rule: up, when: tpm > 10 * instances, then: { add: 1 } }\n  - { rule: down, when: tpm < 9 * instances, "
            + "then: { remove: 1 } }", "fighting-rules")]
    [InlineData(
        "- { rule: up, when: tpm > 10 * instances, then: { add: 1 } }\n  - { rule: down, when: tpm < 10 * (instances "
            + "- 1), then: { remove: 1 } }", null)]
    [InlineData("- { rule: up, when: cpu > 0.8, then: { add: 1 } }\n  - { rule: down, when: cpu < 0.5, then: { remove: 1 } }",
        "fighting-rules")]
    [InlineData("- { rule: up, when: cpu > 0.8, then: { add: 1 } }\n  - { rule: down, when: cpu < 0.3, then: { remove: 1 } }",
        null)]
    [InlineData(
        "- { rule: a, schedule: { cron: '0 0 8 * * ?', until: '0 0 18 * * ?' }, then: { min: 5 } }\n"
            + "  - { rule: b, schedule: { cron: '0 0 17 ? * SAT', until: '0 0 19 ? * SAT' }, then: { max: 3 } }",
            "bounds-cannot-hold")]
    [InlineData(
        "- { rule: a, schedule: { cron: '0 0 8 * * ?', until: '0 0 18 * * ?' }, then: { min: 5 } }\n"
            + "  - { rule: b, schedule: { cron: '0 0 18 * * ?', until: '0 0 8 * * ?' }, then: { max: 3 } }", null)]
    [InlineData("- { rule: a, schedule: { cron: '0 0 8 * * ?', until: '0 0 8 * * ?' }, then: { min: 5 } }", "unreachable-rule")]
    public void It_finds_what_was_not_meant(string rules, string? code)
    {
        var problems = PolicyCheck.Check("p.yml", Policy("  " + rules));
        Assert.Equal(code is null ? [] : [code], problems.Select(problem => problem.Code).Distinct());
        if (code is not null) Assert.True(problems[0].Line >= 10, problems[0].ToString());
    }

    [Theory]
    [InlineData("{ min: 0, max: 3 }", "rules:\n  - { rule: r, target: { metric: cpu, value: 0.5 } }", "zero-trap")]
    [InlineData("{ min: 0, max: 3 }", "rules:\n  - { rule: r, target: { metric: queue, value: 5, per: instance } }", null)]
    [InlineData("{ min: 3, max: 3 }", "rules:\n  - { rule: r, target: { metric: cpu, value: 0.5 } }", "no-effect")]
    [InlineData("{ min: 1, max: 3 }",
        "rules:\n  - { rule: r, target: { metric: cpu, value: 0.5 } }\nscaleIn: { select: disabled, worse: {} }", "no-effect")]
    [InlineData("{ min: 1, max: 3 }",
        "rules:\n  - { rule: r, target: { metric: cpu, value: 0.5 } }\nscaleIn: { worse: { metric: queue } }", null)]
    [InlineData("{ min: 1, max: 3 }", "rules:\n  - { rule: r, when: cpu > 1, then: { add: 1 } }", "one-way")]
    [InlineData("{ min: 1, max: 3 }", "rules:\n  - { rule: r, when: cpu > 1, then: { remove: 1 } }", "one-way")]
    public void It_looks_at_the_policy_as_a_whole(string bounds, string rules, string? code)
    {
        var text =
            $"policy: p\napp: /a\ninstances: {bounds}\nmetrics:\n  cpu: {{ actuator: cpu }}\n  queue: {{ rabbitmq: q }}\n{rules}";
        Assert.Equal(code is null ? [] : [code], PolicyCheck.Check("p.yml", text).Select(problem => problem.Code)
            .Where(c => c != "unused-metric").Distinct());
    }

    [Theory]
    [InlineData("{ promql: x, server: mimr }", "5:30", "there is no prometheus server 'mimr'", "did you mean 'mimir'?", true)]
    [InlineData("{ promql: x }", "5:3", "the metric 'load' says not which prometheus server it is of", "server: mimir, thanos",
        false)]
    [InlineData("{ redis: x }", "5:3", "the metric 'load' needs a redis server, and none is named", "name one there", true)]
    [InlineData("{ rabbitmq: x }", "5:3", "the metric 'load' needs a rabbitmq server, and none is named",
        "name one there, or by --rabbitmq", false)]
    [InlineData("{ json: /x }", null, null, null, false)]
    [InlineData("{ postgres: select 1 }", null, null, null, false)]
    [InlineData("{ promql: x, server: thanos }", null, null, null, false)]
    public void The_servers_that_metrics_name_are_looked_up(
        string metric, string? place, string? message, string? suggestion, bool isError)
    {
        NamedSource[] servers =
        [
            new(MetricSource.PromQl, "mimir"), new(MetricSource.PromQl, "thanos"), new(MetricSource.Json, "stats"),
            new(MetricSource.Postgres, "a"), new(MetricSource.Postgres, "default"),
        ];
        var files = new MemoryFiles(new Dictionary<string, string>
        {
            ["p.yml"] = $"policy: p\napp: /a\ninstances: {{ max: 9 }}\nmetrics:\n  load: {metric}\nrules:\n"
                + "  - { rule: r, target: { metric: load, value: 5 } }\n",
        });
        PolicyCheck.Check(["p.yml"], TextWriter.Null, files, null, out var problems, out _, out _, servers);
        if (place is null)
        {
            Assert.Empty(problems);
            return;
        }

        var problem = Assert.Single(problems);
        Assert.Equal((place, message, suggestion, isError, "unknown-server"), ($"{problem.Line}:{problem.Column}",
            problem.Message, problem.Suggestion, problem.Severity == PolicySeverity.Error, problem.Code));
    }

    [Theory]
    [InlineData("cpu: { container: cpu }", "when: m > 80", "m is a share, 0 to 1: 80 is 8000% (write 80% or 0.8)")]
    [InlineData("cpu: { container: cpu }", "when: avg(m, 5m) >= 60 and instances > 1", "60 is 6000%")]
    [InlineData("cpu: { container: cpu }", "when: 60 < max(m, 5m)", "60 is 6000%")]
    [InlineData("cpu: { container: cpu }", "when: m > 0.8", null)]
    [InlineData("cpu: { container: cpu }", "when: m > 120%", null)]
    [InlineData("cpu: { container: cpu }", "when: m * 100 > 80", null)]
    [InlineData("cpu: { container: cpu, across: sum }", "when: m > 8", null)]
    [InlineData("cpu: { actuator: process.cpu.usage }", "when: m > 5m", "m is a share, 0 to 1, and no time")]
    [InlineData("p: { prometheus: cache_hit_ratio }", "when: m > 90", "90 is 9000%")]
    [InlineData("p: { prometheus: http_server_requests_seconds_max }", "when: m > 500",
        "m is in seconds: 500 is 8m20s (of milliseconds write 500ms or 0.5)")]
    [InlineData("p: { histogram: http_server_requests_seconds, quantile: 0.95 }", "when: m > 250", "m is in seconds")]
    [InlineData("p: { prometheus: http_server_requests_seconds_max }", "when: m > 500ms", null)]
    [InlineData("p: { prometheus: process_uptime_seconds }", "when: m > 3600", null)]
    [InlineData("p: { prometheus: http_server_requests_seconds_count, rate: 1m }", "when: m > 500", null)]
    [InlineData("p: { prometheus: latency_ms }", "when: m > 0.5", "m is in milliseconds: 0.5 is less than one (write 500)")]
    [InlineData("p: { actuator: gauge.response.root }", "when: m > 500ms", "a duration counts seconds: 0.5 (write 500)")]
    [InlineData("p: { actuator: gauge.response.root }", "when: m > 500", null)]
    [InlineData("p: { actuator: 'jvm.memory.used{area=\"heap\"}' }", "when: m > 400",
        "m is in bytes: 400 are 400 bytes (of megabytes write 400 * 1024 * 1024)")]
    [InlineData("p: { actuator: 'jvm.memory.used{area=\"heap\"}' }", "when: m > 400 * 1024 * 1024", null)]
    public void Numbers_of_another_unit_are_told(string metric, string when, string? message)
    {
        var text = $$"""
            policy: p
            app: /a
            instances: { min: 1, max: 10 }
            metrics:
              m: {{metric[(metric.IndexOf(' ', StringComparison.Ordinal) + 1)..]}}
            rules:
              - rule: r
                {{when}}
                then: { add: 1 }
              - { rule: down, when: instances > 3, then: { remove: 1 } }
            """;
        var units = PolicyCheck.Check("p.yml", text).Where(problem => problem.Code == "unit").ToList();
        Assert.Equal(message is null ? 0 : 1, units.Count);
        if (message is not null) Assert.Contains(message, units[0].ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("target: { metric: m, value: 60 }", 1)]
    [InlineData("target: { metric: m, value: 60% }", 0)]
    [InlineData("step: { metric: m, steps: [ { above: 80, add: 1 }, { below: 0.2, remove: 1 } ] }", 1)]
    [InlineData("forecast: { metric: m, value: 60, season: 1d, ahead: 5m }", 1)]
    public void Targets_steps_and_forecasts_have_units_too(string rule, int count) =>
        Assert.Equal(count, PolicyCheck.Check("p.yml", $$"""
            policy: p
            app: /a
            instances: { min: 1, max: 10 }
            metrics: { m: { container: cpu } }
            rules: [ { rule: r, {{rule}} } ]
            """).Count(problem => problem.Code == "unit"));

    [Fact]
    public void The_fight_is_told_with_numbers()
    {
        var problem =
            Assert.Single(
                PolicyCheck.Check("p.yml",
                    Policy("  - { rule: up, when: tpm > 10 * instances, then: { add: 1 } }\n"
                        + "  - { rule: down, when: tpm < 9 * instances, then: { remove: 1 } }")));
        Assert.Matches(@"'down' undoes 'up': with tpm 1\d\.?\d* 1 grows to 2, where tpm 1\d\.?\d* shrinks it to 1 again",
            problem.Message);
        Assert.Equal(11, problem.Line);
    }

    [Fact]
    public void The_examples_are_clean_in_every_format_and_a_shadowed_policy_is_not()
    {
        var examples = Path.Combine(AppContext.BaseDirectory, "rules");
        var (output, error) = (new StringWriter(), new StringWriter());
        Assert.True(PolicyCheck.Run([examples], CheckFormat.Text, strict: true, output, error) == 0, output.ToString() + error);

        var directory = Directory.CreateTempSubdirectory("check").FullName;
        try
        {
            File.WriteAllText(Path.Combine(directory, "a.yml"), "policy: a\napp: /x\ninstances: { max: 2 }\nrules: [oops");
            File.WriteAllText(Path.Combine(directory, "b.yml"), "policy: b\napp: /x\ninstances: { max: 2 }\nrules: []");
            File.WriteAllText(Path.Combine(directory, "c.yml"),
                "policy: c\napp: /x\ninstances: { max: 2 }\nrules: []\npriority: 1");
            var (text, gitHub, json, sarif) = (Run(CheckFormat.Text), Run(CheckFormat.GitHub), Run(CheckFormat.Json),
                Run(CheckFormat.Sarif));
            Assert.Contains("a.yml:5:1: error: could not be parsed as YAML", text, StringComparison.Ordinal);
            Assert.Contains("b.yml:1:1: warning: 'c' (", text, StringComparison.Ordinal);
            Assert.Contains("[shadowed-policy]", text, StringComparison.Ordinal);
            Assert.Contains("::error file=", gitHub, StringComparison.Ordinal);
            Assert.Equal("syntax", JsonDocument.Parse(json).RootElement[0].GetProperty("code").GetString());
            Assert.Equal(5, JsonDocument.Parse(sarif).RootElement.GetProperty("runs")[0].GetProperty("results")[0]
                .GetProperty("locations")[0]
                .GetProperty("physicalLocation").GetProperty("region").GetProperty("startLine").GetInt32());

            string Run(CheckFormat format)
            {
                var writer = new StringWriter();
                Assert.Equal(1, PolicyCheck.Run([directory], format, strict: false, writer, TextWriter.Null));
                return writer.ToString();
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void A_path_that_is_not_there_is_two() =>
        Assert.Equal(2, PolicyCheck.Run(["/no/such/policy.yml"], CheckFormat.Text, strict: false, TextWriter.Null,
            TextWriter.Null));
}
