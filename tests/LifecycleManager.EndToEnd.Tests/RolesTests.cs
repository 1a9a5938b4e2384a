using System.Globalization;
using LifecycleManager.EndToEnd.Tests.Harness;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary>Each role as a process of its own, as on many machines.</summary>
public sealed class RolesTests
{
    [Fact]
    public async Task Four_processes_run_an_app_and_each_can_be_killed_and_started_again()
    {
        var directory = Directory.CreateTempSubdirectory("lcm-e2e-roles-").FullName;
        Directory.CreateDirectory(Path.Combine(directory, "rules"));
        var (master, agent, scheduler, manager) = (Server.FreePort(), Server.FreePort(), Server.FreePort(), Server.FreePort());
        LcmProcess Start(string role, int port, params string[] more) => LcmProcess.Start(directory,
            [role, "--port", port.ToString(CultureInfo.InvariantCulture), "--work-dir", Path.Combine(directory, "work"),
                .. more]);
        LcmProcess StartMaster() => Start("master", master);
        LcmProcess StartAgent() =>
            Start("agent", agent, "--master", $"http://127.0.0.1:{master}", "--docker", "unix:///nowhere/docker.sock");
        LcmProcess StartScheduler() => Start("scheduler", scheduler, "--master", $"http://127.0.0.1:{master}");
        var running = new Dictionary<string, LcmProcess>
        {
            ["master"] = StartMaster(),
            ["agent"] = StartAgent(),
            ["scheduler"] = StartScheduler(),
            ["manager"] = Start("manager", manager, "--scheduler", $"http://127.0.0.1:{scheduler}", "--rules",
                Path.Combine(directory, "rules")),
        };
        try
        {
            using var client = new HttpClient
            {
                BaseAddress = new Uri($"http://127.0.0.1:{scheduler}"),
                Timeout = TimeSpan.FromSeconds(30)
            };
            var api = MarathonApi.For(client);
            string Outputs() => string.Join("\n\n", running.Select(role => $"{role.Key}:\n{role.Value.Output}"));
            async Task<IReadOnlyList<AppTask>> Instances(int count) =>
                await Eventually.GetAsync<IReadOnlyList<AppTask>>(async () =>
            {
                var tasks = (await api.GetTasks()).Tasks;
                return tasks.Count == count && tasks.All(task => task.State == "TASK_RUNNING") ? tasks : null;
            }, $"{count} instances", more: Outputs);

            await Eventually.TrueAsync(async () => await api.Ping() is not null, "the scheduler", more: Outputs);
            await Eventually.TrueAsync(async () =>
            {
                await api.UpdateApp("sleeper", new App { Cmd = "exec sleep 100000", Cpus = 0.01, Mem = 16, Instances = 3 },
                    force: true);
                return true;
            }, "the app", more: Outputs);
            var first = await Instances(3);

            foreach (var (role, start) in new (string, Func<LcmProcess>)[] { ("master", StartMaster), ("agent", StartAgent),
                ("scheduler", StartScheduler) })
            {
                await running[role].KillAsync();
                await running[role].DisposeAsync();
                running[role] = start();
                await Eventually.TrueAsync(async () => await api.Ping() is not null, "the scheduler", more: Outputs);
                Assert.Equal(first.Select(task => task.Id).Order(), (await Instances(3)).Select(task => task.Id).Order());
            }

            // All of them are connected again: a new instance comes, and all go.
            await Eventually.TrueAsync(async () =>
            {
                await api.UpdateApp("sleeper", new App { Instances = 4 }, force: true);
                return true;
            }, "the change", more: Outputs);
            await Instances(4);
            await Tasks.EndAsync(api, client, new Uri($"http://127.0.0.1:{master}"), Outputs);
            await Instances(0);
        }
        finally
        {
            foreach (var process in running.Values) await process.DisposeAsync();
            Directory.Delete(directory, recursive: true);
        }
    }
}
