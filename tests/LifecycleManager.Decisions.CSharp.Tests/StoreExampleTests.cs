using LifecycleManager.Decisions.CSharp.Running;
using LifecycleManager.Rules;

namespace LifecycleManager.Decisions.CSharp.Tests;

/// <summary>The example's rules, as a project of rules would test them.</summary>
public sealed class StoreExampleTests : IDisposable
{
    private readonly RuleBuilder _builder = new(TimeProvider.System);
    private readonly CSharpRuleSet _rules;

    public StoreExampleTests()
    {
        var (rules, problems) = _builder.Load(Path.Combine(AppContext.BaseDirectory, "rules/examples"));
        Assert.Empty(problems);
        _rules = rules!;
    }

    public void Dispose() => _builder.Dispose();

    [Fact]
    public void The_api_follows_the_web_tier_and_does_not_shrink_meanwhile()
    {
        App[] apps =
        [
            new() { Id = "/examples/store/web", Instances = 4, Wanted = 9 },
            new() { Id = "/examples/store/api", Instances = 3, Wanted = 3 },
        ];
        Assert.Equal(["AtLeast 5 /examples/store/api: the web tier wants 9",
            "Hold ScaleIn /examples/store/api: the web tier grows"], Decide(apps));

        // In the next round the api's count is raised, and the first rule has nothing to say any more.
        Assert.Equal(["Hold ScaleIn /examples/store/api: the web tier grows"], Decide([apps[0], apps[1] with { Wanted = 5 }]));
    }

    [Fact]
    public void Batch_makes_room_while_customers_wait()
    {
        App[] apps =
        [
            new() { Id = "/examples/store/batch-reports", Instances = 3, Wanted = 3, Priority = 1 },
            new() { Id = "/examples/store/batch-mail", Instances = 0, Priority = 1 },
        ];
        var waiting = new Cluster([new("", Priority: 5, Count: 2), new("", Priority: 0, Count: 9)]);
        Assert.Equal(
            ["AtMost 2 /examples/store/batch-reports: 2 instances wait for room, and batch has 3"], Decide(apps, waiting));
        Assert.Empty(Decide(apps, new Cluster([])));
        Assert.Single(Round(apps, new Cluster(null)).Unknown);
    }

    [Theory]
    [InlineData("2026-03-02T09:00:00Z", 1500.0, 1)]
    [InlineData("2026-03-02T21:00:00Z", 1500.0, 0)]
    [InlineData("2026-03-02T09:00:00Z", 800.0, 0)]
    public void The_cache_keeps_up_in_office_hours(string now, double queue, int outputs)
    {
        App[] apps =
        [
            new() { Id = "/examples/store/worker", Readings = new Dictionary<string, double?> { ["queue"] = queue } },
            new() { Id = "/examples/store/cache", Instances = 1, Wanted = 1 },
        ];
        Assert.Equal(outputs, Round(apps, new Cluster([]), now).Outputs.Count);
    }

    private List<string> Decide(App[] apps, Cluster? cluster = null) =>
        [.. Round(apps, cluster ?? new Cluster([])).Outputs.Select(fired => fired.Output switch
        {
            AtLeast output => $"AtLeast {output.Count} {output.App}: {output.Because}",
            AtMost output => $"AtMost {output.Count} {output.App}: {output.Because}",
            Hold output => $"Hold {output.Direction} {output.App}: {output.Because}",
            var output => output.ToString()!,
        })];

    private RoundOutcome Round(App[] apps, Cluster cluster, string now = "2026-03-02T12:00:00Z") => _rules
        .For(apps.Select(app => (app.Target, app.Id)))
        .Begin(DateTimeOffset.Parse(now, System.Globalization.CultureInfo.InvariantCulture)).Run(apps, cluster);
}
