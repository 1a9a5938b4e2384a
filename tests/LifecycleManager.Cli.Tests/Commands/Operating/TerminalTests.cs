using System.Diagnostics;

namespace LifecycleManager.Cli.Tests.Commands.Operating;

/// <summary>What a real terminal gets, by a pseudo terminal: colors but for NO_COLOR, and nothing of what comes from
/// outside.</summary>
public sealed class TerminalTests
{
    private const string Apps = """
        {"apps":[{"id":"/good","instances":1,"tasksRunning":1,"version":"x"},
                 {"id":"/evil\u001b]52;c;cm0=\u0007","instances":0,"countOwner":"\u001b[2J"}]}
        """;

    [Fact]
    public async Task A_terminal_gets_colors_and_no_escape_sequence_of_others()
    {
        await using var scheduler = await Answering.StartAsync(_ => (200, Apps));
        var colored = await AtTerminalAsync("-u NO_COLOR", $"app list --scheduler {scheduler.Address}");
        Assert.Contains("\u001b[38;5;2mrunning\u001b[0m", colored, StringComparison.Ordinal);
        Assert.Contains("\\x1b[2J", colored, StringComparison.Ordinal);
        Assert.Contains("/evil\\x1b]52;c;cm0=\\x07", colored, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[2J", colored, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b]52", colored, StringComparison.Ordinal);
        Assert.DoesNotContain("\u0007", colored, StringComparison.Ordinal);
        var plain = await AtTerminalAsync("NO_COLOR=1", $"app list --scheduler {scheduler.Address}");
        Assert.Contains("running", plain, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[3", plain, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pipe_gets_neither_colors_nor_breaks_of_a_thousand_apps()
    {
        var name = new string('x', 200);
        var apps = string.Join(',', Enumerable.Range(0, 1_000).Select(i => $$"""{"id":"/{{name}}/{{i}}","instances":1}"""));
        await using var scheduler = await Answering.StartAsync(_ => (200, $$"""{"apps":[{{apps}}]}"""));
        await using var lcm = LcmProcess.Start(Path.GetTempPath(), "app", "list", "--scheduler", scheduler.Address.ToString());
        Assert.Equal(0, await lcm.ExitAsync(TimeSpan.FromMinutes(1)));
        var lines = lcm.Lines.ToList();
        Assert.Equal(1_001, lines.Count);
        Assert.All(lines.Skip(1), line => Assert.StartsWith($"/{name}/", line, StringComparison.Ordinal));
        Assert.DoesNotContain(lcm.Output, c => char.IsControl(c) && c is not ('\n' or '\r'));
    }

    [Fact]
    public async Task At_a_terminal_with_a_screen_an_app_is_opened_in_the_browser()
    {
        if (OperatingSystem.IsWindows()) return; // The browser here is a shell's script.
        await using var scheduler = await Answering.StartAsync(_ => (200,
            """{"app":{"id":"/web","tasks":[{"id":"w","appId":"/web","host":"h","ports":[80],"state":"TASK_RUNNING"}]}}"""));
        var directory = Directory.CreateTempSubdirectory("lcm-browser-").FullName;
        try
        {
            var (browser, opened) = (Path.Combine(directory, "xdg-open"), Path.Combine(directory, "opened"));
            await File.WriteAllTextAsync(browser, $"#!/bin/sh\necho \"$*\" >> '{opened}'\n");
            File.SetUnixFileMode(browser, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            var path = $"PATH='{directory}':\"$PATH\"";
            var open = $"app open /web --scheduler {scheduler.Address}";
            foreach (var screen in (string[])["-u DISPLAY -u WAYLAND_DISPLAY", "DISPLAY=:0"])
                Assert.Contains("http://h/", await AtTerminalAsync($"{screen} {path}", open), StringComparison.Ordinal);
            await Eventually.TrueAsync(() => File.Exists(opened) && new FileInfo(opened).Length > 0, "the browser's start");
            Assert.Equal("http://h/\n", await File.ReadAllTextAsync(opened));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<string> AtTerminalAsync(string variables, string command)
    {
        var lcm = Path.Combine(AppContext.BaseDirectory, "lcm.dll");
        var start = new ProcessStartInfo(Server.Executable("script"))
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
        };
        foreach (var word in (string[])["-q", "-e", "-c",
            $"stty cols 160; env {variables} TERM=xterm-256color dotnet '{lcm}' {command}", "/dev/null"])
            start.ArgumentList.Add(word);
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = await process.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromMinutes(1));
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, output);
        return output;
    }
}
