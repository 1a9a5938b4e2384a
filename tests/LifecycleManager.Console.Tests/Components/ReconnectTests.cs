using LifecycleManager.Console.Tests.Pages;
using LifecycleManager.Testing;
using Microsoft.Playwright;

namespace LifecycleManager.Console.Tests.Components;

/// <summary>A page outlives the process that serves it.</summary>
public sealed class ReconnectTests(Chromium browser)
{
    [Fact]
    public async Task A_page_says_that_its_connection_is_lost_and_comes_back_from_another_process_with_what_was_typed()
    {
        var port = Server.FreePort();
        var console = await ConsoleUnderTest.StartAsync(port: port);
        console.ShowAll();
        await using var open = await browser.OpenAsync(console, "/ui/apps/shop/search");
        await open.Page.GetByLabel("Scale to").FillAsync("17");
        var lost = open.Page.GetByText("The connection is lost.");

        await console.DisposeAsync();
        await Assertions.Expect(lost).ToBeVisibleAsync();
        await open.PictureAsync("lost");

        await using var next = await ConsoleUnderTest.StartAsync(port: port);
        next.ShowAll();
        await Assertions.Expect(lost).Not.ToBeVisibleAsync();
        await open.LiveAsync();
        await Assertions.Expect(open.Page.GetByLabel("Scale to")).ToHaveValueAsync("17");
        await Assertions.Expect(open.Page.GetByText("not sent yet")).ToBeVisibleAsync();
        Assert.Empty(next.Changes);
    }
}
