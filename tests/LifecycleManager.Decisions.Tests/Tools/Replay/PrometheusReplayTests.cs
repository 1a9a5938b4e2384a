using System.Globalization;
using System.Text;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tools;
using LifecycleManager.Decisions.Tools.Replay;
using LifecycleManager.Metrics.Tests.Fakes;

namespace LifecycleManager.Decisions.Tests.Tools.Replay;

/// <summary>Replays of what a real Prometheus server has, and of how late and how full things are seen.</summary>
public sealed class PrometheusReplayTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly string _directory = Directory.CreateTempSubdirectory("replay-prometheus").FullName;

    private const string Policy = """
        policy: web
        app: /shop/web
        instances: { min: 1, max: 20 }
        metrics:
          rps: { prometheus: 'requests_total{code="200"}', rate: 1m, across: sum }
          heap: { prometheus: heap_bytes, within: max, across: max }
          asked: { promql: 'sum(rate(requests_total{app="$app"}[1m]))' }
          slow: { histogram: took_seconds, quantile: 0.5, window: 1m }
          cpu: { container: cpu }
        rules:
          - { rule: rps, target: { metric: rps, value: 10, per: instance } }
          - { rule: others, when: 'heap > 1e12 or asked > 1e6 or slow > 100 or cpu > 1', then: { add: 1 } }
        scaleIn: { stabilization: 0s, limit: none }
        scaleOut: { stabilization: 0s, limit: none }
        """;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task What_a_policy_reads_is_asked_of_a_real_server()
    {
        await using var server = await PrometheusServer.StartAsync("", History());
        var (file, error) = (Path.Combine(_directory, "p.yml"), new StringWriter());
        await File.WriteAllTextAsync(file, Policy, TestContext.Current.CancellationToken);
        using var http = new HttpClient();
        var output = new StringWriter { NewLine = "\n" };
        var code = PolicyReplay.Run(
            new ReplayOptions
            {
                PolicyFile = file,
                Data = [],
                Prometheus = server.Url,
                From = Start + TimeSpan.FromMinutes(5),
                To = Start + TimeSpan.FromMinutes(20),
                Match = "job=\"web\"",
                Capacity = 20,
                Lag = TimeSpan.Zero,
                Utilization = ["cpu"],
            },
            output, error, new Web(http));
        Assert.True(code == 0, error.ToString());
        Assert.Contains("'cpu' is of container, which a Prometheus server does not have", error.ToString(),
            StringComparison.Ordinal);
        // Two instances of the job with 15 requests a second each; another job's are left out.
        Assert.Matches(@"most instances +3 +2\n", output.ToString());
        Assert.Contains("61 steps of 15s from 2026-11-01 00:05 UTC; load rps, 20 per instance", output.ToString(),
            StringComparison.Ordinal);
        Assert.DoesNotContain("missing throughout", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Too_many_points_a_turned_time_and_an_unknown_app_are_told()
    {
        var policy = PolicyParser.Parse("p.yml", Policy.Replace("app: /shop/web", "app: /shop/*", StringComparison.Ordinal))
            .Policies[0];
        Assert.Contains("--to must be after --from", Said(TimeSpan.Zero, null), StringComparison.Ordinal);
        Assert.Contains("say --step 8s or a shorter time", Said(TimeSpan.FromDays(1), TimeSpan.FromSeconds(1)),
            StringComparison.Ordinal);
        Assert.Contains("'asked': its query names the app, and the policy is for several: say --app",
            Said(TimeSpan.FromHours(1), null), StringComparison.Ordinal);

        string Said(TimeSpan span, TimeSpan? step)
        {
            var error = new StringWriter();
            var recording = new PrometheusRecording(new Uri("http://p:9090/"), Start, Start + span, step, null);
            Assert.Null(recording.Of(policy, null, error));
            return error.ToString();
        }
    }

    [Fact]
    public void What_is_decided_on_is_as_old_as_the_lag_says_and_the_output_names_it()
    {
        var (early, _) = Replay("time,rps\n" + Rows(i => i < 8 ? "10" : "100"), TimeSpan.Zero);
        var (late, said) = Replay("time,rps\n" + Rows(i => i < 8 ? "10" : "100"), TimeSpan.FromSeconds(20));
        // Two steps of 15 s later, each with the load that one instance does not carry.
        Assert.Equal(30, late - early);
        Assert.Contains("decided on what was 20s before (--lag)", said, StringComparison.Ordinal);

        // A manager's own history has the values that were decided on.
        var own = "time,instances,running,healthy,desired,rps\n" + Rows(i => $"1,1,1,1,{(i < 8 ? 10 : 100)}");
        Assert.Equal(Replay(own, TimeSpan.Zero).Over, Replay(own, TimeSpan.FromSeconds(20)).Over);
    }

    [Fact]
    public void No_cpu_is_over_all_of_it()
    {
        const string Cpu = """
            policy: cpu
            app: /a
            instances: { min: 1, max: 20 }
            metrics: { rps: { pushed: rps }, cpu: { container: cpu } }
            rules:
              - { rule: cpu, target: { metric: cpu, value: 50% } }
              - { rule: never, when: rps < 0, then: { add: 1 } }
            scaleOut: { stabilization: 0s, limit: none }
            """;
        // Ten times what one carries is 100%, not 1000%: twice the instances a step, not twenty times.
        var said = Run(Cpu, "time,rps\n" + Rows(_ => "100"), TimeSpan.Zero, ["cpu"], steps: 3);
        Assert.Matches(@"most instances +8\n", said);
        Assert.Contains("100% at most", said, StringComparison.Ordinal);
    }

    private (double Over, string Said) Replay(string data, TimeSpan lag)
    {
        var said = Run("""
            policy: rps
            app: /a
            instances: { min: 1, max: 20 }
            metrics: { rps: { pushed: rps } }
            rules: [ { rule: rps, target: { metric: rps, value: 10, per: instance } } ]
            scaleOut: { stabilization: 0s, limit: none }
            """, data, lag, []);
        var over = said.Split('\n').Single(line => line.StartsWith("time over", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[3];
        Assert.True(LifecycleManager.Primitives.Timing.DurationText.TryParse(over, out var time), over);
        return (time.TotalSeconds, said);
    }

    private string Run(string policy, string data, TimeSpan lag, string[] utilization, int steps = 40)
    {
        var (file, csv) = (Path.Combine(_directory, "p.yml"), Path.Combine(_directory, "d.csv"));
        File.WriteAllText(file, policy);
        File.WriteAllText(csv, string.Join('\n', data.Split('\n').Take(steps + 1)));
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter());
        var code = PolicyReplay.Run(
            new ReplayOptions
            {
                PolicyFile = file,
                Data = [csv],
                Capacity = 10,
                Lag = lag,
                Startup = TimeSpan.Zero,
                Utilization = utilization,
            },
            output, error);
        Assert.True(code == 0, error.ToString());
        return output.ToString();
    }

    private static string Rows(Func<int, string> values) => string.Concat(Enumerable.Range(0, 40).Select(i =>
        string.Create(CultureInfo.InvariantCulture, $"{Start.AddSeconds(15 * i).ToUnixTimeSeconds()},{values(i)}\n")));

    /// <summary>Twenty minutes of two instances of the job, and one of another.</summary>
    private static string History()
    {
        var text = new StringBuilder();
        Metric("requests_total", "counter", (labels, i) =>
            $"requests_total{{{labels},code=\"200\",app=\"/shop/web\"}} {i * 225}");
        Metric("up", "gauge", (labels, _) => $"up{{{labels}}} 1");
        Metric("heap_bytes", "gauge", (labels, i) => $"heap_bytes{{{labels}}} {1000 + i}");
        Metric("took_seconds", "histogram", (labels, i) =>
            $"took_seconds_bucket{{{labels},le=\"0.1\"}} {i * 10}\ntook_seconds_bucket{{{labels},le=\"+Inf\"}} {i * 20}");
        return text.Append("# EOF\n").ToString();

        void Metric(string name, string type, Func<string, int, string> line)
        {
            var family = name.Replace("_total", "", StringComparison.Ordinal);
            text.Append(CultureInfo.InvariantCulture, $"# TYPE {family} {type}\n");
            foreach (var (job, instance) in ((string, string)[])[("web", "a:1"), ("web", "b:1"), ("other", "c:1")])
            {
                for (var i = 0; i <= 80; i++)
                {
                    foreach (var sample in line($"job=\"{job}\",instance=\"{instance}\"", i).Split('\n'))
                        text.Append(CultureInfo.InvariantCulture, $"{sample} {Start.AddSeconds(15 * i).ToUnixTimeSeconds()}\n");
                }
            }
        }
    }

    /// <summary>Files, and what addresses answer.</summary>
    private sealed class Web(HttpClient http) : IPolicyFiles
    {
        public IReadOnlyList<string>? Find(string path) =>
            path.StartsWith("http", StringComparison.Ordinal) ? [path] : DiskFiles.Instance.Find(path);

        public string Read(string path)
        {
            if (!path.StartsWith("http", StringComparison.Ordinal)) return DiskFiles.Instance.Read(path);
            using var answer = http.Send(new HttpRequestMessage(HttpMethod.Get, path));
            using var reader = new StreamReader(answer.Content.ReadAsStream());
            var text = reader.ReadToEnd();
            return answer.IsSuccessStatusCode ? text : throw new IOException(text);
        }

        public void Write(string path, string text, bool isNew = false) => DiskFiles.Instance.Write(path, text, isNew);
    }
}
