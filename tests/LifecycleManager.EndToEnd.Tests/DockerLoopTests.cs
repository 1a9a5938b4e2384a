using System.Text.Json.Nodes;
using LifecycleManager.Demo;
using LifecycleManager.EndToEnd.Tests.Harness;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary>The whole loop on real containers: load, metrics, decision, scaling, placement, and back.</summary>
public sealed class DockerLoopTests
{
    private const string App = "/search-service-1.0";

    private static readonly Dictionary<string, string> Rules = new()
    {
        ["search.yml"] = """
            policy: search
            app: /search-service-1.0
            instances: { min: 1, max: 3 }
            metrics:
              tpm: { actuator: gauge.servo.tpm, across: sum }
            rules:
              - rule: too many transactions
                when: tpm > 300
                for: 1s
                then: { add: 1 }
              - rule: quiet
                when: tpm < 240
                for: 2s
                then: { remove: 1 }
            scaleIn: { stabilization: 3s }
            """,
    };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Search_scales_to_three_containers_under_load_and_back_and_no_request_fails(bool killedInTheMiddle)
    {
        await DemoImage.EnsureAsync(Server.Docker(), BrownFieldOutput.Directory, TestContext.Current.CancellationToken);
        using var containers = new Containers();
        // Those of an earlier test are gone a moment after its tasks are.
        await Eventually.TrueAsync(async () => (await containers.RunningAsync(DemoImage.Search)).Count == 0,
            "the end of earlier containers");
        // The definition asks for port 8090 of its host: three instances want three agents.
        await using var stack = await Stack.UpAsync(["--agents", "3"], Rules);

        // As its authors wrote it, but for a window and checks that answer sooner.
        var search = JsonNode.Parse(SampleApps.File("search"))!;
        search["env"] = new JsonObject { ["BROWNFIELD_TPM_WINDOW"] = "5s" };
        search["healthChecks"]![0]!["intervalSeconds"] = 1;
        using (var posted = await stack.PostAsync(search.ToJsonString()))
            Assert.True(posted.IsSuccessStatusCode,
                await posted.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        await stack.InstancesAsync(App, 1);

        await using (var load = new Load(stack, App, perSecond: 10, TimeSpan.FromMinutes(5)))
        {
            if (killedInTheMiddle)
            {
                await Eventually.TrueAsync(async () => (await containers.RunningAsync(DemoImage.Search)).Count >= 2,
                    "a second container", more: stack.Describe);
                await stack.KillAsync();
                var before = await containers.RunningAsync(DemoImage.Search);
                await stack.StartAsync();
                Assert.Subset((await containers.RunningAsync(DemoImage.Search)).ToHashSet(), before.ToHashSet());
            }

            await stack.InstancesAsync(App, 3);
            Assert.Equal(3, (await containers.RunningAsync(DemoImage.Search)).Count);
            await Eventually.TrueAsync(() => load.Counts.Ok > 100, "a hundred answers",
                more: () => load.Counts.ToString());
            Assert.Equal((0, null), (load.Counts.Failed, load.Counts.LastFailure));
        }

        // A trickle of 120 a minute, so that the requests of the scale-in are seen too.
        await using (var trickle = new Load(stack, App, perSecond: 2, TimeSpan.FromMinutes(5)))
        {
            await stack.InstancesAsync(App, 1);
            Assert.Single(await containers.RunningAsync(DemoImage.Search));
            Assert.Equal((0, null), (trickle.Counts.Failed, trickle.Counts.LastFailure));
        }

        var decisions = (await stack.DecisionsAsync(App)).ToJsonString();
        Assert.Contains("too many transactions: tpm ", decisions, StringComparison.Ordinal);
        Assert.Contains("quiet: tpm ", decisions, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_container_is_lost_or_doubled_when_everything_is_killed_while_it_scales()
    {
        await DemoImage.EnsureAsync(Server.Docker(), BrownFieldOutput.Directory, TestContext.Current.CancellationToken);
        using var containers = new Containers();
        await using var stack = await Stack.UpAsync(["--agents", "3"]);
        using (var posted = await stack.PostAsync(SampleApps.File("search"))) Assert.True(posted.IsSuccessStatusCode);
        await stack.InstancesAsync(App, 1);

        var random = new Random(20261124);
        foreach (var count in new[] { 3, 1, 3 })
        {
            await stack.Api.UpdateApp(App[1..], new() { Instances = count }, force: true,
                cancellation: TestContext.Current.CancellationToken);
            await Task.Delay(random.Next(600), TestContext.Current.CancellationToken);
            await stack.KillAsync();
            await stack.StartAsync();
            await stack.InstancesAsync(App, count);
            Assert.Equal(count, (await containers.RunningAsync(DemoImage.Search)).Count);
        }
    }
}
