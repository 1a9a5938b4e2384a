using System.Net;
using System.Text;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Metrics;
using LifecycleManager.Metrics.Discovery;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Manager.Tests;

/// <summary>Collector, decisions and scaling of one process, as they are put together.</summary>
public sealed class ManagerRoleTests
{
    private const string App = "/brownfield/search";

    private const string Policy = """
        policy: search
        app: /brownfield/search
        instances: { min: 1, max: 3 }
        metrics:
          load: { prometheus: load, across: sum }
        rules:
          - { rule: more, when: load > 20, then: { add: 1 } }
        """;

    [Fact]
    public Task A_sample_that_the_collector_scrapes_is_decided_long_before_the_next_tick() => RunAsync(
        options => options, async (marathon, _) => await Eventually.TrueAsync(() => marathon[App].Instances == 3));

    [Fact]
    public Task A_manager_that_only_watches_tells_what_its_policies_and_schedules_would_do_and_changes_nothing() => RunAsync(
        options => options with { DryRun = true }, async (marathon, manager) =>
        {
            marathon[App].Owner = "policy:search";
            await Eventually.TrueAsync(async () => (await TextAsync(manager, "/v1/decisions?outcome=dryRun"))
                .Contains("load 24", StringComparison.Ordinal));

            using var schedule = new StringContent(
                "name: night\napp: /brownfield/search\ncron: '0 0 3 * * ?'\ninstances: 1\n", Encoding.UTF8, "application/yaml");
            using var added = await manager.Client.PostAsync("/v1/schedules", schedule);
            Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync());
            using var run = await manager.PostAsync("/v1/schedules/night/run", "{}");
            Assert.True(run.IsSuccessStatusCode, await run.Content.ReadAsStringAsync());
            await Eventually.TrueAsync(async () => (await TextAsync(manager, "/v1/schedules/night/history"))
                .Contains("\"dryRun\":true", StringComparison.Ordinal));

            using var ordered = await manager.PostAsync($"/v1/apps{App}/override", """{"instances": 3, "until": "1h"}""");
            Assert.Equal(HttpStatusCode.Conflict, ordered.StatusCode);
            Assert.Contains("only watches (--dry-run)", await TextAsync(manager, "/health"), StringComparison.Ordinal);
            Assert.Empty(marathon.Puts);
            Assert.Equal(2, marathon[App].Instances);
        });

    private static Task<string> TextAsync(ManagerUnderTest manager, string path) => manager.Client.GetStringAsync(path);

    private static async Task RunAsync(
        Func<ManagerOptions, ManagerOptions> change, Func<FakeMarathon, ManagerUnderTest, Task> look)
    {
        var rules = Directory.CreateTempSubdirectory("lcm-rules-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(rules.FullName, "search.yml"), Policy);
            await using var marathon = await FakeMarathon.StartAsync();
            marathon.Add(App, 2);
            marathon.Fault = async http =>
            {
                if (http.Request.Path != "/metrics") return false;
                http.Response.ContentType = "text/plain; version=0.0.4";
                await http.Response.WriteAsync("load 24\n");
                return true;
            };
            await using var backend = await ManagerUnderTest.BackendAsync();
            var collector = new CollectorOptions
            {
                Scheduler = null,
                Interval = TimeSpan.FromMilliseconds(300),
                StaticTargets = [new TargetGroup([marathon.Address.Authority], new Dictionary<string, string> { ["app"] = App })],
            };
            await using var manager = await ManagerUnderTest.StartAsync(
                marathon.Address, backend, null, rules.FullName,
                options => change(options with { Tick = TimeSpan.FromHours(1), Collector = collector }));
            await look(marathon, manager);
        }
        finally
        {
            rules.Delete(recursive: true);
        }
    }
}
