using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using LifecycleManager.Testing;

namespace LifecycleManager.Benchmarks.Pages;

/// <summary>
/// The limits of the console over <c>lcm up</c> with 1,000 apps: what open pages take, and how soon all of them are told of a
/// change of their app.
/// </summary>
internal static class PagesBenchmark
{
    private const int Apps = 1_000;
    private const int Changes = 5;
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(20);

    public static async Task RunAsync(TextWriter output, int count)
    {
        var directory = Directory.CreateTempSubdirectory("lcm-bench-").FullName;
        var ports = Enumerable.Range(0, 4).Select(_ => Server.FreePort()).ToArray();
        var scheduler = new Uri($"http://127.0.0.1:{ports[2]}");
        using var http = new HttpClient { BaseAddress = scheduler, Timeout = TimeSpan.FromSeconds(30) };
        var pages = new List<OpenPage>();
        try
        {
            await using var lcm = LcmProcess.Start(directory,
            [
                "up", "--work-dir", Path.Combine(directory, "work"),
                "--rules", Directory.CreateDirectory(Path.Combine(directory, "rules")).FullName,
                "--docker", "unix:///nowhere/docker.sock", "--stop-tasks",
                "--master-port", $"{ports[0]}", "--agent-port", $"{ports[1]}", "--scheduler-port", $"{ports[2]}",
                "--manager-port", $"{ports[3]}",
            ]);
            await DeployAsync(http);
            await Task.Delay(Idle);
            Write(output, "idle without a page, memory of its own", Memory(lcm.Id), "MB");
            Write(output, "idle without a page, cpu", await CpuAsync(lcm.Id), "% of a core");

            var begin = Stopwatch.GetTimestamp();
            pages.Add(await OpenPage.OpenAsync(new Uri(scheduler, "/ui/apps")));
            Write(output, "the first page of all, live", Stopwatch.GetElapsedTime(begin).TotalSeconds, "s");
            begin = Stopwatch.GetTimestamp();
            pages.Add(await OpenPage.OpenAsync(new Uri(scheduler, "/ui/apps")));
            Write(output, "another page, live", Stopwatch.GetElapsedTime(begin).TotalSeconds, "s");
            await Task.Delay(Idle);
            var before = Memory(lcm.Id);
            Write(output, "two pages, memory", before, "MB");
            foreach (var page in pages) await page.DisposeAsync();
            pages.Clear();
            while (pages.Count < count)
                pages.Add(await OpenPage.OpenAsync(new Uri(scheduler, "/ui/apps/shop/app")));
            await Task.Delay(Idle);
            var drawn = pages.Sum(page => page.Batches);
            Write(output, $"{count} pages, cpu while nothing happens", await CpuAsync(lcm.Id), "% of a core");
            drawn = pages.Sum(page => page.Batches) - drawn;
            Write(output, $"{count} pages, drawn anew meanwhile", (double)drawn / count, "times each");
            Write(output, $"{count} pages, memory of each", (Memory(lcm.Id) - before) / count, "MB");
            for (var i = 0; i < Changes; i++)
            {
                var mark = $"mark-{Guid.NewGuid():N}";
                var seen = pages.Select(page => page.SeesAsync(mark)).ToList();
                begin = Stopwatch.GetTimestamp();
                using (var changed = await http.PutAsync("/v2/apps/shop/app?force=true", Json(App(mark))))
                    changed.EnsureSuccessStatusCode();
                var accepted = Stopwatch.GetTimestamp();
                var times = (await Task.WhenAll(seen)).Order().ToList();
                output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"a change, accepted in {Seconds(begin, accepted):0.000} s; seen by the first of {count} pages "
                    + $"{Seconds(accepted, times[0]):0.000} s later, by half of them "
                    + $"{Seconds(accepted, times[count / 2]):0.000} s, by all {Seconds(accepted, times[^1]):0.000} s"));
                await Task.Delay(TimeSpan.FromSeconds(5));
            }
        }
        finally
        {
            foreach (var page in pages) await page.DisposeAsync();
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task DeployAsync(HttpClient http)
    {
        var groups = Enumerable.Range(0, Apps - 1).Chunk(50).Select((apps, i) => (JsonNode)new JsonObject
        {
            ["id"] = $"/g{i}",
            ["apps"] = new JsonArray([.. apps.Select(app => (JsonNode)new JsonObject
            {
                ["id"] = $"/g{i}/app-{app}", ["cmd"] = "exec sleep 100000", ["cpus"] = 0.01, ["mem"] = 16, ["instances"] = 0,
            })]),
        }).Append(new JsonObject { ["id"] = "/shop", ["apps"] = new JsonArray(App("first")) });
        var root = new JsonObject { ["id"] = "/", ["groups"] = new JsonArray([.. groups]) };
        await Eventually.TrueAsync(async () =>
        {
            try
            {
                using var deployed = await http.PutAsync("/v2/groups", Json(root));
                return deployed.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }, "a scheduler that leads");
    }

    private static JsonObject App(string mark) => new()
    {
        ["id"] = "/shop/app",
        ["cmd"] = "exec sleep 100000",
        ["cpus"] = 0.01,
        ["mem"] = 16,
        ["instances"] = 1,
        ["labels"] = new JsonObject { ["mark"] = mark },
    };

    private static StringContent Json(JsonNode body) => new(body.ToJsonString(), Encoding.UTF8, "application/json");

    private static double Seconds(long from, long to) => Stopwatch.GetElapsedTime(from, to).TotalSeconds;

    private static async Task<double> CpuAsync(int pid)
    {
        using var process = Process.GetProcessById(pid);
        var (before, begin) = (process.TotalProcessorTime, Stopwatch.GetTimestamp());
        await Task.Delay(Idle);
        process.Refresh();
        return (process.TotalProcessorTime - before) / Stopwatch.GetElapsedTime(begin) * 100;
    }

    /// <summary>In MB: what is of no file, so of no other process either.</summary>
    private static double Memory(int pid) =>
        double.Parse(File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("RssAnon:", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;

    private static void Write(TextWriter output, string what, double value, string unit) =>
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-58} {value,8:0.00} {unit}"));
}
