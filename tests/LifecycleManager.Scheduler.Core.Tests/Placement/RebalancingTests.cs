using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Labels;
using LifecycleManager.Scheduler.Core.Placement;

namespace LifecycleManager.Scheduler.Core.Tests.Placement;

public sealed class RebalancingTests
{
    private static readonly PlacementSpec Small = new() { Cpus = 1_000, Mem = 100_000 };

    [Fact]
    public void Instances_spread_over_agents_that_have_come_and_then_all_is_well()
    {
        var web = App("/web", Small, "a0", "a0", "a0", "a0");
        var moves = Rebalancing.Plan(Agents([4, 8, 8, 8]), [web], 100);
        Assert.Equal(["a1", "a2", "a3"], moves.Select(move => move.To).Order());
        Assert.All(moves, move => Assert.Equal("a0", move.From));
        Assert.Contains("other instances of the app are at 'a0'", moves[0].Reason, StringComparison.Ordinal);

        Assert.Empty(Rebalancing.Plan(Agents([7, 7, 7, 7]), [App("/web", Small, "a0", "a1", "a2", "a3")], 100));
    }

    [Fact]
    public void Single_instances_leave_a_full_agent_for_an_empty_one_but_not_for_one_a_little_emptier()
    {
        var apps = Enumerable.Range(0, 8).Select(index => App($"/app{index}", Small, "a0")).ToList();
        var moves = Rebalancing.Plan(Agents([0, 8]), apps, 100);
        Assert.InRange(moves.Count, 3, 4);
        Assert.Empty(Rebalancing.Plan(Agents([3, 4]), [App("/app", Small, "a0")], 100));
    }

    [Fact]
    public void Bin_packing_empties_the_emptiest()
    {
        var spec = Small with { Strategy = PlacementStrategy.BinPacking };
        var moves = Rebalancing.Plan(Agents([3, 7]), [App("/many", spec, "a0", "a0", "a0", "a0", "a0"), App("/one", spec, "a1")],
            100);
        var move = Assert.Single(moves);
        Assert.Equal(("/one", "a1", "a0"), (move.App, move.From, move.To));
    }

    [Fact]
    public void What_a_constraint_or_another_app_forbids_moves_whatever_the_strategy()
    {
        var random = Small with { Strategy = PlacementStrategy.Random };
        var unique = App("/unique", random with { Constraints = [new Constraint("hostname", ConstraintOperator.Unique, null)] },
            "a0", "a0");
        var shy = App("/shy", random, "a0") with { Terms = [new AffinityTerm("/unique", "@hostname", false, true)] };
        var moves = Rebalancing.Plan(Agents([5, 8, 8]), [shy, unique], 100);
        Assert.Equal(["/shy", "/unique"], moves.Select(move => move.App).Order());
        Assert.Contains("anti-affinity", moves.Single(move => move.App == "/shy").Reason, StringComparison.Ordinal);
        Assert.Equal(2, moves.Select(move => move.To).Distinct().Count());
        Assert.DoesNotContain("a0", moves.Select(move => move.To));
    }

    [Fact]
    public void No_more_is_moved_than_asked_and_nothing_where_nothing_fits()
    {
        Assert.Single(Rebalancing.Plan(Agents([4, 8, 8, 8]), [App("/web", Small, "a0", "a0", "a0", "a0")], 1));
        Assert.Empty(Rebalancing.Plan(Agents([4, 0]), [App("/web", Small, "a0", "a0", "a0", "a0")], 100));
        Assert.Empty(Rebalancing.Plan([], [App("/web", Small, "a0")], 100));
    }

    private static SettledApp App(string id, PlacementSpec spec, params string[] hosts) => new(
        id, spec, [],
        [.. hosts.Select((host, index) => new MovableInstance($"{id}.{index}",
            new PlacedInstance(host, host, null, null, new Dictionary<string, string>()), []))]);

    /// <summary>Agents of 8 cpus, with so many left.</summary>
    private static List<AgentPool> Agents(int[] free) => [.. free.Select((cpus, index) => new AgentPool
    {
        AgentId = $"a{index}", Host = $"a{index}",
        Roles = [new RoleResources { Role = "*", Cpus = cpus * 1_000, Mem = cpus * 100_000,
            Ports = new PortSet([new ValueRange(31_000, 31_100)]) }],
    })];
}
