using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using LifecycleManager.EndToEnd.Tests.Harness;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Runtime;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary>A cluster with TLS of which each process has joined by one command.</summary>
public sealed class JoiningTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-e2e-join-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Processes_join_run_an_app_are_renewed_start_again_without_a_token_and_are_revoked()
    {
        var (master, agent, scheduler) = (Server.FreePort(), Server.FreePort(), Server.FreePort());

        // A certificate's time is so short that each is renewed within the test.
        var (code, text) = await ToolAsync(
            "ca", "init", "--ca-dir", "ca", "--cluster", "shop", "--tokens", "agent,scheduler,agent",
            "--for", "1h", "--certificates-for", "60s");
        Assert.True(code == 0, text);
        var tokens = text.Split('\n').Where(line => line.StartsWith("lcm1_", StringComparison.Ordinal)).ToList();
        Assert.Equal(3, tokens.Count);
        await using var masterProcess = Start("master", master, "--ca-dir", "ca");
        await using var agentProcess = Start(
            "agent", agent, "--join", $"{tokens[0]}@localhost:{master}", "--containerizers", "process");
        await using var schedulerProcess = Start("scheduler", scheduler, "--join", $"{tokens[1]}@localhost:{master}");
        LcmProcess[] all = [masterProcess, agentProcess, schedulerProcess];
        string Outputs() => string.Join("\n\n", all.Select(process => process.Output));
        Assert.Equal(0, (await ToolAsync("ca", "issue", "alice", "--ca-dir", "ca")).Code);
        var alice = X509Certificate2.CreateFromPemFile(At("alice.pem"));
        var authority = X509CertificateLoader.LoadCertificateFromFile(At("ca/authority.pem"));
        using var handler = new SocketsHttpHandler();
        new ClientTls(() => alice, () => [authority]).ApplyTo(handler.SslOptions);
        using var client = new HttpClient(
            handler)
        { BaseAddress = new Uri($"https://localhost:{scheduler}"), Timeout = TimeSpan.FromSeconds(30) };
        using var viewer = new HttpClient(handler, disposeHandler: false)
        {
            BaseAddress = new Uri($"https://localhost:{master}"),
            Timeout = TimeSpan.FromSeconds(30)
        };
        var api = MarathonApi.For(client);
        await Eventually.TrueAsync(async () =>
        {
            await api.UpdateApp("sleeper", new App { Cmd = "exec sleep 100000", Cpus = 0.01, Mem = 16, Instances = 1 },
                force: true);
            return true;
        }, "the app", more: Outputs);
        await Eventually.TrueAsync(async () => (await api.GetTasks()).Tasks.Count(task => task.State == "TASK_RUNNING") == 1,
            "an instance", more: Outputs);

        // A token is good once, for its role: one line each, and nothing else.
        foreach (var (role, token, said) in ((string, string, string)[])
            [("agent", tokens[0], "the token is used up, by"), ("manager", tokens[2], "the token is for the role agent")])
        {
            await using var refused = Start(role, Server.FreePort(), "--join", $"{token}@localhost:{master}");
            Assert.Equal(1, await refused.ExitAsync(TimeSpan.FromMinutes(1)));
            Assert.Contains(said, Assert.Single(refused.Lines, line => line.Length > 0), StringComparison.Ordinal);
        }

        // All are renewed, the task runs on, and an agent that starts again needs no token.
        await Eventually.TrueAsync(() => Task.FromResult(all.All(process =>
            process.Output.Contains("is renewed, until", StringComparison.Ordinal))), "renewals", more: Outputs);
        await agentProcess.KillAsync();
        await using var again = Start("agent", agent, "--containerizers", "process");
        all = [.. all, again];
        await Eventually.TrueAsync(() => Task.FromResult(again.Output.Contains("egistered", StringComparison.Ordinal)),
            "the agent is back", more: Outputs);
        Assert.Equal(1, (await api.GetTasks()).Tasks.Count(task => task.State == "TASK_RUNNING"));
        Assert.All(tokens, token => Assert.DoesNotContain(token, Outputs(), StringComparison.Ordinal));
        await Tasks.EndAsync(api, viewer, viewer.BaseAddress!, Outputs);

        // Revoked, it registers no more.
        var listed = JsonSerializer.Deserialize<JsonElement>(
            (await ToolAsync("ca", "list", "--ca-dir", "ca", "-o", "json")).Output);
        var subject = listed.EnumerateArray().First(issued => issued.GetProperty("role").GetString() == "agent").GetProperty(
            "subject").GetString()!;
        Assert.Equal(0, (await ToolAsync("ca", "revoke", subject, "--ca-dir", "ca")).Code);
        await again.KillAsync();
        await Eventually.TrueAsync(
            () => Task.FromResult(File.ReadAllLines(At($"work-{master}/master/identity/revoked.txt")).Length > 1),
            "the master knows", more: Outputs);
        // The first may come before the master has read anew what it knows.
        await using var first = Start("agent", agent, "--containerizers", "process");
        all = [.. all, first];
        await Eventually.TrueAsync(() => Task.FromResult(
            masterProcess.Output.Contains($"the certificate of 'CN={subject}' is revoked", StringComparison.Ordinal)),
            "it is refused", more: Outputs);
        await first.KillAsync();
        await using var revoked = Start("agent", agent, "--containerizers", "process");
        all = [.. all, revoked];
        await Eventually.TrueAsync(() => Task.FromResult(
            revoked.Output.Contains("No registration with the master", StringComparison.Ordinal)), "it is told", more: Outputs);
        Assert.DoesNotContain("Registered", revoked.Output, StringComparison.Ordinal);
    }

    private async Task<(int Code, string Output)> ToolAsync(params string[] arguments)
    {
        await using var tool = LcmProcess.Start(_directory, arguments);
        return (await tool.ExitAsync(TimeSpan.FromMinutes(2)), tool.Output);
    }

    private LcmProcess Start(string role, int port, params string[] more) => LcmProcess.Start(_directory,
        [role, "--port", port.ToString(CultureInfo.InvariantCulture), "--work-dir", At($"work-{port}"), .. more]);

    private string At(string name) => Path.Combine(_directory, name);
}
