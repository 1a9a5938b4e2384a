using System.Text.RegularExpressions;
using LifecycleManager.Protocol.Marathon;
using Microsoft.Playwright;

namespace LifecycleManager.Console.Tests.Pages;

/// <summary>The applications: many of them, found, and followed.</summary>
public sealed class AppsTests(Chromium browser)
{
    [Fact]
    public async Task A_thousand_applications_are_searched_filtered_and_folded_and_a_few_of_them_are_in_the_page()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        console.Show([.. Enumerable.Range(0, 1000).Select(i => (i % 2 == 0 ? Examples.Search : Examples.Idle) with
        {
            Id = $"/group-{i % 10}/app-{i:0000}",
            Tasks = null,
            Labels = new Dictionary<string, string> { ["tier"] = i == 7 ? "gold" : "tin" },
        })]);
        await using var open = await browser.OpenAsync(console, "/ui/apps");
        var found = open.Page.GetByRole(AriaRole.Status).First;

        await Assertions.Expect(found).ToHaveTextAsync("1000 of 1000");
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Link, new() { Name = "/group-0/app-0000" })).ToBeVisibleAsync();
        Assert.InRange(await open.Page.Locator("tr.row").CountAsync(), 5, 100);

        await open.Page.GetByLabel("Name").FillAsync("app-099");
        await Assertions.Expect(found).ToHaveTextAsync("10 of 1000");
        await open.Page.GetByLabel("State").SelectOptionAsync("Suspended");
        await Assertions.Expect(found).ToHaveTextAsync("5 of 1000");
        await open.Page.GetByLabel("Name").FillAsync("");
        await open.Page.GetByLabel("Label").FillAsync("tier=gold");
        await Assertions.Expect(found).ToHaveTextAsync("1 of 1000");
        await Assertions.Expect(open.Page).ToHaveURLAsync(new Regex("state=Suspended.*label=tier%3Dgold"));

        // The address is one that somebody else can open.
        await open.Page.ReloadAsync();
        await open.LiveAsync();
        await Assertions.Expect(found).ToHaveTextAsync("1 of 1000");
        await open.Page.GetByLabel("As a tree").CheckAsync();
        var group = open.Page.GetByRole(AriaRole.Button, new() { Name = "group-7/" });
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Link, new() { Name = "app-0007" })).ToBeVisibleAsync();
        await group.ClickAsync();
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Link, new() { Name = "app-0007" })).ToHaveCountAsync(0);
        Assert.Empty(open.Errors);
    }

    [Fact]
    public async Task A_page_follows_the_cluster_says_who_owns_a_count_and_comes_back_when_a_role_does()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        await using var open = await browser.OpenAsync(console, "/ui/apps");
        await Assertions.Expect(open.Page.GetByText("policy search, 1 to 9")).ToBeVisibleAsync();
        await Assertions.Expect(open.Page.GetByText("Waiting for resources").Last).ToBeVisibleAsync();
        await Assertions.Expect(open.Page.GetByText("1 of 3: 0.2 of 0.5 cpus are free")).ToBeVisibleAsync();

        console.Show(Examples.Search with { Instances = 4, TasksRunning = 3 });
        await Assertions.Expect(open.Page.GetByText("3 / 4")).ToBeVisibleAsync();

        console.AreAway = true;
        console.Tell();
        var scheduler = open.Page.GetByRole(AriaRole.Alert).Filter(new() { HasText = "The scheduler cannot be read since" });
        await Assertions.Expect(scheduler).ToContainTextAsync("the state store refuses writes");
        await Assertions.Expect(open.Page.GetByText("3 / 4")).ToBeVisibleAsync();
        await open.PictureAsync("away");
        await open.IsForEverybodyAsync();

        console.AreAway = false;
        await Assertions.Expect(scheduler).ToHaveCountAsync(0);
        Assert.Empty(open.Errors);
    }
}
