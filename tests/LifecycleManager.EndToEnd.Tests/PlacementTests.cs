using System.Text.Json.Nodes;
using LifecycleManager.EndToEnd.Tests.Harness;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary>
/// Marathon's pages on constraints, kill selection and launch backoff, as they are documented, on real processes.
/// </summary>
public sealed class PlacementTests
{
    [Fact]
    public async Task Constraints_and_affinities_decide_on_which_host_each_instance_runs()
    {
        await using var stack = await Stack.UpAsync(["--agents", "3"]);
        var hosts = new[] { "127.0.0.2", "127.0.0.3", "127.0.0.4" };
        await AgentsAsync(stack, 3);

        // UNIQUE: one on each; the fourth waits, and says why each agent was refused.
        await PostAsync(stack, "/unique", 4, ["hostname", "UNIQUE"]);
        Assert.Equal(hosts, (await RunningAsync(stack, "/unique", 3)).Order());
        await Eventually.TrueAsync(async () =>
        {
            var queue =
                JsonNode.Parse(await stack.Scheduler.GetStringAsync("/v2/queue?embed=lastUnusedOffers"))!["queue"]!.AsArray();
            var waiting = queue.SingleOrDefault(item => (string?)item!["app"]!["id"] == "/unique");
            return waiting is not null && (int)waiting["count"]! == 1
                && hosts.All(host => waiting["lastUnusedOffers"]!.AsArray().Any(
                offer =>
                    ((string?)offer!["message"])?.Contains($"constraint hostname UNIQUE: an instance is already at '{host}'",
                        StringComparison.Ordinal) == true));
        }, "the reason of each agent", more: stack.Describe);

        await PostAsync(stack, "/cluster", 3, ["hostname", "CLUSTER", hosts[1]]);
        await PostAsync(stack, "/like", 3, ["hostname", "LIKE", @"127\.0\.0\.[24]"]);
        await PostAsync(stack, "/unlike", 3, ["hostname", "UNLIKE", @"127\.0\.0\.[24]"]);
        await PostAsync(stack, "/group-by", 6, ["hostname", "GROUP_BY", "3"]);
        await PostAsync(stack, "/max-per", 6, ["hostname", "MAX_PER", "2"]);
        await PostAsync(stack, "/is", 2, ["hostname", "IS", hosts[2]]);
        Assert.Equal([hosts[1]], (await RunningAsync(stack, "/cluster", 3)).Distinct());
        Assert.DoesNotContain(hosts[1], await RunningAsync(stack, "/like", 3));
        Assert.Equal([hosts[1]], (await RunningAsync(stack, "/unlike", 3)).Distinct());
        Assert.All((await RunningAsync(stack, "/group-by", 6)).CountBy(host => host), host => Assert.Equal(2, host.Value));
        Assert.All((await RunningAsync(stack, "/max-per", 6)).CountBy(host => host), host => Assert.Equal(2, host.Value));
        Assert.Equal([hosts[2]], (await RunningAsync(stack, "/is", 2)).Distinct());

        await PostAsync(stack, "/near", 2, labels: ("lcm.affinity", "/is"));
        await PostAsync(stack, "/away", 2, labels: ("lcm.antiAffinity", "/is, /cluster"));
        Assert.Equal([hosts[2]], (await RunningAsync(stack, "/near", 2)).Distinct());
        Assert.Equal([hosts[0]], (await RunningAsync(stack, "/away", 2)).Distinct());
    }

    [Fact]
    public async Task Kill_selection_ends_the_youngest_or_the_oldest_and_backoff_delays_what_fails_until_it_is_reset()
    {
        await using var stack = await Stack.UpAsync();
        foreach (var (id, selection) in new[] { ("/youngest", "YOUNGEST_FIRST"), ("/oldest", "OLDEST_FIRST") })
        {
            await PostAsync(stack, id, 1, change: app => app["killSelection"] = selection);
            var first = Assert.Single(await stack.InstancesAsync(id, 1));
            await UpdateAsync(stack, id, new App { Instances = 2 });
            var second = Assert.Single(await stack.InstancesAsync(id, 2), task => task.Id != first.Id);
            await UpdateAsync(stack, id, new App { Instances = 1 });
            var left = Assert.Single(await stack.InstancesAsync(id, 1));
            Assert.Equal(selection == "YOUNGEST_FIRST" ? first.Id : second.Id, left.Id);
        }

        // Each failure doubles the delay, up to the greatest; a reset launches at once.
        await PostAsync(stack, "/failing", 1, change: app =>
        {
            app["cmd"] = "exit 3";
            app["backoffSeconds"] = 1;
            app["backoffFactor"] = 60;
            app["maxLaunchDelaySeconds"] = 3000;
        });
        async Task<(double Left, string? Failed)> DelayAsync()
        {
            var queue = JsonNode.Parse(await stack.Scheduler.GetStringAsync("/v2/queue"))!["queue"]!.AsArray();
            var item = queue.SingleOrDefault(item => (string?)item!["app"]!["id"] == "/failing");
            var app = JsonNode.Parse(await stack.Scheduler.GetStringAsync("/v2/apps//failing"))!["app"]!;
            return (item is null ? 0 : (double)item["delay"]!["timeLeftSeconds"]!, (string?)app["lastTaskFailure"]?["taskId"]);
        }

        await Eventually.TrueAsync(async () => (await DelayAsync()).Left is > 30 and <= 60,
            "a delay of a minute after the second failure", more: stack.Describe);
        var before = (await DelayAsync()).Failed;
        Assert.NotNull(before);
        using var reset = await stack.Scheduler.DeleteAsync("/v2/queue//failing/delay");
        Assert.True(reset.IsSuccessStatusCode);
        await Eventually.TrueAsync(async () => (await DelayAsync()).Failed is { } failed && failed != before,
            "another launch, which fails", more: stack.Describe);
    }

    [Fact]
    public async Task Rebalance_shows_its_plan_and_moves_instances_to_an_agent_that_has_come()
    {
        await using var stack = await Stack.UpAsync();
        await PostAsync(stack, "/web", 4);
        var before = (await stack.InstancesAsync("/web", 4)).Select(task => task.Id).ToHashSet();
        var directory = Directory.CreateTempSubdirectory("lcm-e2e-rebalance-").FullName;
        try
        {
            await using var agent = LcmProcess.Start(directory,
                ["agent", "--port", $"{Server.FreePort()}", "--master", stack.Master.BaseAddress!.ToString(), "--hostname",
                    "127.0.0.9", "--task-address", "127.0.0.9",
                    "--bind", "127.0.0.9", "--docker", "unix:///nowhere/docker.sock", "--stop-tasks"]);
            await AgentsAsync(stack, 2);
            async Task<string> RunAsync(params string[] more)
            {
                await using var lcm = LcmProcess.Start(directory,
                    ["rebalance", "--scheduler", stack.Scheduler.BaseAddress!.ToString(), .. more]);
                Assert.True(await lcm.ExitAsync(TimeSpan.FromMinutes(2)) == 0, lcm.Output + stack.Describe());
                return lcm.Output;
            }

            var plan = await RunAsync();
            Assert.Contains("2 moves; --apply makes them", plan, StringComparison.Ordinal);
            Assert.Contains("-> 127.0.0.9", plan, StringComparison.Ordinal);
            Assert.Equal(before, (await stack.InstancesAsync("/web", 4)).Select(task => task.Id).ToHashSet());
            Assert.Contains("the deployment has ended", await RunAsync("--apply"), StringComparison.Ordinal);
            var after = await stack.InstancesAsync("/web", 4);
            Assert.Equal(2, after.Count(task => before.Contains(task.Id)));
            Assert.Equal(2, after.Count(task => task.Host == "127.0.0.9"));
            Assert.Contains("every instance is where it would be placed", await RunAsync(), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task A_higher_priority_takes_the_place_of_a_lower_one_but_never_below_its_minimum_health_capacity()
    {
        await using var stack = await Stack.UpAsync(["--resources", "cpus:1;mem:1024;ports:[31000-31100]"]);
        await PostAsync(stack, "/low", 2, change: app =>
        {
            app["cpus"] = 0.4;
            app["upgradeStrategy"] = new JsonObject { ["minimumHealthCapacity"] = 0.5, ["maximumOverCapacity"] = 0 };
        });
        await stack.InstancesAsync("/low", 2);
        await PostAsync(stack, "/high", 2, labels: ("lcm.priority", "10"), change: app => app["cpus"] = 0.4);

        // One of the two gives way; the other is what must stay, so that the second of the higher ones waits and says why.
        await RunningAsync(stack, "/high", 1);
        await RunningAsync(stack, "/low", 1);
        await Eventually.TrueAsync(async () =>
        {
            var queue =
                JsonNode.Parse(await stack.Scheduler.GetStringAsync("/v2/queue?embed=lastUnusedOffers"))!["queue"]!.AsArray();
            return queue.Any(item => (string)item!["app"]!["id"]! == "/high" && (int)item["count"]! == 1
                && item["lastUnusedOffers"]!.AsArray().Any(offer => ((string)offer!["message"]!)
                    .Contains("cpus", StringComparison.Ordinal)));
        }, "the second one's wait", more: stack.Describe);
        Assert.Single(await stack.RunningAsync("/low"));
        Assert.Single(await stack.RunningAsync("/high"));
    }

    private static Task AgentsAsync(Stack stack, int count) => Eventually.TrueAsync(
        async () => (int)JsonNode.Parse(await stack.Master.GetStringAsync("/state"))!["activated_slaves"]! == count,
        $"{count} agents", more: stack.Describe);

    private static async Task PostAsync(
        Stack stack, string id, int instances, string[]? constraint = null, (string Name, string Value)? labels = null,
        Action<JsonNode>? change = null)
    {
        var app = JsonNode.Parse(SampleApps.Sleeper(id, instances))!;
        if (constraint is not null)
            app["constraints"] = new JsonArray(new JsonArray([.. constraint.Select(part => (JsonNode)part)]));
        if (labels is var (name, value)) app["labels"] = new JsonObject { [name] = value };
        change?.Invoke(app);
        using var posted = await stack.PostAsync(app.ToJsonString());
        Assert.True(posted.IsSuccessStatusCode, await posted.Content.ReadAsStringAsync());
    }

    private static Task UpdateAsync(Stack stack, string id, App change) => Eventually.TrueAsync(
        async () =>
            await stack.Api.UpdateApp(id[1..], change) is not null, "the end of the deployment before", more: stack.Describe);

    private static async Task<IReadOnlyList<string>> RunningAsync(Stack stack, string app, int count) =>
        await Eventually.GetAsync<IReadOnlyList<string>>(async () =>
        {
            var running = await stack.RunningAsync(app);
            return running.Count == count ? [.. running.Select(task => task.Host!)] : null;
        }, $"{count} instances of {app}", more: stack.Describe);
}
