using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Storage;

namespace LifecycleManager.Manager.Tests.Api;

public sealed class SchedulesApiTests : IAsyncLifetime
{
    private const string Nightly = "{ name: nightly, app: /batch, cron: '0 30 1 * * ?', instances: 20, for: 4h, "
        + "before: 'http://user:word@127.0.0.1:9/x?token=secret' }";

    private const string OfFile = """
        schedules:
          - name: of-file
            app: /batch
            cron: '0 0 3 * * ?'
            instances: 4
        """;

    private readonly string _rules = Directory.CreateTempSubdirectory("lcm-rules-").FullName;
    private FakeMarathon _marathon = null!;
    private StateBackend _backend = null!;

    public async ValueTask InitializeAsync()
    {
        _marathon = await FakeMarathon.StartAsync();
        _backend = await ManagerUnderTest.BackendAsync();
        _marathon.Add("/batch", 3);
        await File.WriteAllTextAsync(Path.Combine(_rules, "jobs.yml"), OfFile);
    }

    public async ValueTask DisposeAsync()
    {
        await _marathon.DisposeAsync();
        await _backend.DisposeAsync();
        Directory.Delete(_rules, recursive: true);
    }

    [Fact]
    public async Task A_schedule_is_added_listed_shown_run_skipped_paused_resumed_and_removed()
    {
        await using var manager = await StartAsync();
        var added = await manager.PostAsync("/v1/schedules", Nightly);
        Assert.Equal(HttpStatusCode.Created, added.StatusCode);
        Assert.Equal("/v1/schedules/nightly", added.Headers.Location!.ToString());
        Assert.Equal(409, (int)(await manager.PostAsync("/v1/schedules", Nightly)).StatusCode);
        Assert.Equal(201, (int)(await manager.PostAsync("/v1/schedules?replace=true", Nightly)).StatusCode);

        var jobs = (await manager.GetAsync("/v1/schedules")).GetProperty("jobs").EnumerateArray().ToList();
        Assert.Equal(["nightly", "of-file"], jobs.Select(job => job.GetProperty("name").GetString()));
        Assert.EndsWith("jobs.yml", jobs[1].GetProperty("file").GetString(), StringComparison.Ordinal);
        var page = await manager.GetAsync("/v1/schedules?limit=1");
        Assert.Equal("nightly", page.GetProperty("after").GetString());
        Assert.Equal("of-file", (await manager.GetAsync("/v1/schedules?limit=1&after=nightly")).GetProperty("jobs")[0]
            .GetProperty("name").GetString());

        var next = (await manager.GetAsync("/v1/schedules/nightly?next=3")).GetProperty("next").EnumerateArray()
            .Select(at => at.GetDateTimeOffset()).ToList();
        Assert.Equal(3, next.Count);
        Assert.Equal(TimeSpan.FromDays(1), next[2] - next[1]);

        var skipped = await DoneAsync(await manager.PostAsync("/v1/schedules/nightly/skip", ""));
        Assert.Equal(next[0], skipped.GetProperty("at").GetDateTimeOffset());
        await DoneAsync(await manager.PostAsync("/v1/schedules/nightly/pause", """{"reason":"a freeze"}"""));
        var job = (await manager.GetAsync("/v1/schedules/nightly")).GetProperty("job");
        Assert.Equal("a freeze", job.GetProperty("pausedReason").GetString());
        await DoneAsync(await manager.PostAsync("/v1/schedules/nightly/resume", ""));

        var fire = (await DoneAsync(await manager.PostAsync("/v1/schedules/nightly/run", """{"reason":"a test"}""")))
            .GetProperty("fire").GetString();
        await Eventually.TrueAsync(() => _marathon["/batch"].Instances == 20);
        var shown = await manager.GetAsync("/v1/schedules/nightly");
        Assert.Equal(fire, shown.GetProperty("open")[0].GetProperty("id").GetString());
        Assert.Equal("http://127.0.0.1:9/x?...",
            shown.GetProperty("open")[0].GetProperty("before").GetProperty("url").GetString());
        Assert.DoesNotContain("secret", shown.GetProperty("open").GetRawText(), StringComparison.Ordinal);

        await DoneAsync(await manager.Client.DeleteAsync("/v1/schedules/nightly"));
        await Eventually.TrueAsync(() => _marathon["/batch"].Instances == 3);
        Assert.Equal(404, (int)(await manager.Client.DeleteAsync("/v1/schedules/nightly")).StatusCode);
    }

    [Theory]
    [InlineData("GET", "/v1/schedules?state=open", "", 400)]
    [InlineData("GET", "/v1/schedules?limit=0", "", 400)]
    [InlineData("GET", "/v1/schedules/of-file?next=9999", "", 400)]
    [InlineData("GET", "/v1/schedules/nothing", "", 404)]
    [InlineData("GET", "/v1/schedules/nothing/history", "", 404)]
    [InlineData("POST", "/v1/schedules", "{ name: x }", 400)]
    [InlineData("POST", "/v1/schedules", "{ name: of-file, app: /batch, cron: '0 0 3 * * ?', instances: 4 }", 409)]
    [InlineData("POST", "/v1/schedules?replace=maybe", "{}", 400)]
    [InlineData("POST", "/v1/schedules/of-file/pause", "{\"raeson\":\"x\"}", 400)]
    [InlineData("POST", "/v1/schedules/of-file/run?x=1", "", 400)]
    [InlineData("POST", "/v1/schedules/nothing/run", "", 404)]
    [InlineData("DELETE", "/v1/schedules/of-file", "", 409)]
    public async Task What_cannot_be_done_is_refused(string method, string path, string body, int status)
    {
        await using var manager = await StartAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (method == "POST") request.Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var answer = await manager.Client.SendAsync(request);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.NotEqual("", (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("message").GetString());
    }

    [Fact]
    public async Task A_manager_that_stands_by_leads_to_the_one_that_leads_and_the_document_has_every_path()
    {
        await using var manager = await StartAsync();
        await using var standby = await ManagerUnderTest.StartAsync(_marathon.Address, _backend, new FakeMetrics(), _rules);
        foreach (var path in (string[])["/v1/schedules", "/v1/schedules/of-file", "/v1/schedules/of-file/history"])
        {
            using var answer = await standby.Client.GetAsync(path);
            Assert.Equal(HttpStatusCode.TemporaryRedirect, answer.StatusCode);
            Assert.Equal(new Uri(manager.Client.BaseAddress!, path), answer.Headers.Location);
        }

        var document = await manager.GetAsync("/openapi/manager.json");
        string[] paths = ["", "/{name}", "/{name}/history", "/{name}/pause", "/{name}/resume", "/{name}/run", "/{name}/skip"];
        Assert.All(paths, path => Assert.True(document.GetProperty("paths").TryGetProperty("/v1/schedules" + path, out _), path));
    }

    private async Task<ManagerUnderTest> StartAsync()
    {
        var manager = await ManagerUnderTest.StartAsync(_marathon.Address, _backend, new FakeMetrics(), _rules);
        await manager.LeadsAsync();
        await Eventually.TrueAsync(async () =>
            (await manager.GetAsync("/v1/schedules")).GetProperty("jobs").GetArrayLength() > 0);
        return manager;
    }

    private static async Task<JsonElement> DoneAsync(HttpResponseMessage answer)
    {
        var json = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.True(answer.IsSuccessStatusCode, json.GetRawText());
        return json;
    }
}
