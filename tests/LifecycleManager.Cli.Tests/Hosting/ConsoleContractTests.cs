using System.Net;
using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Cli.Hosting;
using LifecycleManager.Console.Clients;
using LifecycleManager.Manager;
using LifecycleManager.Metrics;
using LifecycleManager.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Cli.Tests.Hosting;

/// <summary>The console reads what a real manager answers, not what a double of it does.</summary>
public sealed class ConsoleContractTests : IDisposable
{
    private readonly string _rules = Directory.CreateTempSubdirectory("lcm-rules-").FullName;

    public void Dispose() => Directory.Delete(_rules, recursive: true);

    [Fact]
    public async Task The_console_reads_policies_problems_targets_and_decisions_of_the_manager()
    {
        await File.WriteAllTextAsync(Path.Combine(_rules, "shop.yml"),
            "policy: shop\napp: /shop\ninstances: { min: 2, max: 7 }\nmetrics: { load: { prometheus: load, across: sum } }\nrules:\n  - { rule: busy, when: load > 5, then: { add: 1 } }\n");
        await File.WriteAllTextAsync(Path.Combine(_rules, "bad.yml"), "policy: bad\napp: /bad\ninstances: { min: 9, max: 7 }\n");
        var listen = new IPEndPoint(IPAddress.Loopback, Server.FreePort());
        var nobody = new Uri("http://127.0.0.1:9");
        var options = new ManagerOptions
        {
            Scheduler = nobody,
            Address = new Uri($"http://{listen}"),
            RulesDirectory = _rules,
            Collector = new CollectorOptions { Scheduler = nobody, StaticTargets = MetricsValues.Targets("/shop=127.0.0.1:9") },
        };
        await using var manager = await RoleHost.StartAsync(
            ManagerCommand.Role(listen, "--port", options) with { State = "memory:" }, NullLoggerFactory.Instance,
            TimeProvider.System, default);
        using var http = new HttpClient { BaseAddress = new Uri($"http://{listen}") };
        var client = new ManagerClient(http);

        var page = await client.PoliciesAsync(default);
        var (policies, problems) = (page.Policies, page.Problems);
        Assert.Equal(("shop", "/shop", 2, 7), (policies.Single().Name, policies.Single().App, policies.Single().Min,
            policies.Single().Max));
        Assert.EndsWith("shop.yml", policies.Single().File, StringComparison.Ordinal);
        Assert.Contains(problems, problem => problem.Contains("bad.yml:3:12: error: ", StringComparison.Ordinal));
        Assert.All(await client.TargetsAsync(default), target => Assert.Equal("/shop", target.App));
        Assert.Empty(await client.DecisionsAsync(null, 10, default));
        Assert.Equal(("inForce", false), (policies.Single().State, policies.Single().DryRun));
        Assert.Empty(await client.GovernedAsync(default));
        Assert.Null(await client.ExplainAsync("/gone", default));

        // What is asked for has the fields that the manager takes, and what it refuses is told.
        await Eventually.TrueAsync(async () => await client.ChangeAsync(
            HttpMethod.Post, "v1/pause", new { app = "/shop", what = "all", reason = "a test" }, default) is null, "it leads");
        Assert.Null(await client.ChangeAsync(HttpMethod.Post, "v1/resume", new { app = "/shop", what = "all" }, default));
        Assert.Contains("no policy governs '/shop'", await client.ChangeAsync(
            HttpMethod.Post, "v1/apps/shop/override", new { instances = 1, until = "1h", reason = (string?)null }, default),
            StringComparison.Ordinal);
    }
}
