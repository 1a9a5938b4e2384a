using System.Net;
using System.Text;
using Microsoft.Playwright;

namespace LifecycleManager.Console.Tests.Pages;

/// <summary>Sandboxes in a browser.</summary>
public sealed class AppFilesTests(Chromium browser)
{
    [Fact]
    public async Task A_sandbox_is_walked_through_read_in_parts_and_taken_away_byte_by_byte()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        var agent = AgentUnderTest.In(console);
        byte[] heap = [0, 1, 2, 255, 254, .. Encoding.ASCII.GetBytes("heap")];
        agent.Write(AgentUnderTest.Running, "logs/heap.bin", heap);
        agent.Write(AgentUnderTest.Running, "logs/<b>.txt", "first\n" + new string('y', 100_000) + "\nlast\n");
        await using var open = await browser.OpenAsync(console, "/ui/files/shop/search");

        await open.Page.GetByRole(AriaRole.Combobox, new() { Name = "Instance" }).SelectOptionAsync(AgentUnderTest.Running);
        await open.Page.GetByRole(AriaRole.Link, new() { Name = "logs/" }).ClickAsync();
        await open.IsForEverybodyAsync();
        await open.PictureAsync("files-directory");
        await open.Page.GetByRole(AriaRole.Link, new() { Name = "<b>.txt", Exact = true }).ClickAsync();
        var file = open.Page.GetByRole(AriaRole.Region, new() { Name = "<b>.txt" });
        await Assertions.Expect(file).ToContainTextAsync("first");
        await Assertions.Expect(file).Not.ToContainTextAsync("last");
        await open.Page.GetByRole(AriaRole.Link, new() { Name = "End", Exact = true }).ClickAsync();
        await Assertions.Expect(file).ToContainTextAsync("last");
        await open.IsForEverybodyAsync();

        await open.Page.GetByRole(AriaRole.Link, new() { Name = "logs", Exact = true }).ClickAsync();
        await open.Page.GetByRole(AriaRole.Link, new() { Name = "heap.bin", Exact = true }).ClickAsync();
        await Assertions.Expect(open.Page.GetByText("It is no text")).ToBeVisibleAsync();
        var download = await open.Page.RunAndWaitForDownloadAsync(
            () => open.Page.GetByRole(AriaRole.Link, new() { Name = "Download" }).ClickAsync());
        Assert.Equal("heap.bin", download.SuggestedFilename);
        Assert.Equal(heap, await File.ReadAllBytesAsync(await download.PathAsync()));
        Assert.Empty(open.Errors);
    }

    [Fact]
    public async Task What_nobody_could_be_asked_about_is_read_once_somebody_can()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        AgentUnderTest.In(console).Write(AgentUnderTest.Running, "late.txt", "late");
        console.AreAway = true;
        await using var open = await browser.OpenAsync(console, $"/ui/files/shop/search?task={AgentUnderTest.Running}");
        await Assertions.Expect(open.Page.GetByText("is known (any more)")).ToBeVisibleAsync();

        console.AreAway = false;
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Link, new() { Name = "late.txt", Exact = true })).ToBeVisibleAsync();
        Assert.Empty(open.Errors);
    }

    [Fact]
    public async Task What_is_refused_or_gone_is_said_and_no_half_of_a_file_is_taken_for_a_whole_one()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        var agent = AgentUnderTest.In(console);
        var page = $"/ui/files/shop/search?task={AgentUnderTest.Running}";
        var file = $"/ui/download/{AgentUnderTest.Id}/{AgentUnderTest.Running}?path=";
        Assert.Contains("stdout", await console.GetAsync(page), StringComparison.Ordinal);
        Assert.Contains("there is no file", await console.GetAsync(page + "&file=none"), StringComparison.Ordinal);
        Assert.Equal("one\n", await console.GetAsync(file + "stdout"));

        Assert.Equal((HttpStatusCode.BadRequest, true), await AskAsync(file));
        Assert.Equal((HttpStatusCode.NotFound, true), await AskAsync(file + "none"));
        Assert.Equal((HttpStatusCode.NotFound, true),
            await AskAsync($"/ui/download/no-agent/{AgentUnderTest.Running}?path=stdout"));
        Assert.Equal((HttpStatusCode.NotFound, true),
            await AskAsync($"/ui/download/{AgentUnderTest.Id}/shop_search.instance-9._app.1?path=stdout"));
        agent.Refusal = (403, "Forbidden: 'files' of /shop/search is needed");
        Assert.Equal((HttpStatusCode.Forbidden, true), await AskAsync(file + "stdout"));
        Assert.Contains("is needed", await console.GetAsync(page), StringComparison.Ordinal);
        agent.IsAway = true;
        Assert.Equal((HttpStatusCode.BadGateway, true), await AskAsync(file + "stdout"));
        Assert.Contains("The agent does not answer", await console.GetAsync(page), StringComparison.Ordinal);

        async Task<(HttpStatusCode, bool IsText)> AskAsync(string path)
        {
            using var client = new HttpClient { BaseAddress = console.Url };
            using var answer = await client.GetAsync(path, TestContext.Current.CancellationToken);
            return (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType == "text/plain");
        }
    }
}
