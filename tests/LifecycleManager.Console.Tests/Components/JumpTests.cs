using LifecycleManager.Console.Components;
using LifecycleManager.Console.Tests.Pages;
using Microsoft.Playwright;

namespace LifecycleManager.Console.Tests.Components;

/// <summary>The search over everything.</summary>
public sealed class JumpTests(Chromium browser)
{
    private static readonly JumpTarget[] All =
    [
        new("Page", "Pods", "/ui/pods"), new("App", "/shop/search-pods", "/1"), new("App", "/pods/web", "/2"),
        new("App", "/shop/pods", "/3"), new("Agent", "node-1", "/4", "a7c-pods"), new("Policy", "night", "/5", "/shop/**"),
    ];

    [Theory]
    [InlineData("pods", "/ui/pods /3 /2 /1 /4")]
    [InlineData("SHOP earch", "/1")]
    [InlineData("7c", "/4")]
    [InlineData("policy shop", "/5")]
    [InlineData("zzz", "")]
    public void Every_word_is_in_any_part_and_the_nearest_name_comes_first(string text, string addresses) =>
        Assert.Equal(addresses, string.Join(' ', JumpTarget.Find(text, All, 20).Found.Select(target => target.Address)));

    [Fact]
    public void Of_many_a_few_are_given_and_how_many_there_are()
    {
        var many = Enumerable.Range(0, 1000).Select(i => new JumpTarget("App", $"/app-{i}", "/"));

        var (found, count) = JumpTarget.Find("app", many, 20);

        Assert.Equal((20, 1000), (found.Count, count));
    }

    [Fact]
    public async Task A_slash_and_a_few_letters_lead_anywhere_by_the_keyboard_alone()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        await using var open = await browser.OpenAsync(console, "/ui/apps");
        var field = open.Page.GetByRole(AriaRole.Combobox, new() { Name = "Jump to" });

        // A slash that is typed is a slash.
        await open.Page.GetByLabel("Name").PressSequentiallyAsync("/");
        await Assertions.Expect(open.Page.GetByLabel("Name")).ToHaveValueAsync("/");
        await Assertions.Expect(field).ToHaveCountAsync(0);

        await open.Page.Keyboard.PressAsync("Control+k");
        await Assertions.Expect(field).ToBeFocusedAsync();
        await open.Page.Keyboard.TypeAsync("shop");
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Option, new() { Name = "Group /shop" }))
            .ToHaveAttributeAsync("aria-selected", "true");
        await open.IsForEverybodyAsync();
        await open.PictureAsync("jump");
        await open.Page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(field).ToHaveCountAsync(0);

        await open.Page.GetByRole(AriaRole.Heading, new() { Name = "Applications" }).ClickAsync();
        await open.Page.Keyboard.PressAsync("/");
        await Assertions.Expect(field).ToBeFocusedAsync();
        await open.Page.Keyboard.TypeAsync("node");
        var second = open.Page.GetByRole(AriaRole.Option, new() { Name = "node-2" });
        await Assertions.Expect(second).ToHaveAttributeAsync("aria-selected", "false");
        await open.Page.Keyboard.PressAsync("ArrowDown");
        await Assertions.Expect(second).ToHaveAttributeAsync("aria-selected", "true");
        await open.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(open.Page).ToHaveURLAsync(new Uri(console.Url, "/ui/agents/a-2").ToString());

        console.AreAway = true;
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Jump to" }).ClickAsync();
        await open.Page.Keyboard.TypeAsync("queue");
        await open.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(open.Page).ToHaveTitleAsync("Queue · LifecycleManager");
        Assert.Empty(open.Errors);
    }
}
