using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Decisions.Tests.Tools.Testing;

/// <summary>What was done before a test's start: cooldowns, limits and windows look at it.</summary>
public sealed class EarlierChangeTests
{
    private const string Policy = """
        policy: p
        app: /a
        instances: { min: 1, max: 20 }
        metrics: { load: { promql: load } }
        rules:
          - { rule: own, when: load >= 0, then: { set: load } }

        """;

    // The count of the last change is what was wanted until the start: windows are full of it.
    [Theory]
    [InlineData("cooldown: 5m\nscaleOut: { limit: none }\nscaleIn: { stabilization: 0s }", "ago: 3m, from: 2, to: 4", 2, "4 4 2")]
    [InlineData("scaleOut: { limit: [ 3 per 5m ] }", "ago: 3m, from: 2, to: 4", 9, "5 5 7")]
    [InlineData("scaleIn: { stabilization: 5m }", "ago: 3m, from: 2, to: 4", 2, "4 4 4 4 2")]
    [InlineData("scaleIn: { stabilization: 5m }", "ago: 3m, from: 6, to: 4", 2, "4 4 4 4 2")]
    [InlineData("scaleOut: { stabilization: 5m, limit: none }", "ago: 3m, from: 6, to: 4", 9, "4 4 4 4 9")]
    public void A_change_before_the_start_counts(string behavior, string change, int load, string counts) => Assert.Equal("",
        Run(Policy + behavior, $"before: [ {{ {change} }} ], series: {{ load: '{load}x9' }}, counts: '{counts}'"));

    [Fact]
    public void Without_one_nothing_waits() => Assert.Equal("", Run(
        Policy + "cooldown: 5m\nscaleOut: { limit: none }\nscaleIn: { stabilization: 0s }",
        "instances: 4, series: { load: '2x9' }, counts: '2 2'"));

    [Theory]
    [InlineData("before: [ { ago: 3m, from: 2, to: 4 }, { ago: 5m, from: 4, to: 3 } ]", "the oldest first")]
    [InlineData("before: [ { ago: 5m, from: 2, to: 4 }, { ago: 3m, from: 5, to: 3 } ]", "has led to 4, not 5")]
    [InlineData("instances: 3, before: [ { ago: 3m, from: 2, to: 4 } ]", "has led to 4 (instances: 4)")]
    [InlineData("before: [ { ago: 3m, from: 2, to: 2 } ]", "leads to another count")]
    [InlineData("before: [ { ago: 0s, from: 2, to: 4 } ]", "ago")]
    [InlineData("before: [ { from: 2, to: 4 } ]", "ago: 3m")]
    [InlineData("before: [ { ago: 3m, to: 4 } ]", "from: 2")]
    [InlineData("before: soon", "a change before the start")]
    public void What_cannot_have_been_is_an_error(string before, string message) =>
        Assert.Contains(message, Run(Policy, $"{before}, counts: '4'"), StringComparison.Ordinal);

    /// <summary>What a test says that does not pass; empty where it does.</summary>
    private static string Run(string policy, string test)
    {
        var files = new MemoryFiles(new Dictionary<string, string>
        {
            ["p.yml"] = policy,
            ["p.test.yml"] = $"interval: 1m\ntests:\n  - {{ name: n, app: /a, {test} }}\n",
        });
        var output = new StringWriter();
        return PolicyTest.Run(["p.test.yml"], output, output, files) == 0 ? "" : output.ToString();
    }
}
