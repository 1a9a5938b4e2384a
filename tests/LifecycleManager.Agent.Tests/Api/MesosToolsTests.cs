using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Testing;

namespace LifecycleManager.Agent.Tests.Api;

/// <summary>What Mesos' tools ask of an agent, under the paths that they use.</summary>
public sealed class MesosToolsTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private readonly string _id = Make.Id();
    private FakeMaster _master = null!;
    private TestAgent _agent = null!;

    public async ValueTask InitializeAsync()
    {
        _master = await FakeMaster.StartAsync();
        _agent = await TestAgent.StartAsync(TestAgent.Options(_master, _directory) with { StopTasksOnExit = true });
        await _master.RegistrationAsync();
        _master.Launch(Make.Shell(_id, "sleep 1000"));
        await _master.UpdateAsync(_id, TaskState.Running);
    }

    public async ValueTask DisposeAsync()
    {
        await _agent.DisposeAsync();
        await _master.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task Every_metric_that_the_exporter_reads_is_there()
    {
        var names = (await MetricsAsync()).Select(metric => metric.Key).ToList();
        var read = await File.ReadAllLinesAsync(
            Path.Combine(Repository.Root, "tests/LifecycleManager.Agent.Tests/Data/exporter-metrics.txt"));
        Assert.Equal(63, read.Length);
        Assert.Empty(read.Except(names));
    }

    [Fact]
    public async Task Metrics_say_what_runs_and_what_has_ended()
    {
        var metrics = await MetricsAsync();
        Assert.Equal((1.0, 1.0, 1.0, 1.0), (Of("slave/registered"), Of("slave/tasks_running"), Of("slave/executors_running"),
            Of("slave/frameworks_active")));
        Assert.Equal((2.0, 0.1, 0.05), (Of("slave/cpus_total"), Of("slave/cpus_used"), Of("slave/cpus_percent")));
        Assert.Equal(64, Of("slave/mem_used"));
        Assert.Equal((0.0, 0.0), (Of("slave/cpus_revocable_total"), Of("slave/tasks_killed")));
        Assert.True(Of("slave/valid_status_updates") >= 1);
        _master.Kill(_id, TimeSpan.Zero);
        await _master.UpdateAsync(_id, TaskState.Killed);
        await Wait.ForAsync(() => _agent.Service.Tasks.Count == 0, "the task to be forgotten");
        metrics = await MetricsAsync();
        Assert.Equal((0.0, 1.0, 1.0), (Of("slave/tasks_running"), Of("slave/tasks_killed"), Of("slave/executors_terminated")));

        double Of(string name) => metrics[name]!.GetValue<double>();
    }

    [Theory]
    [InlineData("/slave(1)/state", "id")]
    [InlineData("/slave(1)/state.json", "frameworks")]
    [InlineData("/slave(1)/metrics/snapshot", "slave/registered")]
    [InlineData("/slave(1)/health", "status")]
    [InlineData("/slave(1)/version", "version")]
    [InlineData("/flags", "flags")]
    public async Task The_endpoints_are_also_below_the_name_of_the_agent(string path, string field)
    {
        Assert.NotNull(JsonNode.Parse(await _agent.Http.GetStringAsync(path))![field]);
        Assert.NotEmpty(JsonNode.Parse(await _agent.Http.GetStringAsync("/slave(1)/containers"))!.AsArray());
    }

    [Theory]
    [InlineData("GET_HEALTH")]
    [InlineData("GET_VERSION")]
    [InlineData("GET_AGENT")]
    [InlineData("GET_CONTAINERS")]
    [InlineData("GET_FLAGS")]
    [InlineData("GET_METRICS")]
    [InlineData("GET_FRAMEWORKS")]
    [InlineData("GET_EXECUTORS")]
    [InlineData("GET_OPERATIONS")]
    [InlineData("GET_RESOURCE_PROVIDERS")]
    [InlineData("GET_STATE")]
    [InlineData("GET_TASKS")]
    public async Task A_call_is_answered_under_its_own_name_in_both_places(string type)
    {
        foreach (var path in new[] { "/api/v1", "/slave(1)/api/v1" })
        {
            var (status, text) = await CallAsync($$"""{"type": "{{type}}"}""", path: path);
            Assert.Equal(HttpStatusCode.OK, status);
            Assert.Equal(type, JsonNode.Parse(text)!["type"]!.GetValue<string>());
            Assert.NotNull(JsonNode.Parse(text)![type.ToLowerInvariant()]);
        }
    }

    [Fact]
    public async Task Every_recorded_call_of_mesos_go_is_answered()
    {
        var calls = await File.ReadAllLinesAsync(
            Path.Combine(Repository.Root, "tests/LifecycleManager.Agent.Tests/Data/mesos-go.jsonl"));
        Assert.Equal(8, calls.Length);
        foreach (var call in calls.Select(line => JsonNode.Parse(line)!))
        {
            // Only sandboxes are shown; all else is as in Mesos.
            var expected = call["json"]!["type"]!.GetValue<string>() == "LIST_FILES" ? HttpStatusCode.Forbidden
                : HttpStatusCode.OK;
            var (status, _) = await CallAsync(call["json"]!.ToJsonString(), path: call["path"]!.GetValue<string>());
            Assert.Equal((call["call"]!.GetValue<string>(), expected), (call["call"]!.GetValue<string>(), status));
        }
    }

    [Fact]
    public async Task Frameworks_and_executors_are_those_of_the_tasks()
    {
        var (_, text) = await CallAsync("""{"type": "GET_FRAMEWORKS"}""");
        var frameworks = JsonNode.Parse(text)!["get_frameworks"]!;
        Assert.Equal("framework-1", frameworks["frameworks"]![0]!["framework_info"]!["id"]!["value"]!.GetValue<string>());
        Assert.Empty(frameworks["completed_frameworks"]!.AsArray());
        (_, text) = await CallAsync("""{"type": "GET_EXECUTORS"}""");
        var executor = JsonNode.Parse(text)!["get_executors"]!["executors"]![0]!["executor_info"]!;
        Assert.Equal(_id, executor["executor_id"]!["value"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("""{"type":"\ud800"}""")]
    [InlineData("""{"\ud800":1,"type":"GET_HEALTH"}""")]
    [InlineData("""{"type":"GET_HEALTH","type":"GET_VERSION"}""")]
    [InlineData("""{"type":"LIST_FILES","list_files":{"path":"/","path":"/"}}""")]
    [InlineData("""{"type":"LIST_FILES","list_files":{"path":"\udc00"}}""")]
    [InlineData("""{"type":"LIST_FILES","list_files":{"path":7}}""")]
    [InlineData("""{"type":"LIST_FILES","list_files":{"path":["/"]}}""")]
    [InlineData("""{"type":"LIST_FILES","list_files":["/"]}""")]
    [InlineData("""{"type":"LIST_FILES","list_files":"/"}""")]
    [InlineData("""{"type":"LIST_FILES"}""")]
    [InlineData("""{"type":"READ_FILE","read_file":{"path":"/x","offset":"a"}}""")]
    [InlineData("""{"type":"READ_FILE","read_file":{"path":"/x","offset":{}}}""")]
    [InlineData("""{"type":"READ_FILE","read_file":7}""")]
    [InlineData("""{"type":7}""")]
    [InlineData("""{"type":{}}""")]
    [InlineData("""{"type":null}""")]
    [InlineData("""{}""")]
    [InlineData("""["GET_HEALTH"]""")]
    [InlineData("""null""")]
    [InlineData("""7""")]
    [InlineData("""{""")]
    [InlineData("")]
    public async Task What_is_no_call_is_refused_with_a_reason(string body)
    {
        var (status, text) = await CallAsync(body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.NotEmpty(text.Trim());
    }

    [Theory]
    [InlineData("application/x-protobuf")]
    [InlineData("text/plain")]
    [InlineData(null)]
    public async Task What_is_not_json_by_its_content_type_is_refused_as_that(string? type)
    {
        var (status, text) = await CallAsync("""{"type": "GET_HEALTH"}""", type);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, status);
        Assert.Contains("application/json", text);
    }

    private async Task<(HttpStatusCode Status, string Text)> CallAsync(string body, string? type = "application/json",
        string path = "/api/v1")
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        if (type is not null) content.Headers.ContentType = new(type);
        using var answer = await _agent.Http.PostAsync(path, content);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private async Task<JsonObject> MetricsAsync() =>
        JsonNode.Parse(await _agent.Http.GetStringAsync("/metrics/snapshot"))!.AsObject();
}
