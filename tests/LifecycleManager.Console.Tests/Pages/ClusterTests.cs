using System.Net;
using System.Text.RegularExpressions;
using LifecycleManager.Testing;
using Microsoft.Playwright;

namespace LifecycleManager.Console.Tests.Pages;

/// <summary>The cluster's processes and sizes, and what is made better of them.</summary>
public sealed class ClusterTests(Chromium browser)
{
    [Fact]
    public async Task A_role_that_is_not_well_says_why_here_and_on_the_overview_and_topology_is_by_any_attribute()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        console.Answers["/health"] = """
            {"status": "DOWN", "state": "leading", "reasons": ["the disk is full"],
             "warnings": ["a secret of the principal 'x' ends"]}
            """;
        console.Answers["/v1/policies"] = Examples.Policies.Replace(
            "\"apps\": [\"/shop/search\"]", "\"apps\": []", StringComparison.Ordinal);
        console.Answers["/v1/decisions"] = Examples.Decisions.Replace("\"applied\"", "\"postponed\"", StringComparison.Ordinal);
        await using var open = await browser.OpenAsync(console, "/ui/cluster");
        var processes = open.Page.GetByRole(AriaRole.Region, new() { Name = "Processes" });
        await Assertions.Expect(processes).ToContainTextAsync("the disk is full");
        await Assertions.Expect(processes).ToContainTextAsync("master");
        await Assertions.Expect(processes).ToContainTextAsync("manager");
        await open.Page.GetByLabel("Agents by").SelectOptionAsync("rack");
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Region, new() { Name = "Topology" })).ToContainTextAsync("not said");
        await open.PictureAsync("cluster-unwell");

        await open.Page.GotoAsync(new Uri(console.Url, "/ui").ToString());
        var needs = open.Page.Locator("ul.needs");
        foreach (var text in (string[])
            ["the disk is full", "a secret of the principal 'x' ends", "Policy of nothing", "2 → 3 is postponed"])
            await Assertions.Expect(needs).ToContainTextAsync(text);
        Assert.Empty(open.Errors);
    }

    [Fact]
    public async Task What_is_advised_is_applied_and_moves_are_made_but_those_that_are_left_out()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        await using var open = await browser.OpenAsync(console, "/ui/sizes");
        var dialog = open.Page.GetByRole(AriaRole.Dialog);
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Apply to /shop/search" }).ClickAsync();
        await Assertions.Expect(dialog).ToContainTextAsync("Each instance asks for 0.2 cpus in place of 0.5.");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Apply" }).ClickAsync();
        await Eventually.TrueAsync(() => console.Changes.Count == 1);
        Assert.Equal(("PUT", "/v2/apps/shop/search", """{"cpus":0.2,"mem":128}"""), console.Changes.Last());

        await open.Page.GotoAsync(new Uri(console.Url, "/ui/rebalance").ToString());
        await open.LiveAsync();
        await open.Page.GetByLabel("Move t-2").UncheckAsync();
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Make 1 move" }).ClickAsync();
        await Assertions.Expect(dialog).ToContainTextAsync("/shop/search: 1 instance is replaced by others elsewhere");
        console.ChangeAnswer = (HttpStatusCode.Forbidden, "Forbidden: principal 'x' lacks the permission 'operate'");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Move" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("lacks the permission 'operate'")).ToBeVisibleAsync();
        Assert.Equal(("POST", "/v2/rebalance", """{"ids":["t-1"]}"""), console.Changes.Last());

        console.Answers["/v2/rebalance"] = """{"moves": []}""";
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Plan anew" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("there is nothing to rebalance")).ToBeVisibleAsync();
        console.AreAway = true;
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Plan anew" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("the state store refuses writes")).ToBeVisibleAsync();
        Assert.Empty(open.Errors);
    }

    [Fact]
    public async Task Decisions_are_a_timeline_of_an_outcome_a_time_and_one_of_them()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        await using var open = await browser.OpenAsync(console, "/ui/decisions");
        var count = open.Page.GetByRole(AriaRole.Status).First;
        await Assertions.Expect(count).ToHaveTextAsync("2 of 2");
        await open.Page.GetByLabel("Dry run").SelectOptionAsync("only");
        await Assertions.Expect(count).ToHaveTextAsync("0 of 2");
        await open.Page.GetByLabel("Dry run").SelectOptionAsync("");
        await open.Page.GetByLabel("Outcome").SelectOptionAsync("applied");
        await open.Page.GetByLabel("From").FillAsync("2026-11-24");
        await Assertions.Expect(open.Page).ToHaveURLAsync(new Regex("outcome=applied.*from=2026-11-24"));
        await Eventually.TrueAsync(() => console.Queries.Contains("?limit=200&outcome=applied&since=2026-11-24T00:00:00Z"));

        await open.Page.GotoAsync(new Uri(console.Url, "/ui/decisions?id=1").ToString());
        await open.LiveAsync();
        await Assertions.Expect(count).ToHaveTextAsync("1 of 2");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "All, not only 1" }).ClickAsync();
        await Assertions.Expect(count).ToHaveTextAsync("2 of 2");
        Assert.Empty(open.Errors);
    }
}
