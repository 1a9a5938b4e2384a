using LifecycleManager.Console.Logs;
using LifecycleManager.Protocol.Marathon;
using Microsoft.Playwright;

namespace LifecycleManager.Console.Tests.Pages;

/// <summary>Logs in a browser: as they are written, and what goes wrong meanwhile.</summary>
public sealed class AppLogsTests(Chromium browser)
{
    [Fact]
    public async Task Lines_come_as_they_are_written_and_the_reader_who_scrolls_up_stays_where_he_reads()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        var agent = AgentUnderTest.In(console);
        await using var open = await browser.OpenAsync(console, "/ui/logs/shop/search");
        var log = open.Page.GetByRole(AriaRole.Region, new() { Name = "Log of /shop/search" });
        await Assertions.Expect(log).ToContainTextAsync("one");

        agent.Write(AgentUnderTest.Running, "stderr", "\u001b[31mred\u001b[0m\n");
        await Assertions.Expect(log.Locator(".err")).ToHaveTextAsync("1._app.1red");
        agent.Write(AgentUnderTest.Running, "stdout",
            "<script>alert(1)</script>\n\u0000\u0007\n" + new string('x', 300_000) + "\nafter\n");
        await Assertions.Expect(log).ToContainTextAsync("<script>alert(1)</script>");
        await Assertions.Expect(log).ToContainTextAsync("\uFFFD\uFFFD");
        await Assertions.Expect(log).ToContainTextAsync("what is left out is in the file");
        await Assertions.Expect(log.GetByText("after")).ToBeInViewportAsync();

        // More than a page holds; at the end of it.
        agent.Write(AgentUnderTest.Running, "stdout",
            string.Concat(Enumerable.Range(1, LogBuffer.MostLines + 500).Select(i => $"line {i} of many\n")));
        await Assertions.Expect(log.GetByText($"line {LogBuffer.MostLines + 500} of many")).ToBeInViewportAsync();
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Search).GetByRole(AriaRole.Status))
            .ToContainTextAsync($"{LogBuffer.MostLines} lines, the last of");
        await log.EvaluateAsync("box => { box.scrollTop = box.scrollHeight / 2; }");
        var again = open.Page.GetByRole(AriaRole.Button, new() { Name = "Follow again" });
        await Assertions.Expect(again).ToBeVisibleAsync();
        var read = await log.EvaluateAsync<string>(
            "box => [...box.querySelectorAll('.line')].find("
            + "line => line.getBoundingClientRect().top >= box.getBoundingClientRect().top).textContent");
        agent.Write(AgentUnderTest.Running, "stdout", string.Concat(Enumerable.Range(1, 40).Select(i => $"new {i}\n")));
        await Assertions.Expect(again).ToContainTextAsync("40 new lines");
        await Assertions.Expect(log.GetByText(read["1._app.1".Length..])).ToBeInViewportAsync();
        await open.PictureAsync("logs-held");
        await open.IsForEverybodyAsync();
        await again.ClickAsync();
        await Assertions.Expect(log.GetByText("new 40")).ToBeInViewportAsync();

        await open.Page.GetByLabel("Find").FillAsync("LINE 5432 OF");
        await open.Page.GetByLabel("Only lines with it").CheckAsync();
        await Assertions.Expect(log.Locator("mark")).ToHaveTextAsync("line 5432 of");
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Search).GetByRole(AriaRole.Status))
            .ToContainTextAsync("1 found in 1 lines");
        Assert.Empty(open.Errors);
    }

    [Fact]
    public async Task Of_an_instance_that_ends_and_of_an_agent_that_goes_it_is_told_and_what_has_ended_can_be_read()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        var agent = AgentUnderTest.In(console);
        await using var open = await browser.OpenAsync(console, "/ui/logs/shop/search");
        var log = open.Page.GetByRole(AriaRole.Region, new() { Name = "Log of" });
        await Assertions.Expect(log).ToContainTextAsync("one");

        agent.IsAway = true;
        agent.Break();
        await Assertions.Expect(log).ToContainTextAsync("stdout cannot be read");
        agent.IsAway = false;
        await Assertions.Expect(log).ToContainTextAsync("stdout is read anew");

        console.Show(Examples.Search with { Tasks = [] });
        await Assertions.Expect(log).ToContainTextAsync("has ended");
        await Assertions.Expect(log).ToContainTextAsync("one");
        await open.Page.GetByRole(AriaRole.Combobox, new() { Name = "Instance" }).SelectOptionAsync(AgentUnderTest.Ended);
        await Assertions.Expect(log).ToContainTextAsync("the last words");
        await Assertions.Expect(log).ToContainTextAsync("a failure");
        await Assertions.Expect(log).Not.ToContainTextAsync("one");
        await open.Page.GetByRole(AriaRole.Combobox, new() { Name = "Stream" }).SelectOptionAsync("stderr");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Clear" }).ClickAsync();
        await Assertions.Expect(log).Not.ToContainTextAsync("words");
        await open.PictureAsync("logs-ended");
        Assert.Empty(open.Errors);
    }

    [Fact]
    public async Task What_an_agent_refuses_is_said_and_a_task_that_nobody_knows_too()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        var agent = AgentUnderTest.In(console);
        agent.Refusal = (403, "Forbidden: 'logs' of /shop/search is needed");
        await using var open = await browser.OpenAsync(console, "/ui/logs/shop/search");
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Region, new() { Name = "Log of" }))
            .ToContainTextAsync("'logs' of /shop/search is needed");

        Assert.Contains("No instance", await console.GetAsync("/ui/logs/shop/search?task=nobody"), StringComparison.Ordinal);
        Assert.Contains("No instance runs", await console.GetAsync("/ui/logs/shop/idle"), StringComparison.Ordinal);
        using var client = new HttpClient { BaseAddress = console.Url };
        using var none = await client.GetAsync("/ui/logs/nobody", TestContext.Current.CancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.NotFound, none.StatusCode);
    }
}
