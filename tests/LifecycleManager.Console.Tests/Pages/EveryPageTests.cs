using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(LifecycleManager.Console.Tests.Pages.Chromium))]

namespace LifecycleManager.Console.Tests.Pages;

/// <summary>What holds for every page.</summary>
public sealed class EveryPageTests(Chromium browser, EveryPageTests.Shown shown) : IClassFixture<EveryPageTests.Shown>
{
    public static TheoryData<string, string> Pages => new()
    {
        { "/ui", "Overview" }, { "/ui/apps", "Applications" }, { "/ui/apps?view=tree", "Applications" },
        { "/ui/apps/shop/search", "/shop/search" },
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
    public async Task A_page_can_be_used_by_everybody_at_every_width_in_light_and_dark(string path, string title)
    {
        await using var open = await browser.OpenAsync(shown.Console, path);
        var name = path.Trim('/').Replace('/', '-').Replace('?', '-').Replace('=', '-');

        await Assertions.Expect(open.Page).ToHaveTitleAsync($"{title} · LifecycleManager");
        await Assertions.Expect(open.Page.Locator("h1")).ToHaveTextAsync(title);
        if (path.EndsWith("as=json", StringComparison.Ordinal) || path.EndsWith(".yml", StringComparison.Ordinal))
            await open.EditorReadyAsync();
        foreach (var width in new[] { 400, 1280, 3840 })
        {
            await open.Page.SetViewportSizeAsync(width, 900);
            await open.PictureAsync($"{name}-{width}");
            await open.FitsAsync();
            if (width == 400) await open.IsForEverybodyAsync();
        }

        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Dark" }).ClickAsync();
        await open.Page.SetViewportSizeAsync(1280, 900);
        await Assertions.Expect(open.Page.Locator("html")).ToHaveClassAsync("dark");
        await open.PictureAsync($"{name}-dark");
        await open.IsForEverybodyAsync(colorsAlone: true);
        Assert.Empty(open.Errors);
    }

    /// <summary>One console, whose pages all have something to show.</summary>
    public sealed class Shown : IAsyncLifetime
    {
        internal ConsoleUnderTest Console { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Console = await ConsoleUnderTest.StartAsync();
            Console.ShowAll();
            AgentUnderTest.In(Console);
            AppChartsTests.Remember(Console);
        }

        public ValueTask DisposeAsync() => Console.DisposeAsync();
    }
}
