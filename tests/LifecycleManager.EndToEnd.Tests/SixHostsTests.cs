using System.Diagnostics;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary>
/// Six hosts, each a network namespace with an address and a name of its own, become a cluster with TLS by seven commands: one
/// makes the authority, and one starts each host.
/// </summary>
public sealed class SixHostsTests : IAsyncLifetime
{
    private const string Bridge = "lcmbr0";

    // In a namespace of its own, where no rule of a container engine's firewall is in the way; the operator is there, too.
    private const string Switch = "lcm-switch";
    private const string Net = "10.213.77";
    private static readonly string[] Hosts = ["m1", "s1", "g1", "a1", "a2", "a3"];

    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-e2e-hosts-").FullName;
    private readonly List<Process> _started = [];
    private readonly System.Collections.Concurrent.ConcurrentQueue<string> _lines = new();

    public async ValueTask InitializeAsync()
    {
        // Tasks run as nobody there, who has to get to his sandbox.
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_directory, File.GetUnixFileMode(_directory)
                | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        }

        Server.Root();
        Server.Executable("ip");
        await RemoveAsync();
        await IpAsync("netns", "add", Switch);
        await IpAsync("-n", Switch, "link", "add", Bridge, "type", "bridge");
        await IpAsync("-n", Switch, "addr", "add", $"{Net}.254/24", "dev", Bridge);
        await IpAsync("-n", Switch, "link", "set", Bridge, "up");
        await IpAsync("-n", Switch, "link", "set", "lo", "up");
        for (var i = 0; i < Hosts.Length; i++)
        {
            var (space, end) = (Space(i), $"lcmv{i}");
            await IpAsync("netns", "add", space);
            await IpAsync("-n", Switch, "link", "add", end, "type", "veth", "peer", "name", "eth0", "netns", space);
            await IpAsync("-n", Switch, "link", "set", end, "master", Bridge, "up");
            await IpAsync("-n", space, "addr", "add", $"{Net}.{i + 1}/24", "dev", "eth0");
            await IpAsync("-n", space, "link", "set", "eth0", "up");
            await IpAsync("-n", space, "link", "set", "lo", "up");
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _started)
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }

        await RemoveAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Seven_commands_make_six_hosts_a_cluster_with_tls()
    {
        // 1: the authority, with a token for each host.
        var made = await ToolAsync("ca", "init", "--ca-dir", At("ca"), "--tokens", "scheduler,manager,agent,agent,agent");
        Assert.True(made.Code == 0, made.Output);
        var tokens = made.Output.Split('\n').Where(line => line.StartsWith("lcm1_", StringComparison.Ordinal)).ToArray();

        // 2 to 7: a command for each host.
        string Joins(int token) => $"{tokens[token]}@{Net}.1:5050";
        Start(0, "master", "--ca-dir", At("ca"));
        Start(1, "scheduler", "--join", Joins(0));
        Start(2, "manager", "--join", Joins(1), "--scheduler", $"https://{Net}.2:8080");
        for (var agent = 3; agent < 6; agent++)
        {
            Start(agent, "agent", "--join", Joins(agent - 1), "--containerizers", "process", "--task-address",
                $"{Net}.{agent + 1}");
        }

        // The operator's machine is a seventh, with a certificate of his own.
        var issued = await ToolAsync("ca", "issue", "alice", "--ca-dir", At("ca"), "--output", At("alice.pem"));
        Assert.True(issued.Code == 0, issued.Output);
        string[] caller = ["--tls-ca", At("ca/authority.pem"), "--tls-certificate", At("alice.pem")];
        var app = At("sleeper.json");
        await File.WriteAllTextAsync(app, """
            {"id": "/sleeper", "cmd": "exec sleep 100000", "cpus": 0.1, "mem": 32, "instances": 3,
              "constraints": [["hostname", "UNIQUE"]]}
            """);
        await Eventually.TrueAsync(async () =>
        {
            var listed = await ToolAsync(
                ["agent", "list", "--output", "name", "--master", $"https://{Net}.1:5050", .. caller]);
            return listed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length == 3;
        }, "three agents", more: () => string.Join('\n', _lines));
        var deployed = await ToolAsync(
            ["app", "deploy", app, "--scheduler", $"https://{Net}.2:8080", .. caller]);
        Assert.True(deployed.Code == 0, $"{deployed.Output}\n{string.Join('\n', _lines)}");

        // Everybody speaks TLS to everybody, and knows who calls: the manager follows the scheduler, and reads the agents.
        var status = await ToolAsync(["status", "--scheduler", $"https://{Net}.2:8080", "--master",
            $"https://{Net}.1:5050", "--manager", $"https://{Net}.3:8090", .. caller]);
        Assert.True(status.Code == 0, $"{status.Output}\n{string.Join('\n', _lines)}");
        Assert.Contains("3 of 3 run", status.Output, StringComparison.Ordinal);
        Assert.All(tokens, token => Assert.DoesNotContain(token, string.Join('\n', _lines), StringComparison.Ordinal));

        // Nobody gets in without a certificate.
        var stranger = await ToolAsync("app", "list", "--scheduler", $"https://{Net}.2:8080", "--tls-ca", At("ca/authority.pem"));
        Assert.NotEqual(0, stranger.Code);
        Assert.Equal(0, (await ToolAsync(
            ["app", "stop", "/sleeper", "--yes", "--scheduler", $"https://{Net}.2:8080", .. caller])).Code);
    }

    private static string Lcm => Path.Combine(AppContext.BaseDirectory, "lcm.dll");

    private static string Space(int host) => $"lcm-{Hosts[host]}";

    private string At(string name) => Path.Combine(_directory, name);

    /// <summary>The host's one command, where the host's name and network are its own.</summary>
    private void Start(int host, string role, params string[] options)
    {
        var start = new ProcessStartInfo(
            "ip")
        { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _directory };
        foreach (var word in (string[])
        [
            "netns", "exec", Space(host), "unshare", "--uts", "sh", "-c", $"hostname {Hosts[host]} && exec \"$@\"", "sh",
                "dotnet", Lcm, role,
            "--bind", $"{Net}.{host + 1}", "--work-dir", At(Hosts[host]), .. options,
        ]) start.ArgumentList.Add(word);
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, e) => _lines.Enqueue($"{Hosts[host]}: {e.Data}");
        process.ErrorDataReceived += (_, e) => _lines.Enqueue($"{Hosts[host]}: {e.Data}");
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _started.Add(process);
    }

    private static Task<(int Code, string Output)> ToolAsync(params string[] words) =>
        RunAsync(["ip", "netns", "exec", Switch, "dotnet", Lcm, .. words]);

    private static async Task RemoveAsync()
    {
        for (var i = 0; i < Hosts.Length; i++) await RunAsync("ip", "netns", "del", Space(i));
        await RunAsync("ip", "netns", "del", Switch);
    }

    private static async Task IpAsync(params string[] words)
    {
        var ran = await RunAsync(["ip", .. words]);
        Assert.True(ran.Code == 0, $"ip {string.Join(' ', words)}: {ran.Output}");
    }

    private static async Task<(int Code, string Output)> RunAsync(params string[] words)
    {
        var start = new ProcessStartInfo(words[0]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var word in words[1..]) start.ArgumentList.Add(word);
        try
        {
            using var process = Process.Start(start)!;
            var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync();
            return (process.ExitCode, await output + await error);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return (-1, e.Message);
        }
    }
}
