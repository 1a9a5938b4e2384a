using System.Globalization;
using System.Text;
using LifecycleManager.Testing;
using Microsoft.Playwright;

namespace LifecycleManager.Console.Tests.Pages;

/// <summary>Charts in a browser: what is missing is missing, and a moment of before is explained.</summary>
public sealed class AppChartsTests(Chromium browser)
{
    [Fact]
    public async Task Metrics_are_drawn_against_their_thresholds_with_gaps_and_the_decisions_on_them()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        Remember(console);
        AgentUnderTest.In(console);
        await using var open = await browser.OpenAsync(console, "/ui/charts/shop/search");

        var tpm = open.Page.GetByRole(AriaRole.Img, new() { Name = "tpm" });
        await Assertions.Expect(tpm.Locator("path.s0")).ToHaveCountAsync(2);
        await Assertions.Expect(tpm.Locator("path.threshold")).ToHaveCountAsync(1);
        await Assertions.Expect(tpm.Locator("path.mark")).ToHaveCountAsync(1);
        await Assertions.Expect(tpm.Locator("desc")).ToContainTextAsync(
            "tpm: from 10 to 49, last 49, with 1 gaps. Held against 10. Decisions: 1.");
        await open.Page.GetByText("The values of tpm as a table").ClickAsync();
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Region, new() { Name = "The values of tpm" }))
            .ToContainTextAsync("unknown");
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Img, new() { Name = "cpus in use" })).ToHaveCountAsync(0);
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Img, new() { Name = "Memory in use" })).ToHaveCountAsync(1);
        await open.PictureAsync("charts-open");
        await open.IsForEverybodyAsync();

        // A later answer of the agent, by its own clock: half a cpu.
        console.Answers["/monitor/statistics"] = Usage(seconds: 15, at: 1020);
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Img, new() { Name = "cpus in use" }).Locator("desc"))
            .ToContainTextAsync("last 0.5");
        Assert.Empty(open.Errors);
    }

    [Fact]
    public async Task A_past_moment_is_explained_beside_the_present_and_what_is_not_kept_is_said()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        Remember(console);
        await using var open = await browser.OpenAsync(console, "/ui/charts/shop/search");
        var then = open.Page.GetByRole(AriaRole.Region, new() { Name = "Then", Exact = true });

        await open.Page.GetByRole(AriaRole.Textbox, new() { Name = "At", Exact = true }).FillAsync("2026-11-24T11:30:00Z");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Explain that moment" }).ClickAsync();
        await Assertions.Expect(then).ToContainTextAsync("At 2026-11-24 11:30:00 UTC");
        await Assertions.Expect(then).ToContainTextAsync("3 instances, since busy asks for them");
        await Assertions.Expect(then).ToContainTextAsync("tpm 24 > 20");
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Region, new() { Name = "Now", Exact = true }))
            .ToContainTextAsync("tpm 24 > 20");
        Assert.Contains("at=2026-11-24T11", open.Page.Url, StringComparison.Ordinal);

        await open.Page.GetByRole(AriaRole.Textbox, new() { Name = "At", Exact = true }).FillAsync("yesterday");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Explain that moment" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("'yesterday' is no time")).ToBeVisibleAsync();
        console.Answers.TryRemove("/v1/apps/shop/search/explain", out _);
        await open.Page.GetByRole(AriaRole.Textbox, new() { Name = "At", Exact = true }).FillAsync("2026-11-01T11:30:00Z");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Explain that moment" }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("It was refused with status 404.")).ToBeVisibleAsync();
        Assert.Empty(open.Errors);
    }

    /// <summary>The manager remembers 40 instants, two of which say nothing of the metric; an agent says what is used.</summary>
    internal static void Remember(ConsoleUnderTest console)
    {
        var table = new StringBuilder("time,desired,healthy,instances,running,tpm\n");
        var begin = DateTimeOffset.UtcNow.AddMinutes(-11);
        for (var i = 0; i < 40; i++)
        {
            var at = begin.AddSeconds(15 * i).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            table.Append(CultureInfo.InvariantCulture,
                $"{at},{(i < 20 ? 2 : 3)},2,{(i < 20 ? 2 : 3)},2,{(i is 20 or 21 ? "" : 10 + i)}\n");
        }

        console.Answers["/v1/history"] = table.ToString();
        console.Answers["/v1/decisions"] = Examples.Decisions.Replace(
            "2026-11-24T12:00:00Z", begin.AddMinutes(5).ToString("O", CultureInfo.InvariantCulture), StringComparison.Ordinal);
        console.Answers["/monitor/statistics"] = Usage(seconds: 5, at: 1000);
    }

    private static string Usage(double seconds, double at) => string.Create(CultureInfo.InvariantCulture, $$"""
        [{"source": "{{AgentUnderTest.Running}}", "statistics": {"timestamp": {{at}}, "cpus_user_time_secs": {{seconds}},
          "cpus_system_time_secs": 0, "mem_rss_bytes": 104857600} }]
        """);
}
