using System.Text.Json.Nodes;
using LifecycleManager.EndToEnd.Tests.Harness;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary>Rules over several apps at work on real processes.</summary>
public sealed class CoordinationTests
{
    private const string Rules = """
        policy: website
        app: /shop/website
        instances: { min: 1, max: 2 }
        metrics: { tpm: { actuator: gauge.servo.tpm, across: sum } }
        rules:
          - { rule: too many transactions, when: tpm > 20 * instances, then: { add: 1 } }
        ---
        policy: behind
        app: [ /shop/gateway, /shop/search ]
        instances: { min: 1, max: 3 }
        rules: []
        ---
        coordination: shop
        apps: { website: /shop/website, gateway: /shop/gateway, search: /shop/search }
        rules:
          - rule: search follows the gateway
            when: gateway.wanted > search.wanted
            then: { search: { atLeast: gateway.wanted } }
          - rule: the gateway follows the website
            when: website.wanted > gateway.wanted
            then: { gateway: { atLeast: website.wanted } }
        """;

    [Fact]
    public async Task Load_on_the_website_alone_scales_gateway_and_search_with_it_and_the_reasons_say_so()
    {
        await using var stack = await Stack.UpAsync(rules: new Dictionary<string, string> { ["shop.yml"] = Rules });
        foreach (var app in new[] { "/shop/website", "/shop/gateway", "/shop/search" })
        {
            using var posted = await stack.PostAsync(SampleApps.SearchProcess(app));
            Assert.True(posted.IsSuccessStatusCode);
        }

        foreach (var app in new[] { "/shop/website", "/shop/gateway", "/shop/search" }) await stack.InstancesAsync(app, 1);
        await using var load = new Load(stack, "/shop/website", perSecond: 10, TimeSpan.FromMinutes(3));
        foreach (var app in new[] { "/shop/website", "/shop/gateway", "/shop/search" }) await stack.InstancesAsync(app, 2);

        var decision = (await stack.DecisionsAsync("/shop/search"))["decisions"]!.AsArray()
            .First(decision => (string?)decision!["kind"] == "scaleOut")!;
        Assert.Contains("shop, search follows the gateway: gateway.wanted 2 > search.wanted 1, at least 2",
            (string)decision["reason"]!, StringComparison.Ordinal);
        Assert.Equal(
            ["/shop/website wants 2", "/shop/gateway at least 2", "/shop/search at least 2"],
            decision["chain"]!.AsArray().Select(link => $"{link!["app"]} {link["effect"]}"));
        Assert.Contains("too many transactions", decision["chain"]!.ToJsonString(), StringComparison.Ordinal);
    }
}
