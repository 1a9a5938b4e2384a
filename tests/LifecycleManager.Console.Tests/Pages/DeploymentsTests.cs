using LifecycleManager.Testing;
using Microsoft.Playwright;

namespace LifecycleManager.Console.Tests.Pages;

public sealed class DeploymentsTests(Chromium browser)
{
    [Fact]
    public async Task A_button_stays_the_button_of_its_deployment_and_each_does_what_it_says()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        await using var open = await browser.OpenAsync(console, "/ui/deployments");
        var rests = open.Page.GetByRole(AriaRole.Region, new() { Name = "Deployment of /shop/search" });
        var goesOn = open.Page.GetByRole(AriaRole.Region, new() { Name = "Deployment of /shop/idle" });
        await Assertions.Expect(rests).ToContainTextAsync("canary 25%");
        await Assertions.Expect(rests).ToContainTextAsync("it waits to be promoted");
        await Assertions.Expect(goesOn.GetByRole(AriaRole.Button, new() { Name = "Promote" })).ToHaveCountAsync(0);

        await rests.GetByRole(AriaRole.Button, new() { Name = "Promote" }).ClickAsync();
        await Eventually.TrueAsync(() => console.Changes.Count == 1);
        await goesOn.GetByRole(AriaRole.Button, new() { Name = "Pause" }).ClickAsync();
        await Eventually.TrueAsync(() => console.Changes.Count == 2);
        await goesOn.GetByRole(AriaRole.Button, new() { Name = "Roll back" }).ClickAsync();
        await open.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Roll back" }).ClickAsync();
        await Eventually.TrueAsync(() => console.Changes.Count == 3);
        await rests.GetByRole(AriaRole.Button, new() { Name = "Stop without rollback" }).ClickAsync();
        await open.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Stop it" }).ClickAsync();
        await Eventually.TrueAsync(() => console.Changes.Count == 4);

        Assert.Equal(
            [("POST", "/v2/deployments/d-1/promote", ""), ("POST", "/v2/deployments/d-2/pause", ""),
             ("DELETE", "/v2/deployments/d-2", ""), ("DELETE", "/v2/deployments/d-1?force=true", "")], console.Changes);
        Assert.Empty(open.Errors);
    }
}
