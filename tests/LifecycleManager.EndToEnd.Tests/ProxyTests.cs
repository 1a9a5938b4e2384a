using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LifecycleManager.EndToEnd.Tests.Harness;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary><c>lcm proxy</c> before a real nginx and a real HAProxy.</summary>
public sealed class ProxyTests
{
    private const string App = "/shop/search";

    /// <summary>
    /// The instances take some seconds to boot and end with their SIGTERM: what keeps requests from them is that the proxy knows
    /// when they have come up and when they are drained.
    /// </summary>
    [Fact]
    public async Task No_request_fails_while_an_app_scales_out_is_upgraded_leaves_an_agent_and_scales_in()
    {
        await using var stack = await Stack.UpAsync(["--agents", "2"]);
        var port = Server.FreePort();
        var app = JsonNode.Parse(SampleApps.SearchProcess(App, 2, "--drain 0s"))!;
        app["cmd"] = "sleep 2; " + app["cmd"];
        app["portDefinitions"] = new JsonArray(new JsonObject { ["port"] = port });
        app["labels"] = new JsonObject { ["lcm.drain"] = "10s", ["lcm.proxy.0.mode"] = "http" };
        app["healthChecks"]![0]!["delaySeconds"] = 1;
        app["constraints"] = new JsonArray(new JsonArray("hostname", "GROUP_BY"));
        using var posted = await stack.PostAsync(app.ToJsonString());
        Assert.True(posted.IsSuccessStatusCode, await posted.Content.ReadAsStringAsync());
        await ServersAsync(stack, 2);

        Task<RunningProxy> StartAsync(string kind, string listen) => RunningProxy.StartAsync(
            kind, stack.Scheduler.BaseAddress!, listen, new Uri($"http://{listen}:{port}/admin/health"));
        await using var nginx = await StartAsync("nginx", "127.0.0.1");
        await using var haproxy = await StartAsync("haproxy", "127.0.0.21");
        nginx.Load();
        haproxy.Load();

        await stack.Api.UpdateApp(App[1..], new App { Instances = 3 });
        await ServersAsync(stack, 3);
        await stack.Api.UpdateApp(App[1..], new App { Env = Env("""{"VERSION": "2"}""") });
        var replaced = await ServersAsync(stack, 3);

        // Of the two agents the one with fewer of them, so that something serves all the while.
        var leaving = replaced.GroupBy(task => task.SlaveId).OrderBy(agent => agent.Count()).First().Key;
        var drain = new JsonObject
        {
            ["type"] = "DRAIN_AGENT",
            ["drain_agent"] = new JsonObject { ["agent_id"] = new JsonObject { ["value"] = leaving } },
        };
        using var drained = await stack.Master.PostAsync("/api/v1",
            new StringContent(drain.ToJsonString(), Encoding.UTF8, "application/json"));
        Assert.True(drained.IsSuccessStatusCode, await drained.Content.ReadAsStringAsync());
        await Eventually.TrueAsync(async () => (await stack.RunningAsync(App)).All(task => task.SlaveId != leaving),
            "an empty agent", more: stack.Describe);
        await ServersAsync(stack, 3);
        await stack.Api.UpdateApp(App[1..], new App { Instances = 1 });
        await ServersAsync(stack, 1);

        await nginx.AssertNoneFailedAsync();
        await haproxy.AssertNoneFailedAsync();
    }

    /// <summary>Waits until the app has so many instances, all healthy and none on its way out, and no deployment.</summary>
    private static async Task<IReadOnlyList<AppTask>> ServersAsync(Stack stack, int count)
    {
        await stack.DeployedAsync();
        return await stack.InstancesAsync(App, count);
    }

    private static Dictionary<string, JsonElement> Env(string json) =>
        JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(json)!;

    [Fact]
    public async Task What_stands_in_the_way_is_one_line()
    {
        var directory = Directory.CreateTempSubdirectory("lcm-e2e-proxy-").FullName;
        try
        {
            foreach (var (arguments, error) in new (string[], string)[]
            {
                (["proxy"], "--output FILE is needed"),
                (["proxy", "--output", "nowhere/x.conf"], "there is no directory"),
                (["proxy", "--once", "--output", "x.conf", "--scheduler", $"http://127.0.0.1:{Server.FreePort()}"],
                    "no scheduler answers"),
                (["proxy", "--kind", "apache", "--output", "x.conf"], "nginx, haproxy are known"),
            })
            {
                await using var lcm = LcmProcess.Start(directory, arguments);
                Assert.Equal(1, await lcm.ExitAsync(TimeSpan.FromMinutes(2)));
                Assert.Contains(error, lcm.Output, StringComparison.Ordinal);
                Assert.DoesNotContain("   at ", lcm.Output, StringComparison.Ordinal);
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
