using System.Net;
using System.Text.Json.Nodes;
using LifecycleManager.Testing;
using Microsoft.Playwright;

namespace LifecycleManager.Console.Tests.Pages;

/// <summary>Policy files are edited, checked, tried and saved, and what goes wrong with that.</summary>
public sealed class EditPoliciesTests(Chromium browser)
{
    private const string File = "/v1/policies/files/search.yml";
    private const string Edited = Examples.PolicyFile + "\npriority: 3";

    [Fact]
    public async Task A_file_is_checked_while_it_is_typed_compared_and_saved_as_it_was_read()
    {
        await using var console = await StartAsync();
        console.ChangeAnswers["/v1/policies/check"] = (HttpStatusCode.OK, """
            {"result": "found", "output": "", "errors": [], "problems": [{"place": "search.yml:6:11", "file": "search.yml",
             "line": 6, "column": 11, "severity": "error", "message": "unknown name 'tpn'",
             "suggestion": "did you mean 'tpm'?", "code": "x"}]}
            """);
        await using var open = await OpenAsync(console);
        await open.TypeAsync(Edited.Replace("tpm", "tpn", StringComparison.Ordinal));
        await Assertions.Expect(open.Page.GetByText("error: unknown name 'tpn' (did you mean 'tpm'?)")).ToBeVisibleAsync();
        await Assertions.Expect(open.Editor.Locator(".squiggly-error")).Not.ToHaveCountAsync(0);
        await open.IsForEverybodyAsync();
        await open.PictureAsync("policy-problem");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "6:11" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Textbox).First).ToBeFocusedAsync();

        console.ChangeAnswers["/v1/policies/check"] = (HttpStatusCode.OK, Examples.Good);
        await open.TypeAsync(Edited);
        await Assertions.Expect(open.Page.GetByText("Nothing is wrong with it by itself.")).ToBeVisibleAsync();
        await open.SendAsync("Save search.yml");
        await Assertions.Expect(open.Page.GetByText("search.yml is saved.")).ToBeVisibleAsync();
        var (method, path, body) = console.Changes.Last(change => change.Method == "PUT");
        Assert.Equal(("PUT", File, Edited), (method, path, body));
        Assert.Equal(ConsoleUnderTest.TagOf(Examples.PolicyFile), console.Conditions[File]);
        Assert.Empty(open.Errors);
    }

    [Fact]
    public async Task A_file_that_has_changed_meanwhile_and_one_that_is_refused_are_not_overwritten()
    {
        await using var console = await StartAsync();
        var theirs = Examples.PolicyFile + "# theirs\n";
        console.ChangeAnswers[File] = (HttpStatusCode.PreconditionFailed, new JsonObject
        {
            ["message"] = "search.yml has changed since it was read",
            ["tag"] = "\"t2\"",
            ["text"] = theirs,
        }.ToJsonString());
        await using var open = await OpenAsync(console);
        await open.TypeAsync(Edited);
        await open.SendAsync("Save search.yml");
        await Assertions.Expect(open.Page.GetByText("search.yml has changed since you opened it. Nothing was saved."))
            .ToBeVisibleAsync();
        await Assertions.Expect(open.Page.GetByText("+ # theirs")).ToBeVisibleAsync();
        await open.PictureAsync("policy-changed");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Compare mine with that" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("- # theirs")).ToBeVisibleAsync();

        console.ChangeAnswers[File] = (HttpStatusCode.UnprocessableEntity, """
            {"message": "search.yml would be refused: the name is there twice", "problems": [{"place": "", "file": "search.yml",
             "line": 1, "column": 1, "severity": "error", "message": "the name is there twice", "code": "x"}]}
            """);
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Save search.yml" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("would be refused: the name is there twice Nothing was saved."))
            .ToBeVisibleAsync();
        Assert.Equal("\"t2\"", console.Conditions[File]);
        await Assertions.Expect(open.Editor).ToContainTextAsync("priority");
        Assert.Empty(open.Errors);
    }

    [Fact]
    public async Task What_it_would_have_done_is_seen_before_it_is_saved_and_where_nothing_is_saved_there_is_a_text_to_commit()
    {
        await using var console = await StartAsync();
        console.Answers["/v1/policies/files"] = """{"files": ["search.test.yml", "search.yml"], "writable": false}""";
        console.ChangeAnswers["/v1/policies/replay"] = (HttpStatusCode.OK,
            """{"result": "good", "output": "most instances 7 | 9", "errors": []}""");
        console.ChangeAnswers["/v1/policies/test"] = (HttpStatusCode.UnprocessableEntity,
            """{"result": "failed", "output": "0 passed", "errors": ["search.test.yml:1:1: no tests"]}""");
        await using var open = await OpenAsync(console);
        await open.TypeAsync(Edited);
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Replay" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("most instances 7 | 9")).ToBeVisibleAsync();
        var asked = JsonNode.Parse(console.Changes.Last(change => change.Path == "/v1/policies/replay").Body)!;
        Assert.Equal((Edited, Examples.PolicyFile),
            ((string)asked["files"]!["edited.yml"]!, (string)asked["files"]!["present.yml"]!));
        Assert.Equal(("/shop/search", "search"), ((string)asked["history"]!, (string)asked["policy"]!));
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Run the tests" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("search.test.yml:1:1: no tests")).ToBeVisibleAsync();
        await open.IsForEverybodyAsync();
        await open.PictureAsync("policy-trial");

        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Show what changes" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Region, new() { Name = "The text to commit" }))
            .ToContainTextAsync("priority: 3");
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Button, new() { Name = "Save search.yml" })).ToHaveCountAsync(0);
        Assert.DoesNotContain(console.Changes, change => change.Method == "PUT");
        Assert.Empty(open.Errors);
    }

    [Fact]
    public async Task Tests_are_saved_where_they_are_what_was_read_and_what_another_has_changed_is_shown()
    {
        const string Tests = "/v1/policies/files/search.test.yml";
        const string Mine = "tests:\n- name: mine";
        await using var console = await StartAsync();
        console.ChangeAnswers[Tests] = (HttpStatusCode.PreconditionFailed,
            """{"message": "search.test.yml has changed since it was read", "tag": "\"t2\"", "text": "tests: [] # theirs\n"}""");
        await using var open = await OpenAsync(console);
        await open.TypeAsync(Mine, open.Page.Locator(".code-place").Nth(1));
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Compare and save the tests" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("+ - name: mine")).ToBeVisibleAsync();
        var save = open.Page.GetByRole(AriaRole.Button, new() { Name = "Save search.test.yml" });
        await save.ClickAsync();
        await Assertions.Expect(open.Page.GetByText("+ tests: [] # theirs")).ToBeVisibleAsync();
        Assert.Equal(ConsoleUnderTest.TagOf("tests: []\n"), console.Conditions[Tests]);
        await open.IsForEverybodyAsync();

        console.ChangeAnswers.TryRemove(Tests, out _);
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Compare mine with that" }).ClickAsync();
        await save.ClickAsync();
        await Assertions.Expect(open.Page.GetByText("search.test.yml is saved.")).ToBeVisibleAsync();
        Assert.Equal("\"t2\"", console.Conditions[Tests]);
        Assert.Equal(("PUT", Tests, Mine), console.Changes.Last());

        // By its own address it is a file like others, and no policy.
        await open.Page.GotoAsync(new Uri(console.Url, "/ui/policies/files/search.test.yml").ToString());
        await open.LiveAsync();
        await open.TypeAsync(Mine);
        await Assertions.Expect(open.Page.GetByText("Tests are looked at when they are saved")).ToBeVisibleAsync();
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Show what changes" }).ClickAsync();
        await Assertions.Expect(save).ToBeEnabledAsync();
        Assert.DoesNotContain(console.Changes, change => change.Path == "/v1/policies/check" && change.Body.Contains("test.yml"));
        Assert.Empty(open.Errors);
    }

    [Fact]
    public async Task What_differs_is_shown_by_the_editor_too_for_everybody_and_at_every_width()
    {
        await using var console = await StartAsync();
        await using var open = await OpenAsync(console);
        await open.TypeAsync(Edited.Replace("tpm", "tpn", StringComparison.Ordinal));
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Show what changes" }).ClickAsync();
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "In the editor" }).ClickAsync();
        var difference = open.Page.GetByRole(AriaRole.Group, new() { Name = "What differs" });

        // By a worker of this very host, as the pages' policy has it: what it forbids is an error of the page.
        await Assertions.Expect(difference.Locator(".line-insert").First).ToBeAttachedAsync();
        await Assertions.Expect(difference.Locator(".editor.modified .view-lines")).ToContainTextAsync("priority:\u00a03");
        await open.IsForEverybodyAsync();
        await open.PictureAsync("difference");
        await open.Page.SetViewportSizeAsync(400, 900);
        await Assertions.Expect(difference.Locator(".line-insert").First).ToBeAttachedAsync();
        await open.FitsAsync();
        await open.PictureAsync("difference-400");
        await open.IsForEverybodyAsync();
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Dark" }).ClickAsync();
        await Assertions.Expect(difference.Locator(".monaco-editor.vs-dark").First).ToBeAttachedAsync();
        await open.IsForEverybodyAsync(colorsAlone: true);

        // By the keyboard alone in, and out again.
        var turn = open.Page.GetByRole(AriaRole.Button, new() { Name = "In the editor" });
        await turn.FocusAsync();
        await open.Page.Keyboard.PressAsync("Tab");
        await Assertions.Expect(difference.Locator("*:focus")).ToHaveCountAsync(1);
        for (var presses = 0; presses < 6 && await difference.Locator("*:focus").CountAsync() > 0; presses++)
            await open.Page.Keyboard.PressAsync("Tab");
        await Assertions.Expect(difference.Locator("*:focus")).ToHaveCountAsync(0);
        await turn.ClickAsync();
        await Assertions.Expect(open.Page.GetByText("+ priority: 3")).ToBeVisibleAsync();
        Assert.Empty(open.Errors);
    }

    [Fact]
    public async Task What_may_be_written_at_a_place_is_offered()
    {
        await using var console = await StartAsync();
        await using var open = await OpenAsync(console);
        await open.TypeAsync(Examples.PolicyFile + "prio");
        await open.Page.Keyboard.PressAsync("Control+Space");
        await Assertions.Expect(open.Page.Locator(".suggest-widget")).ToContainTextAsync("priority");
        await open.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(open.Editor).ToContainTextAsync("priority:");

        // What is there already is not offered; of a rule, what a rule has is.
        await open.TypeAsync("policy: a\nrules:\n  - rule: busy\n    wh");
        await open.Page.Keyboard.PressAsync("Control+Space");
        await Assertions.Expect(open.Page.Locator(".suggest-widget")).ToContainTextAsync("when");
        Assert.Empty(open.Errors);
    }

    [Fact]
    public async Task The_page_says_which_rules_are_in_force_where_managers_differ_and_that_a_role_is_gone()
    {
        await using var console = await StartAsync();
        console.Answers["/v1/policies"] = Examples.Policies.Replace("\"budgets\"",
            "\"digest\": \"abc\", \"leaderDigest\": \"def\", \"budgets\"", StringComparison.Ordinal);
        var page = await console.GetAsync("/ui/policies");
        Assert.Contains("The manager that leads has other rules", page, StringComparison.Ordinal);
        Assert.Contains("href=\"/ui/policies/files/search.yml\"", page, StringComparison.Ordinal);

        using var client = new HttpClient { BaseAddress = console.Url };
        using var gone = await client.GetAsync("/ui/policies/files/gone.yml", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        console.AreAway = true;
        Assert.Contains("the state store refuses writes", await console.GetAsync("/ui/policies/files/search.yml"),
            StringComparison.Ordinal);
        Assert.Contains("the state store refuses writes", await console.GetAsync("/ui/edit/apps/shop/search"),
            StringComparison.Ordinal);
    }

    private static async Task<ConsoleUnderTest> StartAsync()
    {
        var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        return console;
    }

    private async Task<OpenPage> OpenAsync(ConsoleUnderTest console)
    {
        var open = await browser.OpenAsync(console, "/ui/policies/files/search.yml");
        await open.EditorReadyAsync();
        return open;
    }
}
