using System.Diagnostics;
using System.Globalization;

namespace LifecycleManager.EndToEnd.Tests.Faults;

/// <summary>
/// Each release runs beside the one before it: a cluster of the release before, whose <c>lcm.dll</c> is what
/// <c>LCM_TEST_PREVIOUS</c> names, gets this one's roles, one by one in any order, and those before back, while its counts
/// change. Half way it stays mixed for as many minutes as <c>LCM_TEST_MIXED</c> says.
/// </summary>
public sealed class UpgradeTests
{
    private static readonly TimeSpan Recovery = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task No_task_is_lost_when_all_roles_are_replaced_one_by_one_and_back()
    {
        var previous = Environment.GetEnvironmentVariable("LCM_TEST_PREVIOUS");
        if (previous is null) Assert.Skip("LCM_TEST_PREVIOUS does not name the lcm.dll of the release before");
        Assert.True(File.Exists(previous), previous);
        var mixed = double.TryParse(Environment.GetEnvironmentVariable("LCM_TEST_MIXED"), CultureInfo.InvariantCulture,
            out var minutes) ? TimeSpan.FromMinutes(minutes) : TimeSpan.Zero;
        await using var cluster = new FaultCluster(previous);
        await cluster.InitializeAsync();
        var output = TestContext.Current.TestOutputHelper!;
        output.WriteLine($"seed {cluster.Seed}");
        var first = CampaignTests.Untouched(await cluster.SettledAsync(Recovery));
        foreach (var (release, name) in ((string, string)[])[(LcmNode.ThisRelease, "this release"), (previous, "that before")])
        {
            var nodes = Enumerable.Range(0, cluster.Nodes.Count).ToArray();
            cluster.Random.Shuffle(nodes);
            foreach (var (done, node) in nodes.Index())
            {
                output.WriteLine($"{cluster.Nodes[node].Address} gets {name}; {await cluster.ChurnAsync()}");
                await cluster.Nodes[node].ReplaceAsync(release);
                await SettleAsync();
                if (done != nodes.Length / 2) continue;
                for (var begun = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begun) < mixed;)
                {
                    output.WriteLine($"mixed; {await cluster.ChurnAsync()}");
                    await SettleAsync();
                }
            }
        }

        Assert.Empty(cluster.StartedTwice());
        Assert.Empty(cluster.Watch.TakeBroken());

        async Task SettleAsync() =>
            CampaignTests.AssertSame(cluster, first, CampaignTests.Untouched(await cluster.SettledAsync(Recovery)));
    }
}
