using LifecycleManager.Decisions.Policies;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tests.Policies;

public sealed class PolicyParserTests
{
    /// <summary>The sketch of the design: everything it shows is taken as it stands.</summary>
    private const string Sketch = """
        policy: search
        app: /brownfield/search-*            # exact id, glob, or label selector
        instances: { min: 1, max: 10 }
        metrics:
          tpm:   { actuator: gauge.servo.tpm, across: sum }
          cpu:   { actuator: system.cpu.usage, across: avg, window: 1m }
          rps:   { prometheus: http_server_requests_seconds_count, rate: 1m, across: sum }
          p95:   { histogram: http_server_requests_seconds, quantile: 0.95, window: 2m }
          queue: { promql: 'sum(rabbitmq_queue_messages_ready{queue="SearchQ"})' }
        rules:
          - rule: too many transactions      # threshold and step scaling
            when: tpm > 10 * instances and healthy == instances
            for: 30s
            then: { add: 1 }
          - rule: keep the cpu near 60%      # target tracking
            target: { metric: cpu, value: 0.6, tolerance: 10% }
          - rule: night                      # scheduled
            schedule: { cron: '0 0 22 * * ?', zone: Europe/London, until: '0 0 6 * * ?' }
            then: { max: 2 }
        scaleOut: { stabilization: 0s, limit: [ 4 per 1m, 100% per 1m ] }
        scaleIn:  { stabilization: 5m, limit: [ 1 per 1m ] }
        onMissingMetrics: hold               # hold | min | max | fallback: N
        """;

    [Fact]
    public void The_sketch_of_the_design_is_taken_whole()
    {
        var file = PolicyParser.Parse("search.yml", Sketch);
        var policy = Assert.Single(file.Policies);
        Assert.Equal((1, 10), (policy.Instances.Min, policy.Instances.Max));
        Assert.Equal(["tpm", "cpu", "rps", "p95", "queue"], policy.Metrics.Select(metric => metric.Name));
        var queries = policy.Metrics.Select(metric => metric.Query).ToArray();
        Assert.Equal((MetricSource.Actuator, WindowFunction.Last, Aggregation.Sum),
            (queries[0].Source, queries[0].Function, queries[0].Across));
        Assert.Equal((WindowFunction.Avg, TimeSpan.FromMinutes(1)), (queries[1].Function, queries[1].Window));
        Assert.Equal((WindowFunction.Rate, TimeSpan.FromMinutes(1)), (queries[2].Function, queries[2].Window));
        Assert.Equal((0.95, TimeSpan.FromMinutes(2)), (queries[3].Quantile, queries[3].Window));
        Assert.Equal(["4 per 1m", "100% per 1m"], policy.ScaleOut.Limits.Select(limit => limit.ToString()));
        Assert.Equal(TimeSpan.FromMinutes(5), policy.ScaleIn.Stabilization);
        Assert.Equal(["no rule uses the metric 'rps'", "no rule uses the metric 'p95'", "no rule uses the metric 'queue'"],
            file.Problems.Select(p => p.Message));
    }

    [Theory]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrule: []",
        "4:1: error: a policy has no key 'rule' (did you mean 'rules'?)")]
    [InlineData("policy: p\napp: a\ninstances: { max: 2 }\nrules: []", "2:6: error: the app 'a' must be absolute (write /a)")]
    [InlineData("policy: p\napp: /a\ninstances: { min: 5, max: 2 }\nrules: []", "3:12: error: 'max' 2 is less than 'min' 5")]
    [InlineData("policy: p\napp: /a\ninstances: { max: many }\nrules: []",
        "3:19: error: 'max' must be a whole number from 0 to 1000000, not 'many'")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: []\npolicy: q",
        "5:1: error: 'policy' is given twice (first on line 1)")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: [\n", "5:1: error: could not be parsed as YAML")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: []\nmetrics:\n  tpm: { actuator: x, acros: sum }",
        "6:23: error: the metric 'tpm' has no key 'acros' (did you mean 'across'?)")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: []\nmetrics:\n  max: { actuator: x }",
        "6:3: error: 'max' has a meaning of its own")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: []\nmetrics:\n  t: { actuator: x, promql: y }",
        "6:6: error: the metric 't' needs just one source")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: []\nmetrics:\n  t: { container: cpus }",
        "6:19: error: unknown container statistic 'cpus' (did you mean 'cpu'?)")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: []\nmetrics:\n  t: { histogram: x, quantile: 95 }",
        "6:32: error: a quantile is between 0 and 1 (write 0.95)")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: []\nmetrics:\n  t: { actuator: x, onIdle: holt }",
        "6:29: error: 'onIdle' must be zero, hold or a number, not 'holt' (did you mean 'hold'?)")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: []\nmetrics:\n  t: { promql: 'sum(x{a=\"$ap\"})' }",
        "6:26: error: unknown placeholder '$ap' (did you mean '$app'?)")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: []\nmetrics:\n  t:\n    promql: |\n      sum(\n"
        + "        x{a=$app})",
        "9:13: error: a placeholder stands in a string (put it in quotes: app=\"$app\")")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: []\nmetrics:\n  t: { postgres: \"select '$app'\" }",
        "6:27: error: a placeholder stands in a quoted text (take the quotes away: where app = $app)")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: []\nmetrics:\n  t: { rabbitmq: q, read: redy }",
        "6:27: error: 'read' must be messages, ready, unacknowledged, publishRate or deliverRate, not 'redy' "
        + "(did you mean 'ready'?)")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: []\nmetrics:\n  t: { rabbitmq: q, across: sum }",
        "6:21: error: one queue has one value, and nothing to join (leave 'across' out)")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: []\nmetrics:\n  t: { promql: q, vhost: x }",
        "6:19: error: a metric of 'promql' has no 'vhost' (it is for rabbitmq)")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: []\nmetrics:\n  t: { kafka: q, group: g, partitions: a }",
        "6:40: error: 'a' is no partition and no range of them: 0, 2, 4-7")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: []\nmetrics:\n  t: { redis: q, read: lag }",
        "6:24: error: 'read: lag' is of a consumer group (group: workers)")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: []\nmetrics:\n  t: { json: stats, value: x }",
        "6:14: error: 'stats' must be a path that starts with one slash, without '..' and '#'")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: []\nmetrics:\n  t: { json: /stats, value: 'a[' }",
        "6:29: error: 'a[' is not a JSONPath: ")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: []\nscrape: { path: //b/x }",
        "5:17: error: the path '//b/x' names a host; a path starts with one slash")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: []\nmetrics:\n  t: { actuator: x, path: '/admin?all' }",
        "6:27: error: an actuator's path has no query")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: []\nscrape: { path: '/probe?module=icmp' }\nmetrics:\n"
        + "  t: { prometheus: x }\n  u: { actuator: x, path: /admin }\n  v: { actuator: x }",
        "9:18: error: 'scrape.path' has a query, which no actuator is below: /probe?module=icmp (give the metric a 'path' of its own,"
        + " or read it by 'prometheus')")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: []\nstartup: 25h",
        "5:10: error: 'startup' is at most 1d")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: []\nscaleIn: { stabilization: 5 }",
        "5:27: error: 'stabilization' must be a duration, not '5' (add a unit: 5s)")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: []\nscaleIn: { limit: 4 in 1m }",
        "5:19: error: a limit is an amount and a period")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: []\nonMissingMetrics: holt",
        "5:19: error: 'onMissingMetrics' must be hold, min, max or fallback:N, not 'holt' (did you mean 'hold'?)")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: []\nonMissingMetrics: fallback:5",
        "5:19: error: the fallback 5 is outside of the bounds 1 to 2")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules: []\nzone: Europe/Londin",
        "5:7: error: unknown time zone 'Europe/Londin' (did you mean 'Europe/London'?)")]
    [InlineData(
        "policy: p\napp: /a\ninstances: { max: 2 }\nrules:\n  - rule: r\n    when: instances > 1 and\n"
            + "      healthy > foo\n    then: { add: 1 }", "7:17: error: unknown name 'foo'")]
    [InlineData(
        "policy: p\napp: /a\ninstances: { max: 2 }\nrules:\n  - rule: r\n    when: >-\n      instances > 1\n"
            + "      and foo > 2\n    then: { add: 1 }", "8:11: error: unknown name 'foo'")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules:\n  - rule: r\n    when: 'foo > 2'\n    then: { add: 1 }",
        "6:12: error: unknown name 'foo'")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules:\n  - rule: r\n    when: true\n    then: { add: 1, remove: 1 }",
        "7:11: error: the rule 'r' does several things at once")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules:\n  - rule: r\n    when: true\n    then: { add: 0 }",
        "7:18: error: 'add' must be a positive whole number or percent, not '0'")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules:\n  - rule: r\n    then: { add: 1 }",
        "5:5: error: the rule 'r' says not when it acts")]
    [InlineData(
        "policy: p\napp: /a\ninstances: { max: 2 }\nrules:\n  - rule: r\n    schedule: { cron: '0 22 * * *' }\n"
            + "    then: { max: 1 }", "6:23: error: '0 22 * * *' is not a cron expression")]
    [InlineData("policy: p\napp: /a\ninstances: { max: 2 }\nrules:\n  - rule: r\n    target: { metric: instances, value: 0 }",
        "6:41: error: 'value' must be a positive number")]
    [InlineData(
        "policy: p\napp: /a\ninstances: { max: 2 }\nrules:\n  - rule: r\n    when: true\n    then: { add: 1 }\n"
            + "  - rule: r\n    when: true\n    then: { add: 1 }", "8:5: error: the rule 'r' is given twice (first on line 5)")]
    [InlineData("- a", "1:1: error: a policy must be a mapping, not a list")]
    [InlineData("app: /a\ninstances: { max: 2 }\nrules: []", "1:1: error: a policy needs 'policy'")]
    public void A_bad_file_is_refused_whole_with_place_reason_and_suggestion(string text, string problem)
    {
        var file = PolicyParser.Parse("f.yml", text);
        Assert.Empty(file.Policies);
        Assert.Contains(file.Problems, p => p.ToString().StartsWith("f.yml:" + problem, StringComparison.Ordinal));
    }

    [Fact]
    public void What_can_never_be_idle_needs_no_word_for_it()
    {
        var file = PolicyParser.Parse("f.yml", """
            policy: p
            app: /a
            instances: { max: 2 }
            startup: 45s
            metrics:
              cpu: { container: cpu, onIdle: hold }
              p95: { histogram: h, quantile: 0.95, onIdle: hold }
            rules: [ { rule: r, when: cpu > 1 or p95 > 1, then: { add: 1 } } ]
            """);
        Assert.Equal("f.yml:6:26: warning: a metric of 'container' is never idle (leave 'onIdle' out)",
            Assert.Single(file.Problems).ToString());
        Assert.Equal(TimeSpan.FromSeconds(45), file.Policies[0].Startup);
    }

    [Fact]
    public void All_errors_are_shown_at_once_in_the_order_of_the_file()
    {
        var file =
            PolicyParser.Parse("f.yml",
                "policy: p\napp: a\ninstances: { max: x }\nrules:\n  - rule: r\n    when: foo > 1\n    then: { ad: 1 }");
        Assert.Equal([2, 3, 6, 7, 7], file.Problems.Select(p => p.Line));
    }

    [Fact]
    public void A_file_may_hold_several_policies_and_anchors()
    {
        var file = PolicyParser.Parse("f.yml", """
            policy: a
            app: /a
            instances: &bounds { min: 1, max: 3 }
            x-note: free
            rules: []
            ---
            policy: b
            app: { labels: { team: search, tier: 'front*' }, except: /b/old }
            instances: { min: 0, max: 3 }
            rules: []
            """);
        Assert.Equal(["a", "b"], file.Policies.Select(policy => policy.Name));
        Assert.Equal("labels team=search, tier=front* and not /b/old", file.Policies[1].App.Text);
    }

    [Fact]
    public void The_digest_sees_content_and_not_layout()
    {
        var (a, b, c) =
            (One(Sketch), One("# hello\n" + Sketch.Replace("{ min: 1, max: 10 }", "\n  min: 1\n  max: 10",
                StringComparison.Ordinal)), One(Sketch.Replace("30s", "31s", StringComparison.Ordinal)));
        Assert.Equal(a.Digest, b.Digest);
        Assert.NotEqual(a.Digest, c.Digest);

        static Policy One(string text) => Assert.Single(PolicyParser.Parse("f.yml", text).Policies);
    }

    [Fact]
    public void Hostile_yaml_is_refused_in_bounded_time()
    {
        var bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + string.Concat(Enumerable.Range(0, 20)
            .Select(i =>
                $"{(char)('b' + i)}: &{(char)('b' + i)} [{string.Join(',', Enumerable.Repeat("*" + (char)('a' + i), 9))}]\n"));
        Assert.Contains("more than 50000 values", Assert.Single(PolicyParser.Parse("f", bomb).Problems).Message,
            StringComparison.Ordinal);
        Assert.Contains("nests deeper", Assert.Single(PolicyParser.Parse("f", new string('[', 100_000)).Problems).Message,
            StringComparison.Ordinal);
        Assert.True(PolicyParser.Parse("f", string.Concat(Enumerable.Repeat("a: {", 100_000))).Refused);
        Assert.True(PolicyParser.Parse("f", new string('x', PolicyParser.MaxLength + 1)).Refused);
        Assert.True(PolicyParser.Parse("f", "\0\u0001").Refused);
        Assert.True(PolicyParser.Parse("f", "*x").Refused);
        Assert.True(PolicyParser.Parse("f", "&x [*x]").Refused);
    }
}
