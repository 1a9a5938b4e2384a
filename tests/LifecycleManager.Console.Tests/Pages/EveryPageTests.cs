using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(LifecycleManager.Console.Tests.Pages.Chromium))]

namespace LifecycleManager.Console.Tests.Pages;

/// <summary>What holds for every page.</summary>
public sealed class EveryPageTests(EveryPageTests.Shown shown) : IClassFixture<EveryPageTests.Shown>
{
    // All colors that there are are on these.
    private static readonly string[] InTheDark =
    [
        "/ui", "/ui/apps/shop/search", "/ui/groups/shop", "/ui/logs/shop/search", "/ui/charts/shop/search", "/ui/agents",
        "/ui/schedules?from=2031-05-06", "/ui/policies/files/search.yml", "/ui/edit/apps/shop/search",
    ];

    public static TheoryData<string, string> Pages => new()
    {
        { "/ui", "Overview" }, { "/ui/apps", "Applications" }, { "/ui/apps?view=tree", "Applications" },
        { "/ui/apps/shop/search", "/shop/search" }, { "/ui/groups", "Group /" }, { "/ui/groups/shop", "Group /shop" },
        { "/ui/logs/shop/search", "Logs of /shop/search" }, { "/ui/terminal/shop/search", "Terminal of /shop/search" },
        { $"/ui/files/shop/search?task={AgentUnderTest.Running}", "Files of /shop/search" },
        { "/ui/charts/shop/search", "Charts of /shop/search" },
        { "/ui/pods/shop/pair", "/shop/pair" }, { "/ui/logs/shop/pair", "Logs of /shop/pair" },
        { "/ui/pods", "Pods" }, { "/ui/deployments", "Deployments" }, { "/ui/queue", "Queue" }, { "/ui/agents", "Agents" },
        { "/ui/agents/a-1", "node-1" },
        { "/ui/cluster", "Cluster" }, { "/ui/rebalance", "Rebalance" }, { "/ui/sizes", "Right size" },
        { "/ui/schedules?from=2031-05-06", "Schedules" }, { "/ui/schedules/nightly", "nightly" },
        { "/ui/policies", "Policies" }, { "/ui/decisions", "Decisions" }, { "/ui/nowhere", "No such page" },
        { "/ui/policies/files/search.yml", "search.yml" }, { "/ui/policies/new", "New policy file" },
        { "/ui/new/apps", "New application" }, { "/ui/edit/apps/shop/search", "Edit /shop/search" },
        { "/ui/edit/apps/shop/search?as=json", "Edit /shop/search" }, { "/ui/new/pods", "New pod" },
    };

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task A_page_can_be_used_by_everybody_at_every_width(string path, string title)
    {
        await using var open = await OpenAsync(path);

        await Assertions.Expect(open.Page).ToHaveTitleAsync($"{title} · LifecycleManager");
        await Assertions.Expect(open.Page.Locator("h1")).ToHaveTextAsync(title);
        foreach (var width in new[] { 3840, 1280, 400 })
        {
            await open.Page.SetViewportSizeAsync(width, 900);
            await open.PictureAsync($"{NameOf(path)}-{width}");
            await open.FitsAsync();
        }

        await open.IsForEverybodyAsync();
        if (InTheDark.Contains(path))
        {
            await open.Page.GetByRole(AriaRole.Button, new() { Name = "Dark" }).ClickAsync();
            await Assertions.Expect(open.Page.Locator("html")).ToHaveClassAsync("dark");
            await open.PictureAsync(NameOf(path) + "-dark");
            await open.IsForEverybodyAsync(colorsAlone: true);
            await open.Page.Context.ClearCookiesAsync();
        }

        Assert.Empty(open.Errors);
    }

    private static string NameOf(string path) => path.Trim('/').Replace('/', '-').Replace('?', '-').Replace('=', '-');

    private async Task<OpenPage> OpenAsync(string path)
    {
        var open = await OpenPage.OpenAsync(shown.Context, new Uri(shown.Console.Url, path), isAlone: false);
        if (path.EndsWith("as=json", StringComparison.Ordinal) || path.EndsWith(".yml", StringComparison.Ordinal))
            await open.EditorReadyAsync();
        return open;
    }

    /// <summary>One console, whose pages all have something to show, and who looks at all of them.</summary>
    public sealed class Shown(Chromium browser) : IAsyncLifetime
    {
        internal ConsoleUnderTest Console { get; private set; } = null!;

        internal IBrowserContext Context { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Console = await ConsoleUnderTest.StartAsync();
            Console.ShowAll();
            AgentUnderTest.In(Console);
            AppChartsTests.Remember(Console);
            Context = await browser.NewContextAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await Context.DisposeAsync();
            await Console.DisposeAsync();
        }
    }
}
