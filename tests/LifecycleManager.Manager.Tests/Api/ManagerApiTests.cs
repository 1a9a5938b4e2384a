using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Storage;

namespace LifecycleManager.Manager.Tests.Api;

public sealed class ManagerApiTests : IAsyncLifetime
{
    private const string App = "/brownfield/search";
    private const string Tpm = "gauge.servo.tpm";
    private readonly string _rules = Directory.CreateTempSubdirectory("lcm-rules-").FullName;
    private readonly FakeMetrics _metrics = new();
    private FakeMarathon _marathon = null!;
    private StateBackend _backend = null!;

    public async ValueTask InitializeAsync()
    {
        _marathon = await FakeMarathon.StartAsync();
        _backend = await ManagerUnderTest.BackendAsync();
        await File.WriteAllTextAsync(Path.Combine(_rules, "search.yml"), TermUnderTest.Search);
        _marathon.Add(App, 2);
    }

    public async ValueTask DisposeAsync()
    {
        await _marathon.DisposeAsync();
        await _backend.DisposeAsync();
        Directory.Delete(_rules, recursive: true);
    }

    [Fact]
    public async Task The_loop_closes_and_each_endpoint_shows_it()
    {
        await using var manager = await StartAsync();
        _metrics[App, Tpm] = 24;
        await Eventually.TrueAsync(() => _marathon[App].Instances == 3);

        var decisions = (await manager.GetAsync("/v1/decisions?kind=scaleOut")).GetProperty("decisions");
        var decision = Assert.Single(decisions.EnumerateArray());
        Assert.Equal("search", decision.GetProperty("policy").GetString());
        Assert.Equal("scaleOut", decision.GetProperty("kind").GetString());
        Assert.Equal(24, decision.GetProperty("metrics").GetProperty("tpm").GetDouble());
        var one = await manager.GetAsync("/v1/decisions/" + decision.GetProperty("id").GetString());
        Assert.Equal("too many transactions", one.GetProperty("rule").GetString());

        await Eventually.TrueAsync(() => manager.State.Snapshot.Apps[App].Instances == 3);
        var app = Assert.Single((await manager.GetAsync("/v1/apps")).GetProperty("apps").EnumerateArray());
        Assert.Equal((3, 1, 10), (
            app.GetProperty("instances").GetInt32(), app.GetProperty("min").GetInt32(), app.GetProperty("max").GetInt32()));
        var startup = app.GetProperty("startup");
        Assert.Equal((25.0, "learnt", 12), (startup.GetProperty("seconds").GetDouble(), startup.GetProperty("source").GetString(),
            startup.GetProperty("starts").GetInt32()));
        var explanation = await manager.GetAsync($"/v1/apps{App}/explain");
        Assert.Equal(25, explanation.GetProperty("app").GetProperty("startup").GetProperty("seconds").GetDouble());
        Assert.StartsWith("/brownfield/search has 3 instances, since ", explanation.GetProperty("summary").GetString());
        Assert.Equal(24, explanation.GetProperty("metrics")[0].GetProperty("value").GetDouble());
        var policy = Assert.Single((await manager.GetAsync("/v1/policies")).GetProperty("policies").EnumerateArray());
        Assert.Equal("inForce", policy.GetProperty("state").GetString());
        Assert.Equal(App, policy.GetProperty("apps")[0].GetString());
        Assert.Equal("up", (await manager.GetAsync("/health")).GetProperty("status").GetString());
        Assert.Equal("leading", (await manager.GetAsync("/health")).GetProperty("state").GetString());
        Assert.Equal("pong", await manager.Client.GetStringAsync("/ping"));
        Assert.Contains("lcm_manager_instances{app=\"/brownfield/search\"} 3", await manager.Client.GetStringAsync("/metrics"));
        var history = (await manager.Client.GetStringAsync($"/v1/history?app={App}")).Split('\n');
        Assert.Equal("time,desired,healthy,instances,running,tpm", history[0]);
        // The history keeps what a tick saw, and the next may see it first.
        await Eventually.TrueAsync(async () => (await manager.Client.GetStringAsync($"/v1/history?app={App}")).Split('\n')
            .Any(line => line.EndsWith(",3,3,3,3,24", StringComparison.Ordinal)));
        Assert.Contains($",{App},tpm,24\n", await manager.Client.GetStringAsync("/v1/history"));
    }

    [Theory]
    [InlineData("/v1/decisions?colour=red", "colour")]
    [InlineData("/v1/decisions?kind=sideways", "kind")]
    [InlineData("/v1/decisions?limit=0", "limit")]
    [InlineData("/v1/decisions?limit=1001", "limit")]
    [InlineData("/v1/decisions?since=yesterday", "since")]
    [InlineData("/v1/decisions?outcome=9", "outcome")]
    [InlineData("/v1/history?app=/a&until=never", "until")]
    public async Task A_bad_filter_is_refused_by_name(string path, string field)
    {
        await using var manager = await StartAsync();
        var answer = await manager.GetAsync(path, HttpStatusCode.BadRequest);
        Assert.Equal(field, answer.GetProperty("field").GetString());
    }

    [Theory]
    [InlineData("""{"what":"everything"}""", 400)]
    [InlineData("""{"wath":"all"}""", 400)]
    [InlineData("""{"seconds":-1}""", 400)]
    [InlineData("""{"seconds":1e300}""", 400)]
    [InlineData("""{"app":"/"}""", 400)]
    [InlineData("""{"app":5}""", 400)]
    [InlineData("""[""", 400)]
    public async Task A_bad_pause_is_refused(string body, int status)
    {
        await using var manager = await StartAsync();
        await manager.LeadsAsync();
        Assert.Equal(status, (int)(await manager.PostAsync("/v1/pause", body)).StatusCode);
        Assert.Empty((await manager.GetAsync("/v1/pauses")).GetProperty("pauses").EnumerateArray());
    }

    [Fact]
    public async Task A_pause_is_in_force_when_it_is_acknowledged_and_its_body_is_bounded()
    {
        await using var manager = await StartAsync();
        await manager.LeadsAsync();
        Assert.Equal(HttpStatusCode.OK,
            (await manager.PostAsync("/v1/pause",
                $$"""{"app":"{{App}}","what":"scaleOut","reason":"mid-migration"}""")).StatusCode);
        _metrics[App, Tpm] = 24;
        await Eventually.TrueAsync(
            () => manager.State.Snapshot.Apps.TryGetValue(App, out var status)
                && status.Evaluation.Reason.Contains("held: ", StringComparison.Ordinal));
        Assert.Empty(_marathon.Puts);
        var app = Assert.Single((await manager.GetAsync("/v1/apps")).GetProperty("apps").EnumerateArray());

        // What is shown is what is done.
        Assert.Equal(2, app.GetProperty("desired").GetInt32());
        Assert.Contains("held: scale-out was paused by hand", app.GetProperty("reason").GetString());
        var explained = await manager.GetAsync($"/v1/apps{App}/explain");
        Assert.Equal(2, explained.GetProperty("evaluation").GetProperty("to").GetInt32());
        Assert.Contains("; it stays: ", explained.GetProperty("summary").GetString());
        Assert.Equal("mid-migration", app.GetProperty("paused").GetProperty("reason").GetString());

        Assert.Equal(HttpStatusCode.OK, (await manager.PostAsync("/v1/resume", $$"""{"app":"{{App}}"}""")).StatusCode);
        await Eventually.TrueAsync(() => _marathon[App].Instances == 3);
        var large = await manager.PostAsync("/v1/pause", $$"""{"reason":"{{new string('x', 100_000)}}"}""");
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
    }

    [Fact]
    public async Task Who_does_not_lead_reads_the_store_says_who_leads_and_takes_over()
    {
        var first = await StartAsync();
        await first.LeadsAsync();
        _metrics[App, Tpm] = 24;
        await Eventually.TrueAsync(() => _marathon[App].Instances == 3);
        await using var second = await StartAsync();

        await Eventually.TrueAsync(() => second.Client.GetAsync("/v1/decisions").Result.Headers.Contains("Lcm-Leader"));
        var decisions = await second.GetAsync("/v1/decisions?kind=scaleOut");
        Assert.Single(decisions.GetProperty("decisions").EnumerateArray());
        Assert.Single((await second.GetAsync("/v1/apps")).GetProperty("apps").EnumerateArray());
        var health = await second.GetAsync("/health");
        Assert.False(health.GetProperty("leading").GetBoolean());
        Assert.Equal(first.Client.BaseAddress!.ToString(), health.GetProperty("leader").GetString());
        var redirect = await second.PostAsync("/v1/pause?x=1", "{}");
        Assert.Equal(HttpStatusCode.TemporaryRedirect, redirect.StatusCode);
        Assert.Equal(new Uri(first.Client.BaseAddress, "/v1/pause?x=1"), redirect.Headers.Location);

        await first.DisposeAsync();
        _metrics[App, Tpm] = 34;
        await Eventually.TrueAsync(() => _marathon[App].Instances == 4);
    }

    [Fact]
    public async Task A_file_that_is_refused_shows_where_while_its_last_good_version_stays_in_force()
    {
        await using var manager = await StartAsync();
        await manager.LeadsAsync();
        await File.WriteAllTextAsync(Path.Combine(_rules, "search.yml"), TermUnderTest.Search.Replace("tpm > 10", "tmp > 10"));

        JsonElement answer = default;
        await Eventually.TrueAsync(async () =>
        {
            answer = await manager.GetAsync("/v1/policies");
            return answer.GetProperty("problems").GetArrayLength() > 0;
        });

        var problem = answer.GetProperty("problems")[0];
        Assert.Equal(8, problem.GetProperty("line").GetInt32());
        Assert.EndsWith("search.yml", problem.GetProperty("file").GetString());
        Assert.Equal("lastGood", answer.GetProperty("files")[0].GetProperty("state").GetString());
        Assert.Equal("lastGood", Assert.Single(answer.GetProperty("policies").EnumerateArray()).GetProperty("state").GetString());
        var health = await manager.GetAsync("/health");
        Assert.Equal("degraded", health.GetProperty("status").GetString());
        Assert.Contains("lcm_manager_policy_files_refused 1", await manager.Client.GetStringAsync("/metrics"));
        _metrics[App, Tpm] = 24;
        await Eventually.TrueAsync(() => _marathon[App].Instances == 3);
    }

    [Fact]
    public async Task A_live_follower_sees_each_decision_and_what_became_of_it()
    {
        await using var manager = await StartAsync();
        await manager.LeadsAsync();
        using var stream = await manager.Client.GetStreamAsync("/v1/decisions/stream?app=" + App);
        using var reader = new StreamReader(stream);
        _metrics[App, Tpm] = 24;

        var outcomes = new List<string>();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!outcomes.Contains("applied"))
        {
            var line = await reader.ReadLineAsync(limit.Token);
            if (line?.StartsWith("data: ", StringComparison.Ordinal) != true) continue;
            var record = JsonDocument.Parse(line["data: ".Length..]).RootElement;
            if (record.GetProperty("kind").GetString() == "scaleOut") outcomes.Add(record.GetProperty("outcome").GetString()!);
        }

        Assert.Equal(["pending", "applied"], outcomes);
    }

    [Fact]
    public async Task Without_the_scheduler_health_says_so_and_answers_go_on()
    {
        await _marathon.DisposeAsync();
        await using var manager = await StartAsync();
        await manager.LeadsAsync();
        await Eventually.TrueAsync(() => manager.State.Snapshot.LastTick?.Problem is not null);

        var health = await manager.GetAsync("/health");

        Assert.Equal("degraded", health.GetProperty("status").GetString());
        Assert.Contains("nothing is changed while the target cannot be read", health.GetProperty("problems")[0].GetString());
        Assert.Empty((await manager.GetAsync("/v1/apps")).GetProperty("apps").EnumerateArray());
        await manager.GetAsync("/v1/apps/nobody/explain", HttpStatusCode.NotFound);
        await manager.GetAsync("/v1/decisions/nothing", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Rules_in_CSharp_that_are_refused_are_named_in_health_where_they_are_asked_for()
    {
        await File.WriteAllTextAsync(Path.Combine(_rules, "shop.cs"), "class Broken { int x = ; }");
        await using (var without = await StartAsync()) Assert.DoesNotContain("shop.cs", await TextAsync(without));
        await using var manager = await StartAsync(csharp: true);
        Assert.Contains("refused: " + Path.Combine(_rules, "shop.cs:1:24: error: "), await TextAsync(manager));

        static async Task<string> TextAsync(ManagerUnderTest manager) =>
            (await manager.GetAsync("/health")).GetProperty("problems").ToString();
    }

    private Task<ManagerUnderTest> StartAsync(bool csharp = false) => ManagerUnderTest.StartAsync(
        _marathon.Address, _backend, _metrics, _rules, options =>
            options with { HistoryInterval = TimeSpan.FromMilliseconds(10), CSharpRules = csharp });
}
