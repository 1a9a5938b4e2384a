using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Metrics;
using LifecycleManager.Metrics.Discovery;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Manager.Tests;

/// <summary>Collector, decisions and scaling of one process, as they are put together.</summary>
public sealed class ManagerRoleTests
{
    private const string App = "/brownfield/search";

    [Fact]
    public async Task A_sample_that_the_collector_scrapes_is_decided_long_before_the_next_tick()
    {
        var rules = Directory.CreateTempSubdirectory("lcm-rules-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(rules.FullName, "search.yml"), """
                policy: search
                app: /brownfield/search
                instances: { min: 1, max: 3 }
                metrics:
                  load: { prometheus: load, across: sum }
                rules:
                  - { rule: more, when: load > 20, then: { add: 1 } }
                """);
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
                options => options with { Tick = TimeSpan.FromHours(1), Collector = collector });

            await Eventually.TrueAsync(() => marathon[App].Instances == 3);
        }
        finally
        {
            rules.Delete(recursive: true);
        }
    }
}
