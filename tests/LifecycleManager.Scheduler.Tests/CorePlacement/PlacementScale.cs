using System.Diagnostics;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.Placement;

namespace LifecycleManager.Scheduler.Tests.CorePlacement;

/// <summary>How long placement takes on its own; run by hand: <c>-explicit only</c>.</summary>
public sealed class PlacementScale
{
    [Theory(Explicit = true)]
    [InlineData(10_000)]
    [InlineData(250_000)]
    [InlineData(500_000)]
    [InlineData(1_000_000)]
    public void Instances_of_a_thousand_apps_on_five_thousand_agents(int instances)
    {
        var agents = Enumerable.Range(0, 5_000).Select(index => new AgentPool
        {
            AgentId = $"agent-{index}",
            Host = $"host-{index}",
            Zone = $"zone-{index % 5}",
            Attributes = new Dictionary<string, string> { ["rack"] = $"rack-{index % 40}", ["disk"] = index % 2 == 0 ? "ssd" : "hdd" },
            Roles = [new RoleResources { Role = "*", Cpus = 256_000, Mem = 1_024_000_000, Disk = 1_000_000_000, Ports = new PortSet([new ValueRange(31_000, 32_000)]) }],
        }).ToList();
        Constraint[][] mixes =
        [
            [], [new("@zone", ConstraintOperator.GroupBy, "5")], [new("disk", ConstraintOperator.Is, "ssd")],
            [new("hostname", ConstraintOperator.MaxPer, "2")], [new("hostname", ConstraintOperator.Unique, null)],
            [new("rack", ConstraintOperator.Like, "rack-[0-9]+"), new("rack", ConstraintOperator.GroupBy, null)],
        ];
        var requests = Enumerable.Range(0, 1_000).Select(index => new PlacementRequest(
            new PlacementSpec { Cpus = 100 + (index % 7 * 100), Mem = 100_000, Constraints = mixes[index % mixes.Length], Ports = index % 3 == 0 ? [0] : [], Strategy = (PlacementStrategy)(index % 2) },
            instances / 1_000, [])).ToList();
        GC.Collect();

        var cpu = Environment.CpuUsage.TotalTime;
        var watch = Stopwatch.StartNew();
        var result = Placer.Place(agents, requests, new Random(1));
        watch.Stop();

        TestContext.Current.SendDiagnosticMessage(
            $"{result.Placements.Count} of {instances} placed in {watch.Elapsed.TotalSeconds:0.00} s ({(Environment.CpuUsage.TotalTime - cpu).TotalSeconds:0.00} s of cpu), {GC.GetTotalMemory(false) / 1_000_000} MB");
        Assert.True(result.Placements.Count > instances * 0.9);
    }
}
