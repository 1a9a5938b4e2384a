using System.Net;

namespace LifecycleManager.Console.Tests.Hosting;

public sealed class AssetTests
{
    [Theory]
    [InlineData("blazor.web.js", "text/javascript", "Blazor")]
    [InlineData("MudBlazor.min.js", "text/javascript", "mudElementRef")]
    [InlineData("MudBlazor.min.css", "text/css", "--mud-palette-primary")]
    [InlineData("console.css", "text/css", "color-scheme")]
    public async Task Styles_and_scripts_come_from_this_process_compressed_or_not_and_once(string name, string type, string text)
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        using var plain = new HttpClient { BaseAddress = console.Url };
        using var zipped = new HttpClient(new HttpClientHandler { AutomaticDecompression = DecompressionMethods.GZip })
        {
            BaseAddress = console.Url,
        };

        var content = await plain.GetStringAsync($"/ui/assets/{name}", TestContext.Current.CancellationToken);
        Assert.Contains(text, content, StringComparison.Ordinal);
        using var answer = await zipped.GetAsync($"/ui/assets/{name}", TestContext.Current.CancellationToken);
        Assert.Equal(content, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(type, answer.Content.Headers.ContentType!.MediaType);

        using var again = new HttpRequestMessage(HttpMethod.Get, $"/ui/assets/{name}");
        again.Headers.IfNoneMatch.Add(answer.Headers.ETag!);
        using var same = await plain.SendAsync(again, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);
    }

    [Fact]
    public async Task A_page_may_run_scripts_from_here_alone_and_may_not_be_framed()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        using var client = new HttpClient { BaseAddress = console.Url };
        using var answer = await client.GetAsync("/ui", TestContext.Current.CancellationToken);

        var policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("script-src 'self';", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe-eval", policy, StringComparison.Ordinal);
    }
}
