using System.Globalization;
using LifecycleManager.Decisions.Tests.Coordinations;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Decisions.Tests.Tools.Testing;

/// <summary>Tests of policies as data: of one app, and of several that are tied together.</summary>
public sealed class PolicyTestTests
{
    /// <summary>Each app wants what its metric says.</summary>
    private static string Policy(string name, string app, string rest = "") => $$"""
        policy: {{name}}
        app: {{app}}
        instances: { min: 1, max: 20 }
        metrics: { load: { promql: load } }
        rules:
          - { rule: own, when: load >= 0, then: { set: load } }
        scaleOut: { limit: none }
        scaleIn: { stabilization: 0s }
        {{rest}}
        ---

        """;

    private static readonly string Shop =
        Policy("web", "/shop/web") + Policy("api", "/shop/api") + Policy("batch", "/shop/batch-*") + CoordinationParserTests.Shop;

    private const string Apps = """
        interval: 5s
        tests:
          - name: t
            apps:
              /shop/web: { instances: 2, priority: 10, series: { load: '2x1 9x30' } }
              /shop/api: { instances: 1, series: { load: '1x40' } }
        """;

    [Fact]
    public void The_example_of_the_documentation_holds_as_it_stands()
    {
        Passes(Shop, """
            interval: 5s
            tests:
              - name: the api follows at once, with the chain told, and goes with what called for it
                apps:
                  /shop/web: { instances: 2, series: { load: '2x1 9x3 2x9' } }
                  /shop/api: { instances: 1, series: { load: '1x30' } }
                counts: { /shop/web: '2x1 9x3 2x3', /shop/api: '1x1 5x3 1x3' }
                expect:
                  - at: 10s
                    /shop/api:
                      instances: 5
                      kind: scaleOut
                      rule: the api follows the web tier, before its own metrics say so
                      reason: web.wanted 9 > 2 * api.wanted 1, at least 5
                      chain: [ '/shop/web wants 9 (web, own', '/shop/api at least 5 (shop, the api follows' ]
              - name: batch makes room for what customers use, and takes it back
                apps:
                  /shop/web: { instances: 4, priority: 10, waiting: '0x1 2x2 1x15 0', series: { load: '4x40' } }
                  /shop/batch-a: { instances: 5, series: { load: '5x40' } }
                  /shop/batch-vip: { instances: 3, priority: 20, series: { load: '3x40' } }
                counts: { /shop/batch-a: '5x1 4x2 3x11 2x3 5x5', /shop/batch-vip: '3x20' }
            """);
    }

    [Theory]
    [InlineData("expect: [ { at: 15s, /shop/api: 4 } ]", "at 15s: /shop/api: expected 4 instances, got 5 (")]
    [InlineData("expect: [ { at: 15s, /shop/api: { chain: [ at least 5, wants 9 ] } } ]",
        "/shop/api: expected the chain to say 'wants 9': /shop/web wants 9 (web, own: ")]
    [InlineData("expect: [ { at: 5s, /shop/api: { chain: at least 5 } } ]",
        "expected the chain to say 'at least 5': it is empty")]
    [InlineData("expect: [ { at: 15s, /shop/api: { rule: own } } ]",
        "expected the rule 'own', got 'the api follows the web tier")]
    [InlineData("counts: { /shop/web: '2x1 8x1' }", "at 10s: /shop/web: expected 8 instances, got 9")]
    public void What_is_not_as_expected_is_told_of_its_app(string expect, string told)
    {
        var (code, output) = Run(Shop, Apps + "\n    " + expect);
        Assert.Equal(1, code);
        Assert.Contains(told, output, StringComparison.Ordinal);
        // Why a rule may not have acted.
        Assert.Contains("note: the coordination 'shop' has no app 'batch' at the moment: /shop/batch-*",
            output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("expect: [ { at: 15s, /shop/apj: 4 } ]", "7:26: error: the test has no app '/shop/apj' (did "
        + "you mean '/shop/api'?)")]
    [InlineData("expect: [ { at: 15s, instances: 4 } ]", "7:26: error: the test has no app 'instances'")]
    [InlineData("expect: [ { at: 15s, /shop/api: many } ]", "7:37: error: '/shop/api' must be a whole number")]
    [InlineData("expect: [ { at: 15s, /shop/api: { instance: 4 } } ]", "7:39: error: '/shop/api' has no key 'instance'")]
    [InlineData("counts: '1x5'", "7:13: error: 'counts' must be a mapping, not '1x5'")]
    [InlineData("counts: { /shop/db: '1x5' }", "7:15: error: the test has no app '/shop/db'")]
    [InlineData("app: /shop/web\n    counts: { /shop/web: 1 }", "7:10: error: a test has 'app' or 'apps', not both")]
    public void A_wrong_test_is_told_with_its_place(string expect, string problem)
    {
        var (code, output) = Run(Shop, Apps + "\n    " + expect);
        Assert.Equal(2, code);
        Assert.Contains(problem, output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_series_that_nobody_reads_and_an_app_that_nobody_decides_are_told()
    {
        var (_, output) = Run(Shop, Apps + """

                  /old: { series: { load: '1' } }
                  /shop/batch-a: { series: { laod: '1' } }
                expect: [ { at: 5s, /old: { kind: hold } } ]
            """);
        Assert.Contains("no policy governs /old", output, StringComparison.Ordinal);
        Assert.Contains("the policy 'batch' has no metric 'laod'", output, StringComparison.Ordinal);
    }

    [Fact]
    public void An_app_without_a_policy_is_read_and_its_count_may_be_expected() => Passes(
        Policy("api", "/shop/api") + CoordinationParserTests.Shop, """
            tests:
              - name: t
                apps:
                  /shop/web: { instances: 8 }
                  /shop/api: { instances: 1, series: { load: '1x9' } }
                expect: [ { at: 1m, /shop/web: 8, /shop/api: 4 } ]
            """);

    [Fact]
    public void An_app_that_is_gone_calls_for_nothing() => Passes(Shop, """
            interval: 5s
            tests:
              - name: t
                apps:
                  /shop/web: { instances: 8, gone: 10s, series: { load: '8x9' } }
                  /shop/api: { instances: 1, series: { load: '1x9' } }
                counts: { /shop/web: '8x1 0x2', /shop/api: '4x1 1x2' }
            """);

    [Fact]
    public void Dependencies_cores_and_dry_runs_are_as_in_a_cluster() => Passes(
        Policy("web", "/shop/web", "dryRun: true") + Policy("rest", "/shop/*") + """
            coordination: c
            apps: { web: /shop/web, behind: { dependenciesOf: web } }
            rules:
              - { rule: behind, when: web.instances > 4, then: { behind: { atLeast: 6 } } }
            ---
            budget: b
            apps: [ /shop/db, /shop/other ]
            cpus: 5
            """, """
            interval: 5s
            tests:
              - name: t
                apps:
                  /shop/web: { instances: 2, cpus: 1, dependencies: [ /shop/db ], series: { load: '9x9' } }
                  /shop/db: { instances: 1, cpus: 0.5, series: { load: '1x9' } }
                  /shop/other: { instances: 1, cpus: 4, series: { load: '3x9' } }
                expect:
                  - at: 20s
                    # What it would do; it still has 2, so that nothing behind it is lifted.
                    /shop/web: { instances: 9, kind: scaleOut }
                    /shop/db: 1
                    /shop/other: { instances: 1, reason: within the budget b }
            """);

    [Fact]
    public void A_hundred_tests_of_several_apps_take_a_moment()
    {
        var tests = string.Concat(Enumerable.Range(0, 100).Select(i => string.Create(CultureInfo.InvariantCulture, $$"""
              - name: t{{i}}
                apps:
                  /shop/web: { instances: 2, priority: 10, series: { load: '2x20 9x20' } }
                  /shop/api: { instances: 1, series: { load: '1x60' } }
                  /shop/batch-a: { instances: 5, series: { load: '5x60' } }
                expect: [ { at: 240s, /shop/web: 9, /shop/api: 5 } ]

            """)));
        var (code, output) = Run(Shop, "interval: 5s\ntests:\n" + tests);
        Assert.True(code == 0, output);
    }

    private static void Passes(string policies, string tests)
    {
        var (code, output) = Run(policies, tests);
        Assert.True(code == 0, output);
    }

    private static (int Code, string Output) Run(string policies, string tests)
    {
        var files = new MemoryFiles(new Dictionary<string, string> { ["shop.yml"] = policies, ["shop.test.yml"] = tests });
        var output = new StringWriter();
        var code = PolicyTest.Run(["shop.test.yml"], output, output, files);
        return (code, output.ToString());
    }
}
