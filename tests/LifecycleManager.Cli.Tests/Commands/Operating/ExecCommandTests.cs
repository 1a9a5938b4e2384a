using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;

namespace LifecycleManager.Cli.Tests.Commands.Operating;

/// <summary>Commands beside instances that are real processes, also through a real terminal.</summary>
[Collection(RunningRolesCollection.Name)]
public sealed class ExecCommandTests(RunningRoles roles)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Its_output_and_exit_code_are_the_commands_and_which_instance_is_meant_is_asked()
    {
        await DeployAsync("/exec/one", 1);
        var run = await roles.RunAsync("app", "exec", "one", "--", "sh", "-c", "echo $MARK; echo bad >&2; exit 42");
        Assert.Equal((42, "here\n", "bad\n"), (run.Code, run.Output, run.Error));
        Assert.Equal("\u001b[2J\u0007", (await roles.DoneAsync("app", "exec", "one", "--", "printf", "\\033[2J\\007")));
        Assert.Equal(127, (await roles.RunAsync("app", "exec", "one", "--", "no-such-program")).Code);

        await roles.DoneAsync("app", "scale", "/exec/one", "2");
        var which = await roles.RunAsync("app", "exec", "/exec/one", "--", "true");
        Assert.Equal(6, which.Code);
        Assert.Contains("2 instances: say which with --instance", which.Error, StringComparison.Ordinal);
        var name = which.Error.Trim().Split(' ')[^1];
        Assert.Equal("here\n", await roles.DoneAsync("app", "exec", "one", "--instance", name, "--", "sh", "-c", "echo $MARK"));
        await roles.DoneAsync("app", "suspend", "/exec/one");
        await Eventually.TrueAsync(async () =>
            (await roles.RunAsync("app", "exec", "/exec/one", "--", "true")) is { Code: 6 } ended
            && ended.Error.Contains("has ended", StringComparison.Ordinal), "an ended instance");
        Assert.Equal(6, (await roles.RunAsync("app", "exec", "/exec/none", "--", "true")).Code);
        Assert.Equal(1, (await roles.RunAsync("app", "exec", "..%2f", "--", "true")).Code);
        Assert.Equal(1, (await roles.RunAsync("app", "exec", "/exec/one")).Code);
        await roles.DoneAsync("app", "stop", "/exec/one", "--yes");
    }

    [Fact]
    public async Task A_pipe_goes_through_byte_by_byte_and_Ctrl_C_is_the_commands()
    {
        await DeployAsync("/exec/pipe", 1);
        var bytes = Enumerable.Range(0, 300_000).Select(i => (byte)(i * 7)).ToArray();
        using (var cat = Start("dotnet", [Lcm, "app", "exec", "/exec/pipe", "--", "sh", "-c", "cat; exit 3"]))
        {
            var output = new MemoryStream();
            var copied = cat.StandardOutput.BaseStream.CopyToAsync(output);
            await cat.StandardInput.BaseStream.WriteAsync(bytes);
            cat.StandardInput.Close();
            await cat.WaitForExitAsync().WaitAsync(Patience);
            await copied;
            Assert.True(output.ToArray().AsSpan().SequenceEqual(bytes), $"{output.Length} bytes, not {bytes.Length}");
            Assert.Equal(3, cat.ExitCode);
        }

        await using var waiting = LcmProcess.Start(Path.GetTempPath(), roles.Variables,
            ["app", "exec", "/exec/pipe", "--", "sh", "-c",
                "trap 'echo interrupted; exit 9' INT; echo ready; while :; do sleep 0.1; done"]);
        await Eventually.TrueAsync(() => waiting.Output.Contains("ready", StringComparison.Ordinal), "the command");
        Assert.Equal(9, await waiting.InterruptAsync(Patience));
        Assert.Contains("interrupted", waiting.Output, StringComparison.Ordinal);

        // Whose client is gone is ended.
        var lost = LcmProcess.Start(Path.GetTempPath(), roles.Variables, ["app", "exec", "/exec/pipe", "--", "sleep", "6123"]);
        await Eventually.TrueAsync(() => Running("sleep\u00006123"), "the command");
        await lost.KillAsync();
        await Eventually.TrueAsync(() => !Running("sleep\u00006123"), "its end");
        await lost.DisposeAsync();
        await roles.DoneAsync("app", "stop", "/exec/pipe", "--yes");
    }

    [Fact]
    public async Task A_terminal_is_passed_on_with_its_size_its_keys_and_what_is_shown()
    {
        await DeployAsync("/exec/tty", 1);
        var script = Server.Executable("script");
        using var shell = Start(script, ["-q", "-e", "-c",
            $"stty cols 77 rows 22; dotnet '{Lcm}' app exec /exec/tty -- sh; code=$?; stty -a | grep -c ' icanon'; exit $code",
            "/dev/null"]);
        var shown = new StringBuilder();
        var reading = Task.Run(async () =>
        {
            var block = new char[1024];
            int read;
            while ((read = await shell.StandardOutput.ReadAsync(block)) > 0)
                lock (shown) shown.Append(block, 0, read);
        });
        string Shown()
        {
            lock (shown) return shown.ToString();
        }

        async Task TypeAsync(string keys, string sees)
        {
            await shell.StandardInput.WriteAsync(keys);
            await shell.StandardInput.FlushAsync();
            await Eventually.TrueAsync(() => Shown().Contains(sees, StringComparison.Ordinal), $"'{sees}'", Patience, Shown);
        }

        await Eventually.TrueAsync(() => Shown().AsSpan().IndexOfAny('$', '#') >= 0, "a prompt", Patience, Shown);
        await TypeAsync("echo size $(stty size)\r", "size 22 77");
        await TypeAsync("printf 'raw\\033[31m'; echo\r", "raw\u001b[31m");
        await TypeAsync("echo begun; exec 3>&1; sleep 1000 | (echo piped >&3; cat)\r", "\npiped");
        await TypeAsync("\u0003", "^C");
        await TypeAsync("echo code $?\r", "code 130");
        await TypeAsync("echo $TERM; exit 5\r", "xterm");
        await shell.WaitForExitAsync().WaitAsync(Patience);
        await reading;
        Assert.Equal(5, shell.ExitCode);

        // The terminal is as it was.
        Assert.EndsWith("1", Shown().Trim(), StringComparison.Ordinal);
        await roles.DoneAsync("app", "stop", "/exec/tty", "--yes");
    }

    private static string Lcm => Path.Combine(AppContext.BaseDirectory, "lcm.dll");

    private static bool Running(string command) => Directory.EnumerateDirectories("/proc").Any(process =>
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

    private Process Start(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in roles.Variables) start.Environment[name] = value;
        start.Environment["TERM"] = "xterm";
        var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        return process;
    }

    private async Task DeployAsync(string id, int instances)
    {
        var json = new JsonObject
        {
            ["id"] = id,
            ["cmd"] = "exec sleep 1000",
            ["cpus"] = 0.01,
            ["mem"] = 16,
            ["instances"] = instances,
            ["env"] = new JsonObject { ["MARK"] = "here" },
        };
        await roles.DoneAsync("app", "deploy", roles.Write("exec.json", json.ToJsonString()));
    }
}
