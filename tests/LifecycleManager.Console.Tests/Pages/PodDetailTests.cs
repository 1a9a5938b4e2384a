using System.Net;
using LifecycleManager.Testing;
using Microsoft.Playwright;

namespace LifecycleManager.Console.Tests.Pages;

public sealed class PodDetailTests(Chromium browser)
{
    [Fact]
    public async Task A_pods_containers_lead_to_what_they_write_and_an_instance_is_ended_once_it_was_asked()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        var agent = AgentUnderTest.In(console);
        agent.Write("shop_pair.instance-0123456789ab.web", "stdout", "from the pod\n");
        await using var open = await browser.OpenAsync(console, "/ui/pods/shop/pair");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Kill shop_pair" }).ClickAsync();
        await open.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Kill" }).ClickAsync();
        await Eventually.TrueAsync(() => !console.Changes.IsEmpty);
        Assert.Equal(("DELETE", "/v2/pods/shop/pair::instances/shop_pair.instance-0123456789ab", ""),
            Assert.Single(console.Changes));

        await open.FollowAsync("Logs of web", "Logs of /shop/pair");
        var log = open.Page.GetByRole(AriaRole.Region, new() { Name = "Log of" });
        await Assertions.Expect(log).ToContainTextAsync("from the pod");
        await open.FollowAsync("Files", "Files of /shop/pair");
        await open.Page.GetByRole(AriaRole.Combobox, new() { Name = "Instance" })
            .SelectOptionAsync("shop_pair.instance-0123456789ab.web");
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Link, new() { Name = "stdout", Exact = true })).ToBeVisibleAsync();
        Assert.Empty(open.Errors);

        using var client = new HttpClient { BaseAddress = console.Url };
        using var none = await client.GetAsync("/ui/pods/none", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
    }
}
