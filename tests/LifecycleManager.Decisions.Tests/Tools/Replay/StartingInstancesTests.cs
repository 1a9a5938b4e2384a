using System.Globalization;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tools.Replay;

namespace LifecycleManager.Decisions.Tests.Tools.Replay;

/// <summary>What starts takes its cpu and carries nothing: rules see it as they see it of a manager.</summary>
public sealed class StartingInstancesTests
{
    [Theory]
    [InlineData("when: cpu > 0.9, then: { set: instances + 1 }", "avg", "5 5 5 6 6 6 7 7 7")] // with what starts at 0 it is 80 %
    [InlineData("when: cpu < 0.5, then: { remove: 1 }", "avg", "4 4 4 4 4 4 4 4 4")] // with what serves at 100 %
    [InlineData("target: { metric: cpu, value: 50% }", "avg", "8 8 8 16 16 16 20 20 20")] // one step until the first serves
    [InlineData("when: cpu > 0.9, then: { set: instances + 1 }", "max", "5 6 7 8 9 10 11 12 13")] // of those that serve
    public void An_instance_counts_as_one_that_starts(string rule, string across, string counts) =>
        Assert.Equal(counts, Replay(rule, across, load: 2000));

    [Theory]
    [InlineData("avg", "3 2 2")] // two that serve have 60 %
    [InlineData("max", "3 2 2")]
    public void Nothing_starts_where_it_shrinks(string across, string counts) =>
        Assert.Equal(counts, Replay("when: cpu < 0.5, then: { remove: 1 }", across, load: 120));

    private static string Replay(string rule, string across, double load)
    {
        var file = PolicyParser.Parse("p.yml", "policy: p\napp: /a\ninstances: { min: 1, max: 20 }\n"
            + $"metrics: {{ cpu: {{ container: cpu, across: {across} }} }}\nrules: [ {{ rule: r, {rule} }} ]\n"
            + "scaleOut: { limit: none }\nscaleIn: { stabilization: 0s, limit: none }\n");
        Assert.Empty(file.Problems);
        var loads = Enumerable.Range(0, load > 1000 ? 9 : 3).ToDictionary(i => i * 60_000L, _ => load);
        var data = ReplayData.Align(new() { ["load"] = new SortedList<long, double>(loads) }, null, 1000, TimeSpan.Zero);
        var model = new ReplayModel("load", 100, TimeSpan.FromMinutes(3), 1, 4);
        var result = ReplayRun.Of(
            file.Policies[0], data, model, new HashSet<string> { "cpu" }, TestContext.Current.CancellationToken);
        return string.Join(' ', result.Instances.Select(count => count.ToString(CultureInfo.InvariantCulture)));
    }
}
