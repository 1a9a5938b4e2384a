using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Policies.Reading;
using YamlDotNet.Core;

namespace LifecycleManager.Decisions.Tests.Policies;

/// <summary>The schema and the reader must not disagree: what one takes the other takes.</summary>
public sealed class PolicySchemaTests
{
    private static readonly JsonSchema Schema = JsonSchema.FromText(PolicySchema.Text);

    public static TheoryData<string> Examples() =>
        [.. PolicyDirectory.Find(Path.Combine(AppContext.BaseDirectory, "rules"))
            .Select(file => Path.GetRelativePath(AppContext.BaseDirectory, file))];

    [Theory]
    [MemberData(nameof(Examples))]
    public void It_takes_the_example_policies(string file)
    {
        var text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, file));
        Assert.Empty(PolicyParser.Parse(file, text, path => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, path)))
            .Problems);
        Assert.True(Takes(text));
    }

    [Theory]
    [InlineData("then: { add: 1, remove: 1 }", false)]
    [InlineData("then: { min: 1, max: 2 }", true)]
    [InlineData("then: { set: 'tpm / 10' }", true)]
    [InlineData("then: { set: 3 }", true)]
    [InlineData("then: { add: 50% }", true)]
    [InlineData("then: { add: -1 }", false)]
    [InlineData("then: { multiply: 1.5 }", true)]
    [InlineData("then: { scale: 1 }", false)]
    [InlineData("then: { add: 1 }\n    for: 1h30m", true)]
    [InlineData("then: { add: 1 }\n    for: 30", false)]
    [InlineData("then: { add: 1 }\n    for: 1x", false)]
    [InlineData("then: { add: 1 }\n    target: { metric: tpm, value: 1 }", false)]
    [InlineData("then: { add: 1 }\n    fro: 1s", false)]
    [InlineData("then: { add: 1 }\nscaleIn: { limit: none, select: min, cooldown: 1m }", true)]
    [InlineData("then: { add: 1 }\nscaleIn: { limit: 4 in 1m }", false)]
    [InlineData("then: { add: 1 }\nscaleIn: { worse: {} }", true)]
    [InlineData("then: { add: 1 }\nscaleIn: { worse: { metric: 'avg(tpm, 1m)', by: 30%, within: 10m, hold: 1h } }", true)]
    [InlineData("then: { add: 1 }\nscaleIn: { worse: { metrics: tpm } }", false)]
    [InlineData("then: { add: 1 }\nscaleIn: { worse: { by: much } }", false)]
    [InlineData("then: { add: 1 }\nscaleIn: { worse: { hold: 15 } }", false)]
    [InlineData("then: { add: 1 }\nscaleIn: { worse: tpm }", false)]
    [InlineData("then: { add: 1 }\nscaleOut: { worse: {} }", false)]
    [InlineData("then: { add: 1 }\nscaleIn: { select: most }", false)]
    [InlineData("then: { add: 1 }\nonMissingMetrics: fallback:3", true)]
    [InlineData("then: { add: 1 }\nonMissingMetrics: { fallback: 3, after: 2m }", true)]
    [InlineData("then: { add: 1 }\nonMissingMetrics: { atLeast: 3 }", true)]
    [InlineData("then: { add: 1 }\nonMissingMetrics: { atLeast: 3, use: max }", false)]
    [InlineData("then: { add: 1 }\nonMissingMetrics: { after: 2m }", false)]
    [InlineData("then: { add: 1 }\nonMissingMetrics: never", false)]
    [InlineData("then: { add: 1 }\npause: scaleIn\ndryRun: true\npriority: 3\nzone: UTC\ndescription: x\nx-mine: [1]", true)]
    [InlineData("then: { add: 1 }\npriority: high", false)]
    [InlineData("then: { add: 1 }\nstartup: 90s", true)]
    [InlineData("then: { add: 1 }\nstartup: 0s", true)]
    [InlineData("then: { add: 1 }\nstartup: soon", false)]
    [InlineData("then: { add: 1 }\ncolour: red", false)]
    [InlineData("then: { add: 1 }\nscrape: { path: /admin, port: 1, scheme: https, credentials: shop-api }", true)]
    [InlineData("then: { add: 1 }\nscrape: { port: -1 }", false)]
    [InlineData("then: { add: 1 }\nscrape: { path: admin }", false)]
    [InlineData("then: { add: 1 }\nscrape: { path: '/actuator/prometheus?includedNames=x' }", true)]
    [InlineData("then: { add: 1 }\nscrape: { path: //other.host/admin }", false)]
    [InlineData("then: { add: 1 }\nscrape: { path: '/\\other.host/admin' }", false)]
    [InlineData("then: { add: 1 }\nscrape: { path: '/admin#x' }", false)]
    [InlineData("then: { add: 1 }\nscrape: { scheme: ftp }", false)]
    [InlineData("then: { add: 1 }\nscrape: { credentials: scheduler }", false)]
    [InlineData("then: { add: 1 }\nscrape: { credentials: /other/app }", false)]
    [InlineData("then: { add: 1 }\nscrape: { host: elsewhere }", false)]
    public void It_agrees_with_the_reader(string rest, bool good)
    {
        var text =
            "policy: p\napp: /a\ninstances: { min: 1, max: 9 }\nmetrics:\n  tpm: { actuator: x }\nrules:\n  - rule: r\n"
                + "    when: tpm > 3\n    " + rest;
        Assert.Equal(good, !PolicyParser.Parse("f.yml", text).Refused);
        Assert.Equal(good, Takes(text));
    }

    [Theory]
    [InlineData("{ actuator: x, path: /admin }", true)]
    [InlineData("{ actuator: x, path: admin }", false)]
    [InlineData("{ prometheus: x, path: /prom/text }", true)]
    [InlineData("{ actuator: x, path: //other.host/admin }", false)]
    [InlineData("{ actuator: x, path: '/admin?all=1' }", false)]
    [InlineData("{ prometheus: x, path: '/probe?module=http_2xx&target=https://shop/' }", true)]
    [InlineData("{ histogram: x, quantile: 0.9, path: '/?a=b' }", true)]
    [InlineData("{ prometheus: x, path: '/probe?target=a#b' }", false)]
    [InlineData("{ prometheus: x, path: '/\\other.host/text' }", false)]
    [InlineData("{ prometheus: 'x{a=\"b\"}', rate: 1m, across: sum }", true)]
    [InlineData("{ container: cpu }", true)]
    [InlineData("{ container: gpu }", false)]
    [InlineData("{ actuator: x, pushed: y }", false)]
    [InlineData("{ across: sum }", false)]
    [InlineData("{ pushed: y, window: 5m, function: max }", true)]
    [InlineData("{ rabbitmq: SearchQ }", true)]
    [InlineData("{ rabbitmq: orders, vhost: shop, read: ready, server: main }", true)]
    [InlineData("{ rabbitmq: 'orders-*', read: publishRate, across: max }", true)]
    [InlineData("{ rabbitmq: q, read: list }", false)]
    [InlineData("{ promql: x, across: sum, server: mimir }", true)]
    [InlineData("{ promql: x, vhost: shop }", false)]
    [InlineData("{ redis: jobs }", true)]
    [InlineData("{ redis: jobs, read: stream, server: a }", true)]
    [InlineData("{ redis: jobs, read: pending, group: workers }", true)]
    [InlineData("{ redis: jobs, read: pending }", false)]
    [InlineData("{ redis: jobs, read: stream, group: workers }", false)]
    [InlineData("{ redis: jobs, group: workers }", false)]
    [InlineData("{ redis: jobs, across: sum }", false)]
    [InlineData("{ postgres: 'select 1', server: orders, window: 5m, function: max }", true)]
    [InlineData("{ postgres: 'select 1', across: sum }", false)]
    [InlineData("{ postgres: 'select 1', value: x }", false)]
    [InlineData("{ json: '/stats?a=1', value: '$.queue.depth', across: sum }", true)]
    [InlineData("{ json: 'http://x/stats', value: depth }", false)]
    [InlineData("{ json: //x/stats, value: depth }", false)]
    [InlineData("{ json: /a/../b, value: depth }", false)]
    [InlineData("{ json: '/a..b/c?x=/../', value: depth }", true)]
    [InlineData("{ kafka: orders, group: billing }", true)]
    [InlineData("{ kafka: orders, group: '${label:group}', partitions: '0, 2, 4-7', offsetReset: earliest, server: a }", true)]
    [InlineData("{ kafka: orders, group: billing, partitions: 0, excludePersistentLag: 5m, onIdle: 1 }", true)]
    [InlineData("{ kafka: orders }", false)]
    [InlineData("{ kafka: 'orders-*', group: billing }", false)]
    [InlineData("{ kafka: orders, group: billing, offsetReset: none }", false)]
    [InlineData("{ kafka: orders, group: billing, across: sum }", false)]
    [InlineData("{ kafka: orders, group: billing, read: lag }", false)]
    [InlineData("{ redis: jobs, partitions: '0' }", false)]
    [InlineData("{ actuator: x, group: billing }", false)]
    [InlineData("{ actuator: x, server: main }", false)]
    [InlineData("{ pushed: x, server: main }", false)]
    [InlineData("{ actuator: x, onIdle: zero }", true)]
    [InlineData("{ actuator: x, onIdle: hold }", true)]
    [InlineData("{ promql: x, onIdle: 0.25 }", true)]
    [InlineData("{ promql: x, onIdle: 250ms }", true)]
    [InlineData("{ promql: x, onIdle: ignore }", false)]
    [InlineData("{ promql: x, onIdle: [ zero ] }", false)]
    [InlineData("text", false)]
    public void They_agree_on_metrics(string metric, bool good)
    {
        var text =
            $"policy: p\napp: [ /a, '/b/*' ]\ninstances: {{ max: 9 }}\nmetrics:\n  tpm: {metric}\nrules:\n  - rule: r\n"
                + $"    target: {{ metric: tpm, value: 60%, per: instance }}";
        Assert.Equal(good, !PolicyParser.Parse("f.yml", text).Refused);
        Assert.Equal(good, Takes(text));
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("dryRun: true\ndescription: x\nx-mine: [1]", true)]
    [InlineData("dryRun: maybe", false)]
    [InlineData("app: /a", false)]
    public void They_agree_on_coordinations(string rest, bool good) => Agree(
        "coordination: c\napps: { web: /web, other: [ /a, '/b/*' ], behind: { dependenciesOf: web }, team: "
            + "{ labels: { team: a } } }\n"
        + "rules:\n  - rule: r\n    when: web.wanted > count(other) + sum(team.wanted)\n"
        + "    then: { web: { atLeast: 3, atMost: web.instances - 1 }, behind: { hold: all } }\n" + rest, good);

    [Theory]
    [InlineData("{ web: /web }", "{ rule: r, when: web.wanted > 1, then: { web: { hold: scaleIn } } }", true)]
    [InlineData("{}", "{ rule: r, when: true, then: { web: { hold: scaleIn } } }", false)]
    [InlineData("{ web: web }", "{ rule: r, when: web.wanted > 1, then: { web: { hold: scaleIn } } }", false)]
    [InlineData("{ web: ~ }", "{ rule: r, when: web.wanted > 1, then: { web: { hold: scaleIn } } }", false)]
    [InlineData("{ cluster: /web }", "{ rule: r, when: true, then: { cluster: { hold: scaleIn } } }", false)]
    [InlineData("{ my-web: /web }", "{ rule: r, when: true, then: { my-web: { hold: scaleIn } } }", false)]
    [InlineData("{ web: { dependenciesOf: [ a ] } }", "{ rule: r, when: true, then: { web: { hold: scaleIn } } }", false)]
    [InlineData("{ web: /web }", "{ rule: r, then: { web: { hold: scaleIn } } }", false)]
    [InlineData("{ web: /web }", "{ rule: r, when: web.wanted > 1 }", false)]
    [InlineData("{ web: /web }", "{ rule: r, when: web.wanted > 1, then: {} }", false)]
    [InlineData("{ web: /web }", "{ rule: r, when: web.wanted > 1, then: { web: {} } }", false)]
    [InlineData("{ web: /web }", "{ rule: r, when: web.wanted > 1, then: { web: { add: 1 } } }", false)]
    [InlineData("{ web: /web }", "{ rule: r, when: web.wanted > 1, then: { web: { hold: in } } }", false)]
    [InlineData("{ web: /web }", "{ rule: r, when: web.wanted > 1, then: { web: { hold: all } }, for: 5m }", false)]
    public void They_agree_on_names_and_rules(string apps, string rule, bool good) =>
        Agree($"coordination: c\napps: {apps}\nrules:\n  - {rule}", good);

    [Theory]
    [InlineData("apps: /shop/*\ninstances: 10\ncpus: 2.5\nmemory: 64 GB\ndescription: x", true)]
    [InlineData("apps: { labels: { team: a } }\nmemory: 1.5GiB", true)]
    [InlineData("apps: /shop/*", false)]
    [InlineData("instances: 10", false)]
    [InlineData("apps: /shop/*\ninstances: -1", false)]
    [InlineData("apps: /shop/*\ninstances: few", false)]
    [InlineData("apps: /shop/*\ncpus: 500m", false)]
    [InlineData("apps: /shop/*\ncpus: -1", false)]
    [InlineData("apps: /shop/*\nmemory: 64", false)]
    [InlineData("apps: /shop/*\nmemory: 64 pounds", false)]
    [InlineData("apps: /shop/*\ninstances: 1\npriority: 1", false)]
    public void They_agree_on_budgets(string rest, bool good) => Agree("budget: b\n" + rest, good);

    [Theory]
    [InlineData("cron: '0 0 1 * * ?', instances: 1", true)]
    [InlineData("cron: '0 0 1 * * ?'", false)]
    [InlineData("instances: 1", false)]
    [InlineData("cron: '0 1 * * *', instances: 1", false)]
    [InlineData("once: '2026-12-24T18:00', min: 1, max: 3, x-mine: 1", true)]
    [InlineData("once: '20261224T180000Z', instances: 0", true)]
    [InlineData("once: '2026-12-24 18:00', instances: 0", false)]
    [InlineData("once: '2026-12-24T18:00', cron: '0 0 1 * * ?', instances: 0", false)]
    [InlineData("once: '2026-12-24T18:00', instances: 1, max: 2", false)]
    [InlineData("every: R/2026-01-01T00:00/P1D, instances: 1", true)]
    [InlineData("every: P1D, instances: 1", false)]
    [InlineData("rrule: FREQ=DAILY, start: '2026-01-01T00:00', instances: 1", true)]
    [InlineData("rrule: FREQ=DAILY, start: '2026-01-01T00:00', exdate: '2026-01-02T00:00', rdate: [ '2026-01-02T09:00+01' ], "
        + "min: 1", true)]
    [InlineData("rrule: FREQ=DAILY, instances: 1", false)]
    [InlineData("rrule: DAILY, start: '2026-01-01T00:00', instances: 1", false)]
    [InlineData("cron: '0 0 1 * * ?', start: '2026-01-01T00:00', instances: 1", false)]
    [InlineData("cron: '0 0 1 * * ?', instances: 1, days: business", true)]
    [InlineData("cron: '0 0 1 * * ?', instances: 1, days: { only: [ mon, 12-25 ], except: 2026-12-24 }", true)]
    [InlineData("cron: '0 0 1 * * ?', instances: 1, days: {}", false)]
    [InlineData("cron: '0 0 1 * * ?', instances: 1, days: { not: mon }", false)]
    [InlineData("cron: '0 0 1 * * ?', instances: 1, days: []", false)]
    [InlineData("cron: '0 0 1 * * ?', instances: 1, until: healthy == 0, latest: '05:00', then: 2", true)]
    [InlineData("cron: '0 0 1 * * ?', instances: 1, until: healthy == 0", false)]
    [InlineData("cron: '0 0 1 * * ?', instances: 1, latest: '25:00'", false)]
    [InlineData("cron: '0 0 1 * * ?', instances: 1, for: 4h", true)]
    [InlineData("cron: '0 0 1 * * ?', instances: 1, then: 4", false)]
    [InlineData("cron: '0 0 1 * * ?', instances: 1, misfire: skip", true)]
    [InlineData("cron: '0 0 1 * * ?', instances: 1, misfire: fire within 1h30m", true)]
    [InlineData("cron: '0 0 1 * * ?', instances: 1, misfire: fire within", false)]
    [InlineData("cron: '0 0 1 * * ?', instances: 1, before: https://x/y", true)]
    [InlineData("cron: '0 0 1 * * ?', instances: 1, before: { url: 'http://x', required: true }", true)]
    [InlineData("cron: '0 0 1 * * ?', instances: 1, before: { required: true }", false)]
    [InlineData("cron: '0 0 1 * * ?', instances: 1, before: 'mailto:a@b'", false)]
    [InlineData("cron: '0 0 1 * * ?', instances: 1, for: 1h, after: { url: 'https://x' }", true)]
    [InlineData("cron: '0 0 1 * * ?', instances: 1, for: 1h, after: { url: 'https://x', required: true }", false)]
    [InlineData("cron: '0 0 1 * * ?', instances: 1, after: 'https://x'", false)]
    [InlineData("cron: '0 0 1 * * ?', instances: 1, for: 1h, metrics: { q: { redis: x } }, until: q == 0, dryRun: true", true)]
    [InlineData("cron: '0 0 1 * * ?', instances: 1, colour: red", false)]
    public void They_agree_on_schedules(string rest, bool good) => Agree($"schedules:\n  - {{ name: n, app: /a, {rest} }}", good);

    private static void Agree(string text, bool good)
    {
        var file = PolicyParser.Parse("f.yml", text);
        Assert.True(good != file.Refused, string.Join('\n', file.Problems));
        Assert.Equal(good, Takes(text));
    }

    private static bool Takes(string text) => YamlTree.Read(text).All(document =>
        Schema.Evaluate(JsonSerializer.SerializeToElement(ToJson(document)),
            new EvaluationOptions { OutputFormat = OutputFormat.Flag }).IsValid);

    private static JsonNode? ToJson(YamlNode node) => node switch
    {
        YamlMap map => new JsonObject(map.Entries.Select(entry => KeyValuePair.Create(entry.Key.Value, ToJson(entry.Value)))),
        YamlList list => new JsonArray([.. list.Items.Select(ToJson)]),
        YamlScalar { Style: ScalarStyle.Plain } scalar when scalar.IsNull => null,
        YamlScalar { Style: ScalarStyle.Plain, Value: "true" or "false" } scalar => scalar.Value == "true",
        YamlScalar { Style: ScalarStyle.Plain } scalar when long.TryParse(scalar.Value, NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture, out var whole) => whole,
        YamlScalar { Style: ScalarStyle.Plain } scalar when double.TryParse(scalar.Value, NumberStyles.Float,
            CultureInfo.InvariantCulture, out var number) => number,
        YamlScalar scalar => scalar.Value,
        _ => null,
    };
}
