using System.Net;
using System.Text.RegularExpressions;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Testing;
using Microsoft.Playwright;

namespace LifecycleManager.Console.Tests.Pages;

/// <summary>Several applications at once.</summary>
public sealed class BulkTests(Chromium browser)
{
    [Fact]
    public async Task Of_several_apps_one_is_locked_and_it_is_told_for_each_how_it_went()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        console.Show(Examples.Search, Examples.Idle,
            Examples.Search with { Id = "/shop/held", Deployments = [new DeploymentRef("d-1")] });
        console.ChangeAnswers["/v2/apps/shop/held"] = (HttpStatusCode.Conflict,
            """{"message": "App is locked by one or more deployments.", "deployments": [{"id": "d-1"}]}""");
        await using var open = await browser.OpenAsync(console, "/ui/apps");
        var dialog = open.Page.GetByRole(AriaRole.Dialog);

        await open.Page.GetByLabel("Select all that are shown").CheckAsync();
        await Assertions.Expect(open.Page.GetByText("3 selected")).ToBeVisibleAsync();
        await open.Page.GetByLabel("Select /shop/idle").UncheckAsync();
        await open.Page.GetByLabel("Scale each to").FillAsync("5");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Scale", Exact = true }).ClickAsync();
        await Assertions.Expect(dialog).ToContainTextAsync("/shop/search: 3 → 5");
        await Assertions.Expect(dialog).ToContainTextAsync("Force: deployments of 1 of them are under way");
        await open.IsForEverybodyAsync();
        await open.PictureAsync("dialog-bulk");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Scale" }).ClickAsync();

        var went = open.Page.GetByRole(AriaRole.Region, new() { Name = "How it went" });
        await Assertions.Expect(went).ToContainTextAsync("1 of 2 done");
        await Assertions.Expect(went).ToContainTextAsync("App is locked by one or more deployments.");
        await open.PictureAsync("bulk");
        Assert.Equal(
            [("PUT", "/v2/apps/shop/held", """{"instances":5}"""), ("PUT", "/v2/apps/shop/search", """{"instances":5}""")],
            console.Changes.Order());

        // By force, all of them, and nothing of whom was not selected.
        console.ChangeAnswers.Clear();
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Restart" }).ClickAsync();
        await dialog.GetByLabel("Force").CheckAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Restart" }).ClickAsync();
        await Assertions.Expect(went).ToContainTextAsync("2 of 2 done");
        Assert.Equal(["/v2/apps/shop/held/restart?force=true", "/v2/apps/shop/search/restart?force=true"],
            console.Changes.Skip(2).Select(change => change.Path).Order());
        Assert.Empty(open.Errors);
    }

    [Fact]
    public async Task A_group_is_selected_in_the_tree_and_health_is_a_filter_of_the_address()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        await using var open = await browser.OpenAsync(console, "/ui/apps?view=tree");
        var dialog = open.Page.GetByRole(AriaRole.Dialog);
        await open.Page.GetByLabel("Select all in /shop").CheckAsync();
        await Assertions.Expect(open.Page.GetByText("2 selected")).ToBeVisibleAsync();
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Destroy" }).ClickAsync();
        await Assertions.Expect(dialog).ToContainTextAsync("This cannot be undone.");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Destroy" }).ClickAsync();
        await Eventually.TrueAsync(() => console.Changes.Count == 2);
        Assert.Equal([("DELETE", "/v2/apps/shop/idle"), ("DELETE", "/v2/apps/shop/search")],
            console.Changes.Select(change => (change.Method, change.Path)).Order());

        await open.Page.GetByRole(AriaRole.Combobox, new() { Name = "Health", Exact = true }).SelectOptionAsync("unhealthy");
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Status).First).ToHaveTextAsync("1 of 2");
        await Assertions.Expect(open.Page).ToHaveURLAsync(new Regex("health=unhealthy"));
        Assert.Empty(open.Errors);
    }
}
