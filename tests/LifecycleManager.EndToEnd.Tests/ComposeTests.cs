using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using LifecycleManager.EndToEnd.Tests.Harness;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Testing;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary>
/// The roles with the settings of <c>docker-compose.yml</c> and the passwords that its first lines make, as processes: names lead
/// to this machine, and state is in files.
/// </summary>
public sealed class ComposeTests : IDisposable
{
    private static readonly string[] Roles = ["master", "agent-1", "scheduler", "manager"];

    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-e2e-compose-").FullName;
    private readonly Dictionary<string, int> _ports = Roles.ToDictionary(role => role, _ => Server.FreePort());

    private string Secrets => Path.Combine(_directory, ".lcm", "secrets");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task An_app_runs_where_everybody_says_who_he_is_and_nobody_else_sees_anything()
    {
        await MakeSecretsAsync();
        Directory.CreateDirectory(Path.Combine(_directory, "rules"));
        var processes = new List<LcmProcess>();
        try
        {
            foreach (var role in Roles) processes.Add(Start(role));
            using var ops = Client("scheduler", "ops");
            var api = MarathonApi.For(ops);
            string Outputs() => string.Join("\n\n", processes.Select(process => process.Output));
            await Eventually.TrueAsync(async () =>
            {
                await api.UpdateApp(
                    "sleeper", new App { Cmd = "exec sleep 100000", Cpus = 0.01, Mem = 16, Instances = 1 }, force: true);
                return true;
            }, "the app", more: Outputs);
            await Eventually.TrueAsync(
                async () => (await api.GetTasks()).Tasks.Count(task => task.State == "TASK_RUNNING") == 1, "an instance",
                more: Outputs);
            using (var manager = Client("manager", "ops"))
            {
                await Eventually.TrueAsync(async () => (await manager.GetStringAsync("/health"))
                    .Contains("targetSeenAt", StringComparison.Ordinal), "the manager sees the scheduler", more: Outputs);
            }

            foreach (var role in Roles)
            {
                using var prometheus = Client(role, "prometheus");
                Assert.Contains("lcm_build_info", await prometheus.GetStringAsync("/metrics"), StringComparison.Ordinal);
                using var stranger = Client(role, null);
                Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync("/metrics")).StatusCode);
                foreach (var path in (string[])["/state", "/v2/apps", "/v1/apps", "/ui/apps", "/docs"])
                {
                    using var answer = await stranger.GetAsync(path);
                    Assert.True(
                        answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.NotFound, $"{role} {path}: {answer}");
                }

                var health = JsonDocument.Parse(await stranger.GetStringAsync("/health")).RootElement;
                Assert.Empty(health.GetProperty("warnings").EnumerateArray());
            }

            await api.DeleteApp("sleeper", force: true);
            await Eventually.TrueAsync(
                async () => (await api.GetTasks()).Tasks.Count == 0, "the end of the instance", more: Outputs);
        }
        finally
        {
            foreach (var process in processes.AsEnumerable().Reverse()) await process.DisposeAsync();
        }
    }

    /// <summary>Runs the lines that the file has for it.</summary>
    private async Task MakeSecretsAsync()
    {
        var lines = (await File.ReadAllLinesAsync(Repository.Path("docker-compose.yml")))
            .SkipWhile(line => !line.Contains("mkdir", StringComparison.Ordinal))
            .TakeWhile(line => line.StartsWith("#   ", StringComparison.Ordinal)).Select(line => line[4..]);
        var start = new ProcessStartInfo("sh", ["-e", "-c", string.Join('\n', lines)])
        {
            WorkingDirectory = _directory,
            RedirectStandardError = true,
        };
        using var shell = Process.Start(start)!;
        var error = await shell.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(shell.ExitCode == 0, error);
    }

    private LcmProcess Start(string role)
    {
        var text = new Parser(new StringReader(File.ReadAllText(Repository.Path("docker-compose.yml"))));
        var compose = new DeserializerBuilder().Build().Deserialize<Dictionary<string, object>>(new MergingParser(text));
        var service = (Dictionary<object, object>)((Dictionary<object, object>)compose["services"])[role];
        var variables = ((Dictionary<object, object>)service["environment"])
            .ToDictionary(pair => (string)pair.Key, pair => Here($"{pair.Value}"), StringComparer.Ordinal);
        variables["LCM_BIND"] = "127.0.0.1";
        variables["LCM_PORT"] = _ports[role].ToString(CultureInfo.InvariantCulture);
        variables["LCM_WORK_DIR"] = Path.Combine(_directory, "work", role);
        foreach (var name in (string[])["LCM_STATE", "LCM_STATE_PASSWORD_FILE", "LCM_PROMETHEUS", "LCM_RABBITMQ"])
            variables.Remove(name);
        if (role == "agent-1")
        {
            variables["LCM_HOSTNAME"] = variables["LCM_TASK_ADDRESS"] = "127.0.0.1";
            variables["LCM_DOCKER"] = "unix:///nowhere/docker.sock";
        }
        else if (role == "manager")
        {
            variables["LCM_RULES"] = Path.Combine(_directory, "rules");
        }

        return LcmProcess.Start(_directory, variables, [role.Split('-')[0]]);
    }

    private string Here(string value)
    {
        value = value.Replace("/run/secrets", Secrets, StringComparison.Ordinal);
        foreach (var (role, port) in _ports)
            if (Uri.TryCreate(value, UriKind.Absolute, out var url) && url.Host == role) return $"http://127.0.0.1:{port}";
        return value;
    }

    private HttpClient Client(string role, string? principal)
    {
        var client = new HttpClient
        {
            BaseAddress = new Uri($"http://127.0.0.1:{_ports[role]}"),
            Timeout = TimeSpan.FromSeconds(30),
        };
        if (principal is not null)
        {
            client.DefaultRequestHeaders.Authorization =
                new Security.Credential(principal, File.ReadAllText(Path.Combine(Secrets, principal)).Trim()).Header;
        }

        return client;
    }
}
