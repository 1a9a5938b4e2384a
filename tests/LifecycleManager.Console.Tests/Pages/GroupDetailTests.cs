using System.Net;
using LifecycleManager.Security;
using LifecycleManager.Testing;
using Microsoft.Playwright;

namespace LifecycleManager.Console.Tests.Pages;

/// <summary>A group's own page.</summary>
public sealed class GroupDetailTests(Chromium browser)
{
    [Fact]
    public async Task A_group_is_scaled_restarted_and_destroyed_as_its_page_says_before()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        console.Answers["/v2/deployments"] = "[]";
        var other = Examples.Search with { Id = "/mail/out" };
        console.Show(Examples.Search with { CountOwner = "policy search" }, Examples.Idle, other);
        await using var open = await browser.OpenAsync(console, "/ui/groups/shop");
        var dialog = open.Page.GetByRole(AriaRole.Dialog);

        await open.Page.GetByLabel("Scale all by").FillAsync("1.5");

        // What comes meanwhile takes nothing that was typed.
        console.Show(Examples.Search with { Instances = 5, CountOwner = "policy search" }, Examples.Idle, other);
        await Assertions.Expect(open.Page.GetByText("2 / 5").First).ToBeVisibleAsync();
        await Assertions.Expect(open.Page.GetByLabel("Scale all by")).ToHaveValueAsync("1.5");
        await Button(open, "Scale").ClickAsync();
        await Assertions.Expect(dialog).ToContainTextAsync("/shop/search: 5 → 8");
        await Assertions.Expect(dialog).ToContainTextAsync("/shop/pair: 2 → 3");
        await Assertions.Expect(dialog).ToContainTextAsync("1 stay as they are.");
        await Assertions.Expect(dialog).ToContainTextAsync("owned by policies");
        await open.IsForEverybodyAsync();
        await open.PictureAsync("dialog-group");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Scale" }).ClickAsync();
        await Eventually.TrueAsync(() => console.Changes.Count == 1);
        Assert.Equal(("PUT", "/v2/groups/shop", """{"scaleBy":1.5}"""), console.Changes.Last());

        // No group is restarted by the scheduler: its apps are, and of those alone.
        console.ChangeAnswers["/v2/apps/shop/idle/restart"] = (HttpStatusCode.Conflict, """{"message": "App is locked."}""");
        await Button(open, "Restart").ClickAsync();
        await Assertions.Expect(dialog).ToContainTextAsync("The 1 pods in it stay as they are.");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Restart" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("1 of 2 are restarted. /shop/idle: App is locked.")).ToBeVisibleAsync();
        Assert.Equal(["/v2/apps/shop/idle/restart", "/v2/apps/shop/search/restart"],
            console.Changes.Skip(1).Select(change => change.Path).Order());

        // By force where something is under way.
        console.Answers["/v2/deployments"] = Examples.Deployments;
        console.Tell();
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Region, new() { Name = "Deployment of /shop/search" }))
            .ToBeVisibleAsync();
        await Button(open, "Destroy").ClickAsync();
        await Assertions.Expect(dialog).ToContainTextAsync("This cannot be undone.");
        await dialog.GetByLabel("Force: deployments of what is in it").CheckAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Destroy" }).ClickAsync();
        await Eventually.TrueAsync(() => console.Changes.Last() == ("DELETE", "/v2/groups/shop?force=true", ""));
        Assert.Empty(open.Errors);
    }

    [Fact]
    public async Task A_group_is_found_from_the_tree_an_app_and_the_search_and_its_definition_from_it()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        await using var open = await browser.OpenAsync(console, "/ui/apps?view=tree");
        await open.FollowAsync("open the group /shop", "Group /shop", exact: true);
        await open.FollowAsync("search", "/shop/search", exact: true);
        await open.FollowAsync("Group /shop", "Group /shop", exact: true);
        await open.FollowAsync("/shop/pair", "/shop/pair", exact: true);
        await open.Page.Keyboard.PressAsync("Control+k");
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Combobox, new() { Name = "Jump to" })).ToBeFocusedAsync();
        await open.Page.Keyboard.TypeAsync("group /shop");
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Option, new() { Name = "Group /shop" }))
            .ToHaveAttributeAsync("aria-selected", "true");
        await open.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(open.Page.Locator("h1")).ToHaveTextAsync("Group /shop");
        await open.FollowAsync("All groups", "Group /", exact: true);
        await Assertions.Expect(Button(open, "Destroy")).ToHaveCountAsync(0);
        await open.FollowAsync("shop/", "Group /shop", exact: true);
        await open.FollowAsync("Edit the group in JSON", "Edit /shop");
        await open.EditorReadyAsync();
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Leave without a change" }).ClickAsync();
        await Assertions.Expect(open.Page.Locator("h1")).ToHaveTextAsync("Group /shop");
        Assert.Empty(open.Errors);
    }

    [Fact]
    public async Task A_group_that_is_not_there_is_404_and_what_one_may_not_do_with_one_is_left_out()
    {
        await using var console = await ConsoleUnderTest.StartAsync(principals: Principals.Parse("""
            {"credentials": [
              {"principal": "viewer", "secret": "v", "permissions": ["view"]},
              {"principal": "scaler", "secret": "s", "permissions": ["view"], "groups": {"/shop/**": ["scale"]}},
              {"principal": "owner", "secret": "o", "permissions": ["view"], "groups": {"/shop/**": ["deploy"]}}]}
            """));
        console.ShowAll();
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync("viewer:v", "/ui/groups/gone")).Status);
        Assert.Contains(
            "There is no group /gone", (await AskAsync("viewer:v", "/ui/groups/gone")).Text, StringComparison.Ordinal);
        foreach (var (who, path, seen, unseen) in ((string, string, string[], string[])[])
        [
            ("viewer:v", "/ui/groups/shop", [], ["Scale all by", ">Restart<", ">Destroy<", "Edit the group"]),
            ("scaler:s", "/ui/groups/shop", ["Scale all by"], ["Restart", "Destroy", "Edit the group"]),
            ("owner:o", "/ui/groups/shop", ["Scale all by", "Restart", "Destroy", "Edit the group"], []),
            ("owner:o", "/ui/groups", [], ["Scale all by", "Destroy"]),
        ])
        {
            var (status, text) = await AskAsync(who, path);
            Assert.Equal(HttpStatusCode.OK, status);
            foreach (var part in seen) Assert.Contains(part, text, StringComparison.Ordinal);
            foreach (var part in unseen) Assert.DoesNotContain(part, text, StringComparison.Ordinal);
        }

        async Task<(HttpStatusCode Status, string Text)> AskAsync(string who, string path)
        {
            using var client = new HttpClient { BaseAddress = console.Url };
            client.DefaultRequestHeaders.Authorization = new Credential(who.Split(':')[0], who.Split(':')[1]).Header;
            using var answer = await client.GetAsync(path, TestContext.Current.CancellationToken);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
    }

    private static ILocator Button(OpenPage open, string name) =>
        open.Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });
}
