using System.Text.Json;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Metrics;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Manager.Tests.Health;

public sealed class ManagerHealthTests
{
    private const string App = "/shop/web";

    [Fact]
    public async Task A_bad_file_of_servers_is_degraded_health_told_once_while_the_last_good_stays_in_force()
    {
        var directory = Directory.CreateTempSubdirectory("lcm-health-");
        try
        {
            var rules = directory.CreateSubdirectory("rules").FullName;
            var sources = Path.Combine(directory.FullName, "sources.yml");
            await File.WriteAllTextAsync(Path.Combine(rules, "web.yml"), $$"""
                policy: web
                app: {{App}}
                instances: { min: 1, max: 3 }
                metrics:
                  depth: { json: /depth, server: stats }
                rules:
                  - { rule: more, when: depth > 20, then: { add: 1 } }
                """);
            var depth = 1;
            await using var marathon = await FakeMarathon.StartAsync();
            marathon.Add(App, 2);
            marathon.Fault = async http =>
            {
                if (http.Request.Path != "/depth") return false;
                await http.Response.WriteAsync($"{Volatile.Read(ref depth)}");
                return true;
            };
            var good = $"json: {{ stats: {{ url: '{marathon.Address}' }} }}\n";
            await File.WriteAllTextAsync(sources, good);
            await using var backend = await ManagerUnderTest.BackendAsync();
            var log = new RecordingLog();
            await using var manager = await ManagerUnderTest.StartAsync(
                marathon.Address, backend, null, rules, options => options with
                {
                    Collector = new CollectorOptions
                    {
                        Scheduler = null,
                        SourcesFile = sources,
                        Interval = TimeSpan.FromMilliseconds(200),
                    },
                }, log: log);
            await Becomes("up", "");

            await File.WriteAllTextAsync(sources, good + "redis: { jobs: { urll: redis://redis } }\n");
            await Becomes("degraded", $"refused: {sources}:2:18: error: a redis server has no key 'urll' (did you mean 'url'?)");
            Volatile.Write(ref depth, 24);
            await Eventually.TrueAsync(() => marathon[App].Instances == 3);
            Assert.Single(log.Lines, line => line.Contains("stay as they were", StringComparison.Ordinal));

            File.Delete(sources);
            await Becomes("degraded", $"refused: {sources}:1:1: error: the file cannot be read");
            await File.WriteAllTextAsync(sources, good);
            await Becomes("up", "");

            Task Becomes(string status, string problem)
            {
                JsonElement health = default;
                return Eventually.TrueAsync(
                    async () =>
                    {
                        health = await manager.GetAsync("/health");
                        var problems = health.GetProperty("problems").EnumerateArray().Select(one => one.GetString()!).ToList();
                        return health.GetProperty("status").GetString() == status
                            && problems.Any(one => one.Contains(problem, StringComparison.Ordinal)) == (problem.Length > 0);
                    },
                    more: () => $"{health}");
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
