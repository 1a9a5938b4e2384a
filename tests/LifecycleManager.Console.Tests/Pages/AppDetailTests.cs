using System.Net;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Testing;
using Microsoft.Playwright;

namespace LifecycleManager.Console.Tests.Pages;

/// <summary>The page of one app, and what its buttons send.</summary>
public sealed class AppDetailTests(Chromium browser)
{
    private static readonly App Search = Examples.Search with { TasksUnhealthy = 0, TasksRunning = 1, Instances = 1 };

    [Fact]
    public async Task What_is_typed_is_what_is_sent_however_often_the_page_follows_the_cluster_meanwhile()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        console.Show(Search);
        await using var open = await browser.OpenAsync(console, "/ui/apps/shop/search");
        var input = open.Page.GetByLabel("Scale to");
        var running = 1;
        async Task FollowsAsync()
        {
            running++;
            console.Show(Search with { Instances = 40, TasksRunning = running });
            await Assertions.Expect(open.Page.GetByText($"{running} / 40")).ToBeVisibleAsync();
        }

        await input.SelectTextAsync();
        await input.PressAsync("3");
        await FollowsAsync();
        await Assertions.Expect(input).ToBeFocusedAsync();
        await Assertions.Expect(input).ToHaveValueAsync("3");

        // The hand goes from the number to the button, by the keyboard, and nobody's hand is anywhere any more.
        await input.PressAsync("Tab");
        await FollowsAsync();
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Button, new() { Name = "Scale", Exact = true })).ToBeFocusedAsync();
        await open.Page.Keyboard.PressAsync("Enter");
        var dialog = open.Page.GetByRole(AriaRole.Dialog);
        await Assertions.Expect(dialog).ToContainTextAsync("37 instances are ended: 40 → 3.");
        await open.IsForEverybodyAsync();
        await open.PictureAsync("dialog-scale");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Scale" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("/shop/search is scaled to 3.")).ToBeVisibleAsync();
        Assert.Equal(("PUT", "/v2/apps/shop/search", """{"instances":3}"""), Assert.Single(console.Changes));
        await Assertions.Expect(input).ToHaveValueAsync("");
        await Assertions.Expect(input).ToHaveAttributeAsync("placeholder", "40");

        // What was typed can be taken back.
        await input.FillAsync("9");
        await Assertions.Expect(open.Page.GetByText("not sent yet")).ToBeVisibleAsync();
        await input.PressAsync("Escape");
        await Assertions.Expect(input).ToHaveValueAsync("");
        Assert.Single(console.Changes);
        Assert.Empty(open.Errors);
    }

    [Fact]
    public async Task What_the_scheduler_refuses_is_shown_with_all_its_details_and_what_was_typed_stays()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        console.Show(Search);
        console.ChangeAnswer = ((HttpStatusCode)422,
            """{"message": "Object is not valid", "details": [{"path": "/instances", "errors": ["must be at most 5"]}]}""");
        await using var open = await browser.OpenAsync(console, "/ui/apps/shop/search");

        await open.Page.GetByLabel("Scale to").FillAsync("50");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Scale", Exact = true }).ClickAsync();
        await open.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Scale" }).ClickAsync();

        await Assertions.Expect(open.Page.GetByText("Object is not valid\n/instances: must be at most 5")).ToBeVisibleAsync();
        await Assertions.Expect(open.Page.GetByLabel("Scale to")).ToHaveValueAsync("50");
    }

    [Fact]
    public async Task Of_two_people_who_edit_one_app_neither_loses_what_he_typed()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        console.Show(Search);
        await using var one = await browser.OpenAsync(console, "/ui/apps/shop/search");
        await using var other = await browser.OpenAsync(console, "/ui/apps/shop/search");
        await one.Page.GetByLabel("Scale to").FillAsync("4");
        await other.Page.GetByLabel("Scale to").FillAsync("6");

        await one.Page.GetByRole(AriaRole.Button, new() { Name = "Scale", Exact = true }).ClickAsync();
        await one.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Scale" }).ClickAsync();
        await Eventually.TrueAsync(() => !console.Changes.IsEmpty);
        console.Show(Search with { Instances = 4 });

        await Assertions.Expect(other.Page.GetByText("Escape takes it back to 4")).ToBeVisibleAsync();
        await Assertions.Expect(other.Page.GetByLabel("Scale to")).ToHaveValueAsync("6");
        await other.Page.GetByRole(AriaRole.Button, new() { Name = "Scale", Exact = true }).ClickAsync();
        await Assertions.Expect(other.Page.GetByRole(AriaRole.Dialog))
            .ToContainTextAsync("2 more instances are started: 4 → 6.");
    }

    [Fact]
    public async Task A_locked_app_is_changed_by_force_alone_and_cancel_sends_nothing()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        console.Show(Search with { Deployments = [new DeploymentRef("d-1")] });
        await using var open = await browser.OpenAsync(console, "/ui/apps/shop/search");
        var dialog = open.Page.GetByRole(AriaRole.Dialog);

        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Destroy" }).ClickAsync();
        await Assertions.Expect(dialog).ToContainTextAsync("This cannot be undone.");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Assertions.Expect(dialog).ToHaveCountAsync(0);

        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Destroy" }).ClickAsync();
        await Assertions.Expect(dialog.GetByRole(AriaRole.Button, new() { Name = "Destroy" })).ToBeDisabledAsync();
        await dialog.GetByLabel("Force: a deployment is under way").CheckAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Destroy" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("/shop/search is destroyed.")).ToBeVisibleAsync();
        Assert.Equal(("DELETE", "/v2/apps/shop/search?force=true", ""), Assert.Single(console.Changes));
    }

    [Theory]
    [InlineData("Restart", "Restart", "POST", "/v2/apps/shop/search/restart", "")]
    [InlineData("Suspend", "Suspend", "PUT", "/v2/apps/shop/search", """{"instances":0}""")]
    [InlineData("Kill shop_search.instance-1._app.1", "Kill", "DELETE",
        "/v2/apps/shop/search/tasks/shop_search.instance-1._app.1", "")]
    [InlineData("Kill and scale shop_search.instance-1._app.1", "Kill", "DELETE",
        "/v2/apps/shop/search/tasks/shop_search.instance-1._app.1?scale=true", "")]
    [InlineData("Roll back to the first", "Roll back", "PUT", "/v2/apps/shop/search",
        """{"version":"2026-11-23T12:00:00.000Z"}""")]
    [InlineData("Pause", "Pause", "POST", "/v1/pause", """{"app":"/shop/search","what":"all","reason":null}""")]
    public async Task A_button_says_what_it_will_do_and_does_it(
        string button, string done, string method, string path, string body)
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        await using var open = await browser.OpenAsync(console, "/ui/apps/shop/search");

        await open.Page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).First.ClickAsync();
        await open.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = done }).ClickAsync();

        await Eventually.TrueAsync(() => !console.Changes.IsEmpty);
        Assert.Equal((method, path, body), Assert.Single(console.Changes));
    }

    [Fact]
    public async Task A_policy_is_overridden_until_an_end_and_says_why_the_count_is_what_it_is()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        await using var open = await browser.OpenAsync(console, "/ui/apps/shop/search");
        await Assertions.Expect(open.Page.GetByText("3 instances, since busy asks for them")).ToBeVisibleAsync();
        await Assertions.Expect(open.Page.GetByText("tpm 24 > 20")).ToBeVisibleAsync();

        await open.Page.GetByLabel("Override with").FillAsync("7");
        await open.Page.GetByLabel("Reason").FillAsync("a sale");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Override" }).ClickAsync();
        await open.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Override" }).ClickAsync();

        await Assertions.Expect(open.Page.GetByText("/shop/search is overridden with 7.")).ToBeVisibleAsync();
        Assert.Equal(("POST", "/v1/apps/shop/search/override", """{"instances":7,"until":"1h","reason":"a sale"}"""),
            Assert.Single(console.Changes));
    }

    [Fact]
    public async Task Two_versions_are_compared_and_what_variables_hold_is_covered_until_asked_for()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        await using var open = await browser.OpenAsync(console, "/ui/apps/shop/search");

        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Show what differs" }).ClickAsync();
        var difference = open.Page.GetByRole(AriaRole.Region, new() { Name = "What differs" });
        await Assertions.Expect(difference).ToContainTextAsync("-   \"cmd\": \"serve --old\"");
        await Assertions.Expect(difference).ToContainTextAsync("+     \"KEY\": \"••• (another value)\"");
        await Assertions.Expect(difference).Not.ToContainTextAsync("secret-");
        await open.IsForEverybodyAsync();
        await open.PictureAsync("versions");

        await open.Page.GetByLabel("show values of variables").CheckAsync();
        await Assertions.Expect(difference).ToContainTextAsync("+     \"KEY\": \"secret-2\"");
    }

    [Fact]
    public async Task Who_waits_for_a_difference_may_roll_back_meanwhile()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource());
        console.Agent = async context =>
        {
            if (!context.Request.Path.StartsWithSegments("/v2/apps/shop/search/versions", out var version) || !version.HasValue)
                return false;
            asked.TrySetResult();
            await answer.Task;
            return false;
        };
        await using var open = await browser.OpenAsync(console, "/ui/apps/shop/search");

        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Show what differs" }).ClickAsync();
        await asked.Task;
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Roll back to the first" }).ClickAsync();
        await open.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Roll back" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("/shop/search is rolled back.")).ToBeVisibleAsync();
        answer.SetResult();
        Assert.Equal("/v2/apps/shop/search", Assert.Single(console.Changes).Path);
    }

    [Fact]
    public async Task An_app_that_is_not_there_is_404_and_what_users_write_is_text_never_markup()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.Show(Search with { Id = "/x", Cmd = "<script>alert(1)</script>" });

        Assert.DoesNotContain("<script>alert", await console.GetAsync("/ui/apps/x"), StringComparison.Ordinal);
        using var client = new HttpClient { BaseAddress = console.Url };
        using var answer = await client.GetAsync("/ui/apps/gone", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("There is no application /gone", text, StringComparison.Ordinal);
    }
}
