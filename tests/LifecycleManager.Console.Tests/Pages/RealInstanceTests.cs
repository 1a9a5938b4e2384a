using System.Net.Http.Json;
using System.Text.Json;
using LifecycleManager.Testing;
using Microsoft.Playwright;

namespace LifecycleManager.Console.Tests.Pages;

/// <summary>The roles themselves, and a real process: its logs, its files and a terminal beside it, in a browser.</summary>
public sealed class RealInstanceTests(Chromium browser)
{
    [Fact]
    public async Task The_logs_the_files_and_a_terminal_of_a_real_process_are_in_the_browser()
    {
        var directory = Directory.CreateTempSubdirectory("lcm-console-").FullName;
        var port = Server.FreePort();
        await using var lcm = LcmProcess.Start(
            directory,
            ["up", "--work-dir", Path.Combine(directory, "work"), "--stop-tasks", "--master-port", $"{Server.FreePort()}",
                "--agent-port", $"{Server.FreePort()}", "--manager-port", $"{Server.FreePort()}", "--scheduler-port", $"{port}"]);
        using var scheduler = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    using var posted = await scheduler.PostAsJsonAsync("v2/apps", new
                    {
                        id = "/real",
                        cmd = "mkfifo pipe; echo begun; echo wrong >&2; echo kept > note.txt; "
                            + "while :; do read line < pipe && echo \"heard $line\"; done",
                        cpus = 0.1,
                        mem = 32,
                        instances = 1,
                    });
                    return posted.IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            }, "a scheduler that takes an app", more: () => lcm.Output);
        await Eventually.TrueAsync(
            async () => (await scheduler.GetFromJsonAsync<JsonElement>("v2/apps/real"))
                .GetProperty("app").GetProperty("tasksRunning").GetInt32() == 1,
            "a running instance", more: () => lcm.Output);

        await using var open = await browser.OpenAsync(new Uri(scheduler.BaseAddress!, "/ui/apps/real"));
        await open.FollowAsync("Terminal of", "Terminal of /real");
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Open" }).ClickAsync();
        var keys = open.Page.GetByRole(AriaRole.Textbox, new() { Name = "Terminal of" });
        var screen = open.Page.Locator(".tscreen");
        await Assertions.Expect(keys).ToBeFocusedAsync();

        // The size of the screen is the program's, what is typed goes to it, and Ctrl-C ends what it runs and not itself.
        await keys.PressSequentiallyAsync("stty size; cat note.txt; tput setaf 1; echo red; tput sgr0\n");
        await Assertions.Expect(screen).ToContainTextAsync("kept");
        await Assertions.Expect(screen.Locator(".f1").First).ToContainTextAsync("red");
        await keys.PressSequentiallyAsync("sleep 100000; echo not-this\n");
        await keys.PressAsync("Control+c");
        await keys.PressSequentiallyAsync("echo still-$((40+2))\n");
        await Assertions.Expect(screen).ToContainTextAsync("still-42");
        await keys.PressSequentiallyAsync("echo a browser > pipe; printf '\\000\\377' > bytes\n");
        var rows = await screen.EvaluateAsync<int>("screen => Math.floor((screen.parentElement.clientHeight - 12) / 19)");
        await Assertions.Expect(screen).ToContainTextAsync($"{rows} ");
        await open.Page.SetViewportSizeAsync(900, 1400);
        await keys.PressSequentiallyAsync("clear; stty size\n");
        rows = await screen.EvaluateAsync<int>("screen => Math.floor((screen.parentElement.clientHeight - 12) / 19)");
        await Assertions.Expect(screen).ToContainTextAsync($"{rows} ");
        await open.PictureAsync("terminal");
        await open.IsForEverybodyAsync();
        await keys.PressAsync("Shift+Tab");
        await Assertions.Expect(keys).Not.ToBeFocusedAsync();

        // It ends with its page.
        await keys.FocusAsync();
        await keys.PressSequentiallyAsync("exec sleep 7321\n");
        await Eventually.TrueAsync(() => Runs("sleep\u00007321"), "the program");
        await open.FollowAsync("Logs", "Logs of /real");
        await Eventually.TrueAsync(() => !Runs("sleep\u00007321"), "its end");

        var log = open.Page.GetByRole(AriaRole.Region, new() { Name = "Log of" });
        foreach (var line in (string[])["begun", "wrong", "heard a browser"])
            await Assertions.Expect(log).ToContainTextAsync(line);
        await open.FollowAsync("Files", "Files of /real");
        await open.Page.GetByRole(AriaRole.Combobox, new() { Name = "Instance" })
            .SelectOptionAsync(new SelectOptionValue { Index = 1 });
        await open.Page.GetByRole(AriaRole.Link, new() { Name = "note.txt", Exact = true }).ClickAsync();
        await Assertions.Expect(open.Page.GetByRole(AriaRole.Region, new() { Name = "note.txt" })).ToHaveTextAsync("kept\n");
        await open.Page.GetByRole(AriaRole.Link, new() { Name = "sandbox" }).ClickAsync();
        var download = await open.Page.RunAndWaitForDownloadAsync(
            () => open.Page.GetByRole(AriaRole.Link, new() { Name = "Download bytes" }).ClickAsync());
        Assert.Equal([0, 255], await File.ReadAllBytesAsync(await download.PathAsync()));

        // What has ended is read all the same, and no terminal is beside it.
        var task = new Uri(open.Page.Url).Query;
        using (var scaled = await scheduler.PutAsJsonAsync("v2/apps/real", new { instances = 0 }))
            Assert.True(scaled.IsSuccessStatusCode);
        await open.Page.GotoAsync(new Uri(scheduler.BaseAddress!, "/ui/logs/real" + task.Split('&')[0]).ToString());
        await Assertions.Expect(open.Page.GetByText("has ended").First).ToBeVisibleAsync();
        await Assertions.Expect(log).ToContainTextAsync("heard a browser");
        await open.Page.GotoAsync(new Uri(scheduler.BaseAddress!, "/ui/terminal/real" + task.Split('&')[0]).ToString());
        await Assertions.Expect(open.Page.GetByText("This instance has ended")).ToBeVisibleAsync();
        await open.LiveAsync();
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Open" }).ClickAsync();
        await Assertions.Expect(open.Page.Locator(".trouble").Last).ToContainTextAsync("there is no container");
        Assert.Empty(open.Errors);
        await lcm.InterruptAsync(TimeSpan.FromMinutes(1));
        Directory.Delete(directory, recursive: true);
    }

    private static bool Runs(string command) => Directory.EnumerateDirectories("/proc").Any(process =>
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline")).StartsWith(command, StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    });
}
