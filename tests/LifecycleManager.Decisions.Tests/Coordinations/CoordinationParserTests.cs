using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Tests.Coordinations;

/// <summary>What is wrong with a coordination or a budget is told with its place.</summary>
public sealed class CoordinationParserTests
{
    private const string Apps = "coordination: c\napps: { web: /shop/web, api: /shop/api }\n";
    private const string Rule = Apps + "rules:\n  - rule: r\n";

    /// <summary>The example of the documentation: everything it shows is taken as it stands.</summary>
    internal const string Shop = """
        coordination: shop
        apps: { web: /shop/web, api: /shop/api, batch: '/shop/batch-*' }
        rules:
          - rule: the api follows the web tier, before its own metrics say so
            when: web.wanted > 2 * api.wanted
            then: { api: { atLeast: web.wanted / 2 } }
          - rule: batch makes room for what customers use
            when: cluster.waiting > 0 and batch.priority < web.priority
            then: { batch: { atMost: batch.instances - 1 } }
          - rule: nothing behind a growing tier shrinks
            when: web.wanted > web.instances
            then: { api: { hold: scaleIn } }
        """;

    [Fact]
    public void The_example_is_taken_as_it_stands()
    {
        var file = PolicyParser.Parse("shop.yml", Shop);
        Assert.Empty(file.Problems);
        var coordination = Assert.Single(file.Coordinations);
        Assert.Equal(["web /shop/web", "api /shop/api", "batch /shop/batch-*"],
            coordination.Apps.Select(alias => $"{alias.Name} {alias.Apps!.Text}"));
        Assert.Equal([4, 7, 10], coordination.Rules.Select(rule => rule.Place.Line));
        Assert.Equal(
            ["web.wanted 5:11", "api.wanted 5:28", "web.wanted 6:29"],
            coordination.Rules[0].Names.Select(name => $"{name.Name} {name.Place.Line}:{name.Place.Column}"));
    }

    [Theory]
    [InlineData("coordination: c\napps:\n  web:\nrules:\n  - { rule: r, when: web.wanted > 1, then: { web: { atLeast: 2 } } }",
        "3:3: error: the name 'web' has no app (web: /path/of/the/app)")]
    [InlineData("coordination: c\napps: { web: shop/web }\nrules:\n  - { rule: r, when: web.wanted > 1, then: "
        + "{ web: { atLeast: 2 } } }",
        "2:14: error: the app 'shop/web' must be absolute (write /shop/web)")]
    [InlineData("coordination: c\napps: {}\nrules:\n  - { rule: r, when: true, then: { web: { atLeast: 2 } } }",
        "2:7: error: 'apps' names no app (apps: { web: /shop/web })",
        "4:36: error: 'web' is not a name of this coordination")]
    [InlineData("coordination: c\nrules:\n  - { rule: r, when: count(web) > 1, then: { web: { atLeast: 2 } } }",
        "1:1: error: a coordination needs 'apps' (apps: { web: /shop/web, api: /shop/api })",
        "3:28: error: count takes a name of apps, as in count(web), not 'web'",
        "3:46: error: 'web' is not a name of this coordination")]
    [InlineData("coordination: c\napps: { cluster: /a, and: /b, my-app: /c, 2nd: /d }\nrules:\n"
        + "  - { rule: r, when: true, then: { cluster: { hold: all } } }",
        "2:9: error: 'cluster' cannot be the name of an app: it means something else",
        "2:22: error: 'and' cannot be the name of an app: it means something else",
        "2:31: error: 'my-app' cannot be used in expressions (write letters, digits and '_', a letter first)",
        "2:43: error: '2nd' cannot be used in expressions (write letters, digits and '_', a letter first)")]
    [InlineData("coordination: c\napps: { web: /shop/web, web: /shop/w }\nrules:\n"
        + "  - { rule: r, when: true, then: { web: { hold: all } } }",
        "2:25: error: 'web' is given twice (first on line 2)")]
    [InlineData("coordination: c\napps: { web: /shop/web, behind: { dependenciesOf: wbe } }\nrules:\n"
        + "  - { rule: r, when: web.wanted > 1, then: { behind: { hold: all } } }",
        "2:51: error: 'dependenciesOf' takes a name with apps of its own, not 'wbe' (did you mean 'web'?)")]
    [InlineData("coordination: c\napps: { a: { dependenciesOf: b }, b: { dependenciesOf: a } }\nrules:\n"
        + "  - { rule: r, when: true, then: { a: { hold: all }, b: { hold: all } } }",
        "2:30: error: 'dependenciesOf' takes a name with apps of its own, not 'b'",
        "2:56: error: 'dependenciesOf' takes a name with apps of its own, not 'a'")]
    [InlineData("coordination: c\napps: { web: /shop/web, behind: { dependenciesOf: web, ids: /x } }\nrules:\n"
        + "  - { rule: r, when: web.wanted > 1, then: { behind: { hold: all } } }",
        "2:56: error: 'behind' has no key 'ids' (known: dependenciesOf)")]
    [InlineData("coordination: c\napps: { web: /shop/web, behind: { dependenciesOf: [ web ] } }\nrules:\n"
        + "  - { rule: r, when: web.wanted > 1, then: { behind: { hold: all } } }",
        "2:51: error: 'dependenciesOf' must be a text, not a list")]
    [InlineData(Apps + "rules: []", "3:8: error: 'rules' must be a list of rules, not a list (start each "
        + "rule with '- rule: a name')")]
    [InlineData(Apps + "rules: [ 1 ]", "3:10: error: a rule must be a mapping, not '1'")]
    [InlineData(Rule + "    when: web.wanted > 1", "4:5: error: a rule needs 'then' (then: { api: { atLeast: "
        + "web.wanted / 2 } })")]
    [InlineData(Rule + "    then: { api: { hold: all } }", "4:5: error: a rule needs 'when' (when: web.wanted > api.wanted)")]
    [InlineData(Rule + "    when: web.wanted > 1\n    then: {}", "6:11: error: the rule 'r' does nothing")]
    [InlineData(Rule + "    when: web.wanted > 1\n    then: { api: {} }",
        "6:18: error: nothing is said of 'api' (give one of atLeast, atMost, hold)")]
    [InlineData(Rule + "    when: web.wanted > 1\n    then: { apj: { hold: all } }",
        "6:13: error: 'apj' is not a name of this coordination (did you mean 'api'?)")]
    [InlineData(Rule + "    when: web.wanted > 1\n    then: { api: 3 }",
        "6:18: error: what 'api' is to do must be a mapping, not '3'")]
    [InlineData(Rule + "    when: web.wanted > 1\n    then: { api: { atleast: 3 } }",
        "6:20: error: what 'api' is to do has no key 'atleast' (did you mean 'atLeast'?)")]
    [InlineData(Rule + "    when: web.wanted > 1\n    then: { api: { hold: in } }",
        "6:26: error: 'hold' must be scaleIn, scaleOut or all, not 'in'")]
    [InlineData(Rule + "    when: web.wanted > 1\n    then: { api: { atLeast: many } }", "6:29: error: unknown name 'many'")]
    [InlineData(Rule + "    when: web.wanted > 1\n    then: { api: { atLeast: web.wanted > 2 } }",
        "6:29: error: expected a number, but this is a condition")]
    [InlineData(Rule + "    when: web.wanted > 1\n    then: { api: { atMost: [ 3 ] } }",
        "6:28: error: 'atMost' must be an expression, not a list")]
    [InlineData(Rule + "    when: web.wanted\n    then: { api: { hold: all } }",
        "5:11: error: expected a condition, but this is a number (compare it with something: tpm > 10)")]
    [InlineData(Rule + "    when: >-\n      web.wanted > 1 and\n      wbe.wanted > 2\n    then: { api: { hold: all } }",
        "7:7: error: unknown name 'wbe.wanted' (did you mean 'web.wanted'?)")]
    [InlineData(Rule + "    when: web.wanted > api\n    then: { api: { hold: all } }",
        "5:24: error: 'api' is an app: say what of it, such as api.wanted")]
    [InlineData(Rule + "    when: instances > 1\n    then: { api: { hold: all } }", "5:11: error: unknown name 'instances'")]
    [InlineData(Rule + "    when: cluster.wating > 1\n    then: { api: { hold: all } }",
        "5:11: error: unknown name 'cluster.wating' (did you mean 'cluster.waiting'?)")]
    [InlineData(Rule + "    when: count(web.wanted) > 1\n    then: { api: { hold: all } }",
        "5:17: error: count takes a name of apps, as in count(web), not 'web.wanted'")]
    [InlineData(Rule + "    when: sum(web) > 1\n    then: { api: { hold: all } }",
        "5:15: error: sum takes a value of an app: sum(web.wanted)")]
    [InlineData(Rule + "    when: rate(web.load, 5m) > 1\n    then: { api: { hold: all } }",
        "5:16: error: 'web.load' is one value of this moment (define a metric with a window or a quantile in the app's policy)")]
    [InlineData(Rule + "    when: avg(web.load, 5m) > 1\n    then: { api: { hold: all } }",
        "5:15: error: 'web.load' is one value of this moment (define a metric with a window or a quantile in the app's policy)")]
    [InlineData(Rule + "    when: p95(web.load) > 1\n    then: { api: { hold: all } }",
        "5:15: error: 'web.load' is one value of this moment (define a metric with a window or a quantile in the app's policy)")]
    [InlineData(Rule + "    when: web.wanted > 1\n    then: { api: { hold: all } }\n    for: 5m",
        "7:5: error: a rule has no key 'for'")]
    [InlineData(Apps + "rules:\n  - { rule: r, when: web.wanted > 1, then: { api: { hold: all } } }\n"
        + "  - { rule: r, when: web.wanted > 1, then: { api: { hold: all } } }",
        "5:5: error: the rule 'r' is given twice (first on line 4)")]
    [InlineData(Apps + "rule: 1\nrules:\n  - { rule: r, when: web.wanted > 1, then: { api: { hold: all } } }",
        "3:1: error: a coordination has no key 'rule' (did you mean 'rules'?)")]
    [InlineData(Apps + "dryRun: maybe\nrules:\n  - { rule: r, when: web.wanted > 1, then: { api: { hold: all } } }",
        "3:9: error: 'dryRun' must be true or false, not 'maybe'")]
    [InlineData("cordination: c\napps: { web: /a }\nrules: []",
        "1:1: error: a document is a policy, a coordination, a budget or schedules, not 'cordination' "
        + "(did you mean 'coordination'?)")]
    public void A_wrong_coordination_is_refused_with_its_place(string text, params string[] problems) => Refused(text, problems);

    [Theory]
    [InlineData("budget: b\ninstances: 3", "1:1: error: a budget needs 'apps' (apps: '/shop/*')")]
    [InlineData("budget: b\napps: /shop/*",
        "1:1: error: the budget 'b' limits nothing (give instances, cpus, memory (64 GB) or cost (40))")]
    [InlineData("budget: b\napps: shop\ninstances: 3", "2:7: error: the app 'shop' must be absolute (write /shop)")]
    [InlineData("budget: b\napps: /shop/*\ninstances: many",
        "3:12: error: 'instances' must be a whole number from 0 to 1000000, not 'many'")]
    [InlineData("budget: b\napps: /shop/*\ninstances: -1",
        "3:12: error: 'instances' must be a whole number from 0 to 1000000, not '-1'")]
    [InlineData("budget: b\napps: /shop/*\ncpus: 500m", "3:7: error: 'cpus' must be a number of cores, not "
        + "'500m' (write 0.5 or 64)")]
    [InlineData("budget: b\napps: /shop/*\ncpus: -1", "3:7: error: 'cpus' must be a number of cores, not '-1' (write 0.5 or 64)")]
    [InlineData("budget: b\napps: /shop/*\nmemory: 64", "3:9: error: 'memory' must be a size, not '64' (write "
        + "512 MB, 64 GB or 1 TiB)")]
    [InlineData("budget: b\napps: /shop/*\nmemory: -3 GB",
        "3:9: error: 'memory' must be a size, not '-3 GB' (write 512 MB, 64 GB or 1 TiB)")]
    [InlineData("budget: b\napps: /shop/*\ninstance: 3\ncpus: 2",
        "3:1: error: a budget has no key 'instance' (did you mean 'instances'?)")]
    [InlineData("budgt: b\napps: /shop/*\ninstances: 3",
        "1:1: error: a document is a policy, a coordination, a budget or schedules, not 'budgt' (did you mean 'budget'?)")]
    public void A_wrong_budget_is_refused_with_its_place(string text, params string[] problems) => Refused(text, problems);

    [Fact]
    public void One_name_is_one_document_of_its_kind()
    {
        const string One = "budget: shop\napps: /a\ninstances: 3\n";
        const string Other = Apps + "rules:\n  - { rule: r, when: web.wanted > 1, then: { api: { hold: all } } }\n";
        Refused(One + "---\n" + One, "5:1: error: a budget 'shop' is in this file already (on line 1)");
        Refused(Other + "---\n" + Other, "6:1: error: a coordination 'c' is in this file already (on line 1)");
        Assert.Empty(PolicyParser.Parse("f.yml", One.Replace("shop", "c", StringComparison.Ordinal) + "---\n" + Other).Problems);
    }

    [Fact]
    public void A_name_that_no_rule_uses_is_a_warning()
    {
        var file = PolicyParser.Parse("f.yml",
            "coordination: c\napps: { web: /a, api: /b, db: { dependenciesOf: web } }\nrules:\n"
                + "  - { rule: r, when: count(web) > 1, then: { web: { hold: all } } }");
        Assert.Equal(
            ["f.yml:2:18: warning: no rule uses the name 'api'", "f.yml:2:27: warning: no rule uses the name 'db'"],
            file.Problems.Select(problem => problem.ToString()));
        Assert.Single(file.Coordinations);
    }

    [Fact]
    public void Too_much_is_refused()
    {
        var names = string.Join(", ", Enumerable.Range(0, 51).Select(i => $"a{i}: /a{i}"));
        Refused($"coordination: c\napps: {{ {names} }}\nrules:\n  - {{ rule: r, when: a0.wanted > 1, then: "
            + $"{{ a1: {{ hold: all }} }} }}",
            "2:539: error: a coordination has at most 50 names");
        var rules = string.Concat(Enumerable.Range(0, 101)
            .Select(i => $"  - {{ rule: r{i}, when: web.wanted > 1, then: {{ api: {{ hold: all }} }} }}\n"));
        Refused(Apps + "rules:\n" + rules, "104:5: error: a coordination has at most 100 rules");
    }

    [Theory]
    [InlineData("512 MB", 512)]
    [InlineData("64GB", 64_000)]
    [InlineData("1.5 TB", 1_500_000)]
    [InlineData("1 GiB", 1073.741824)]
    public void Memory_is_a_size(string text, double megabytes) => Assert.Equal(
        megabytes, Assert.Single(PolicyParser.Parse("f.yml", $"budget: b\napps: /a\nmemory: {text}").Budgets).Memory!.Value, 6);

    [Fact]
    public void The_digest_sees_content_and_not_layout()
    {
        var (a, b, c) = (One(Shop), One("# hello\n" + Shop.Replace(
            "{ web: /shop/web, api: /shop/api, batch: '/shop/batch-*' }",
                "\n  web: /shop/web\n  api: /shop/api\n  batch: /shop/batch-*",
            StringComparison.Ordinal)), One(Shop.Replace("/ 2", "/ 3", StringComparison.Ordinal)));
        Assert.Equal(a, b);
        Assert.NotEqual(a, c);

        static string One(string text) => Assert.Single(PolicyParser.Parse("f.yml", text).Coordinations).Digest;
    }

    private static void Refused(string text, params string[] problems)
    {
        var file = PolicyParser.Parse("f.yml", text);
        Assert.Empty(file.Coordinations);
        Assert.Empty(file.Budgets);
        var told = file.Problems.Select(problem => problem.ToString()).ToList();
        Assert.True(
            told.Count == problems.Length
            && told.Zip(problems).All(pair => pair.First.StartsWith("f.yml:" + pair.Second, StringComparison.Ordinal)),
            string.Join('\n', told));
    }
}
