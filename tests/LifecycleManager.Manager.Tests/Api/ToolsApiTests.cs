using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Storage;

namespace LifecycleManager.Manager.Tests.Api;

public sealed class ToolsApiTests : IAsyncLifetime
{
    private const string App = "/brownfield/search";
    private const string Tpm = "gauge.servo.tpm";
    private readonly string _rules = Directory.CreateTempSubdirectory("lcm-rules-").FullName;
    private readonly FakeMetrics _metrics = new();
    private FakeMarathon _marathon = null!;
    private StateBackend _backend = null!;
    private ManagerUnderTest _manager = null!;

    public async ValueTask InitializeAsync()
    {
        _marathon = await FakeMarathon.StartAsync();
        _backend = await ManagerUnderTest.BackendAsync();
        await File.WriteAllTextAsync(Path.Combine(_rules, "search.yml"), TermUnderTest.Search);
        _marathon.Add(App, 2);
        _manager = await ManagerUnderTest.StartAsync(
            _marathon.Address, _backend, _metrics, _rules, options =>
                options with { HistoryInterval = TimeSpan.FromMilliseconds(100) });
    }

    public async ValueTask DisposeAsync()
    {
        await _manager.DisposeAsync();
        await _marathon.DisposeAsync();
        await _backend.DisposeAsync();
        Directory.Delete(_rules, recursive: true);
    }

    [Fact]
    public async Task Check_answers_with_its_findings_and_their_places()
    {
        var good = await PostAsync("check", new { files = new { search_yml = TermUnderTest.Search } });
        Assert.Equal("good", good.GetProperty("result").GetString());
        Assert.Empty(good.GetProperty("problems").EnumerateArray());

        var bad = await PostAsync("check", new
        {
            files = Files(("a.yml", TermUnderTest.Search.Replace("tpm > 10", "tpn > 10"))),
            format = "sarif"
        });
        Assert.Equal("found", bad.GetProperty("result").GetString());
        var problem = bad.GetProperty("problems")[0];
        Assert.Equal("a.yml", problem.GetProperty("file").GetString());
        Assert.Contains("tpn", problem.GetProperty("message").GetString(), StringComparison.Ordinal);
        using var sarif = JsonDocument.Parse(bad.GetProperty("output").GetString()!);
        Assert.Equal("2.1.0", sarif.RootElement.GetProperty("version").GetString());
    }

    [Fact]
    public async Task Test_runs_the_tests_against_the_policies_beside_them()
    {
        const string Tests = """
            tests:
              - name: it grows
                app: /brownfield/search
                series: { tpm: '24x3' }
                expect: [{ at: 0s, instances: COUNT }]
            """;
        var good =
            await PostAsync("test",
                new { files = Files(("s.yml", TermUnderTest.Search), ("s.test.yml", Tests.Replace("COUNT", "2"))) });
        Assert.Equal(("good", "1 passed, 0 failed"), (good.GetProperty("result").GetString(), good.GetProperty("output")
            .GetString()!.Trim().Split('\n')[^1]));

        var wrong =
            await PostAsync("test",
                new { files = Files(("s.yml", TermUnderTest.Search), ("s.test.yml", Tests.Replace("COUNT", "7"))) });
        Assert.Equal("found", wrong.GetProperty("result").GetString());
        Assert.Contains("expected 7 instances, got 2", wrong.GetProperty("output").GetString(), StringComparison.Ordinal);
    }

    /// <summary>Two apps that want what their metrics say, and what ties them together.</summary>
    private const string Shop = """
        policy: web
        app: /shop/web
        instances: { max: 20 }
        metrics: { load: { promql: l } }
        rules: [ { rule: own, when: load >= 0, then: { set: load } } ]
        ---
        policy: api
        app: /shop/api
        instances: { max: 20 }
        metrics: { load: { promql: l } }
        rules: [ { rule: own, when: load >= 0, then: { set: load } } ]
        """;

    private const string Ties = """
        coordination: shop
        apps: { web: /shop/web, api: /shop/api, behind: { dependenciesOf: web } }
        rules:
          - rule: follow
            when: web.wanted > 2 * api.wanted
            then: { api: { atLeast: web.wanted / 2 }, behind: { hold: scaleIn } }
        dryRun: true
        ---
        budget: shop
        apps: /shop/*
        instances: 30
        memory: 64 GB
        cost: 12.5
        """;

    [Fact]
    public async Task Check_test_and_replay_take_several_apps_and_what_ties_them()
    {
        var wrong = await PostAsync("check", new
        {
            files = Files(("a.yml", Shop), ("b.yml", Ties.Replace("web.wanted >",
            "web.wnted >")))
        });
        var problem = Assert.Single(wrong.GetProperty("problems").EnumerateArray());
        Assert.Equal("b.yml:5:11", problem.GetProperty("place").GetString());
        Assert.Equal("did you mean 'web.wanted'?", problem.GetProperty("suggestion").GetString());

        var ties = Ties.Replace("dryRun: true", "").Replace("memory: 64 GB\ncost: 12.5", "");
        var tested = await PostAsync("test", new
        {
            files = Files(("a.yml", Shop), ("b.yml", ties), ("s.test.yml", """
                policies: [ a.yml, b.yml ]
                tests:
                  - name: it follows
                    apps: { /shop/web: { series: { load: '5x3' } }, /shop/api: { series: { load: '1x3' } } }
                    expect: [ { at: 0s, /shop/web: 5, /shop/api: 3 } ]
                """)),
        });
        Assert.Equal("1 passed, 0 failed", tested.GetProperty("output").GetString()!.Trim().Split('\n')[^1]);

        var replayed = await PostAsync("replay", new
        {
            files = Files(("s.yml", Shop + "\n---\n" + ties),
                ("r.csv", "time,/shop/web:load,/shop/api:load\n1767225600,5,1\n1767225660,5,1\n")),
            data = new[] { "r.csv" },
            capacity = 10,
            capacities = new Dictionary<string, double> { ["/shop/api"] = 4 },
        });
        Assert.Matches("(?s)/shop/api.*4 per instance.*most instances +3.*/shop/web.*10 per instance.*most instances +5",
            replayed.GetProperty("output").GetString());
    }

    [Fact]
    public async Task Policies_lists_what_ties_apps_together_with_its_files()
    {
        await File.WriteAllTextAsync(Path.Combine(_rules, "ties.yml"), Ties);
        JsonElement answer = default;
        await Eventually.TrueAsync(async () =>
        {
            answer = await _manager.GetAsync("/v1/policies");
            return answer.GetProperty("budgets").GetArrayLength() > 0;
        });
        var coordination = Assert.Single(answer.GetProperty("coordinations").EnumerateArray());
        Assert.Equal(("shop", "inForce", true), (coordination.GetProperty("name").GetString(),
            coordination.GetProperty("state").GetString(), coordination.GetProperty("dryRun").GetBoolean()));
        Assert.EndsWith("ties.yml:1:1", coordination.GetProperty("place").GetString(), StringComparison.Ordinal);
        Assert.Equal("dependencies of web", coordination.GetProperty("apps").GetProperty("behind").GetString());
        Assert.Equal("follow", coordination.GetProperty("rules")[0].GetString());
        var budget = Assert.Single(answer.GetProperty("budgets").EnumerateArray());
        Assert.Equal(("/shop/*", 30, 64_000), (budget.GetProperty("apps").GetString(),
            budget.GetProperty("instances").GetInt32(), budget.GetProperty("memory").GetDouble()));
        Assert.False(budget.TryGetProperty("cpus", out _));
        Assert.Equal(12.5, budget.GetProperty("cost").GetDouble());
        Assert.Contains(answer.GetProperty("files").EnumerateArray(), file =>
            file.GetProperty("file").GetString()!.EndsWith("ties.yml", StringComparison.Ordinal)
            && file.GetProperty("policies").GetArrayLength() == 2);
    }

    [Fact]
    public async Task No_file_of_the_machine_can_be_reached()
    {
        const string Tests = "policies: /etc/passwd\ntests: [{ name: x, app: /x, counts: '1' }]\n";
        var answer = await PostAsync("test", new { files = Files(("s.test.yml", Tests)) }, HttpStatusCode.UnprocessableEntity);
        Assert.Contains("/etc/passwd: cannot be read: no such file was given", answer.GetProperty("message")
            .GetString(), StringComparison.Ordinal);

        answer = await PostAsync(
            "replay", new { files = Files(("s.yml", TermUnderTest.Search)), data = new[] { "/etc/passwd" } },
            HttpStatusCode.UnprocessableEntity);
        Assert.Contains("no such file was given", answer.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Replay_gives_the_table_and_the_report()
    {
        var csv = new StringBuilder("time,tpm\n");
        for (var i = 0; i < 30; i++)
            csv.Append(CultureInfo.InvariantCulture, $"{1_767_225_600 + (i * 60)},{(i < 10 ? 8 : 70)}\n");
        var answer = await PostAsync("replay", new
        {
            files = Files(("s.yml", TermUnderTest.Search), ("tpm.csv", csv.ToString())),
            data = new[] { "tpm.csv" },
            capacity = 10,
            startup = "1m",
            html = true,
        });
        Assert.Equal("good", answer.GetProperty("result").GetString());
        Assert.Contains("instance-hours", answer.GetProperty("output").GetString(), StringComparison.Ordinal);
        Assert.Contains("<svg", answer.GetProperty("files").GetProperty("report.html").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Replay_takes_the_managers_own_history()
    {
        _metrics[App, Tpm] = 15;
        await Eventually.TrueAsync(() => _manager.State.Snapshot.Apps.GetValueOrDefault(App)
            ?.Metrics is [{ Value: 15 }]);
        await Eventually.TrueAsync(() => HistoryRows() > 3);
        var answer =
            await PostAsync("replay", new { files = Files(("s.yml", TermUnderTest.Search)), history = App, capacity = 10 });
        Assert.Contains("load tpm, 10 per instance", answer.GetProperty("output").GetString(), StringComparison.Ordinal);
        Assert.Contains("recorded", answer.GetProperty("output").GetString(), StringComparison.Ordinal);

        int HistoryRows() => _manager.Client.GetStringAsync($"/v1/history?app={App}").GetAwaiter().GetResult().Split('\n').Length;
    }

    [Fact]
    public async Task Fmt_import_init_and_schema_do_as_the_commands_do()
    {
        var formatted =
            await PostAsync("fmt", new { files = Files(("s.yml", "app: /x\npolicy: x\ninstances: {min: 1,   max: 2}\n")) });
        Assert.StartsWith("policy: x\napp: /x\n", formatted.GetProperty("files").GetProperty("s.yml")
            .GetString(), StringComparison.Ordinal);

        var imported =
            await PostAsync("import",
                new
                {
                    files = Files(("env", "AS_MARATHON_APP=/x\nAS_MIN_INSTANCES=1\nAS_MAX_INSTANCES=4\nAS_INTERVAL=10\n"
                        + "AS_SCALE_UP_FACTOR=3\nAS_COOL_DOWN_FACTOR=3\nAS_TRIGGER_MODE=cpu\nAS_MAX_RANGE=80\nAS_MIN_RANGE=55\n"
                        + "AS_AUTOSCALE_MULTIPLIER=1.5\n")),
                });
        Assert.Contains("policy:", imported.GetProperty("output").GetString(), StringComparison.Ordinal);

        var made = await PostAsync("init", new { app = "/shop/search", kind = "threshold" });
        var files = made.GetProperty("files");
        var run = await PostAsync("test", new { files });
        Assert.True(run.GetProperty("result").GetString() == "good", run.GetRawText());

        Assert.Equal(PolicySchema.Text, await _manager.Client.GetStringAsync("/v1/policies/schema"));
    }

    [Theory]
    [InlineData("check", """{"files":{}}""", 400)]
    [InlineData("check", """{"files":{"a.yml":null}}""", 400)]
    [InlineData("check", """{"file":{"a.yml":""}}""", 400)]
    [InlineData("check", """{"files":{"a.yml":""},"format":"xml"}""", 400)]
    [InlineData("check", "null", 400)]
    [InlineData("test", """{"files":{"a.yml":""}}""", 422)]
    [InlineData("replay", """{"files":{"a.yml":""}}""", 400)]
    [InlineData("replay", """{"files":{"a.yml":"","b.yml":""},"data":["x"]}""", 400)]
    [InlineData("replay", """{"files":{"a.yml":""},"data":["x"],"startup":"soon"}""", 400)]
    [InlineData("import", """{"files":{"a":"nothing"}}""", 422)]
    [InlineData("init", "{}", 400)]
    [InlineData("init", """{"app":"/x","kind":"magic"}""", 422)]
    public async Task A_bad_body_is_refused_with_the_reason(string tool, string body, int status)
    {
        var answer = await _manager.PostAsync("/v1/policies/" + tool, body);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.NotEqual("", (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("message").GetString());
    }

    [Fact]
    public async Task A_body_is_bounded_and_so_are_the_steps_of_a_replay()
    {
        // The client waits for the server's leave to send so much, and gets its answer instead.
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/policies/check");
        request.Content = new StringContent($$$"""{"files":{"a.yml":"{{{new string('x', 5_000_000)}}}"}}""", Encoding.UTF8,
            "application/json");
        request.Headers.ExpectContinue = true;
        using var refused = await _manager.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);

        var answer = await PostAsync(
            "replay",
            new
            {
                files = Files(("s.yml", TermUnderTest.Search), ("t.csv", "time,tpm\n1767225600,1\n1798761600,2\n")),
                data = new[] { "t.csv" },
                step = "1s",
                capacity = 1
            },
            HttpStatusCode.UnprocessableEntity);
        Assert.Contains("give a longer step", answer.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_tells_the_present_and_any_past_instant_down_to_the_samples()
    {
        _metrics[App, Tpm] = 24;
        await Eventually.TrueAsync(() => _marathon[App].Instances == 3);
        await Eventually.TrueAsync(() =>
            _manager.State.Snapshot.Apps[App] is { Instances: 3, InFlight: false, Evaluation.From: 3 });
        var now = await _manager.GetAsync($"/v1/apps{App}/explain");
        var metric = Assert.Single(now.GetProperty("metrics").EnumerateArray());
        Assert.Equal((24, 1), (metric.GetProperty("value").GetDouble(), metric.GetProperty("reporting").GetInt32()));
        Assert.Equal(24, metric.GetProperty("samples")[0].GetProperty("value").GetDouble());
        Assert.Equal("1", metric.GetProperty("samples")[0].GetProperty("instance").GetString());

        Assert.Equal(
            ["none: not tpm 24 > 10 * instances 3", "none: not tpm 24 < 5 * instances 3"],
            now.GetProperty("opinions").EnumerateArray()
                .Select(rule => $"{rule.GetProperty("verdict").GetString()}: {rule.GetProperty("reason").GetString()}"));

        var grown = await _manager.GetAsync("/v1/decisions?kind=scaleOut");
        var at = grown.GetProperty("decisions")[0].GetProperty("at").GetDateTimeOffset();
        _metrics[App, Tpm] = 12;
        await Eventually.TrueAsync(() => _marathon[App].Instances == 2);
        var then = await _manager.GetAsync($"/v1/apps{App}/explain?at={Uri.EscapeDataString(at.ToString("O"))}");

        var opinions = then.GetProperty("opinions").EnumerateArray().ToList();
        Assert.Equal(["count", "none"], opinions.Select(rule => rule.GetProperty("verdict").GetString()));
        Assert.Equal((3, "not tpm 24 < 5 * instances 2"),
            (opinions[0].GetProperty("count").GetInt32(), opinions[1].GetProperty("reason").GetString()));
        Assert.Contains("was 2 to 3 (applied", then.GetProperty("summary").GetString(), StringComparison.Ordinal);
        Assert.Equal("too many transactions", then.GetProperty("evaluation").GetProperty("rule").GetString());
        metric = Assert.Single(then.GetProperty("metrics").EnumerateArray());
        Assert.Equal(24, metric.GetProperty("value").GetDouble());
        Assert.Equal(24, metric.GetProperty("samples")[0].GetProperty("value").GetDouble());
        Assert.DoesNotContain(then.GetProperty("recent").EnumerateArray(), record => record.GetProperty("kind")
            .GetString() == "scaleIn");
    }

    [Theory]
    [InlineData("?at=yesterday", HttpStatusCode.BadRequest)]
    [InlineData("?at=2999-01-01T00:00:00Z", HttpStatusCode.BadRequest)]
    [InlineData("?when=now", HttpStatusCode.BadRequest)]
    [InlineData("?at=2020-01-01T00:00:00Z", HttpStatusCode.NotFound)]
    public async Task An_instant_that_cannot_be_explained_is_refused_with_the_reason(string query, HttpStatusCode status)
    {
        await Eventually.TrueAsync(() => _manager.State.Snapshot.Apps.ContainsKey(App));
        var answer = await _manager.GetAsync($"/v1/apps{App}/explain{query}", status);
        Assert.NotNull(answer.GetProperty("message").GetString());
    }

    private static Dictionary<string, string> Files(params (string Name, string Text)[] files) =>
        files.ToDictionary(file => file.Name, file => file.Text);

    private async Task<JsonElement> PostAsync(string tool, object body, HttpStatusCode status = HttpStatusCode.OK)
    {
        var answer = await _manager.PostAsync("/v1/policies/" + tool, JsonSerializer.Serialize(body));
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == status, text);
        return JsonSerializer.Deserialize<JsonElement>(text);
    }
}
