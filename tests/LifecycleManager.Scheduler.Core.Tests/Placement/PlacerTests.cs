using CsCheck;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Labels;
using LifecycleManager.Scheduler.Core.Placement;

namespace LifecycleManager.Scheduler.Core.Tests.Placement;

public sealed class PlacerTests
{
    private static readonly PlacementSpec Small = new() { Cpus = 100, Mem = 10_000 };

    [Fact]
    public void Whatever_is_placed_fits_and_every_constraint_holds_for_the_result() =>
        Gen.Int.Sample(seed =>
        {
            var random = new Random(seed);
            var agents = Enumerable.Range(0, random.Next(1, 9))
                .Select(index => Agent($"a{index}", random.Next(0, 2_000), $"rack{random.Next(3)}", random.Next(0, 6))).ToList();
            var before = agents.Select(agent => (agent.FreeCpus, agent.FreeMem, Ports: agent.Roles[0].Ports.Count)).ToList();
            var requests = Enumerable.Range(0, random.Next(1, 4)).Select(_ => new PlacementRequest(
                Small with
                {
                    Constraints = [.. Enumerable.Range(0, random.Next(0, 3)).Select(_ => Constraint(random))],
                    Ports = [.. Enumerable.Range(0, random.Next(0, 3))
                        .Select(_ => (int?)random.Next(2) * random.Next(31_000, 31_003))],
                    Strategy = (PlacementStrategy)random.Next(3),
                },
                random.Next(0, 12),
                [])).ToList();

            var result = Placer.Place(agents, requests, new Random(seed));

            foreach (var byAgent in result.Placements.GroupBy(placement => placement.Agent))
            {
                var (cpus, mem, ports) = before[byAgent.Key];
                Assert.Equal(cpus - (100 * byAgent.Count()), agents[byAgent.Key].FreeCpus);
                Assert.Equal(mem - (10_000 * byAgent.Count()), agents[byAgent.Key].FreeMem);
                Assert.True(agents[byAgent.Key].FreeCpus >= 0 && agents[byAgent.Key].FreeMem >= 0);
                var taken = byAgent.SelectMany(placement => placement.Taken).SelectMany(part => part.Ports).ToList();
                Assert.Equal(taken.Count, taken.Distinct().Count());
                Assert.Equal(ports - taken.Count, agents[byAgent.Key].Roles[0].Ports.Count);
            }

            for (var index = 0; index < requests.Count; index++)
            {
                var placed = result.Placements.Where(placement => placement.Request == index)
                    .Select(placement => agents[placement.Agent]).ToList();
                Assert.Equal(placed.Count, result.Outcomes[index].Placed);
                Assert.True(placed.Count <= requests[index].Count);

                // Of several GROUP_BY the first rules: the others know only the groups that have instances, as in Marathon.
                var second = requests[index].Spec.Constraints.Where(constraint => constraint.Operator
                    == ConstraintOperator.GroupBy).Skip(1);
                foreach (var constraint in requests[index].Spec.Constraints.Except(second))
                    Assert.True(Holds(constraint, placed),
                        $"{constraint} does not hold for {string.Join(",", placed.Select(agent => $"{agent.Host}/{agent.Attributes["rack"]}"))}");
                foreach (var placement in result.Placements.Where(placement => placement.Request == index))
                    for (var port = 0; port < placement.Ports.Count; port++)
                        Assert.True(requests[index].Spec.Ports[port] is 0
                            ? placement.Ports[port] > 0 : placement.Ports[port] == requests[index].Spec.Ports[port]);
            }

            // What was left out had a reason.
            for (var index = 0; index < requests.Count; index++)
                if (result.Outcomes[index].Placed < requests[index].Count)
                    Assert.True(result.Outcomes[index].RefusedBy.Sum() > 0);
        }, iter: 2_000);

    [Fact]
    public void Group_by_spreads_evenly_and_stops_where_the_least_group_is_full()
    {
        List<AgentPool> agents = [Agent("a", 10_000, "r1", 0), Agent("b", 10_000, "r2", 0), Agent("c", 200, "r3", 0)];
        var spec = Small with { Constraints = [new Constraint("rack", ConstraintOperator.GroupBy, "3")] };

        var result = Placer.Place(agents, [new PlacementRequest(spec, 20, [])], new Random(1));

        // r3 takes two; then one more each may be elsewhere, and no more.
        Assert.Equal([3, 3, 2], Enumerable.Range(0, 3)
            .Select(agent => result.Placements.Count(placement => placement.Agent == agent)));
        Assert.True(result.Outcomes[0].RefusedBy[RefusalReasons.UnfulfilledConstraint.FirstIndex()] > 0);
    }

    [Fact]
    public void Instances_that_are_already_there_count()
    {
        List<AgentPool> agents = [Agent("a", 10_000, "r1", 0), Agent("b", 10_000, "r2", 0)];
        PlacedInstance[] existing = [new("a", "a", null, null, new Dictionary<string, string> { ["rack"] = "r1" })];
        var spec = Small with { Constraints = [new Constraint("hostname", ConstraintOperator.Unique, null)] };

        var result = Placer.Place(agents, [new PlacementRequest(spec, 2, existing)], new Random(1));

        Assert.Equal([1], result.Placements.Select(placement => placement.Agent));
        Assert.Equal(
            ["constraint hostname UNIQUE: an instance is already at 'a'"],
            Placer.Explain(new PlacementRequest(spec, 1, []), agents[0], existing));
    }

    [Fact]
    public void Spreading_uses_every_agent_and_packing_as_few_as_it_can()
    {
        List<AgentPool> Three() => [Agent("a", 1_000, "r", 0), Agent("b", 1_000, "r", 0), Agent("c", 1_000, "r", 0)];

        var spread = Placer.Place(Three(), [new PlacementRequest(Small, 6, [])], new Random(1));
        var packed = Placer.Place(Three(), [new PlacementRequest(Small with { Strategy = PlacementStrategy.BinPacking }, 6, [])],
            new Random(1));

        Assert.Equal([2, 2, 2], Enumerable.Range(0, 3)
            .Select(agent => spread.Placements.Count(placement => placement.Agent == agent)));
        Assert.Single(packed.Placements.Select(placement => placement.Agent).Distinct());
    }

    [Fact]
    public void Every_reason_is_given_with_numbers_that_a_person_can_use()
    {
        var agent = Agent("a", 50, "r1", 1, ("containerizers", "process"));
        var spec = new PlacementSpec
        {
            Cpus = 500,
            Mem = 2_000_000,
            Ports = [8_090, 0],
            NeedsDocker = true,
            Constraints = [new Constraint("rack", ConstraintOperator.Is, "r2")],
        };

        Assert.Equal(
            [
                "constraint rack IS r2: the agent has 'r1'", "the agent has no Docker engine", "needs 0.5 cpus, 0.05 are free",
                "needs 2000 MB memory, 1000 are free", "host port 8090 is not free", "needs 2 ports, 1 are free",
            ],
            Placer.Explain(new PlacementRequest(spec, 1, []), agent, []));
        var outcome = Placer.Place([agent], [new PlacementRequest(spec, 1, [])], new Random(1)).Outcomes[0];
        Assert.Equal(
            RefusalReasons.UnfulfilledConstraint | RefusalReasons.UnfulfilledContainerizer | RefusalReasons.InsufficientCpus
            | RefusalReasons.InsufficientMemory | RefusalReasons.InsufficientPorts,
            outcome.Refused[0].Reasons);
    }

    [Fact]
    public void Reserved_resources_go_first_and_only_to_those_who_may()
    {
        List<Offer> Offers() =>
        [
            new()
            {
                Id = new OfferId("o"), FrameworkId = new FrameworkId("f"), AgentId = new AgentId("a"), Hostname = "a",
                Resources =
                [
                    Resource.OfScalar("cpus", 1), Resource.OfScalar("mem", 100),
                    Resource.OfScalar("cpus", 0.5) with { Role = "web" }, Resource.OfScalar("mem", 100) with { Role = "web" },
                ],
            },
        ];

        var mixed = Placer.Place(AgentPool.From(Offers()),
            [new PlacementRequest(Small with { Cpus = 1_200, Roles = ["*", "web"] }, 1, [])], new Random(1));
        var unreserved = Placer.Place(AgentPool.From(Offers()), [new PlacementRequest(Small with { Cpus = 1_200 }, 1, [])],
            new Random(1));

        Assert.Equal([("web", 500), ("*", 700)], mixed.Placements[0].Taken.Select(part => (part.From.Role, part.Cpus)));
        Assert.Empty(unreserved.Placements);
    }

    [Theory]
    [InlineData(nameof(ConstraintOperator.Like), "r[12]", "r1", true)]
    [InlineData(nameof(ConstraintOperator.Like), "r", "r1", false)]
    [InlineData(nameof(ConstraintOperator.Unlike), "r1", "r1", false)]
    [InlineData(nameof(ConstraintOperator.Unlike), "r1", null, true)]
    [InlineData(nameof(ConstraintOperator.Is), "4", "4.0", true)]
    [InlineData(nameof(ConstraintOperator.Is), "r1", "R1", false)]
    [InlineData(nameof(ConstraintOperator.Unique), null, null, false)]
    [InlineData(nameof(ConstraintOperator.Cluster), "r2", "r1", false)]
    public void A_single_value_is_judged_as_Marathon_does(string op, string? argument, string? value, bool allowed)
    {
        var constraint = new Constraint("rack", Enum.Parse<ConstraintOperator>(op), argument);
        Assert.Equal(allowed, new ConstraintLedger(constraint).Allows(value));
    }

    private static bool Holds(Constraint constraint, IReadOnlyList<AgentPool> placed)
    {
        var values = placed.Select(agent => constraint.Field == "hostname" ? agent.Host : agent.Attributes["rack"]).ToList();
        var counts = values.CountBy(value => value).Select(pair => pair.Value).ToList();
        return constraint.Operator switch
        {
            ConstraintOperator.Unique => counts.All(count => count == 1),
            ConstraintOperator.MaxPer => counts.All(count => count <= 2),
            ConstraintOperator.Cluster => counts.Count <= 1,
            ConstraintOperator.GroupBy => counts.Count == 0 || counts.Max() - counts.Min() <= 1,
            ConstraintOperator.Like => values.All(value => value is "rack0" or "rack1"),
            _ => true,
        };
    }

    [Fact]
    public void An_expression_that_backtracks_is_matched_in_linear_time_however_long_host_names_are()
    {
        // Tried in every way, as by backtracking, this would not end before the machine does.
        var agents = Enumerable.Range(0, 20).Select(index => Agent(new string('a', 10_000 + index), 1_000, "rack0", 0)).ToList();
        var request = new PlacementRequest(
            Small with { Constraints = [new Constraint("hostname", ConstraintOperator.Like, "([a-z0-9.-]+)+!")] }, 1, []);

        var result = Placer.Place(agents, [request], new Random(1));

        Assert.Empty(result.Placements);
    }

    private static Constraint Constraint(Random random) => random.Next(5) switch
    {
        0 => new("hostname", ConstraintOperator.Unique, null),
        1 => new(random.Next(2) == 0 ? "rack" : "hostname", ConstraintOperator.MaxPer, "2"),
        2 => new("rack", ConstraintOperator.Cluster, null),
        3 => new("rack", ConstraintOperator.Like, "rack[01]"),
        _ => new(random.Next(2) == 0 ? "rack" : "hostname", ConstraintOperator.GroupBy, null),
    };

    private static AgentPool Agent(string id, long cpus, string rack, int ports, params (string Name, string Value)[] more) =>
        new()
        {
            AgentId = id,
            Host = id,
            Attributes = more.Append(("rack", rack)).ToDictionary(pair => pair.Item1, pair => pair.Item2),
            Roles =
        [
            new RoleResources
            {
                Role = "*", Cpus = cpus, Mem = 1_000_000,
                Ports = new PortSet(ports == 0 ? [] : [new ValueRange(31_000, (ulong)(31_000 + ports - 1))]),
            },
        ],
        };
}
