using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Testing;
using Microsoft.Playwright;

namespace LifecycleManager.Console.Tests.Pages;

/// <summary>Apps, pods and groups are made and edited, and what goes wrong with that.</summary>
public sealed class EditDefinitionTests(Chromium browser)
{
    private const string Edit = "/ui/edit/apps/shop/search";

    private static readonly App Search = Examples.Search with
    {
        User = "nobody",
        Env = new Dictionary<string, JsonElement> { ["KEY"] = JsonSerializer.SerializeToElement("hush") },
    };

    [Fact]
    public async Task A_form_and_its_json_are_one_definition_and_what_differs_is_shown_before_it_is_sent()
    {
        await using var console = await StartAsync();
        await using var open = await browser.OpenAsync(console, Edit);
        await open.Page.GetByLabel("Command").First.FillAsync("serve --new");
        await open.Page.GetByLabel("cpus of each").FillAsync("0.75");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Add health check" }).ClickAsync();
        await open.Page.GetByLabel("Constraints").FillAsync("hostname UNIQUE\nrack LIKE a b");

        // To the JSON and back: what the form does not show is there, too.
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "JSON" }).ClickAsync();
        await Assertions.Expect(open.Editor).ToContainTextAsync("\"serve --new\"");
        await Assertions.Expect(open.Editor).ToContainTextAsync("nobody");
        await open.PictureAsync("edit-json");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Form" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByLabel("Constraints")).ToHaveValueAsync("hostname UNIQUE\nrack LIKE a b");

        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Show what changes" }).ClickAsync();
        var changes = open.Page.GetByRole(AriaRole.Region, new() { Name = "What changes" });
        await Assertions.Expect(changes).ToContainTextAsync("-   \"cmd\": \"serve\"");
        await Assertions.Expect(changes).ToContainTextAsync("+   \"cpus\": 0.75");
        await Assertions.Expect(changes).Not.ToContainTextAsync("hush");
        Assert.Empty(console.Changes);
        await open.IsForEverybodyAsync();
        await open.PictureAsync("edit-review");
        await changes.GetByRole(AriaRole.Button, new() { Name = "Change application" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("/shop/search is changed.")).ToBeVisibleAsync();

        var (method, path, body) = Assert.Single(console.Changes);
        Assert.Equal(("PUT", "/v2/apps/shop/search?partialUpdate=false&force=false"), (method, path));
        var sent = JsonNode.Parse(body)!;
        Assert.Equal(("serve --new", 0.75, "nobody", "hush"),
            ((string)sent["cmd"]!, (double)sent["cpus"]!, (string)sent["user"]!, (string)sent["env"]!["KEY"]!));
        Assert.Equal("""[["hostname","UNIQUE"],["rack","LIKE","a b"]]""", sent["constraints"]!.ToJsonString());
        Assert.Equal(2, sent["healthChecks"]!.AsArray().Count);
        Assert.Null(sent["version"] ?? sent["tasksRunning"]);
        Assert.Empty(open.Errors);
    }

    [Fact]
    public async Task What_the_scheduler_refuses_is_at_its_field_and_at_its_line()
    {
        await using var console = await StartAsync();
        console.ChangeAnswer = ((HttpStatusCode)422, """
            {"message": "Object is not valid", "details": [{"path": "/cpus", "errors": ["must be more than 0"]},
             {"path": "/healthChecks(0)/path", "errors": ["is needed"]}, {"path": "/user", "errors": ["is unknown"]}]}
            """);
        await using var open = await browser.OpenAsync(console, Edit);
        await open.Page.GetByLabel("cpus of each").FillAsync("-1");
        await open.SendAsync("Change application");

        await Assertions.Expect(open.Page.GetByLabel("cpus of each")).ToHaveAttributeAsync("aria-invalid", "true");
        await Assertions.Expect(open.Page.GetByLabel("cpus of each")).ToHaveAccessibleDescriptionAsync("must be more than 0");
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Group, new() { Name = "health check 1" }))
            .ToContainTextAsync("is needed");
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Alert).First).ToContainTextAsync("/user: is unknown");
        await open.IsForEverybodyAsync();
        await open.PictureAsync("edit-refused");

        await open.Page.GetByRole(AriaRole.Button, new() { Name = "JSON" }).ClickAsync();
        await open.EditorReadyAsync();
        await open.SendAsync("Change application");
        await Assertions.Expect(open.Editor.Locator(".squiggly-error")).Not.ToHaveCountAsync(0);
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Alert).First).ToContainTextAsync("must be more than 0");
        Assert.Empty(open.Errors);
    }

    [Fact]
    public async Task What_is_no_value_and_what_is_no_json_is_said_where_it_is_and_is_not_sent()
    {
        await using var console = await StartAsync();
        await using var open = await browser.OpenAsync(console, Edit);
        await open.Page.GetByLabel("cpus of each").FillAsync("half");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Show what changes" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("/cpus: 'half' is no number. Nothing was sent.")).ToBeVisibleAsync();
        await Assertions.Expect(open.Page.GetByLabel("cpus of each")).ToHaveValueAsync("half");
        await open.Page.GetByLabel("cpus of each").FillAsync("0.5");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "JSON" }).ClickAsync();

        await open.TypeAsync("{\n  \"id\": \"/shop/search\",\n  \"cmd\": 'x'\n}");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Show what changes" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("Line 3, column 10 is no JSON")).ToBeVisibleAsync();

        // What is typed stays, whatever the cluster does, and the form is not opened over it.
        console.Tell();
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Form" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("Line 3, column 10 is no JSON")).ToBeVisibleAsync();
        await Assertions.Expect(open.Editor).ToContainTextAsync("'x'");
        Assert.Empty(console.Changes);
        Assert.Empty(open.Errors);
    }

    [Fact]
    public async Task A_locked_app_is_changed_by_force_alone_which_says_what_it_does()
    {
        await using var console = await StartAsync();
        console.ChangeAnswer = (HttpStatusCode.Conflict,
            """{"message": "App is locked by one or more deployments.", "deployments": [{"id": "d-9"}]}""");
        await using var open = await browser.OpenAsync(console, Edit);
        await open.Page.GetByLabel("cpus of each").FillAsync("1");
        await open.SendAsync("Change application");

        var dialog = open.Page.GetByRole(AriaRole.Dialog);
        await Assertions.Expect(dialog).ToContainTextAsync("held by deployment d-9");
        await Assertions.Expect(dialog.GetByRole(AriaRole.Button, new() { Name = "Change" })).ToBeDisabledAsync();
        console.ChangeAnswer = (HttpStatusCode.OK, "{}");
        await dialog.GetByLabel("Force: that deployment ends as it stands").CheckAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Change" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("/shop/search is changed.")).ToBeVisibleAsync();
        Assert.Equal("/v2/apps/shop/search?partialUpdate=false&force=true", console.Changes.Last().Path);
    }

    [Fact]
    public async Task Of_two_people_who_edit_one_app_none_overwrites_the_other_unseen()
    {
        await using var console = await StartAsync();
        await using var open = await browser.OpenAsync(console, Edit);
        await open.Page.GetByLabel("cpus of each").FillAsync("2");
        await open.Page.GetByLabel("Memory of each, MB").FillAsync("999");

        // A policy scales it: that is no edit of anybody's. Then somebody changes its command and its memory.
        console.Show(Search with { Instances = 7 });
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Show what changes" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("Changed: cpus, mem.")).ToBeVisibleAsync();
        console.Show(Search with { Instances = 7, Cmd = "serve --theirs", Mem = 512 });
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Change application" }).ClickAsync();

        await Assertions.Expect(open.Page.GetByText("Somebody else has changed this application")).ToBeVisibleAsync();
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Region, new() { Name = "What differs" }))
            .ToContainTextAsync("+   \"cmd\": \"serve --theirs\"");
        Assert.Empty(console.Changes);
        await open.IsForEverybodyAsync();
        await open.PictureAsync("edit-two");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Bring that into mine" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("Both of you have changed mem: yours is shown.")).ToBeVisibleAsync();
        await open.SendAsync("Change application");
        await Eventually.TrueAsync(() => !console.Changes.IsEmpty);

        var sent = JsonNode.Parse(Assert.Single(console.Changes).Body)!;
        Assert.Equal(("serve --theirs", 2d, 999d, 7),
            ((string)sent["cmd"]!, (double)sent["cpus"]!, (double)sent["mem"]!, (int)sent["instances"]!));
        Assert.Empty(open.Errors);
    }

    [Fact]
    public async Task What_is_typed_outlives_the_process_that_serves_the_page()
    {
        var port = Server.FreePort();
        var console = await StartAsync(port);
        await using var open = await browser.OpenAsync(console, Edit + "?as=json");
        await open.TypeAsync("{\"id\": \"/shop/search\", \"cmd\": \"typed and not sent\"}");
        await console.DisposeAsync();
        await Assertions.Expect(open.Page.GetByText("The connection is lost.")).ToBeVisibleAsync();

        await using var next = await StartAsync(port);
        await Assertions.Expect(open.Page.GetByText("The connection is lost.")).Not.ToBeVisibleAsync();
        await Assertions.Expect(open.Editor).ToContainTextAsync("typed and not sent");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Show what changes" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("+   \"cmd\": \"typed and not sent\"")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task What_is_typed_into_a_form_outlives_it_too_and_what_somebody_changed_meanwhile_is_told()
    {
        var port = Server.FreePort();
        var console = await StartAsync(port);
        await using var open = await browser.OpenAsync(console, Edit);
        await open.Page.GetByLabel("cpus of each").FillAsync("0.9");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Add label" }).ClickAsync();
        var label = open.Page.GetByRole(AriaRole.Group, new() { Name = "label 2" });
        await label.GetByLabel("Name").FillAsync("tier");
        await label.GetByLabel("Value").FillAsync("gold");
        await open.Page.GetByLabel("Command").First.FillAsync("not left yet");
        await console.DisposeAsync();
        await Assertions.Expect(open.Page.GetByText("The connection is lost.")).ToBeVisibleAsync();

        await using var next = await StartAsync(port);
        next.Show(Search with { Mem = 1024 });
        await Assertions.Expect(open.Page.GetByText("The connection is lost.")).Not.ToBeVisibleAsync();
        await Assertions.Expect(open.Page.GetByLabel("cpus of each")).ToHaveValueAsync("0.9");
        await Assertions.Expect(label.GetByLabel("Value")).ToHaveValueAsync("gold");
        await Assertions.Expect(open.Page.GetByLabel("Command").First).ToHaveValueAsync("not left yet");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Show what changes" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("Somebody else has changed this application")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task New_ones_are_made_and_the_keyboard_leaves_the_editor()
    {
        await using var console = await StartAsync();
        await using var open = await browser.OpenAsync(console, "/ui/new/apps");
        await open.Page.GetByLabel("Id").FillAsync("/shop/new");
        await open.Page.GetByLabel("Image").FillAsync("busybox");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Add variable" }).ClickAsync();
        var variable = open.Page.GetByRole(AriaRole.Group, new() { Name = "variable 1" });
        await variable.GetByLabel("Name").FillAsync("KEY");
        await variable.GetByLabel("Value").FillAsync("v");
        await open.SendAsync("Create application");
        await Eventually.TrueAsync(() => !console.Changes.IsEmpty);
        Assert.True(console.Changes.TryDequeue(out var made));
        Assert.Equal(("POST", "/v2/apps"), (made.Method, made.Path));
        Assert.Equal("""{"image":"busybox"}""", JsonNode.Parse(made.Body)!["container"]!["docker"]!.ToJsonString());
        Assert.Equal("""{"KEY":"v"}""", JsonNode.Parse(made.Body)!["env"]!.ToJsonString());

        await open.Page.GotoAsync(new Uri(console.Url, "/ui/edit/groups/shop").ToString());
        await open.TypeAsync("""{"id": "/shop", "apps": []}""");
        await open.Page.Keyboard.PressAsync("Control+m");
        await open.Page.Keyboard.PressAsync("Tab");
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Button, new() { Name = "Show what changes" })).ToBeFocusedAsync();
        await open.SendAsync("Change group");
        await Eventually.TrueAsync(() => !console.Changes.IsEmpty);
        Assert.True(console.Changes.TryDequeue(out var changed));
        Assert.Equal(("PUT", "/v2/groups/shop?force=false", """{"id":"/shop","apps":[]}"""), changed);

        using var client = new HttpClient { BaseAddress = console.Url };
        foreach (var path in (string[])["/ui/edit/apps/shop/gone", "/ui/edit/cats/tom", "/ui/new/cats"])
        {
            using var answer = await client.GetAsync(path, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }
    }

    private static async Task<ConsoleUnderTest> StartAsync(int? port = null)
    {
        var console = await ConsoleUnderTest.StartAsync(port: port);
        console.ShowAll();
        console.Show(Search);
        return console;
    }
}
