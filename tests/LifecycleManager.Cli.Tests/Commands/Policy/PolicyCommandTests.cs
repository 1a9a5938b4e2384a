using System.Net;
using System.Text;
using System.Text.Json;
using LifecycleManager.Cli.Tests.Deploy;

namespace LifecycleManager.Cli.Tests.Commands.Policy;

public sealed class PolicyCommandTests : IDisposable
{
    private const string Good = """
        policy: search
        app: /shop/search
        instances: { min: 1, max: 10 }
        metrics:
          rps: { pushed: rps }
        rules:
          - rule: fifty each
            target: { metric: rps, value: 50, per: instance }
        scaleIn: { stabilization: 5m }

        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-policy-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task The_rules_of_the_repository_pass_check_and_test()
    {
        var check = await Lcm.RunAsync("policy", "check", "--strict", Repository.Path("rules"));
        Assert.True(check.Code == 0, check.Output + check.Error);
        Assert.Contains("0 errors, 0 warnings", check.Output, StringComparison.Ordinal);

        var test = await Lcm.RunAsync("policy", "test", Repository.Path("rules"));
        Assert.True(test.Code == 0, test.Output + test.Error);
        var files = Directory.GetFiles(Path.Combine(Repository.Root, "rules"), "*.test.yml", SearchOption.AllDirectories).Length;
        Assert.Equal(files, test.Output.Split('\n').Count(line => line.EndsWith(".test.yml", StringComparison.Ordinal)));
        Assert.Contains(", 0 failed", test.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_looks_servers_up_in_their_file_and_checks_that_too()
    {
        Write("queue.yml", Good.Replace("{ pushed: rps }", "{ redis: jobs, server: job }", StringComparison.Ordinal));
        Write("sources.test.yml", "redis: { jobs: { url: redis://redis:6379 } }\n");
        Assert.Equal(0, (await Lcm.RunAsync("policy", "check", In("queue.yml"))).Code);
        var check = await Lcm.RunAsync("policy", "check", In("queue.yml"), "--sources", In("sources.test.yml"));
        Assert.Equal(1, check.Code);
        Assert.Contains(In("queue.yml") + ":5:31: error: there is no redis server 'job' (did you mean 'jobs'?) [unknown-server]",
            check.Output, StringComparison.Ordinal);

        Write("sources.test.yml", "redis: { jobs: { urll: redis://redis:6379 } }\n");
        check = await Lcm.RunAsync("policy", "check", In("queue.yml"), "--sources", In("sources.test.yml"));
        Assert.Equal(1, check.Code);
        Assert.Contains(In("sources.test.yml") + ":1:18: error: a redis server has no key 'urll' (did you mean 'url'?) [sources]",
            check.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_finds_what_is_wrong_in_the_form_that_is_asked_for()
    {
        Write("bad.yml", Good.Replace("metric: rps", "metric: rsp", StringComparison.Ordinal));

        var text = await Lcm.RunAsync("policy", "check", In("bad.yml"));
        Assert.Equal(1, text.Code);
        Assert.Contains(In("bad.yml") + ":8:", text.Output, StringComparison.Ordinal);
        Assert.Contains("rps", text.Output, StringComparison.Ordinal);

        var sarif = await Lcm.RunAsync("policy", "check", In("bad.yml"), "--format", "sarif");
        Assert.Equal(1, sarif.Code);
        using var json = JsonDocument.Parse(sarif.Output);
        Assert.Equal("2.1.0", json.RootElement.GetProperty("version").GetString());
        Assert.Equal("error", json.RootElement.GetProperty("runs")[0].GetProperty("results").EnumerateArray().Last()
            .GetProperty("level").GetString());

        var github = await Lcm.RunAsync("policy", "check", In("bad.yml"), "--format", "github");
        Assert.Contains("bad.yml,line=8,", github.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("policy", "check", "nowhere.yml")]
    [InlineData("policy", "check", "--format", "xml")]
    [InlineData("policy", "test", "nowhere")]
    [InlineData("policy", "fmt", "nowhere.yml")]
    [InlineData("policy", "import", "nowhere.yml")]
    [InlineData("policy", "replay", "nowhere.yml", "nothing.csv")]
    [InlineData("policy", "init", "no-id")]
    [InlineData("policy", "init", "/shop/search", "--kind", "magic")]
    [InlineData("policy", "explain", "/shop/search", "--manager", "http://127.0.0.1:1")]
    [InlineData("policy", "explain", "/shop/search", "--at", "yesterday")]
    [InlineData("policy", "end", "search", "--manager", "http://127.0.0.1:1")]
    [InlineData("policy", "end")]
    [InlineData("policy", "stop", "--manager", "http://127.0.0.1:1")]
    [InlineData("policy", "start", "--manager", "http://127.0.0.1:1")]
    [InlineData("policy", "stop", "an incident")]
    [InlineData("policy", "nonsense")]
    public async Task What_cannot_be_done_is_said_on_standard_error_with_exit_code_2(params string[] arguments)
    {
        var run = await Lcm.RunAsync(arguments);

        Assert.Equal(2, run.Code);
        Assert.NotEqual("", run.Error.Trim());
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_first_policy_is_written_with_a_test_that_passes_and_nothing_is_overwritten()
    {
        var init = await Lcm.RunAsync("policy", "init", "/shop/search", "--kind", "threshold", "--output", In("search.yml"));
        Assert.Equal(0, init.Code);
        Assert.Equal(0, (await Lcm.RunAsync("policy", "check", "--strict", In("search.yml"))).Code);
        var test = await Lcm.RunAsync("policy", "test", _directory);
        Assert.True(test.Code == 0, test.Output + test.Error);

        var again = await Lcm.RunAsync("policy", "init", "/shop/search", "--output", In("search.yml"));
        Assert.Equal(2, again.Code);
        Assert.Contains("search.yml", again.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failing_test_is_exit_code_1_with_what_was_expected_and_what_came()
    {
        Write("search.yml", Good);
        Write("search.test.yml", """
            tests:
              - name: it grows
                app: /shop/search
                series: { rps: '120x5' }
                expect: [{ at: 0s, instances: 9 }]
            """);
        var run = await Lcm.RunAsync("policy", "test", _directory);

        Assert.Equal(1, run.Code);
        Assert.Contains("expected 9 instances, got 3", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fmt_names_what_it_would_change_and_changes_it()
    {
        Write("search.yml", Good.Replace("{ pushed: rps }", "{pushed:   rps}   # what comes in", StringComparison.Ordinal));

        var check = await Lcm.RunAsync("policy", "fmt", "--check", In("search.yml"));
        Assert.Equal((1, In("search.yml")), (check.Code, check.Output.Trim()));
        Assert.Equal(0, (await Lcm.RunAsync("policy", "fmt", In("search.yml"))).Code);
        Assert.Contains("rps: { pushed: rps }", File.ReadAllText(In("search.yml")), StringComparison.Ordinal);
        Assert.Contains("# what comes in", File.ReadAllText(In("search.yml")), StringComparison.Ordinal);
        Assert.Equal(0, (await Lcm.RunAsync("policy", "fmt", "--check", In("search.yml"))).Code);
    }

    [Fact]
    public async Task Import_writes_a_policy_that_passes_the_check()
    {
        Write("hpa.yaml", """
            apiVersion: autoscaling/v2
            kind: HorizontalPodAutoscaler
            metadata: { name: search, namespace: shop }
            spec:
              scaleTargetRef: { kind: Deployment, name: search }
              minReplicas: 2
              maxReplicas: 8
              metrics:
                - type: Resource
                  resource: { name: cpu, target: { type: Utilization, averageUtilization: 60 } }
            """);
        var import = await Lcm.RunAsync("policy", "import", In("hpa.yaml"), "--output", In("search.yml"));

        Assert.True(import.Code == 0, import.Output + import.Error);
        Assert.Equal(0, (await Lcm.RunAsync("policy", "check", In("search.yml"))).Code);
        Assert.Contains("min: 2, max: 8", File.ReadAllText(In("search.yml")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Replay_compares_two_policies_over_a_recording_from_a_server_and_writes_a_report()
    {
        Write("search.yml", Good);
        Write("wide.yml", Good.Replace("value: 50", "value: 25", StringComparison.Ordinal)
            .Replace("policy: search", "policy: wide", StringComparison.Ordinal));
        var csv = new StringBuilder("time,rps\n");
        for (var i = 0; i < 60; i++)
            csv.Append(System.Globalization.CultureInfo.InvariantCulture, $"{1_767_225_600 + (i * 60)},{(i < 20 ? 40 : 240)}\n");
        await using var server = await Answering.StartAsync(_ => (200, csv.ToString()));

        var run = await Lcm.RunAsync(
            "policy", "replay", In("search.yml"), server.Address + "v1/history?app=/shop/search", "--compare", In("wide.yml"),
            "--capacity", "60", "--objective", "80%", "--html", In("report.html"));

        Assert.True(run.Code == 0, run.Output + run.Error);
        Assert.Contains("60 steps of 1m from 2026-01-01 00:00 UTC; load rps, 60 per instance", run.Output,
            StringComparison.Ordinal);
        Assert.Contains("instance-hours", run.Output, StringComparison.Ordinal);
        Assert.Contains("wide", run.Output, StringComparison.Ordinal);
        Assert.Contains("<svg", File.ReadAllText(In("report.html")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Replay_takes_the_history_of_all_apps_with_a_directory_of_what_ties_them()
    {
        Write("shop.yml", """
            policy: web
            app: /shop/web
            instances: { max: 20 }
            metrics: { rps: { promql: r } }
            rules: [ { rule: own, target: { metric: rps, value: 50, per: instance } } ]
            ---
            policy: api
            app: /shop/api
            instances: { max: 20 }
            metrics: { calls: { promql: c } }
            rules: [ { rule: own, target: { metric: calls, value: 50, per: instance } } ]
            """);
        Write("ties.yml", """
            coordination: shop
            apps: { web: /shop/web, api: /shop/api }
            rules: [ { rule: follow, when: web.wanted > api.wanted, then: { api: { atLeast: web.wanted } } } ]
            """);
        await using var server = await Answering.StartAsync(_ => (200,
            "time,app,name,value\n2026-01-01T00:00:00.000Z,/shop/web,rps,150\n2026-01-01T00:00:00.000Z,/shop/api,calls,10\n"));

        var run = await Lcm.RunAsync(
            "policy", "replay", _directory, server.Address + "v1/history", "--capacity", "50, /shop/api=20");
        Assert.True(run.Code == 0, run.Output + run.Error);
        Assert.Matches("(?s)/shop/api.*20 per instance.*most instances +3.*/shop/web.*50 per instance", run.Output);

        run = await Lcm.RunAsync("policy", "replay", _directory, server.Address + "v1/history", "--capacity", "/shop/api=much");
        Assert.Equal(2, run.Code);
        Assert.Contains("--capacity", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_asks_the_manager_for_the_instant_and_tells_it_down_to_the_samples()
    {
        string? asked = null;
        await using var manager = await Answering.StartAsync(target =>
        {
            asked = target;
            return (200, """
                {"summary":"/shop/search had 3 instances at 2026-11-24 19:00:00Z","at":"2026-11-24T19:00:00Z",
                 "app":{"app":"/shop/search","policy":"search","instances":3,
                   "startup":{"seconds":25,"source":"learnt","starts":12},
                   "scaleInHeld":{"since":"2026-11-24T18:55:00Z","until":"2026-11-24T19:10:00Z","why":"p95 is worse"},
                   "stopped":{"since":"2026-11-24T18:59:00Z","by":"alice","reason":"an incident"},
                   "override":{"app":"/shop/search","instances":3,"until":"2026-11-24T21:00:00Z","reason":"a sale"}},
                 "evaluation":{"at":"2026-11-24T18:59:55Z","rule":"fifty each","from":3,"to":3,"reason":"r","dryRun":false,
                   "recommendations":[{"rule":"fifty each","count":3,"reason":"rps 130 for 50 per instance, 3"}],
                   "adjustments":[{"by":"stabilization","from":2,"to":3,"reason":"3 was wanted within 5m"}],
                   "chain":[{"app":"/shop/web","by":"web","rule":"own","why":"load 9","effect":"wants 9"},
                     {"app":"/shop/search","by":"shop","rule":"follows","why":"web.wanted 9","effect":"at least 2",
                      "outcome":"at least 3 wins"}]},
                 "metrics":[{"metric":"rps","value":130,"note":"no counter","thresholds":[50],"newestSample":"2026-11-24T18:59:54Z","reporting":2,"instances":3,
                   "samples":[{"instance":"search.1","value":65,"ready":true},{"instance":"search.2","missing":"down: timeout","ready":false}],
                   "history":[{"at":"2026-11-24T18:59:30Z","value":120},{"at":"2026-11-24T18:59:45Z","value":130}]},
                  {"metric":"p95","value":0,"absence":"idle","missing":"no observation","thresholds":[]},
                  {"metric":"cpu","absence":"starting","missing":"it starts","thresholds":[]}],
                 "rules":[],"schedules":[],
                 "recent":[{"id":"1","at":"2026-11-24T18:50:00Z","kind":"scaleOut","from":2,"to":3,"outcome":"applied","reason":"rps 130"}]}
                """);
        });
        var run = await Lcm.RunAsync(
            "policy", "explain", "/shop/search", "--at", "2026-11-24T20:00:00+01:00", "--manager", manager.Address.ToString());

        Assert.True(run.Code == 0, run.Output + run.Error);
        Assert.Equal("/v1/apps/shop/search/explain?at=2026-11-24T19%3A00%3A00.0000000Z", asked);
        foreach (var expected in new[]
        {
            "/shop/search had 3 instances at 2026-11-24 19:00:00Z", "* fifty each: 3 instances, rps 130 for 50 per instance, 3",
            "> stabilization: 2 to 3, 3 was wanted within 5m", "~ /shop/web wants 9, by web, own: load 9",
            "~ /shop/search at least 2 (at least 3 wins), by shop, follows: web.wanted 9",
            "overridden: 3 until 2026-11-24 21:00:00Z a sale",
            "scale-in is held until 2026-11-24 19:10:00Z: p95 is worse",
            "all changes are stopped since 2026-11-24 18:59:00Z by alice an incident",
            "metric rps 130 against 50, 2 of 3 instances, newest sample 2026-11-24 18:59:54Z",
            "start-up 25 s (learnt, 12 starts measured)", "metric p95 0, idle: no observation",
            "metric cpu starting: it starts", "the source remarks: no counter", "search.1  65", "search.2  down: timeout (not ready)", "before: 120  130",
            "2026-11-24 18:50:00Z  2 to 3",
        })
        {
            Assert.Contains(expected, run.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_the_manager_refuses_is_told_in_its_words()
    {
        await using var manager = await Answering.StartAsync(_ => (404, """{"message":"no policy governs '/nothing'"}"""));
        var run = await Lcm.RunAsync("policy", "explain", "/nothing", "--manager", manager.Address.ToString());

        Assert.Equal((2, "no policy governs '/nothing'"), (run.Code, run.Error.Trim()));
    }

    [Theory]
    [InlineData(200, 0, "the policy 'a b' is ended")]
    [InlineData(409, 2, "its file is there")]
    [InlineData(503, 2, "it could not be stored")]
    public async Task End_ends_a_policy_by_its_name_and_tells_what_the_manager_says(int status, int code, string message)
    {
        string? asked = null;
        await using var manager = await Answering.StartAsync(target =>
        {
            asked = target;
            return (status, $$"""{"message":"{{message}}"}""");
        });
        var run = await Lcm.RunAsync("policy", "end", "a b", "--manager", manager.Address.ToString());

        Assert.Equal("/v1/policies/a%20b/end", asked);
        Assert.Equal((code, message), (run.Code, (code == 0 ? run.Output : run.Error).Trim()));
    }

    [Theory]
    [InlineData("stop", "an \"incident\"", """{"reason":"an \u0022incident\u0022"}""")]
    [InlineData("stop", null, "")]
    [InlineData("start", null, "")]
    public async Task Stop_and_start_reach_the_manager_that_leads_by_any(string command, string? reason, string body)
    {
        var asked = "";
        await using var leader = await Answering.OfCallsAsync(call =>
        {
            using var reader = new StreamReader(call.Request.InputStream);
            var asks = call.Request;
            asked = $"{asks.HttpMethod} {asks.RawUrl} {asks.Headers["Authorization"]} {reader.ReadToEnd()}";
            return (200, """{"stopped":true,"message":"so it is"}""");
        });
        await using var standby = await Answering.OfCallsAsync(call =>
        {
            call.Response.RedirectLocation = new Uri(leader.Address, call.Request.RawUrl).ToString();
            return (307, """{"message":"this manager does not lead"}""");
        });
        Write("secret", "s");
        string[] why = reason is null ? [] : ["--reason", reason];
        var run = await Lcm.RunAsync(["policy", command, .. why, "--manager", standby.Address.ToString(),
            "--principal", "alice", "--secret-file", In("secret")]);

        Assert.Equal((0, "so it is", ""), (run.Code, run.Output.Trim(), run.Error));
        Assert.Equal($"POST /v1/{command} Basic YWxpY2U6cw== {body}", asked);
    }

    [Theory]
    [InlineData("check", "--strict")]
    [InlineData("test", "path")]
    [InlineData("replay", "--compare")]
    [InlineData("explain", "--at")]
    [InlineData("end", "--manager")]
    [InlineData("stop", "--reason")]
    [InlineData("start", "--manager")]
    [InlineData("schema", "JSON Schema")]
    [InlineData("init", "target, requests, latency")]
    [InlineData("fmt", "--check")]
    [InlineData("import", "ScaledObject")]
    public async Task Each_has_its_help(string command, string word)
    {
        var run = await Lcm.RunAsync("policy", command, "--help");
        Assert.Equal(0, run.Code);
        Assert.Contains(word, run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_schema_is_the_published_one()
    {
        var run = await Lcm.RunAsync("policy", "schema");
        Assert.Equal(0, run.Code);
        Assert.Equal(
            await File.ReadAllTextAsync(Path.Combine(Repository.Root,
                "src/LifecycleManager.Decisions/Policies/policy.schema.json")), run.Output);
    }

    private string In(string name) => Path.Combine(_directory, name);

    private void Write(string name, string text) => File.WriteAllText(In(name), text);
}
