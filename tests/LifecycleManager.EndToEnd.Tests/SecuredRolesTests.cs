using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using LifecycleManager.EndToEnd.Tests.Harness;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary>Roles as processes behind TLS, each with its own principal and no more rights than it needs.</summary>
public sealed class SecuredRolesTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-e2e-secured-").FullName;
    private readonly CertificateAuthority _authority = new("lcm test authority");

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task An_app_runs_behind_tls_where_everybody_says_who_he_is()
    {
        var authority = _authority.AuthorityFile(_directory);
        var (certificate, key) = _authority.Files(_directory, "server", "localhost", server: true);
        var (nodeCertificate, nodeKey) = _authority.Files(_directory, "node", "node1.agents.test", server: true, client: true);
        var credentials = Write("credentials.json", """
            {"credentials": [
              {"principal": "*.agents.test", "permissions": ["agent"]},
              {"principal": "node", "secret": "agents-secret", "permissions": ["agent"]},
              {"principal": "marathon", "secret": "schedulers-secret", "permissions": ["view"], "roles": ["web"]},
              {"principal": "manager", "secret": "managers-secret", "permissions": ["view"]}
            ]}
            """);
        var callers = Write("callers.json", """
            {"credentials": [
              {"principal": "manager", "secret": "managers-secret", "permissions": ["operate"]},
              {"principal": "guest", "secret": "guests-secret", "permissions": ["view"]}
            ]}
            """);
        var managersSecret = Write("manager.secret", "managers-secret");
        var (master, node, other, scheduler, manager) =
            (Server.FreePort(), Server.FreePort(), Server.FreePort(), Server.FreePort(), Server.FreePort());
        string[] tls = ["--tls-certificate", certificate, "--tls-key", key];
        var masterUrl = $"https://localhost:{master}";
        Directory.CreateDirectory(Path.Combine(_directory, "rules"));
        await using var masterProcess = Start("master", master, "",
            [.. tls, "--credentials", credentials, "--tls-client-ca", authority]);

        // One agent by its certificate; one by a secret from the environment, whose certificate is for its own surface alone.
        await using var nodeProcess = Start("agent", node, "",
            ["--master", masterUrl, "--tls-certificate", nodeCertificate, "--tls-key", nodeKey, "--containerizers", "process"]);
        await using var otherProcess = Start("agent", other, "agents-secret",
            [.. tls, "--master", masterUrl, "--principal", "node", "--credentials", credentials, "--containerizers", "process",
                "--hostname", "localhost"]);
        await using var schedulerProcess = Start("scheduler", scheduler, "",
            [.. tls, "--master", masterUrl, "--framework-role", "web", "--principal", "marathon", "--secret-file",
                Write("scheduler.secret", "schedulers-secret\n"),
                "--credentials", callers, "--advertise", $"https://localhost:{scheduler}"]);
        await using var managerProcess = Start("manager", manager, "",
            ["--scheduler", $"https://localhost:{scheduler}", "--master", masterUrl,
                "--metrics-credentials", $"agents=manager@{managersSecret}", "--target-user", "manager", "--target-password-file",
                managersSecret,
                "--credentials", callers, "--rules", Path.Combine(_directory, "rules")]);
        LcmProcess[] all = [masterProcess, nodeProcess, otherProcess, schedulerProcess, managerProcess];
        string Outputs() => string.Join("\n\n", all.Select(process => process.Output));

        using var handler = new SocketsHttpHandler();
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { _authority.Certificate },
            RevocationMode = X509RevocationMode.NoCheck,
        };
        using var client = new HttpClient(handler)
        {
            BaseAddress = new Uri($"https://localhost:{scheduler}"),
            Timeout = TimeSpan.FromSeconds(30)
        };
        using var viewer = new HttpClient(handler, disposeHandler: false)
        {
            BaseAddress = new Uri(masterUrl),
            Timeout = TimeSpan.FromSeconds(30)
        };
        viewer.DefaultRequestHeaders.Authorization = client.DefaultRequestHeaders.Authorization =
            new Security.Credential("manager", "managers-secret").Header;
        using var guest = new HttpClient(handler, disposeHandler: false)
        {
            BaseAddress = client.BaseAddress,
            Timeout = TimeSpan.FromSeconds(30)
        };
        await Eventually.TrueAsync(async () =>
        {
            var slaves = (await viewer.GetFromJsonAsync<JsonElement>("/slaves")).GetProperty("slaves");
            return slaves.EnumerateArray().Count(slave => slave.GetProperty("active").GetBoolean()) == 2;
        }, "two agents", more: Outputs);

        var api = MarathonApi.For(client);
        await Eventually.TrueAsync(async () =>
        {
            await api.UpdateApp("sleeper", new App { Cmd = "exec sleep 100000", Cpus = 0.01, Mem = 16, Instances = 2 },
                force: true);
            return true;
        }, "the app", more: Outputs);
        await Eventually.TrueAsync(
            async () => (await api.GetTasks()).Tasks.Count(task => task.State == "TASK_RUNNING") == 2, "2 instances",
            more: Outputs);

        // The console reads the master as the scheduler does; the agent's surface knows whom it was told of.
        Assert.Contains("localhost", await client.GetStringAsync("/ui/agents"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await viewer.GetAsync($"https://localhost:{other}/state")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized,
            (await guest.GetAsync($"https://localhost:{other}/files/browse?path=/")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await guest.GetAsync($"{masterUrl}/state")).StatusCode);

        // The scheduler and the manager ask too; the manager sees the scheduler's tasks, and the console what its caller may see.
        Assert.Equal(HttpStatusCode.OK, (await guest.GetAsync("/ping")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await guest.GetAsync("/ui")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await guest.GetAsync($"http://127.0.0.1:{manager}/v1/apps")).StatusCode);
        guest.DefaultRequestHeaders.Authorization = new Security.Credential("guest", "guests-secret").Header;
        Assert.Contains("sleeper", await guest.GetStringAsync("/ui/apps"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, (await guest.DeleteAsync("/v2/apps/sleeper")).StatusCode);
        await Eventually.TrueAsync(
            async () => (await guest.GetFromJsonAsync<JsonElement>($"http://127.0.0.1:{manager}/v1/targets"))
                .GetProperty("scheduler").GetProperty("followsEvents").GetBoolean(),
            "the manager to follow the scheduler", more: Outputs);

        // So do the tools.
        var guestsSecret = Write("guest.secret", "guests-secret");
        var plan = await ToolAsync("rebalance", "--scheduler", $"https://localhost:{scheduler}", "--principal", "guest",
            "--secret-file", guestsSecret);
        Assert.Equal((0, "lcm: every instance is where it would be placed"), plan);
        var strange = await ToolAsync("rebalance", "--scheduler", $"https://localhost:{scheduler}");
        Assert.Equal(1, strange.Code);
        Assert.Contains("401", strange.Output, StringComparison.Ordinal);
        var explained = await ToolAsync(
            "policy", "explain", "/sleeper", "--manager", $"http://127.0.0.1:{manager}", "--principal", "guest", "--secret-file",
            guestsSecret);
        Assert.Contains("/sleeper", explained.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("401", explained.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("-secret", Outputs().Replace("--secret-file", "", StringComparison.Ordinal),
            StringComparison.Ordinal);
        await Tasks.EndAsync(api, viewer, new Uri(masterUrl), Outputs);

        async Task<(int Code, string Output)> ToolAsync(params string[] arguments)
        {
            await using var tool = LcmProcess.Start(_directory, new Dictionary<string, string> { ["SSL_CERT_FILE"] = authority },
                arguments);
            return (await tool.ExitAsync(TimeSpan.FromMinutes(2)), tool.Output);
        }

        LcmProcess Start(string role, int port, string secret, IEnumerable<string> more)
        {
            var variables = new Dictionary<string, string> { ["SSL_CERT_FILE"] = authority };
            if (secret.Length > 0) variables["LCM_SECRET"] = secret;
            return LcmProcess.Start(_directory, variables,
                [role, "--port", port.ToString(CultureInfo.InvariantCulture), "--work-dir",
                    Path.Combine(_directory, $"work-{port}"), .. more]);
        }
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_directory, name);
        File.WriteAllText(path, text);
        return path;
    }
}
