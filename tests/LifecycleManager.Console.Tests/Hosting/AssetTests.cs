using System.Net;

namespace LifecycleManager.Console.Tests.Hosting;

public sealed class AssetTests
{
    [Theory]
    [InlineData("blazor.web.js", "text/javascript", "Blazor")]
    [InlineData("MudBlazor.min.js", "text/javascript", "mudElementRef")]
    [InlineData("MudBlazor.min.css", "text/css", "--mud-palette-primary")]
    [InlineData("console.css", "text/css", "color-scheme")]
    [InlineData("monaco/vs/editor/editor.main.css", "text/css", ".monaco-editor")]
    [InlineData("monaco/vs/base/worker/workerMain.js", "text/javascript", "onmessage")]
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
    public async Task The_code_editor_is_small_in_the_assembly_and_its_workers_make_no_program_of_text()
    {
        using var pack = typeof(ConsoleRole).Assembly.GetManifestResourceStream("monaco.zip")!;
        Assert.InRange(pack.Length, 500_000, 1_200_000);

        await using var console = await ConsoleUnderTest.StartAsync();
        using var client = new HttpClient { BaseAddress = console.Url };
        using var worker = await client.GetAsync(
            "/ui/assets/monaco/vs/base/worker/workerMain.js", TestContext.Current.CancellationToken);
        Assert.Contains("script-src 'self'", Assert.Single(worker.Headers.GetValues("Content-Security-Policy")),
            StringComparison.Ordinal);
        foreach (var left in (string[])["vs/language/typescript/tsWorker.js", "vs/editor/editor.main.nls.de.js", "../monaco.zip"])
        {
            using var answer = await client.GetAsync("/ui/assets/monaco/" + left, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }

        console.ShowAll();
        Assert.DoesNotContain("monaco", await console.GetAsync("/ui/apps/shop/search"), StringComparison.Ordinal);
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
