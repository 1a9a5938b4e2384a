using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Tests.Policies;

/// <summary>A name belongs to the first file that uses it, whatever kind of document it names.</summary>
public sealed class FilesInForceTests
{
    private const string Policy = "policy: n\napp: /a\ninstances: { max: 2 }\nrules: []\n";
    private const string Coordination =
        "coordination: n\napps: { a: /a, b: /b }\nrules:\n  - { rule: r, when: a.wanted > 1, then: { b: { hold: all } } }\n";

    private const string Budget = "budget: n\napps: /a\ninstances: 2\n";

    [Theory]
    [InlineData("policy", Policy)]
    [InlineData("coordination", Coordination)]
    [InlineData("budget", Budget)]
    public void A_file_that_takes_a_name_twice_is_refused_and_its_last_good_version_goes_on(string kind, string text)
    {
        var good = File("b.yml", text.Replace(": n\n", ": other\n", StringComparison.Ordinal));
        new FilesInForce().Add("b.yml", good);
        good.Parsed = PolicyParser.Parse("b.yml", text);

        var all = new FilesInForce();
        Assert.True(all.Add("a.yml", File("a.yml", text)).IsGood);
        var (names, problems, isGood) = all.Add("b.yml", good);
        Assert.False(isGood);
        Assert.Equal(["other"], names);
        Assert.Equal($"b.yml:1:1: error: a {kind} 'n' is in force already (from a.yml:1:1)",
            Assert.Single(problems, problem => problem.Severity == PolicySeverity.Error).ToString());
        var set = all.ToSet();
        Assert.Equal(2, set.Policies.Count + set.Coordinations.Count + set.Budgets.Count);
    }

    [Fact]
    public void One_name_may_be_a_policy_a_coordination_and_a_budget()
    {
        var all = new FilesInForce();
        foreach (var text in new[] { Policy, Coordination, Budget }) Assert.True(all.Add(text, File(text, text)).IsGood);
        var set = all.ToSet();
        Assert.Equal(("n", "n", "n"), (set.Policies[0].Name, set.Coordinations[0].Name, set.Budgets[0].Name));
    }

    private static PolicyFileEntry File(string name, string text) => new() { Parsed = PolicyParser.Parse(name, text) };
}
