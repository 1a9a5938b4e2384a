using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Placement;

namespace LifecycleManager.Scheduler.Core.Tests.Placement;

public sealed class PreemptionTests
{
    private static readonly PlacementSpec Wanted = new() { Cpus = 1_000, Mem = 100 };

    [Fact]
    public void The_fewest_of_the_least_important_make_room()
    {
        Tenant[] tenants =
        [
            Tenant("a1-low-small", "low", "a1", 0, 500), Tenant("a1-low-small2", "low", "a1", 0, 500),
            Tenant("a2-low-big", "low", "a2", 0, 1_000), Tenant("a3-middle", "middle", "a3", 5, 4_000),
        ];

        Assert.Equal(["a2-low-big"], Choose(tenants, new() { ["low"] = 9, ["middle"] = 9 }));
    }

    [Fact]
    public void No_app_is_brought_below_what_it_must_keep()
    {
        Tenant[] tenants = [Tenant("t1", "low", "a1", 0, 500), Tenant("t2", "low", "a1", 0, 500),
            Tenant("m", "middle", "a3", 5, 1_000)];

        Assert.Equal(["m"], Choose(tenants, new() { ["low"] = 1, ["middle"] = 1 }));
        Assert.Null(Choose(tenants, new() { ["low"] = 1, ["middle"] = 0 }));
    }

    [Fact]
    public void Equals_and_betters_are_left_alone_and_so_are_agents_that_would_not_do()
    {
        Assert.Null(Choose([Tenant("equal", "other", "a1", 10, 4_000)], new() { ["other"] = 9 }));
        Assert.Null(Choose(
            [Tenant("low", "low", "a1", 0, 4_000)],
            new() { ["low"] = 9 },
            Wanted with { Constraints = [new Constraint("hostname", ConstraintOperator.Is, "elsewhere")] }));
    }

    [Fact]
    public void A_fixed_port_is_taken_from_whoever_has_it()
    {
        Tenant[] tenants = [Tenant("other", "low", "a1", 0, 1_000),
            Tenant("holder", "low", "a1", 0, 100) with { Ports = [8_080] }];

        Assert.Equal(["holder", "other"], Choose(tenants, new() { ["low"] = 9 }, Wanted with { Ports = [8_080] })!.Order());
    }

    private static IReadOnlyList<string>? Choose(Tenant[] tenants, Dictionary<string, int> spare, PlacementSpec? spec = null) =>
        Preemption.Choose(
            new PlacementRequest(spec ?? Wanted, 1, []),
            priority: 10,
            [.. new[] { "a1", "a2", "a3" }
                .Select(id => new AgentPool { AgentId = id, Host = id,
                    Roles = [new RoleResources { Role = "*", Mem = 1_000 }] })],
            tenants.ToLookup(tenant => tenant.AgentId),
            spare);

    private static Tenant Tenant(string id, string app, string agent, int priority, long cpus) =>
        new(id, app, agent, priority, new PlacementSpec { Cpus = cpus }, [], default);
}
