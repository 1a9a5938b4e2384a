using System.Net;
using System.Text;
using System.Text.Json.Serialization.Metadata;
using LifecycleManager.Manager.Api;
using LifecycleManager.Manager.Auditing;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Storage;
using Microsoft.AspNetCore.Routing;

namespace LifecycleManager.Manager.Tests.Api;

/// <summary>The document says what is mapped, and answers are as it says.</summary>
public sealed class DocumentApiTests : IAsyncLifetime
{
    private const string App = "/brownfield/search";
    private const string Catch = "/v1/apps/{**id}";

    private const string Policy = TermUnderTest.Search + """

        ---
        policy: night
        app: /night
        instances: { min: 1, max: 2 }
        rules:
          - rule: at night
            schedule: { cron: '0 0 22 * * ?', until: '0 0 6 * * ?' }
            then: { max: 1 }
        """;

    /// <summary>What a path that catches all is for.</summary>
    private static readonly Dictionary<string, string[]> Caught = new()
    {
        ["GET"] = ["/v1/apps/{id}", "/v1/apps/{id}/explain", "/v1/apps/{id}/override"],
        ["POST"] = ["/v1/apps/{id}/override"],
        ["DELETE"] = ["/v1/apps/{id}/override"],
    };

    private readonly string _rules = Directory.CreateTempSubdirectory("lcm-rules-").FullName;
    private readonly FakeMetrics _metrics = new();
    private readonly HashSet<string> _seen = [];
    private FakeMarathon _marathon = null!;
    private StateBackend _backend = null!;
    private ManagerUnderTest _manager = null!;
    private ApiDocument _document = null!;

    public async ValueTask InitializeAsync()
    {
        _marathon = await FakeMarathon.StartAsync();
        _backend = await ManagerUnderTest.BackendAsync();
        await File.WriteAllTextAsync(Path.Combine(_rules, "search.yml"), Policy);
        _marathon.Add(App, 2);
        _manager = await ManagerUnderTest.StartAsync(_marathon.Address, _backend, _metrics, _rules);
        await _manager.LeadsAsync();
        _document = new ApiDocument(await _manager.Client.GetStringAsync("/openapi.json"));
    }

    public async ValueTask DisposeAsync()
    {
        await _manager.DisposeAsync();
        await _marathon.DisposeAsync();
        await _backend.DisposeAsync();
        Directory.Delete(_rules, recursive: true);
    }

    [Fact]
    public void What_is_mapped_is_described_and_nothing_else()
    {
        var mapped = _manager.Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText!.TrimStart('/') is var path
                && !path.StartsWith("docs", StringComparison.Ordinal))
            .SelectMany(endpoint =>
                from method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET"]
                where method != "HEAD"
                let path = "/" + endpoint.RoutePattern.RawText!.TrimStart('/')
                from one in path == Catch ? Caught[method] : [path]
                select $"{method} {one}").ToHashSet();
        Assert.Equal(mapped.Order(), _document.Operations.Order());
    }

    [Theory]
    [InlineData(200, "application/json", """{"stopped":false,"message":"m"}""", true)]
    [InlineData(200, "application/json", """{"stopped":false,"message":"m","more":1}""", false)]
    [InlineData(200, "application/json", """{"stopped":false}""", false)]
    [InlineData(200, "application/json", """{"stopped":"no","message":"m"}""", false)]
    [InlineData(200, "text/plain", "stopped", false)]
    [InlineData(404, "application/json", """{"message":"m"}""", false)]
    public void An_answer_that_is_not_as_described_is_found(int status, string type, string body, bool isAsDescribed) =>
        Assert.Equal(isAsDescribed, _document.Problem("GET /v1/stop", status, type, body) is null);

    /// <summary>Also what no answer of a test happens to have.</summary>
    [Fact]
    public void A_schema_has_the_properties_of_what_is_written()
    {
        foreach (var (schema, type) in new (string, JsonTypeInfo)[]
        {
            ("Policies", ManagerJson.Default.PoliciesAnswer), ("Policy", ManagerJson.Default.PolicyAnswer),
            ("PolicyFile", ManagerJson.Default.PolicyFileAnswer), ("PolicyProblem", ManagerJson.Default.PolicyProblemAnswer),
            ("Coordination", ManagerJson.Default.CoordinationAnswer), ("Budget", ManagerJson.Default.BudgetAnswer),
            ("Apps", ManagerJson.Default.AppsAnswer), ("App", ManagerJson.Default.GovernedAppAnswer),
            ("Explanation", ManagerJson.Default.ExplainAnswer), ("Evaluation", ManagerJson.Default.EvaluationAnswer),
            ("Metric", ManagerJson.Default.MetricAnswer), ("Decisions", ManagerJson.Default.DecisionPage),
            ("Decision", ManagerJson.Default.DecisionRecord), ("MetricEvidence", ManagerJson.Default.MetricEvidence),
            ("ScheduledRule", ManagerJson.Default.ScheduleAnswer), ("Health", ManagerJson.Default.HealthReport),
            ("Recommendations", ManagerJson.Default.RecommendationsAnswer), ("Size", ManagerJson.Default.SizeAnswer),
            ("OverrideBody", ManagerJson.Default.OverrideBody), ("Override", ManagerJson.Default.OverrideEntry),
            ("Overrides", ManagerJson.Default.OverridesAnswer), ("Pause", ManagerJson.Default.PauseEntry),
            ("PauseBody", ManagerJson.Default.PauseBody), ("Stop", ManagerJson.Default.StopAnswer),
            ("StopBody", ManagerJson.Default.ReasonBody), ("End", ManagerJson.Default.EndAnswer),
            ("ToolAnswer", ManagerJson.Default.ToolAnswer), ("CheckBody", ManagerJson.Default.CheckBody),
            ("ReplayBody", ManagerJson.Default.ReplayBody), ("InitBody", ManagerJson.Default.InitBody),
            ("Schedules", ManagerJson.Default.SchedulesAnswer), ("Schedule", ManagerJson.Default.JobAnswer),
            ("ScheduleDetail", ManagerJson.Default.JobDetailAnswer), ("Fire", ManagerJson.Default.FireAnswer),
            ("Fires", ManagerJson.Default.FiresAnswer), ("ScheduleDone", ManagerJson.Default.ScheduleDoneAnswer),
            ("ReasonBody", ManagerJson.Default.ReasonBody), ("BudgetUse", ManagerJson.Default.BudgetUseAnswer),
            ("Error", ManagerJson.Default.ErrorAnswer), ("Audit", AuditJson.Default.AuditPage),
            ("RuleFiles", RuleFilesJson.Default.RuleFilesAnswer), ("RuleFile", RuleFilesJson.Default.RuleFileAnswer),
            ("RuleFileRefusal", RuleFilesJson.Default.RuleFileRefusal),
            ("AuditEntry", AuditJson.Default.AuditEntry), ("Annotation", AnnotationJson.Default.Annotation),
        })
        {
            Assert.Equal(
                (schema, string.Join(' ', type.Properties.Select(property => property.Name).Order())),
                (schema, string.Join(' ', _document.Properties(schema).Order())));
        }
    }

    [Fact]
    public async Task Each_operation_answers_as_the_document_says()
    {
        _metrics[App, "gauge.servo.tpm"] = 24;
        await Eventually.TrueAsync(() => _manager.State.Term!.Archive.LastChange(App)?.To == 3);
        var decision = _manager.State.Term!.Archive.LastChange(App)!.Id;
        foreach (var path in (string[])[
            "/health", "/metrics", "/ping", "/openapi.json", "/openapi/manager.json", "/v1/policies", "/v1/policies/schema",
            "/v1/decisions", "/v1/apps", "/v1/pauses", "/v1/schedules", "/v1/history", "/v1/recommendations", "/v1/targets",
            "/v1/overrides", "/v1/stop"]) await AsksAsync("GET", path);
        await AsksAsync("GET", "/v1/decisions/{id}", $"/v1/decisions/{decision}");
        await AsksAsync("GET", "/v1/decisions/{id}", "/v1/decisions/none", status: 404);
        await AsksAsync("GET", "/v1/decisions", "/v1/decisions?kind=sideways", status: 400);
        await AsksAsync("GET", "/v1/apps/{id}", $"/v1/apps{App}");
        await AsksAsync("GET", "/v1/apps/{id}", "/v1/apps/none", status: 404);
        await AsksAsync("GET", "/v1/apps/{id}/explain", $"/v1/apps{App}/explain");
        await AsksAsync("GET", "/v1/apps/{id}/explain", $"/v1/apps{App}/explain?at={DateTimeOffset.UtcNow.AddSeconds(-0.1):O}"
            .Replace("+", "%2B", StringComparison.Ordinal));
        await AsksAsync("GET", "/v1/apps/{id}/explain", $"/v1/apps{App}/explain?at=then", status: 400);
        await AsksAsync("GET", "/v1/history", "/v1/history?since=then", status: 400);
        await AsksAsync("GET", "/v1/recommendations", "/v1/recommendations?colour=red", status: 400);
        await AsksAsync("GET", "/v1/targets", "/v1/targets?state=odd", status: 400);
        await AsksAsync("POST", "/v1/samples", body: $$"""{"app":"{{App}}","metric":"m","value":1.5}""");
        await AsksAsync("POST", "/v1/samples", body: "{}", status: 400);

        await AsksAsync("POST", "/v1/apps/{id}/override", $"/v1/apps{App}/override",
            """{"instances":4,"until":"2h","reason":"a sale"}""");
        await AsksAsync("POST", "/v1/apps/{id}/override", $"/v1/apps{App}/override", "{}", 400);
        await AsksAsync("GET", "/v1/apps/{id}/override", $"/v1/apps{App}/override");
        await AsksAsync("GET", "/v1/apps/{id}", $"/v1/apps{App}");
        await AsksAsync("DELETE", "/v1/apps/{id}/override", $"/v1/apps{App}/override");
        await AsksAsync("DELETE", "/v1/apps/{id}/override", $"/v1/apps{App}/override", status: 404);
        await AsksAsync("POST", "/v1/pause", body: $$"""{"app":"{{App}}","what":"scaleIn","reason":"a sale","seconds":3600}""");
        await AsksAsync("GET", "/v1/pauses");
        await AsksAsync("GET", "/v1/apps/{id}", $"/v1/apps{App}");
        await AsksAsync("POST", "/v1/resume", body: $$"""{"app":"{{App}}"}""");
        await AsksAsync("POST", "/v1/pause", body: """{"what":"sideways"}""", status: 400);
        await AsksAsync("POST", "/v1/stop", body: """{"reason":"an incident"}""");
        await AsksAsync("GET", "/v1/stop");
        await AsksAsync("GET", "/health");
        await AsksAsync("POST", "/v1/start", body: "{}");
        await SchedulesAsync();
        const string RuleFile = "/v1/policies/files/{name}";
        await AsksAsync("GET", "/v1/policies/files");
        await AsksAsync("GET", RuleFile, "/v1/policies/files/search.yml");
        await AsksAsync("GET", RuleFile, "/v1/policies/files/none.yml", status: 404);
        await AsksAsync("PUT", RuleFile, "/v1/policies/files/search.yml", "", 403);
        await AsksAsync("POST", "/v1/policies/{name}/end", "/v1/policies/none/end", "", 404);
        await AsksAsync("POST", "/v1/policies/{name}/end", "/v1/policies/search/end", "", 409);
        File.Delete(Path.Combine(_rules, "search.yml"));
        await Eventually.TrueAsync(
            async () => (await _manager.Client.PostAsync("/v1/policies/night/end", null)).IsSuccessStatusCode);
        await AsksAsync("POST", "/v1/policies/{name}/end", "/v1/policies/search/end", "");
        await AsksAsync("GET", "/v1/audit");
        await AsksAsync("GET", "/v1/annotations");
        await AsksAsync("POST", "/v1/annotations", body: "{}");
        await AsksAsync("POST", "/v1/annotations", body: "[", status: 400);
        await AsksAsync("GET", "/v1/audit", "/v1/audit?from=then", status: 400);
        await AsksAsync("GET", "/v1/policies");

        const string Files = """{"files":{"a.yml":"policy: p\napp: /a\ninstances: { min: 1, max: 2 }\nrules: []\n"}}""";
        foreach (var tool in (string[])["check", "fmt"])
        {
            await AsksAsync("POST", $"/v1/policies/{tool}", body: Files);
            await AsksAsync("POST", $"/v1/policies/{tool}", body: """{"files":{}}""", status: 400);
        }

        await AsksAsync("POST", "/v1/policies/init", body: """{"app":"/a"}""");
        await AsksAsync("POST", "/v1/policies/import", body: Files, status: 422);
        await AsksAsync("POST", "/v1/policies/test", body: Files, status: 422);
        await AsksAsync("POST", "/v1/policies/replay", body: Files, status: 400);
        await StreamsAsync();
        Assert.Equal(_document.Operations.Order(), _seen.Order());
    }

    [Fact]
    public async Task Who_does_not_lead_answers_as_the_document_says()
    {
        await using var standby = await ManagerUnderTest.StartAsync(_marathon.Address, _backend, _metrics, _rules);
        await Eventually.TrueAsync(async () => await standby.LeaderNameAsync() is not (null or "none"));
        foreach (var path in (string[])["/health", "/v1/decisions", "/v1/apps", "/v1/pauses", "/v1/overrides", "/v1/stop"])
            await AsksAsync("GET", path, of: standby);
        foreach (var path in (string[])["/v1/history", "/v1/recommendations", "/v1/decisions/stream"])
            await AsksAsync("GET", path, status: 307, of: standby);
        foreach (var path in (string[])["/v1/pause", "/v1/resume", "/v1/stop", "/v1/start"])
            await AsksAsync("POST", path, body: "{}", status: 307, of: standby);
        await AsksAsync("POST", "/v1/policies/{name}/end", "/v1/policies/search/end", "", 307, standby);
        await AsksAsync("DELETE", "/v1/apps/{id}/override", $"/v1/apps{App}/override", status: 307, of: standby);
    }

    [Fact]
    public async Task Parameters_that_are_described_are_taken_and_others_are_refused()
    {
        foreach (var path in (string[])["/v1/decisions", "/v1/history", "/v1/recommendations", "/v1/audit", "/v1/annotations"])
        {
            var parameters = _document.Parameters(path, "get").ToList();
            Assert.NotEmpty(parameters);
            foreach (var name in parameters)
            {
                using var answer = await _manager.Client.GetAsync($"{path}?{name}={Value(name)}");
                Assert.True(answer.IsSuccessStatusCode, $"{path}?{name}: {await answer.Content.ReadAsStringAsync()}");
            }

            Assert.Equal(HttpStatusCode.BadRequest, (await _manager.Client.GetAsync($"{path}?colour=red")).StatusCode);
        }

        static string Value(string name) => name switch
        {
            "kind" => "hold",
            "outcome" => "applied",
            "limit" => "5",
            "app" => App,
            "policy" or "rule" or "before" or "who" or "what" or "subject" => "x",
            _ => "2026-01-01T00:00:00Z",
        };
    }

    [Fact]
    public async Task The_page_needs_nothing_from_elsewhere()
    {
        var page = await _manager.Client.GetStringAsync("/docs/");
        Assert.Contains("LifecycleManager manager", page, StringComparison.Ordinal);
        Assert.DoesNotContain("https://", page, StringComparison.Ordinal);
    }

    private async Task SchedulesAsync()
    {
        const string Job = """
            {"name":"sale","app":"/brownfield/search","cron":"0 0 1 * * ?","instances":5,"for":"1h"}
            """;
        await AsksAsync("POST", "/v1/schedules", body: Job, status: 201);
        await AsksAsync("POST", "/v1/schedules", body: Job, status: 409);
        await AsksAsync("POST", "/v1/schedules", body: "{}", status: 400);
        foreach (var verb in (string[])["pause", "resume", "skip", "run"])
        {
            await AsksAsync("POST", $"/v1/schedules/{{name}}/{verb}", $"/v1/schedules/sale/{verb}", "{}");
            await AsksAsync("POST", $"/v1/schedules/{{name}}/{verb}", $"/v1/schedules/none/{verb}", "{}", 404);
        }

        foreach (var path in (string[])["", "/history"])
        {
            await AsksAsync("GET", "/v1/schedules/{name}" + path, "/v1/schedules/sale" + path);
            await AsksAsync("GET", "/v1/schedules/{name}" + path, "/v1/schedules/none" + path, status: 404);
        }

        await AsksAsync("GET", "/v1/schedules");
        await AsksAsync("GET", "/v1/schedules", "/v1/schedules?limit=0", status: 400);
        await AsksAsync("DELETE", "/v1/schedules/{name}", "/v1/schedules/sale");
        await AsksAsync("DELETE", "/v1/schedules/{name}", "/v1/schedules/sale", status: 404);

        // Who did what is in the audit.
        var audit = await _manager.GetAsync("/v1/audit?subject=sale");
        Assert.Equal(
            ["schedule added", "schedule paused", "schedule resumed", "schedule skipped", "schedule run", "schedule removed"],
            audit.GetProperty("entries").EnumerateArray().Reverse().Select(entry => entry.GetProperty("what").GetString()));
    }

    private async Task StreamsAsync()
    {
        using var answer = await _manager.Client.GetAsync("/v1/decisions/stream", HttpCompletionOption.ResponseHeadersRead);
        Assert.Null(_document.Problem("GET /v1/decisions/stream", (int)answer.StatusCode,
            answer.Content.Headers.ContentType?.MediaType, ""));
        _seen.Add("GET /v1/decisions/stream");
    }

    private async Task AsksAsync(
        string method, string path, string? url = null, string? body = null, int status = 200, ManagerUnderTest? of = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), url ?? path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await (of ?? _manager).Client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True((int)answer.StatusCode == status, $"{method} {url ?? path}: {answer.StatusCode} {text}");
        Assert.Null(_document.Problem($"{method} {path}", status, answer.Content.Headers.ContentType?.MediaType, text));
        _seen.Add($"{method} {path}");
    }
}
