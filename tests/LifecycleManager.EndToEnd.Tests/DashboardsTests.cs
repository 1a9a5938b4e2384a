using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LifecycleManager.EndToEnd.Tests.Faults;
using LifecycleManager.EndToEnd.Tests.Harness;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary>
/// What real roles show, two schedulers and two managers among them, as promtool, a real Prometheus, the dashboards and the rules
/// see it: also while a leader hangs and after it is back.
/// </summary>
public sealed partial class DashboardsTests : IAsyncLifetime
{
    private const int Instances = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // One metric has a value, another one nobody serves: both are shown.
    private const string Policy = """
        policy: few
        app: /few
        instances: { min: 1, max: 5 }
        metrics:
          cpu: { container: cpu }
          load: { prometheus: load }
        rules:
          - rule: never fewer than three
            when: instances < 3
            then: { add: 1 }
          - rule: busy
            when: cpu > 0.9
            then: { add: 1 }
          - rule: idle
            when: load < 1
            then: { remove: 1 }
        """;

    /// <summary>What Prometheus adds to all series.</summary>
    private static readonly string[] OfTargets = ["job", "instance", "cluster"];

    /// <summary>What only some roles have: a certificate, a Docker engine.</summary>
    private static readonly string[] NotEverywhere = ["lcm_certificate_expiry_seconds", "lcm_agent_docker_up"];

    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-dashboards-").FullName;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly Dictionary<string, LcmNode> _nodes = [];
    private PostgresProcess? _postgres;
    private PrometheusProcess? _prometheus;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_nodes.TryGetValue("scheduler-1", out var scheduler))
            {
                using var client = new HttpClient { BaseAddress = scheduler.Address, Timeout = TimeSpan.FromSeconds(30) };
                await Tasks.EndAsync(MarathonApi.For(client), _http, _nodes["master-1"].Address, Describe);
            }
        }
        finally
        {
            await Task.WhenAll(_nodes.Values.Select(node => node.DisposeAsync().AsTask()));
            if (_prometheus is not null) await _prometheus.DisposeAsync();
            if (_postgres is not null) await _postgres.DisposeAsync();
            _http.Dispose();
            Directory.Delete(_directory, recursive: true);
        }
    }

    [Fact]
    public async Task Every_expression_answers_and_is_right_with_standbys_one_of_which_was_hung()
    {
        var promtool = Server.Executable("promtool");
        await StartAsync();
        var prometheus = _prometheus!;
        await prometheus.StartAsync();
        await PutAppAsync();

        await EachQueryAnswersAsync(prometheus);
        await EachRuleAnswersAsync(prometheus);
        var families = await ExpositionsAsync(promtool);
        NamesAndLabelsExist(families, await prometheus.RulesAsync());
        await IsRightAsync(prometheus);
        await FailOverAsync(prometheus);
    }

    private async Task StartAsync()
    {
        _postgres = await new PostgresProcess().CreateAsync();
        var rules = Directory.CreateDirectory(Path.Combine(_directory, "rules")).FullName;
        await File.WriteAllTextAsync(Path.Combine(rules, "few.yml"), Policy);
        await _postgres.StartAsync();
        var ports = new[] { "master-1", "agent-1", "scheduler-1", "scheduler-2", "manager-1", "manager-2" }
            .ToDictionary(name => name, _ => Server.FreePort());
        string Url(string name) => $"http://127.0.0.1:{ports[name]}";
        var schedulers = $"{Url("scheduler-1")},{Url("scheduler-2")}";
        string[] shared = ["--state", _postgres.StateAddress("lcm")];
        foreach (var (name, port) in ports)
        {
            var role = name.Split('-')[0];
            string[] more = role switch
            {
                "agent" => ["--master", Url("master-1"), "--docker", "unix:///nowhere/docker.sock", "--resources",
                    "cpus:16;mem:8192;ports:[31000-31999]"],
                "scheduler" => ["--master", Url("master-1"), .. shared],
                "manager" => ["--scheduler", schedulers, "--master", Url("master-1"), "--rules", rules, "--tick", "500ms",
                    "--scrape-interval", "500ms", .. shared],
                _ => [],
            };
            _nodes[name] = new LcmNode(_directory, port,
            [
                role, "--port", port.ToString(CultureInfo.InvariantCulture), "--work-dir", Path.Combine(_directory, name),
                .. more,
            ]);
        }

        _prometheus = new PrometheusProcess(ports.GroupBy(port => "lcm-" + port.Key.Split('-')[0])
            .ToDictionary(job => job.Key, job => job.Select(port => port.Value).ToArray()));
    }

    private Task PutAppAsync() => Eventually.TrueAsync(async () =>
    {
        using var answer = await _http.PutAsJsonAsync(
            new Uri(_nodes["scheduler-1"].Address, "/v2/apps/few"),
            new JsonObject { ["cmd"] = "exec sleep 100000", ["cpus"] = 0.01, ["mem"] = 16, ["instances"] = 1 });
        return answer.IsSuccessStatusCode;
    }, "the app", Patience, Describe);

    private async Task EachQueryAnswersAsync(PrometheusProcess prometheus)
    {
        var open = Dashboards.Queries("1m").ToList();
        Assert.NotEmpty(open);
        await Eventually.TrueAsync(async () =>
        {
            foreach (var query in open.ToList())
            {
                if ((await prometheus.QueryAsync(query.Expression)).Count > 0) open.Remove(query);
            }

            return open.Count == 0;
        }, "data for each query", Patience, () => $"none for {string.Join('\n', open)}\n{Describe()}");
    }

    private async Task EachRuleAnswersAsync(PrometheusProcess prometheus)
    {
        await Eventually.TrueAsync(async () => (await prometheus.RulesAsync()) is { Count: > 0 } rules
            && rules.All(rule => rule.Health == "ok"), "the evaluation of all rules", Patience, Describe);
        var open = (await prometheus.RulesAsync()).SelectMany(rule => PromQlNames.SelectorTexts(rule.Expression)).Distinct()
            .Where(selector => !NotEverywhere.Any(selector.StartsWith)).ToList();
        Assert.NotEmpty(open);
        await Eventually.TrueAsync(async () =>
        {
            foreach (var selector in open.ToList())
            {
                if ((await prometheus.QueryAsync(selector)).Count > 0) open.Remove(selector);
            }

            return open.Count == 0;
        }, "data for each selector of a rule", Patience, () => string.Join('\n', open));
    }

    /// <summary>
    /// Each role's exposition passes promtool, as OpenMetrics and compressed too; the labels of each metric of them all.
    /// </summary>
    private async Task<Dictionary<string, HashSet<string>>> ExpositionsAsync(string promtool)
    {
        var families = new Dictionary<string, HashSet<string>>();
        foreach (var (name, node) in _nodes)
        {
            var address = new Uri(node.Address, "/metrics");
            var text = await _http.GetStringAsync(address);
            await CheckAsync(promtool, name, text);
            Assert.Contains($"lcm_build_info{{role=\"{name.Split('-')[0]}\",version=\"", text, StringComparison.Ordinal);
            Assert.Contains("\nprocess_cpu_seconds_total ", text, StringComparison.Ordinal);
            foreach (Match line in SamplePattern().Matches(text))
            {
                var metric = line.Groups[1].Value;
                if (!families.TryGetValue(metric, out var labels)) families[metric] = labels = [];
                labels.UnionWith(LabelPattern().Matches(line.Groups[2].Value).Select(label => label.Groups[1].Value));
            }

            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse("application/openmetrics-text; version=1.0.0"));
            request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("gzip"));
            using var answer = await _http.SendAsync(request);
            Assert.Equal("application/openmetrics-text", answer.Content.Headers.ContentType!.MediaType);
            Assert.Equal(["gzip"], answer.Content.Headers.ContentEncoding);
            using var body =
                new StreamReader(new GZipStream(await answer.Content.ReadAsStreamAsync(), CompressionMode.Decompress));
            Assert.EndsWith("# EOF\n", await body.ReadToEndAsync(), StringComparison.Ordinal);
        }

        return families;
    }

    /// <summary>What dashboards and rules name is what roles show, no matcher is of a label that is never there.</summary>
    private static void NamesAndLabelsExist(
        Dictionary<string, HashSet<string>> families, IReadOnlyList<(string Name, string Expression, string Health)> rules)
    {
        foreach (var recorded in rules.Where(rule => rule.Name.Contains(':', StringComparison.Ordinal)))
            families[recorded.Name] = [.. recorded.Name.Split(':')[0].Split('_')];
        families["up"] = [];
        var all = Dashboards.Queries("1m").Select(query => (query.Where, query.Expression))
            .Concat(rules.Select(rule => (rule.Name, rule.Expression)));
        Assert.All(all, query =>
        {
            var selectors = PromQlNames.Selectors(query.Item2)
                .Where(selector => !NotEverywhere.Contains(selector.Metric)).ToList();
            Assert.All(selectors, selector =>
            {
                Assert.True(families.TryGetValue(selector.Metric, out var labels), $"nobody shows {selector.Metric}: {query}");
                Assert.Empty(selector.Labels.Except(labels).Except(OfTargets));
            });
            if (selectors.Count > 0)
                Assert.Empty(PromQlNames.Labels(query.Item2).Except(selectors.SelectMany(one => families[one.Metric]))
                    .Except(OfTargets));
        });
    }

    private async Task IsRightAsync(PrometheusProcess prometheus)
    {
        foreach (var (expression, value) in new[]
        {
            (Panel("apps.json: Instances wanted"), Instances), (Panel("apps.json: Running"), Instances),
            (Panel("cluster.json: Tasks running"), Instances), (Panel("autoscaling.json: Scale-outs"), Instances - 1),
            (Panel("autoscaling.json: Policies in force"), 1), (Panel("autoscaling.json: Targets down"), Instances),
            (Panel("apps.json: Connected to the master"), 1), ("sum(lcm_scheduler_leading)", 1), ("sum(lcm_manager_leader)", 1),

            // One series an app: no standby shows it too, and nobody who led before.
            ("count(lcm_scheduler_app_instances_target)", 1), ("count(lcm_manager_instances)", 1),
            ("count(lcm_metrics_app_targets)", 1), ("count(lcm_manager_policy_held)", 1), ("sum(lcm_manager_policy_held)", 1),
            ("count(lcm_scheduler_deployments)", 1),
        })
        {
            await Eventually.TrueAsync(async () => await prometheus.ValueAsync(expression) == value, $"{value} as {expression}",
                Patience, Describe);
        }
    }

    private async Task FailOverAsync(PrometheusProcess prometheus)
    {
        var begin = DateTimeOffset.UtcNow;
        var (scheduler, manager) = (await NextLeaderAsync(prometheus, "lcm_scheduler_leading"),
            await NextLeaderAsync(prometheus, "lcm_manager_leader"));
        var (hungScheduler, hungManager) = (_nodes[scheduler].Node(), _nodes[manager].Node());
        hungScheduler.Stop();
        hungManager.Stop();

        // The alert waits for two minutes before it fires; that it begins to is enough here, promtool has the rest.
        const string RolesDown = "count(ALERTS{alertname=\"LcmRoleDown\",alertstate=\"pending\"})";
        await Eventually.TrueAsync(async () => await prometheus.ValueAsync(RolesDown) is >= 2, "the alert", Patience, Describe);
        await NextLeaderAsync(prometheus, "lcm_scheduler_leading", after: scheduler);
        await NextLeaderAsync(prometheus, "lcm_manager_leader", after: manager);
        await hungScheduler.ReturnAsync();
        await hungManager.ReturnAsync();
        await Eventually.TrueAsync(async () => await prometheus.ValueAsync("count(lcm_scheduler_leading)") == 2
            && await prometheus.ValueAsync("count(lcm_manager_leader)") == 2, "the return of both", Patience, Describe);
        await IsRightAsync(prometheus);
        await Eventually.TrueAsync(async () => await prometheus.ValueAsync(RolesDown) is null, "no alert", Patience, Describe);

        // At no time was there more than there is.
        foreach (var panel in new[] { "Instances wanted", "Running" })
        {
            Assert.All(await prometheus.RangeAsync(Panel($"apps.json: {panel}"), begin),
                value => Assert.InRange(value, 0, Instances));
        }
    }

    /// <summary>The name of the node that leads, once exactly one does, another one than before.</summary>
    private Task<string> NextLeaderAsync(PrometheusProcess prometheus, string metric, string? after = null) =>
        Eventually.GetAsync(async () => await prometheus.QueryAsync($"{metric} == 1") is [var leader]
            && _nodes.First(node => node.Value.Address.Authority == leader.Labels["instance"]).Key is var name && name != after
            ? name : null, $"one leader by {metric}, not {after}", Patience, Describe);

    private static string Panel(string where) => Dashboards.Queries("5m").First(query => query.Where == where).Expression;

    private static async Task CheckAsync(string promtool, string role, string text)
    {
        using var process = Process.Start(new ProcessStartInfo(promtool, ["check", "metrics"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(text);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        var said = await output + await error;
        Assert.True(process.ExitCode == 0 && said.Length == 0, $"{role}: {said}");
    }

    private string Describe() => string.Join("\n\n", _nodes.Select(node => $"=== {node.Key}\n{node.Value.Output}"));

    [GeneratedRegex(@"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? [^ ]+$", RegexOptions.Multiline)]
    private static partial Regex SamplePattern();

    [GeneratedRegex(@"(\w+)=""(?:[^""\\]|\\.)*""")]
    private static partial Regex LabelPattern();
}
