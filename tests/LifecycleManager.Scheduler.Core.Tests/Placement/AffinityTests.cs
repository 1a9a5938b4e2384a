using LifecycleManager.Scheduler.Core.Definitions.Labels;
using LifecycleManager.Scheduler.Core.Inputs;
using LifecycleManager.Scheduler.Core.Placement;

namespace LifecycleManager.Scheduler.Core.Tests.Placement;

public sealed class AffinityTests
{
    private static readonly PlacementSpec Small = new() { Cpus = 100, Mem = 10_000 };

    [Fact]
    public void A_required_affinity_waits_for_the_others_and_then_is_where_they_are()
    {
        var agents = Agents();
        var result = Place(agents, [Request("/web", 2, "/db", near: true)], []);
        Assert.Empty(result.Placements);
        Assert.Equal(RefusalReasons.UnfulfilledConstraint, result.Outcomes[0].Refused[0].Reasons);

        // The database of the same round comes first: it has been placed when the web is.
        result = Place(agents, [new("/db", 1, []), Request("/web", 2, "/db", near: true)], []);
        Assert.Single(result.Placements.Select(placement => placement.Agent).Distinct());
        Assert.Equal(3, result.Placements.Count);
    }

    [Fact]
    public void A_zone_is_shared_where_the_term_says_so()
    {
        var result = Place(Agents(), [Request("/web", 4, "/db", near: true, "@zone")], [At("/db", "a0")]);
        Assert.Equal([0, 0, 2, 2], result.Placements.Select(placement => placement.Agent).Order());
    }

    [Fact]
    public void A_required_anti_affinity_holds_in_both_directions()
    {
        var away = Terms("/batch/*", near: false);
        var result = Place(Agents(), [new("/batch/night", 9, [])], [At("/web", "a1", away)]);
        Assert.Equal(9, result.Placements.Count);
        Assert.DoesNotContain(1, result.Placements.Select(placement => placement.Agent));

        result = Place(Agents(), [new("/web", 9, away)], [At("/batch/night", "a1")]);
        Assert.Equal(9, result.Placements.Count);
        Assert.DoesNotContain(1, result.Placements.Select(placement => placement.Agent));

        // In one round, whoever comes first.
        result = Place(Agents(), [new("/web", 2, away), new("/batch/night", 9, [])], []);
        Assert.Empty(result.Placements.Where(placement => placement.Request == 0).Select(placement => placement.Agent)
            .Intersect(result.Placements.Where(placement => placement.Request == 1).Select(placement => placement.Agent)));
        Assert.Equal(11, result.Placements.Count);
    }

    [Fact]
    public void A_preference_is_kept_where_it_can_be_had_and_given_up_where_not()
    {
        var near = Terms("/db", near: true, required: false);
        var result = Place(Agents(), [new("/web", 12, near)], [At("/db", "a2")]);
        Assert.Equal(12, result.Placements.Count);
        Assert.All(result.Placements.Take(10), placement => Assert.Equal(2, placement.Agent));
        Assert.All(result.Placements.Skip(10), placement => Assert.NotEqual(2, placement.Agent));

        result = Place(Agents(), [new("/web", 30, Terms("/db", near: false, required: false))], [At("/db", "a2")]);
        Assert.Equal(30, result.Placements.Count);
        Assert.DoesNotContain(2, result.Placements.Take(20).Select(placement => placement.Agent));
    }

    [Theory]
    [InlineData("/db", "affinity to /db: none of its instances is at 'a0'")]
    [InlineData("/db in @zone", "affinity to /db: none of its instances is at 'z0'")]
    [InlineData("/db in rack", "affinity to /db: the agent has no rack")]
    public void A_refusal_says_who_is_missing_where(string label, string message)
    {
        var terms = PlacementLabels.Affinity(new Dictionary<string, string> { [PlacementLabels.AffinityName] = label });
        var request = new PlacementRequest(Small, 1, []) { App = "/web", Near = AffinityRule.For("/web", terms, []) };
        Assert.Equal([message], Placer.Explain(request, Agents()[0], []));
    }

    [Fact]
    public void A_refusal_says_who_keeps_whom_away()
    {
        Neighbour[] neighbours = [At("/web", "a0", Terms("/batch/*", near: false))];
        var batch = new PlacementRequest(Small, 1, []) { App = "/batch/x", Near = AffinityRule.For("/batch/x", [], neighbours) };
        Assert.Equal(["anti-affinity of /web to /batch/*: an instance of /web is at 'a0'"],
            Placer.Explain(batch, Agents()[0], []));
        var web = new PlacementRequest(Small, 1, [])
        {
            App = "/web",
            Near = AffinityRule.For("/web", Terms("/batch/*", near: false), [At("/batch/x", "a0")])
        };
        Assert.Equal(["anti-affinity to /batch/*: an instance of it is at 'a0'"], Placer.Explain(web, Agents()[0], []));
    }

    [Theory]
    [InlineData("lcm.affinity", "db", "must be the absolute id")]
    [InlineData("lcm.affinity", "", "must be an app")]
    [InlineData("lcm.affinity", "/db,", "must be an app")]
    [InlineData("lcm.antiAffinity", "/db on @zone", "must be an app")]
    [InlineData("lcm.antiAffinity.preferred", "/DB", "must be the absolute id")]
    [InlineData("lcm.affinity", "/web", "must name other apps")]
    public void A_label_that_cannot_be_read_is_a_problem(string label, string value, string problem)
    {
        var (name, message) =
            Assert.Single(PlacementLabels.AffinityProblems("/web", new Dictionary<string, string> { [label] = value }));
        Assert.Equal(label, name);
        Assert.Contains(problem, message, StringComparison.Ordinal);
    }

    private sealed record Wish(string App, int Count, IReadOnlyList<AffinityTerm> Terms);

    private static Wish Request(string app, int count, string others, bool near, string field = "@hostname") =>
        new(app, count, [new AffinityTerm(others, field, near, true)]);

    private static IReadOnlyList<AffinityTerm> Terms(string others, bool near, bool required = true) =>
        [new AffinityTerm(others, "@hostname", near, required)];

    private static Neighbour At(string app, string host, IReadOnlyList<AffinityTerm>? terms = null) =>
        new(app, terms ?? [],
            [new PlacedInstance(host, host, null, $"z{(host[1] - '0') % 2}", new Dictionary<string, string>())]);

    private static PlacementResult Place(List<AgentPool> agents, IReadOnlyList<Wish> wishes, IReadOnlyList<Neighbour> existing)
    {
        Neighbour[] all = [.. existing, .. wishes.Select(wish => new Neighbour(wish.App, wish.Terms, []))];
        return Placer.Place(
            agents,
            [.. wishes.Select(wish => new PlacementRequest(Small, wish.Count, []) { App = wish.App,
                Near = AffinityRule.For(wish.App, wish.Terms, all) })],
            new Random(1));
    }

    private static List<AgentPool> Agents() => [.. Enumerable.Range(0, 4).Select(index => new AgentPool
    {
        AgentId = $"a{index}", Host = $"a{index}", Zone = $"z{index % 2}",
        Roles = [new RoleResources { Role = "*", Cpus = 1_000, Mem = 1_000_000 }],
    })];
}
