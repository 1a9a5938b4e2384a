using System.Diagnostics;
using System.Globalization;
using System.Text;
using LifecycleManager.Demo;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Testing;

namespace LifecycleManager.Benchmarks.Stack;

/// <summary>
/// The limits of <c>lcm up</c>: how soon it answers on all ports, what it takes while idle, and how long it is from load to the
/// instance that the load calls for. Scrape interval and tick are a second each.
/// </summary>
internal static class StackBenchmark
{
    private const int Starts = 5;
    private const int Reactions = 5;
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(20);

    private const string Policy = """
        policy: search
        app: /search
        instances: { min: 1, max: 2 }
        metrics: { tpm: { actuator: gauge.servo.tpm, across: sum } }
        rules:
          - rule: busy
            when: tpm > 10
            then: { add: 1 }
        """;

    public static async Task RunAsync(TextWriter output)
    {
        var directory = Directory.CreateTempSubdirectory("lcm-bench-").FullName;
        var rules = Directory.CreateDirectory(Path.Combine(directory, "rules")).FullName;
        await File.WriteAllTextAsync(Path.Combine(rules, "search.yml"), Policy);
        var ports = Enumerable.Range(0, 4).Select(_ => Server.FreePort()).ToArray();
        string[] arguments =
        [
            "up", "--work-dir", Path.Combine(directory, "work"), "--rules", rules, "--docker", "unix:///nowhere/docker.sock",
            "--tick", "1s", "--scrape-interval", "1s", "--stop-tasks",
            "--master-port", $"{ports[0]}", "--agent-port", $"{ports[1]}", "--scheduler-port", $"{ports[2]}", "--manager-port",
            $"{ports[3]}",
        ];
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        try
        {
            for (var i = 0; i <= Starts; i++)
            {
                var begin = Stopwatch.GetTimestamp();
                await using var lcm = LcmProcess.Start(directory, arguments);
                await AnswerAsync(http, ports);
                var took = Stopwatch.GetElapsedTime(begin);
                Write(output, i == 0 ? "first start, all ports answer" : "warm start, all ports answer", took.TotalSeconds, "s");
            }

            await using (var lcm = LcmProcess.Start(directory, arguments))
            {
                await AnswerAsync(http, ports);
                await Task.Delay(Idle);
                var (resident, privateOnly) = Memory(lcm.Id);
                Write(output, "idle for 20 s, resident memory", resident, "MB");
                Write(output, "idle for 20 s, of that not shared with other processes", privateOnly, "MB");
                for (var i = 0; i < Reactions; i++)
                    Write(output, "from load to the new instance RUNNING", await ReactAsync(http, ports), "s");
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<double> ReactAsync(HttpClient http, int[] ports)
    {
        using var scheduler = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{ports[2]}") };
        var api = MarathonApi.For(scheduler);
        var app = $$"""
            {"id": "/search", "cmd": "exec dotnet '{{BrownFieldOutput.Program}}' --service search --bind $HOST --port $PORT0 --tpm-window 5s",
             "cpus": 0.1, "mem": 128, "healthChecks": [{"protocol": "HTTP", "path": "/admin/health", "intervalSeconds": 1}]}
            """;
        using (var posted = await scheduler.PostAsync("/v2/apps",
            new StringContent(app, Encoding.UTF8, "application/json"))) posted.EnsureSuccessStatusCode();
        AppTask? first = null;
        while (first is null)
        {
            first = (await api.GetTasks()).Tasks.FirstOrDefault(task => task.State == "TASK_RUNNING"
                && task.HealthCheckResults is [{ Alive: true }]);
            await Task.Delay(50);
        }

        // The collector has seen it idle.
        await Task.Delay(TimeSpan.FromSeconds(3));
        var begin = Stopwatch.GetTimestamp();
        for (var i = 0; i < 20; i++)
            await http.GetStringAsync($"http://{first.Host}:{first.Ports[0]}/search?origin=NYC&destination=SFO");
        while ((await api.GetTasks()).Tasks.Count(task => task.State == "TASK_RUNNING") < 2) await Task.Delay(20);
        var took = Stopwatch.GetElapsedTime(begin).TotalSeconds;

        await api.DeleteApp("search", force: true);
        while ((await api.GetApps()).Apps.Count > 0 || (await api.GetDeployments()).Count > 0) await Task.Delay(50);
        return took;
    }

    private static async Task AnswerAsync(HttpClient http, int[] ports)
    {
        foreach (var address in new[] { $"{ports[0]}/health", $"{ports[1]}/health", $"{ports[2]}/ping", $"{ports[3]}/health" })
        {
            while (true)
            {
                try
                {
                    using var answer = await http.GetAsync("http://127.0.0.1:" + address);
                    if (answer.IsSuccessStatusCode) break;
                }
                catch (HttpRequestException)
                {
                    // Not yet.
                }

                await Task.Delay(10);
            }
        }
    }

    /// <summary>From /proc/PID/smaps_rollup, in MB: all resident pages, and those that no other process shares.</summary>
    private static (double Resident, double Private) Memory(int pid)
    {
        var lines = File.ReadAllLines($"/proc/{pid}/smaps_rollup");
        double Sum(params string[] names) =>
            lines.Where(line => names.Any(name => line.StartsWith(name + ":", StringComparison.Ordinal)))
            .Sum(line => double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
                CultureInfo.InvariantCulture)) / 1024;
        return (Sum("Rss"), Sum("Private_Clean", "Private_Dirty"));
    }

    private static void Write(TextWriter output, string what, double value, string unit) =>
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-58} {value,8:0.00} {unit}"));
}
