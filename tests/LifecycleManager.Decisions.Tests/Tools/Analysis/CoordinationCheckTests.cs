using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tests.Coordinations;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Decisions.Tests.Tools.Analysis;

/// <summary>What the check finds in coordinations and budgets, beside the policies of the apps that they name.</summary>
public sealed class CoordinationCheckTests
{
    private static string Policy(string name, int min = 1, int max = 20, string? app = null) => $$"""
        policy: {{name}}
        app: {{app ?? "/shop/" + name}}
        instances: { min: {{min}}, max: {{max}} }
        metrics:
          load: { promql: load }
          lat: { histogram: lat }
        rules:
          - { rule: r, when: load > 3 and p95(lat) > 1, then: { set: 7 } }
          - { rule: s, when: load > 4, then: { set: 8 } }
        ---

        """;

    private static readonly string Shop = Policy("web") + Policy("api") + Policy("db", max: 10);

    private static string Rule(string rule, string apps = "web: /shop/web, api: /shop/api, db: /shop/db") =>
        $"coordination: c\napps: {{ {apps} }}\nrules:\n  - {rule}\n";

    [Theory]
    [InlineData("{ rule: r, when: web.wanted > 3, then: { api: { atLeast: web.wanted / 2 }, db: { atMost: 5 } } }", null)]
    [InlineData("{ rule: r, when: web.load > 3 and db.healthy < 3, then: { api: { atLeast: web.wanted } } }", null)]
    [InlineData("{ rule: r, when: web.wanted > 20 and db.wanted > 1, then: { api: { atLeast: 3 } } }", "unreachable-rule")]
    [InlineData("{ rule: r, when: sum(web.wanted) + db.wanted > 30, then: { api: { atLeast: 3 } } }", "unreachable-rule")]
    [InlineData("{ rule: r, when: count(web) > 1 and db.wanted > 1, then: { api: { atLeast: 3 } } }", "unreachable-rule")]
    [InlineData("{ rule: r, when: web.wanted > 3 and web.wanted < 2 and db.wanted > 1, then: { api: { atLeast: 3 } } }",
        "unreachable-rule")]
    [InlineData("{ rule: r, when: cluster.waiting < 0 and db.wanted > web.wanted, then: { api: { atLeast: 3 } } }",
        "unreachable-rule")]
    [InlineData("{ rule: r, when: web.wanted >= 0 and db.max > 0 - 1, then: { api: { atLeast: web.wanted } } }", null)]
    [InlineData("{ rule: r, when: web.wanted >= 0 and db.max > 0 - 1, then: { api: { atLeast: 3 } } }", "constant-rule")]
    [InlineData("{ rule: r, when: web.wanted >= 0 and db.max > 0 - 1, then: { api: { atMost: api.instances - 1 } } }",
        "constant-rule")]
    [InlineData("{ rule: r, when: web.wanted >= 0 and db.max > 0 - 1, then: { api: { hold: scaleIn } } }", "constant-rule")]
    [InlineData("{ rule: r, when: web.wanted > db.wanted, then: { api: { atLeast: 21 } } }", "bounds-cannot-hold")]
    [InlineData("{ rule: r, when: web.wanted > db.wanted, then: { api: { atLeast: 1 } } }", "no-effect")]
    [InlineData("{ rule: r, when: web.wanted > db.wanted, then: { api: { atMost: 0 } } }", "bounds-cannot-hold")]
    [InlineData("{ rule: r, when: web.wanted > db.wanted, then: { api: { atMost: 20 } } }", "no-effect")]
    [InlineData("{ rule: r, when: web.wanted > db.wanted, then: { api: { atMost: 19, atLeast: 2 } } }", null)]
    public void Rules_that_never_act_or_act_in_vain_are_found(string rule, string? code)
    {
        var problems = PolicyCheck.Check("shop.yml", Shop + Rule(rule));
        Assert.Equal(code is null ? [] : [code], problems.Select(problem => problem.Code));
        Assert.All(problems, problem => Assert.StartsWith("shop.yml:34:5: warning: ", $"{problem}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("web.wnted > 3 and db.wanted > 1",
        "34:22: error: 'web.wnted' is neither a fact of an app nor a metric of its policy 'web' (shop.yml:1:1) "
            + "(did you mean 'web.wanted'?)")]
    [InlineData("web.laod > 3 and db.wanted > 1",
        "34:22: error: 'web.laod' is neither a fact of an app nor a metric of its policy 'web' (shop.yml:1:1) "
            + "(did you mean 'web.load'?)")]
    [InlineData("db.wanted > sum(web.temperature)",
        "34:38: error: 'web.temperature' is neither a fact of an app nor a metric of its policy 'web' (shop.yml:1:1) "
            + "(known: wanted, instances, healthy, staged, min, max, priority, cpus, memory, load, lat)")]
    [InlineData("web.lat > 3 and db.wanted > 1",
        "34:22: error: 'lat' is a histogram and has no value of its own (give the metric a quantile)")]
    public void A_value_that_nobody_has_is_an_error_at_its_place(string when, string problem) => Assert.Equal(
        ["shop.yml:" + problem],
        PolicyCheck.Check("shop.yml", Shop + Rule($"{{ rule: r, when: {when}, then: {{ api: {{ atLeast: 3 }} }} }}"))
            .Select(found => found.ToString()));

    [Fact]
    public void A_metric_of_any_policy_that_may_govern_an_app_will_do()
    {
        var rule = Rule("{ rule: r, when: web.load > 3 and db.load > 2, then: { api: { atLeast: 3 } } }",
            "web: '/shop/w*', api: /shop/api, db: { labels: { tier: db } }");
        Assert.Empty(PolicyCheck.Check("shop.yml", Shop + rule));
        Assert.Contains("any policy that may govern /shop/*", Assert.Single(PolicyCheck.Check("shop.yml", Shop + Rule(
            "{ rule: r, when: web.queue > 3, then: { api: { atLeast: 3 } } }", "web: /shop/*, api: /shop/api"))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_metric_that_a_coordination_alone_reads_is_used()
    {
        var policy = Policy("web").Replace("rules:", "  queue: { promql: q }\nrules:", StringComparison.Ordinal);
        Assert.Equal("unused-metric", Assert.Single(PolicyCheck.Check("p.yml", policy)).Code);
        Assert.Empty(PolicyCheck.Check("p.yml", policy + Policy("api") + Rule(
            "{ rule: r, when: web.queue > 3, then: { api: { atLeast: 3 } } }", "web: /shop/web, api: /shop/api")));
    }

    [Fact]
    public void Of_a_coordination_by_itself_only_what_is_surely_wrong_is_told()
    {
        Assert.Empty(PolicyCheck.Check("c.yml", CoordinationParserTests.Shop));
        Assert.Empty(PolicyCheck.Check("c.yml", CoordinationParserTests.Shop.Replace("web.instances", "web.queue",
            StringComparison.Ordinal)));
        Assert.Equal("unknown-field", Assert.Single(PolicyCheck.Check("c.yml",
            CoordinationParserTests.Shop.Replace("web.instances", "web.instance", StringComparison.Ordinal))).Code);
    }

    [Fact]
    public void While_a_file_is_refused_nothing_is_missed_that_may_be_in_it()
    {
        var files = new Dictionary<string, string>
        {
            ["api.yml"] = Policy("api"),
            ["shop.yml"] = Rule(
                "{ rule: r, when: web.queue > 3, then: { api: { atLeast: 3 } } }", "web: /shop/web, api: /shop/api"),
            ["web.yml"] = "policy: web\napp: [",
        };
        Assert.Equal(["syntax"], Codes());
        files["web.yml"] = Policy("web");
        Assert.Equal(["unknown-field"], Codes());

        IEnumerable<string> Codes()
        {
            Assert.True(PolicyCheck.Check(files.Keys, TextWriter.Null, new MemoryFiles(files), null, out var problems, out _, out _));
            return problems.Select(problem => problem.Code);
        }
    }

    [Fact]
    public void An_app_that_no_policy_governs_is_read_alone()
    {
        var problems = PolicyCheck.Check("shop.yml", Shop + Rule(
            "{ rule: r, when: old.instances > web.wanted, then: { gone: { atLeast: 3 }, all: { hold: all } } }",
            "web: /shop/web, old: /old, gone: '/gone/*', all: [ /shop/api, /shop/old ]"));
        Assert.Equal(
            [
                "no policy governs /old ('old'): it is read alone, and wants what it has",
                "no policy governs /gone/* ('gone'): what rules demand of it is never set",
                "no policy governs /shop/old ('all'): what rules demand of it is never set",
            ],
            problems.Select(problem => problem.Message));
        Assert.All(problems, problem => Assert.Equal(("ungoverned-app", 32), (problem.Code, problem.Line)));
        // Labels may choose a policy for it.
        Assert.Empty(PolicyCheck.Check("shop.yml", Policy("web") + Policy("any", app: "{ labels: { tier: db } }") + Rule(
            "{ rule: r, when: web.wanted > 3, then: { db: { atLeast: 3 } } }", "web: /shop/web, db: /shop/db")));
    }

    [Fact]
    public void Two_that_pull_apart_are_told_with_the_winner()
    {
        var text = Shop + """
            coordination: more
            apps: { api: /shop/api, web: /shop/web }
            rules:
              - { rule: enough, when: web.instances > 0, then: { api: { atLeast: 6 } } }
            ---
            coordination: less
            apps: { back: [ /shop/api, /shop/db ], web: /shop/web }
            rules:
              - { rule: thrift, when: web.wanted > 5, then: { back: { atMost: 3 } } }
              - { rule: more, when: web.wanted <= 5, then: { back: { atLeast: 4 } } }
            """;
        var problem = Assert.Single(PolicyCheck.Check("shop.yml", text));
        Assert.Equal(
            "shop.yml:39:5: warning: 'enough' of the coordination 'more' wants at least 6 of /shop/api while "
                + "'thrift' wants at most 3 of /shop/api, /shop/db (at least 6 will win)",
            problem.ToString());
    }

    [Theory]
    [InlineData("a.wanted + 1", "b.wanted + 1",
        "rules lift each other without end: 'first' (/shop/api) -> 'second' (/shop/web) -> 'first': from 10 comes 12")]
    [InlineData("a.wanted * 2", "b.wanted / 2", null)]
    [InlineData("a.wanted * 2", "b.wanted", "'first' (/shop/api) -> 'second' (/shop/web) -> 'first': from 10 comes 20")]
    [InlineData("a.wanted", "b.wanted", null)]
    [InlineData("a.load + a.wanted", "b.wanted + 1", null)]
    public void Rules_that_lift_each_other_without_end_are_told_round_the_cycle(string first, string second, string? told)
    {
        var problems = PolicyCheck.Check("shop.yml", Policy("web") + Policy("api") + $$"""
            coordination: one
            apps: { a: /shop/web, b: /shop/api }
            rules:
              - { rule: first, when: a.wanted > 1, then: { b: { atLeast: '{{first}}' } } }
              - { rule: second, when: b.wanted > 1, then: { a: { atLeast: '{{second}}' } } }
            """);
        Assert.Equal(told is null ? [] : ["lifting-cycle"], problems.Select(problem => problem.Code));
        if (told is not null) Assert.Contains(told, problems[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cycle_may_go_over_coordinations_and_through_names_for_several_apps()
    {
        var problem = Assert.Single(PolicyCheck.Check("shop.yml", Shop + """
            coordination: one
            apps: { front: /shop/web, back: '/shop/a*' }
            rules:
              - { rule: back over front, when: front.wanted > 1, then: { back: { atLeast: front.wanted + 1 } } }
            ---
            coordination: two
            apps: { api: /shop/api, db: /shop/db, web: /shop/web }
            rules:
              - { rule: db over api, when: api.wanted > 1, then: { db: { atLeast: api.wanted } } }
              - { rule: web over db, when: db.wanted > 1, then: { web: { atLeast: db.wanted } } }
            """));
        Assert.Contains(
            "'back over front' (/shop/a*) -> 'db over api' of 'two' (/shop/db) -> 'web over db' of 'two' "
                + "(/shop/web) -> 'back over front': from 5 comes 6",
            problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rules_that_press_each_other_down_are_told_and_a_step_that_makes_room_is_not()
    {
        var problem = Assert.Single(PolicyCheck.Check("shop.yml", Shop + """
            coordination: one
            apps: { a: /shop/web, b: /shop/api }
            rules:
              - { rule: a under b, when: b.wanted > 0, then: { a: { atMost: b.instances - 1 } } }
              - { rule: b under a, when: a.wanted > 0, then: { b: { atMost: a.instances } } }
              - { rule: room, when: cluster.waiting > 0, then: { a: { atMost: a.instances - 1 } } }
            """));
        Assert.Equal("pressing-cycle", problem.Code);
        Assert.Contains("'a under b' (/shop/web) -> 'b under a' (/shop/api) -> 'a under b': from 10 comes 9", problem.Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("apps: /shop/*\ninstances: 12", null)]
    [InlineData("apps: /shop/*\ninstances: 11", "bounds-cannot-hold")]
    [InlineData("apps: { ids: /shop/*, except: /shop/a }\ninstances: 11", null)]
    [InlineData("apps: { labels: { team: shop } }\ninstances: 1", null)]
    [InlineData("apps: [ /shop/a, /shop/b ]\ninstances: 40", "no-effect")]
    [InlineData("apps: [ /shop/a, /shop/b ]\ninstances: 39", null)]
    [InlineData("apps: [ /shop/a, /old ]\ninstances: 30", "ungoverned-app")]
    [InlineData("apps: /other/*\ncpus: 3", "ungoverned-app")]
    public void A_budget_that_cannot_be_kept_or_limits_nothing_is_found(string budget, string? code)
    {
        var problems = PolicyCheck.Check("shop.yml", Policy("a", min: 6) + Policy("b", min: 6) + "budget: shop\n" + budget);
        Assert.Equal(code is null ? [] : [code], problems.Select(problem => problem.Code));
        if (code == "bounds-cannot-hold")
        {
            Assert.Equal(
                "the budget 'shop' has 11 instances, but the least counts of its apps come to 12: /shop/a 6, /shop/b 6",
                problems[0].Message);
        }
    }

    [Fact]
    public void Names_are_unique_over_files_and_counted_by_kind()
    {
        var files = new MemoryFiles(new Dictionary<string, string>
        {
            ["a.yml"] = Shop + CoordinationParserTests.Shop,
            ["b.yml"] = CoordinationParserTests.Shop + "\n---\nbudget: b\napps: /shop/*\ninstances: 30",
        });
        var output = new StringWriter();
        Assert.Equal(1, PolicyCheck.Run(["a.yml", "b.yml"], CheckFormat.Text, strict: false, output, TextWriter.Null, files));
        Assert.Contains("b.yml:1:1: error: a coordination 'shop' is defined already (at a.yml:31:1) [duplicate-coordination]",
            output.ToString(), StringComparison.Ordinal);
        Assert.Contains("3 policies, 1 coordination, 1 budget in 2 files: 1 error, 1 warning",
            output.ToString(), StringComparison.Ordinal);
    }
}
