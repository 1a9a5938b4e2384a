using System.Collections.Concurrent;
using Deque.AxeCore.Commons;
using LifecycleManager.Testing;
using Microsoft.Playwright;

namespace LifecycleManager.Console.Tests.Pages;

/// <summary>One Chromium for all tests of the room: each page has a context of its own in it.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Server.Executable("chromium", "chromium-browser", "google-chrome"),
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
                "--disable-sync", "--no-first-run"],
        });
        Assertions.SetDefaultExpectTimeout(OpenPage.Patience);
    }

    /// <summary>Opens a page and waits until it is live.</summary>
    internal Task<OpenPage> OpenAsync(
        ConsoleUnderTest console, string path, int width = 1280, bool dark = false, string? name = null, string? secret = null) =>
        OpenAsync(new Uri(console.Url, path), width, dark, name, secret);

    /// <summary>The same, of any console.</summary>
    internal async Task<OpenPage> OpenAsync(
        Uri page, int width = 1280, bool dark = false, string? name = null, string? secret = null)
    {
        var context = await NewContextAsync(width, dark, name, secret);
        return await OpenPage.OpenAsync(context, page, isAlone: true);
    }

    /// <summary>A browser's profile of its own, without anything in it.</summary>
    internal Task<IBrowserContext> NewContextAsync(
        int width = 1280, bool dark = false, string? name = null, string? secret = null,
        IEnumerable<ClientCertificate>? certificates = null) =>
        _browser!.NewContextAsync(new()
        {
            // Of an authority of the test's own.
            ClientCertificates = certificates,
            IgnoreHTTPSErrors = certificates is not null,
            ViewportSize = new() { Width = width, Height = 900 },
            ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,

            // What moves is looked at where it comes to, and not on its way.
            ReducedMotion = ReducedMotion.Reduce,
            HttpCredentials = name is null ? null : new() { Username = name, Password = secret! },
        });

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
    }
}

/// <summary>A page in a browser.</summary>
internal sealed class OpenPage : IAsyncDisposable
{
    /// <summary>In milliseconds, far beyond Playwright's own: the machine may be busy.</summary>
    public const float Patience = 60_000;

    // An editor that is left while its worker still loads.
    private static readonly string[] Expected = ["Failed to load resource", "Failed trying to load default language strings"];

    private static readonly string Axe = new BundledAxeScriptProvider().GetScript();

    private readonly IBrowserContext? _context;

    private OpenPage(IPage page, IBrowserContext? context) => (Page, _context) = (page, context);

    public IPage Page { get; }

    /// <summary>What the page's scripts, and the browser in its place, complained of.</summary>
    public ConcurrentQueue<string> Errors { get; } = [];

    /// <summary>Opens a page and waits until it is live.</summary>
    /// <param name="context">Where.</param>
    /// <param name="url">Its address.</param>
    /// <param name="isAlone">Whether the context goes with its page.</param>
    public static async Task<OpenPage> OpenAsync(IBrowserContext context, Uri url, bool isAlone)
    {
        var open = new OpenPage(await context.NewPageAsync(), isAlone ? context : null);
        open.Page.SetDefaultTimeout(Patience);
        open.Page.PageError += (_, error) => open.Errors.Enqueue(error);
        open.Page.Console += (_, message) =>
        {
            // A page that is not there is one of the things that are tested; what the policy forbids is not.
            if (message.Type == "error" && !Expected.Any(text => message.Text.StartsWith(text, StringComparison.Ordinal)))
                open.Errors.Enqueue(message.Text);
        };
        await open.Page.GotoAsync(url.ToString());
        await open.LiveAsync();
        return open;
    }

    /// <summary>Waits until what is pressed is answered.</summary>
    public Task LiveAsync() => Assertions.Expect(Page.Locator("html[data-live=yes]")).ToBeAttachedAsync();

    /// <summary>The page's code editor, the first of them.</summary>
    public ILocator Editor => Page.Locator(".code-place").First;

    /// <summary>Waits until the code editors take what is typed.</summary>
    public async Task EditorReadyAsync()
    {
        await Assertions.Expect(Editor).ToHaveAttributeAsync("data-ready", "yes");
        await Assertions.Expect(Page.Locator(".code-place:not([data-ready])")).ToHaveCountAsync(0);
    }

    /// <summary>
    /// Puts a text in place of what a code editor has, the first where none is said, as who pastes it: what is typed is indented.
    /// </summary>
    public async Task TypeAsync(string text, ILocator? editor = null)
    {
        await EditorReadyAsync();
        editor ??= Editor;
        await editor.Locator(".view-lines").ClickAsync();
        await Page.Keyboard.PressAsync("Control+a");
        await editor.Locator("textarea").EvaluateAsync(
            """
            (input, text) => {
              const clipboardData = new DataTransfer();
              clipboardData.setData('text/plain', text);
              input.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
            }
            """, text);
        await Assertions.Expect(editor).ToContainTextAsync(text.Split('\n')[^1].Trim().Replace(' ', '\u00a0'));
    }

    /// <summary>
    /// Follows the first link of a name, and waits for the page it leads to: until then there are the fields of the page that is
    /// left.
    /// </summary>
    public async Task FollowAsync(string link, string heading, bool exact = false)
    {
        await Page.GetByRole(AriaRole.Link, new() { Name = link, Exact = exact }).First.ClickAsync();
        await Assertions.Expect(Page.Locator("h1")).ToHaveTextAsync(heading);
    }

    /// <summary>Looks at what changes, and sends it.</summary>
    public async Task SendAsync(string button)
    {
        await Page.GetByRole(AriaRole.Button, new() { Name = "Show what changes" }).ClickAsync();
        await Page.GetByRole(AriaRole.Button, new() { Name = button }).ClickAsync();
    }

    /// <summary>Nothing that axe knows of keeps anybody from using the page, once its colors are what they change to.</summary>
    /// <param name="colorsAlone">Of a page that was looked at in other colors.</param>
    public async Task IsForEverybodyAsync(bool colorsAlone = false)
    {
        const int Tries = 5;
        for (var tries = 1; ; tries++)
        {
            var violations = await ViolationsAsync(colorsAlone);
            if (violations.Length == 0) return;
            Assert.True(tries < Tries, violations);
            await Task.Delay(1_000);
        }
    }

    private async Task<string> ViolationsAsync(bool colorsAlone)
    {
        if (!await Page.EvaluateAsync<bool>("typeof axe === 'object'")) await Page.EvaluateAsync(Axe);
        return await Page.EvaluateAsync<string>(
            """
            async rules => {
              const { violations } = await axe.run(document, {
                runOnly: rules, resultTypes: ['violations'],

                // These two read all styles and sounds first; there are no sounds, and no style is about how a screen is turned.
                rules: { 'css-orientation-lock': { enabled: false }, 'no-autoplay-audio': { enabled: false } },
              });
              return violations.flatMap(rule =>
                rule.nodes.slice(0, 3).map(node => `${rule.id}: ${rule.help}: ${node.html}`)).join('\n');
            }
            """, colorsAlone ? ["color-contrast"] : new[] { "wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice" });
    }

    /// <summary>Nothing of it is beside the window.</summary>
    public async Task FitsAsync()
    {
        Assert.True(
            await Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= document.documentElement.clientWidth"),
            "the page is wider than the window");
    }

    /// <summary>A picture for whoever looks, where <c>LCM_SCREENSHOTS</c> names a directory.</summary>
    public async Task PictureAsync(string name)
    {
        if (Environment.GetEnvironmentVariable("LCM_SCREENSHOTS") is { Length: > 0 } directory)
            await Page.ScreenshotAsync(new() { Path = System.IO.Path.Combine(directory, name + ".png"), FullPage = true });
    }

    public async ValueTask DisposeAsync()
    {
        if (_context is not null) await _context.DisposeAsync();
        else await Page.CloseAsync();
    }
}
