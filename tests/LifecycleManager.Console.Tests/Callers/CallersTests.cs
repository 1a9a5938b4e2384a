using System.Net;
using System.Text;
using LifecycleManager.Console.Callers;
using LifecycleManager.Console.Tests.Pages;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.Playwright;

namespace LifecycleManager.Console.Tests.Callers;

/// <summary>Pages are opened, and the roles asked, as who looks.</summary>
public sealed class CallersTests(Chromium browser)
{
    private static readonly Principals Known = Principals.Parse("""
        {"credentials": [
          {"principal": "admin", "secret": "a", "permissions": ["view", "operate"]},
          {"principal": "console", "secret": "c", "permissions": ["view"]},
          {"principal": "team", "secret": "t", "groups": {"/shop/**": ["view"]}},
          {"principal": "reader", "secret": "r", "groups": {"/shop/**": ["logs"]}}]}
        """);

    [Fact]
    public async Task Who_does_not_say_who_he_is_opens_no_page_and_no_socket()
    {
        await using var console = await ConsoleUnderTest.StartAsync(principals: Known);
        using var client = new HttpClient { BaseAddress = console.Url };

        foreach (var path in new[] { "/ui", "/ui/apps/x", "/_blazor?id=x" })
        {
            using var answer = await client.GetAsync(path, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        }
    }

    [Fact]
    public async Task A_live_page_asks_as_its_caller_and_leaves_out_what_he_may_not_do()
    {
        await using var console = await ConsoleUnderTest.StartAsync(principals: Known);
        console.ShowAll();
        await using var team = await browser.OpenAsync(console, "/ui/apps/shop/search", name: "team", secret: "t");

        await Assertions.Expect(team.Page.GetByRole(AriaRole.Link, new() { Name = "Queue" })).ToBeVisibleAsync();
        await Assertions.Expect(team.Page.GetByRole(AriaRole.Link, new() { Name = "Agents" })).ToHaveCountAsync(0);
        await Assertions.Expect(team.Page.GetByRole(AriaRole.Button, new() { Name = "Scale" })).ToHaveCountAsync(0);
        await Assertions.Expect(team.Page.GetByRole(AriaRole.Button, new() { Name = "Kill" })).ToHaveCountAsync(0);

        // By the socket, not by the page's own request.
        console.Callers.Clear();
        console.Show(Examples.Search with { Instances = 4, TasksRunning = 3 });
        await Assertions.Expect(team.Page.GetByText("3 / 4")).ToBeVisibleAsync();
        var said = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("team:t"));
        Assert.Equal(said, console.Callers["/v2/apps/shop/search"]);

        await using var admin = await browser.OpenAsync(console, "/ui/apps/shop/search", name: "admin", secret: "a");
        await Assertions.Expect(admin.Page.GetByRole(AriaRole.Link, new() { Name = "Agents" })).ToBeVisibleAsync();
        await Assertions.Expect(admin.Page.GetByRole(AriaRole.Button, new() { Name = "Scale", Exact = true })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task An_agent_is_asked_as_the_caller_and_for_nothing_that_he_may_not_have()
    {
        await using var console = await ConsoleUnderTest.StartAsync(principals: Known);
        console.ShowAll();
        AgentUnderTest.In(console);
        await using var reader = await browser.OpenAsync(console, "/ui/logs/shop/search", name: "reader", secret: "r");
        await Assertions.Expect(reader.Page.GetByRole(AriaRole.Region, new() { Name = "Log of" })).ToContainTextAsync("one");
        await Assertions.Expect(reader.Page.GetByRole(AriaRole.Link, new() { Name = "Terminal" })).ToHaveCountAsync(0);
        await Assertions.Expect(reader.Page.GetByRole(AriaRole.Link, new() { Name = "Files" })).ToHaveCountAsync(0);
        Assert.Equal("Basic " + Convert.ToBase64String("reader:r"u8), console.Callers["/files/tail"]);

        console.Callers.Clear();
        var download = $"/ui/download/{AgentUnderTest.Id}/{AgentUnderTest.Running}?path=";
        var page = $"?task={AgentUnderTest.Running}";
        Assert.Equal((HttpStatusCode.OK, "one\n"), await AskAsync("reader:r", download + "stdout"));
        foreach (var (who, path) in ((string, string)[])[
            ("reader:r", download + "other"), ("team:t", download + "stdout"),
            ("admin:a", $"/ui/download/{AgentUnderTest.Id}/unknown?path=stdout")])
            Assert.True((int)(await AskAsync(who, path)).Status is 403 or 404, path);
        foreach (var (who, path) in ((string, string)[])[
            ("team:t", "/ui/logs/shop/search"), ("reader:r", "/ui/files/shop/search" + page),
            ("admin:a", "/ui/terminal/shop/search" + page)])
            Assert.Contains(
                "This page is for who has the permission", (await AskAsync(who, path)).Text, StringComparison.Ordinal);

        // What was refused here was asked of no agent: all that was, was asked as who may.
        Assert.Contains("/files/download", console.Callers.Keys);
        Assert.All(
            console.Callers.Where(call => call.Key.StartsWith("/files/", StringComparison.Ordinal)),
            call => Assert.Equal("Basic " + Convert.ToBase64String("reader:r"u8), call.Value));

        async Task<(HttpStatusCode Status, string Text)> AskAsync(string who, string path)
        {
            using var client = new HttpClient { BaseAddress = console.Url };
            client.DefaultRequestHeaders.Add("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(who)));
            using var answer = await client.GetAsync(path, TestContext.Current.CancellationToken);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }
    }

    [Theory]
    [InlineData("http://evil.example", HttpStatusCode.Forbidden)]
    [InlineData("null", HttpStatusCode.Forbidden)]
    [InlineData("own", HttpStatusCode.NotFound)]
    public async Task A_page_of_another_site_opens_no_socket(string origin, HttpStatusCode status)
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        using var client = new HttpClient { BaseAddress = console.Url };
        using var socket = new HttpRequestMessage(HttpMethod.Get, "/_blazor?id=unknown");
        var own = console.Url.GetLeftPart(UriPartial.Authority);
        socket.Headers.TryAddWithoutValidation("Origin", origin == "own" ? own : origin);
        socket.Headers.TryAddWithoutValidation("Connection", "Upgrade");
        socket.Headers.TryAddWithoutValidation("Upgrade", "websocket");
        socket.Headers.TryAddWithoutValidation("Sec-WebSocket-Version", "13");
        socket.Headers.TryAddWithoutValidation("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");

        using var answer = await client.SendAsync(socket, TestContext.Current.CancellationToken);

        Assert.Equal(status, answer.StatusCode);
    }

    [Fact]
    public async Task Beyond_so_many_open_pages_another_is_refused_until_one_is_closed()
    {
        var sockets = new PageSockets();
        var closed = new TaskCompletionSource();
        static DefaultHttpContext Socket()
        {
            var context = new DefaultHttpContext();
            (context.Request.Method, context.Request.Path) = ("GET", PageSockets.Path);
            return context;
        }

        var open = Enumerable.Range(0, PageSockets.Most).Select(_ => sockets.InvokeAsync(Socket(), _ => closed.Task)).ToList();
        var refused = Socket();
        await sockets.InvokeAsync(refused, _ => throw new InvalidOperationException("it goes on"));
        Assert.Equal(StatusCodes.Status503ServiceUnavailable, refused.Response.StatusCode);

        closed.SetResult();
        await Task.WhenAll(open);
        var again = Socket();
        await sockets.InvokeAsync(again, context =>
        {
            context.Response.StatusCode = 204;
            return Task.CompletedTask;
        });
        Assert.Equal(204, again.Response.StatusCode);
        Assert.IsType<PageCaller>(again.User);
    }
}
