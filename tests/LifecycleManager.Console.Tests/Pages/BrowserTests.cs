using System.Net;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Testing;
using Microsoft.Playwright;

namespace LifecycleManager.Console.Tests.Pages;

/// <summary>The console in a real browser.</summary>
public sealed class BrowserTests
{
    private static readonly App Search = new()
    {
        Id = "/search",
        Cmd = "serve",
        Instances = 1,
        Cpus = 0.5,
        Mem = 256,
        TasksRunning = 1
    };

    [Fact]
    public async Task A_page_follows_the_cluster_without_a_reload()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.Show(Search);
        await using var browser = await Browser.OpenAsync(new Uri(console.Url, "/ui"));
        await Assertions.Expect(browser.Page.GetByText("1 / 1")).ToBeVisibleAsync();

        console.Show(Search with { Instances = 4, TasksRunning = 3 });

        await Assertions.Expect(browser.Page.GetByText("3 / 4")).ToBeVisibleAsync();
        Assert.Empty(browser.Errors);
    }

    [Fact]
    public async Task Scale_asks_the_scheduler_and_what_it_refuses_is_shown()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.Show(Search);
        await using var browser = await Browser.OpenAsync(new Uri(console.Url, "/ui/apps/search"));

        await browser.Page.GetByLabel("Instances").FillAsync("5");
        console.ChangeAnswer = (HttpStatusCode.Conflict, """{"message": "App is locked by one or more deployments."}""");
        await browser.Page.GetByRole(AriaRole.Button, new() { Name = "Scale" }).ClickAsync();

        await Assertions.Expect(browser.Page.GetByText("App is locked by one or more deployments.")).ToBeVisibleAsync();
        Assert.Equal(("PUT", "/v2/apps/search", """{"instances":5}"""), Assert.Single(console.Changes));
    }

    [Fact]
    public async Task What_is_typed_is_what_is_sent_however_often_the_page_follows_the_cluster_meanwhile()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.Show(Search);
        await using var browser = await Browser.OpenAsync(new Uri(console.Url, "/ui/apps/search"));
        var input = browser.Page.GetByLabel("Instances");
        var running = 1;
        async Task FollowsAsync()
        {
            running++;
            console.Show(Search with { Instances = 40, TasksRunning = running });
            await Assertions.Expect(browser.Page.GetByText($"{running} / 40")).ToBeVisibleAsync();
        }

        await input.SelectTextAsync();
        await input.PressAsync("3");
        await FollowsAsync();
        await Assertions.Expect(input).ToBeFocusedAsync();
        await Assertions.Expect(input).ToHaveValueAsync("3");

        // The hand goes from the number to the button, by the keyboard: neither is taken from under it.
        await input.PressAsync("Tab");
        await FollowsAsync();
        await Assertions.Expect(browser.Page.GetByRole(AriaRole.Button, new() { Name = "Scale" })).ToBeFocusedAsync();
        await Assertions.Expect(input).ToHaveValueAsync("3");

        // Nobody's hand is anywhere any more, and the number is still not sent.
        await browser.Page.EvaluateAsync("document.activeElement.blur()");
        await FollowsAsync();
        await Assertions.Expect(input).ToHaveValueAsync("3");
        await browser.Page.GetByRole(AriaRole.Button, new() { Name = "Scale" }).ClickAsync();
        await Assertions.Expect(input).ToHaveValueAsync("40");
        Assert.Equal(("PUT", "/v2/apps/search", """{"instances":3}"""), Assert.Single(console.Changes));

        // An empty number is not sent at all, and what was typed can be taken back.
        await input.FillAsync("");
        await browser.Page.GetByRole(AriaRole.Button, new() { Name = "Scale" }).ClickAsync();
        await input.FillAsync("9");
        await input.PressAsync("Escape");
        await Assertions.Expect(input).ToHaveValueAsync("40");
        Assert.Single(console.Changes);
        Assert.Empty(browser.Errors);
    }

    [Fact]
    public async Task A_canary_is_promoted()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.Answers["/v2/deployments"] = """
            [{"id": "d-1", "version": "v", "currentStep": 1, "totalSteps": 3,
              "currentActions": [{"action": "RestartApplication", "app": "/web", "stage": "canary 25%"}], "paused": {"message": "it waits"}}]
            """;
        await using var browser = await Browser.OpenAsync(new Uri(console.Url, "/ui/deployments"));

        var button = browser.Page.GetByRole(AriaRole.Button, new() { Name = "Promote" });
        await button.ClickAsync();

        await Eventually.TrueAsync(() => !console.Changes.IsEmpty);
        await Assertions.Expect(button).ToBeEnabledAsync();
        Assert.Equal(("POST", "/v2/deployments/d-1/promote", ""), Assert.Single(console.Changes));
    }

    [Fact]
    public async Task A_button_under_a_hand_stays_the_button_of_its_deployment()
    {
        static string Deployment(string id) => $$"""
            [{"id": "{{id}}", "version": "v", "currentStep": 1, "totalSteps": 3,
              "currentActions": [{"action": "RestartApplication", "app": "/{{id}}", "stage": "canary 25%"}], "paused": {"message": "it waits"} }]
            """;
        await using var console = await ConsoleUnderTest.StartAsync();
        console.Answers["/v2/deployments"] = Deployment("d-1");
        await using var browser = await Browser.OpenAsync(new Uri(console.Url, "/ui/deployments"));
        var button = browser.Page.GetByRole(AriaRole.Button, new() { Name = "Promote" });
        await button.FocusAsync();

        // The one ends and another begins, and the page is read anew.
        console.Answers["/v2/deployments"] = Deployment("d-2");
        await browser.Page.WaitForResponseAsync(answer => answer.Url.EndsWith("/ui/deployments", StringComparison.Ordinal));
        await browser.Page.WaitForResponseAsync(answer => answer.Url.EndsWith("/ui/deployments", StringComparison.Ordinal));
        await Assertions.Expect(browser.Page.GetByText("/d-2")).Not.ToBeVisibleAsync();
        await button.PressAsync("Enter");

        await Assertions.Expect(browser.Page.GetByText("/d-2").First).ToBeVisibleAsync();
        Assert.Equal(("POST", "/v2/deployments/d-1/promote", ""), Assert.Single(console.Changes));
    }

    [Fact]
    public async Task Delete_asks_first()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.Show(Search);
        await using var browser = await Browser.OpenAsync(new Uri(console.Url, "/ui/apps/search"));
        var accept = false;
        browser.Page.Dialog += (_, dialog) => _ = accept ? dialog.AcceptAsync() : dialog.DismissAsync();
        var button = browser.Page.GetByRole(AriaRole.Button, new() { Name = "Delete" });

        await button.ClickAsync();
        Assert.Empty(console.Changes);

        accept = true;
        await button.ClickAsync();
        await Eventually.TrueAsync(() => !console.Changes.IsEmpty);
        await Assertions.Expect(button).ToBeEnabledAsync();
        Assert.Equal(("DELETE", "/v2/apps/search", ""), Assert.Single(console.Changes));
    }

    [Fact]
    public async Task A_scheduler_that_is_away_is_shown_and_found_again()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.Show(Search);
        await using var browser = await Browser.OpenAsync(new Uri(console.Url, "/ui"));

        await browser.Page.RouteAsync("**/ui", route => route.AbortAsync());
        await Assertions.Expect(browser.Page.GetByRole(AriaRole.Status)).ToHaveTextAsync("no answer");

        await browser.Page.UnrouteAllAsync();
        await Assertions.Expect(browser.Page.GetByRole(AriaRole.Status)).ToHaveTextAsync("live");
    }

    private sealed class Browser : IAsyncDisposable
    {
        /// <summary>In milliseconds, far beyond Playwright's own: the machine may be busy.</summary>
        private const float Patience = 60_000;

        private IPlaywright? _playwright;
        private IBrowser? _browser;

        public IPage Page { get; private set; } = default!;

        /// <summary>What the page's scripts complained of.</summary>
        public List<string> Errors { get; } = [];

        public static async Task<Browser> OpenAsync(Uri url)
        {
            var program = Server.Executable("chromium", "chromium-browser", "google-chrome");
            var browser = new Browser { _playwright = await Playwright.CreateAsync() };
            browser._browser = await browser._playwright.Chromium.LaunchAsync(new()
            {
                ExecutablePath = program,
                Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
                    "--disable-sync", "--no-first-run"],
            });
            browser.Page = await browser._browser.NewPageAsync();
            browser.Page.SetDefaultTimeout(Patience);
            Assertions.SetDefaultExpectTimeout(Patience);
            browser.Page.PageError += (_, error) => browser.Errors.Add(error);
            await browser.Page.GotoAsync(url.ToString());
            return browser;
        }

        public async ValueTask DisposeAsync()
        {
            if (_browser is not null) await _browser.DisposeAsync();
            _playwright?.Dispose();
        }
    }
}
