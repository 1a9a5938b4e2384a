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

    [Fact]
    public async Task Of_a_blue_green_deployment_what_is_missing_is_said_and_it_is_verified_switched_and_given_up()
    {
        const string State = """
            {"app": "/shop/search", "deploymentId": "d-1", "state": "STATE", "missing": [MISSING],
             "blue": {"inService": true, "instances": 3, "running": 3, "healthy": 3},
             "green": {"inService": false, "instances": 3, "running": 3, "healthy": 2}}
            """;
        var starting = State.Replace("STATE", "starting", StringComparison.Ordinal)
            .Replace("MISSING", "\"2 of 3 instances are healthy\"", StringComparison.Ordinal);
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        console.Answers["/v2/apps/shop/search/blue-green"] = starting;
        await using var open = await browser.OpenAsync(console, "/ui/apps/shop/search");
        var panel = open.Page.GetByRole(AriaRole.Region, new() { Name = "Blue-green deployment" });
        await Assertions.Expect(panel).ToContainTextAsync("2 of 3 instances are healthy");
        await Assertions.Expect(panel.GetByRole(AriaRole.Button, new() { Name = "Switch" })).ToBeDisabledAsync();
        console.ChangeAnswer = (System.Net.HttpStatusCode.Conflict, starting);
        await panel.GetByRole(AriaRole.Button, new() { Name = "Verify" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("It may not take over yet:")).ToBeVisibleAsync();
        await open.IsForEverybodyAsync();
        await open.PictureAsync("blue-green");

        console.ChangeAnswer = (System.Net.HttpStatusCode.OK, "{}");
        console.Answers["/v2/apps/shop/search/blue-green"] =
            State.Replace("STATE", "ready", StringComparison.Ordinal).Replace("MISSING", "", StringComparison.Ordinal);
        console.Tell();
        await Assertions.Expect(panel.GetByRole(AriaRole.Button, new() { Name = "Switch" })).ToBeEnabledAsync();
        foreach (var button in (string[])["Switch", "Abort"])
        {
            await panel.GetByRole(AriaRole.Button, new() { Name = button }).ClickAsync();
            await open.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = button }).ClickAsync();
            await Eventually.TrueAsync(() => console.Changes.Any(change =>
                change.Path.EndsWith(button.ToLowerInvariant(), StringComparison.Ordinal)));
        }

        Assert.Equal(
            ["/v2/apps/shop/search/blue-green/verify", "/v2/apps/shop/search/blue-green/switch",
                "/v2/apps/shop/search/blue-green/abort"],
            console.Changes.Select(change => change.Path));
        Assert.Empty(open.Errors);
    }
}
