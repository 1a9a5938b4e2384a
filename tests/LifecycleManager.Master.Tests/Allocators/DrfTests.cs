using CsCheck;
using LifecycleManager.Master.Allocators;
using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Tests.Allocators;

public sealed class DrfTests
{
    private static readonly HierarchicalDrfAllocator Allocator = new();
    private static readonly string[] RandomRoles = ["ops", "eng/web", "eng/db", "sales", "*"];

    [Fact]
    public void The_example_of_the_paper_gives_equal_dominant_shares()
    {
        // 9 cpus, 18 GB; A's tasks take <1 cpu, 4 GB>, B's <3 cpus, 1 GB>: A runs 3, B runs 2 (Ghodsi et al., figure 2).
        var cluster = new SimulatedCluster(agents: 1, cpus: 9, mem: 18_000);
        cluster.Add("A", "a", cpus: 1, mem: 4_000);
        cluster.Add("B", "b", cpus: 3, mem: 1_000);
        cluster.RunUntilQuiet();
        Assert.Equal((3, 2), (cluster.Tasks("A"), cluster.Tasks("B")));
    }

    [Fact]
    public void A_weight_of_two_gets_twice_as_much()
    {
        var cluster = new SimulatedCluster(agents: 6, cpus: 10, mem: 10_000) { Weights = { ["heavy"] = 2 } };
        cluster.Add("h", "heavy", 1, 100);
        cluster.Add("l", "light", 1, 100);
        cluster.RunUntilQuiet();
        Assert.InRange(cluster.Tasks("h"), 39, 41);
        Assert.InRange(cluster.Tasks("l"), 19, 21);
    }

    [Fact]
    public void Siblings_share_what_their_parent_gets()
    {
        var cluster = new SimulatedCluster(agents: 4, cpus: 10, mem: 10_000);
        cluster.Add("ops", "ops", 1, 100);
        cluster.Add("web", "eng/web", 1, 100);
        cluster.Add("db", "eng/db", 1, 100);
        cluster.RunUntilQuiet();
        Assert.InRange(cluster.Tasks("ops"), 19, 21);
        Assert.InRange(cluster.Tasks("web"), 9, 11);
        Assert.InRange(cluster.Tasks("db"), 9, 11);
    }

    [Fact]
    public void A_limit_is_never_exceeded_and_a_guarantee_is_kept_free()
    {
        var cluster = new SimulatedCluster(agents: 4, cpus: 10, mem: 10_000)
        {
            Quotas =
            {
                ["small"] = (null, new Dictionary<string, long> { ["cpus"] = 5_000 }),
                ["later"] = (new Dictionary<string, long> { ["cpus"] = 12_000 }, null),
            },
        };
        cluster.Add("s", "small", 1, 10);
        cluster.Add("g", "greedy", 1, 10);
        cluster.RunUntilQuiet();
        Assert.Equal(5, cluster.Tasks("s"));
        Assert.Equal(23, cluster.Tasks("g"));
        cluster.Add("l", "later", 1, 10);
        cluster.RunUntilQuiet();
        Assert.Equal(12, cluster.Tasks("l"));
    }

    [Fact]
    public void Reserved_revocable_and_gpu_resources_go_only_to_those_who_may_have_them()
    {
        var agent = new AgentId("a");
        var free = ResourceWire.Parse(
        [
            Resource.OfScalar("cpus", 1), Resource.OfScalar("cpus", 2) with { Role = "eng" },
            Resource.OfScalar("cpus", 4) with { Revocable = new RevocableInfo() },
        ]);
        Assert.Equal(1, Cpus(Give("ops")));
        Assert.Equal(3, Cpus(Give("eng")));
        Assert.Equal(3, Cpus(Give("eng/web")));
        Assert.Equal(1, Cpus(Give("engine")));
        Assert.Equal(5, Cpus(Give("ops", revocable: true)));
        Assert.Empty(Give("ops", hasGpus: true));
        Assert.NotEmpty(Give("ops", hasGpus: true, gpus: true));
        Assert.Empty(Give("ops", isRemote: true));

        IReadOnlyList<Allocation> Give(string role, bool revocable = false, bool gpus = false, bool hasGpus = false,
            bool isRemote = false) =>
            Allocator.Allocate(new AllocationRequest
            {
                Total = new Quantities(),
                FreeUnreserved = new Quantities(),
                Agents = [new AgentSupply(agent, free, hasGpus, isRemote)],
                Frameworks = [new FrameworkDemand(new FrameworkId("f"), [role], new Dictionary<string, Quantities>(), revocable,
                    gpus)],
                AllocatedByRole = new Dictionary<string, Quantities>(),
            });

        static double Cpus(IReadOnlyList<Allocation> allocations) =>
            allocations.Sum(allocation => allocation.Resources.Scalar("cpus"));
    }

    // Over random workloads and weights: nobody is served while somebody with less could use the very same resources.
    [Fact]
    public void No_framework_below_its_share_starves() => Gen.Select(
        Gen.Int[1, 8], Gen.Int[2, 12], Gen.Int[1, 3],
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40], Gen.Int[0, 4],
            (cpus, mem, role) => (Cpus: cpus / 10.0, Mem: mem * 100.0, Role: RandomRoles[role])).Array[2, 6])
        .Sample((agents, cpus, weight, frameworks) =>
        {
            var cluster = new SimulatedCluster(agents, cpus, cpus * 1_000) { Weights = { ["ops"] = weight } };
            foreach (var (own, i) in frameworks.Select((own, i) => (own, i))) cluster.Add("f" + i, own.Role, own.Cpus, own.Mem);
            cluster.RunUntilQuiet();
            cluster.Verify();
        }, iter: 100);

    [Fact]
    public void It_is_deterministic_and_gives_nothing_twice() =>
        Gen.Select(Gen.Int[1, 20], Gen.Int[1, 8]).Sample((agents, frameworks) =>
    {
        var request = Request(agents, frameworks);
        var given = Allocator.Allocate(request);
        Assert.Equal(given, Allocator.Allocate(request));
        foreach (var ofAgent in given.GroupBy(allocation => allocation.Agent))
        {
            var sum = ofAgent.Aggregate(ResourceSet.Empty, (all, allocation) => all.Plus(allocation.Resources));
            Assert.True(request.Agents.Single(agent => agent.Id == ofAgent.Key).Free.Contains(sum));
        }
    });

    private static AllocationRequest Request(int agents, int frameworks)
    {
        var total = new Quantities();
        var supply = Enumerable.Range(0, agents).Select(i => new AgentSupply(new AgentId("a" + i), ResourceWire.Parse(
            [Resource.OfScalar("cpus", 1 + (i % 4)), Resource.OfScalar("mem", 1000),
                Resource.OfRanges("ports", new ValueRange(1, 9))]))).ToList();
        foreach (var agent in supply) total.Add(agent.Free);
        return new AllocationRequest
        {
            Total = total,
            FreeUnreserved = total.Copy(),
            Agents = supply,
            Frameworks = [.. Enumerable.Range(0, frameworks).Select(i => new FrameworkDemand(
                new FrameworkId("f" + i), ["r" + (i % 3), "s"], new Dictionary<string, Quantities>()))],
            AllocatedByRole = new Dictionary<string, Quantities>(),
        };
    }
}
