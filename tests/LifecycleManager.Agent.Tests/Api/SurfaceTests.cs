using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Tests.Api;

public sealed class SurfaceTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private readonly string _id = Make.Id();
    private FakeMaster _master = null!;
    private TestAgent _agent = null!;

    public async ValueTask InitializeAsync()
    {
        _master = await FakeMaster.StartAsync();
        _agent = await TestAgent.StartAsync(TestAgent.Options(_master, _directory) with
        {
            StopTasksOnExit = true,
            Attributes = "rack:1"
        });
        await _master.RegistrationAsync();
        _master.Launch(Make.Shell(_id, "") with
        {
            Command = new CommandInfo
            {
                Value = "echo first line; echo second line; mkdir sub; ln -s /etc sub/away; ln -s /etc/passwd stolen; ln -s stdout inside; mkfifo pipe; echo done >ready; sleep 1000",
                Environment = Make.Environment(("PASSWORD", "swordfish")),
            },
        });
        await _master.UpdateAsync(_id, TaskState.Running);
        await Wait.ForAsync(() => File.Exists(Path.Combine(Sandbox, "ready")), "the task's files");
    }

    public async ValueTask DisposeAsync()
    {
        await _agent.DisposeAsync();
        await _master.DisposeAsync();
        _directory.Dispose();
    }

    private string Sandbox => _agent.Service.Tasks.Single().Sandbox;

    private string Virtual => $"/frameworks/framework-1/executors/{_id}/runs/latest";

    [Fact]
    public async Task State_has_mesos_shape_and_no_secret()
    {
        var text = await _agent.Http.GetStringAsync("/state");
        var state = JsonNode.Parse(text)!;

        Assert.Equal(_master.NextAgentId, state["id"]!.GetValue<string>());
        Assert.Equal(2, state["resources"]!["cpus"]!.GetValue<double>());
        Assert.Equal("[8000-9000, 31000-32000]", state["resources"]!["ports"]!.GetValue<string>());
        Assert.Equal(1, state["attributes"]!["rack"]!.GetValue<double>());
        var executor = state["frameworks"]![0]!["executors"]![0]!;
        Assert.Equal(Sandbox, executor["directory"]!.GetValue<string>());
        Assert.Equal("TASK_RUNNING", executor["tasks"]![0]!["state"]!.GetValue<string>());
        Assert.DoesNotContain("swordfish", text);
    }

    [Fact]
    public async Task Ended_tasks_are_shown_among_the_completed()
    {
        _master.Kill(_id, TimeSpan.Zero);
        await _master.UpdateAsync(_id, TaskState.Killed);
        await Wait.ForAsync(() => _agent.Service.Tasks.Count == 0, "the task to be forgotten");

        var state = JsonNode.Parse(await _agent.Http.GetStringAsync("/state"))!;

        Assert.Empty(state["frameworks"]!.AsArray());
        Assert.Equal("TASK_KILLED",
            state["completed_frameworks"]![0]!["executors"]![0]!["completed_tasks"]![0]!["state"]!.GetValue<string>());
        var part = await ReadAsync($"{Virtual}/stdout", 0);
        Assert.Equal("first line\nsecond line\n", part["data"]!.GetValue<string>());
    }

    [Fact]
    public async Task Metrics_are_those_of_the_dashboards()
    {
        var text = await _agent.Http.GetStringAsync("/metrics");

        Assert.Contains("lcm_agent_resources{resource=\"cpus\"} 2\n", text);
        Assert.Contains("lcm_agent_resources_used{resource=\"mem\"} 67108864\n", text);
        Assert.Contains("lcm_agent_tasks{containerizer=\"process\",state=\"running\"} 1\n", text);
        Assert.Contains("lcm_agent_status_updates_pending 0\n", text);
        Assert.Contains("lcm_agent_registered 1\n", text);
    }

    [Fact]
    public async Task Statistics_and_containers_have_mesos_shape()
    {
        var statistics = JsonNode.Parse(await _agent.Http.GetStringAsync("/monitor/statistics"))![0]!;
        Assert.Equal(_id, statistics["executor_id"]!.GetValue<string>());
        Assert.Equal(0.1, statistics["statistics"]!["cpus_limit"]!.GetValue<double>());
        Assert.True(statistics["statistics"]!["mem_rss_bytes"]!.GetValue<long>() >= 0);
        Assert.True(statistics["statistics"]!["mem_limit_bytes"]!.GetValue<long>() == 64 << 20);
        Assert.NotNull(statistics["statistics"]!["cpus_user_time_secs"]);

        var container = JsonNode.Parse(await _agent.Http.GetStringAsync("/containers"))![0]!;
        Assert.Equal(_agent.Service.Tasks.Single().Record.ContainerId, container["container_id"]!.GetValue<string>());
        Assert.Equal(_agent.Service.Tasks.Single().Record.ContainerId,
            container["status"]!["container_id"]!["value"]!.GetValue<string>());
    }

    [Fact]
    public async Task Sandbox_files_are_read_as_mesos_has_it()
    {
        Assert.Equal("second line\n", (await ReadAsync($"{Virtual}/stdout", 11))["data"]!.GetValue<string>());
        Assert.Equal("first", (await ReadAsync($"{Sandbox}/stdout", 0, 5))["data"]!.GetValue<string>());
        var size = await ReadAsync($"{Virtual}/stdout", -1);
        Assert.Equal((23, ""), (size["offset"]!.GetValue<int>(), size["data"]!.GetValue<string>()));
        Assert.Equal("", (await ReadAsync($"{Virtual}/stdout", 1000))["data"]!.GetValue<string>());
        Assert.StartsWith("first line", (await ReadAsync($"{Virtual}/inside", 0))["data"]!.GetValue<string>());

        Assert.Equal("first line\nsecond line\n", await _agent.Http.GetStringAsync($"/files/download?path={Virtual}/stdout"));
        var entries = JsonNode.Parse(await _agent.Http.GetStringAsync($"/files/browse?path={Virtual}"))!.AsArray();
        var stdout = entries.First(entry => entry!["path"]!.GetValue<string>() == $"{Virtual}/stdout")!;
        Assert.Equal(("-rw-r--r--", 23, 1), (stdout["mode"]!.GetValue<string>(), stdout["size"]!.GetValue<int>(),
            stdout["nlink"]!.GetValue<int>()));
        Assert.Equal('d', entries.First(entry => entry!["path"]!.GetValue<string>()
            == $"{Virtual}/sub")!["mode"]!.GetValue<string>()[0]);
    }

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("{sandbox}/../../../../../../../../agent.json")]
    [InlineData("{sandbox}/stolen")]
    [InlineData("{sandbox}/sub/away/passwd")]
    [InlineData("{virtual}/sub/away/passwd")]
    [InlineData("{sandbox}/pipe")]
    [InlineData("{sandbox}")]
    public async Task No_path_leads_out_of_the_sandboxes(string path)
    {
        var real = Uri.EscapeDataString(path.Replace("{sandbox}", Sandbox, StringComparison.Ordinal)
            .Replace("{virtual}", Virtual, StringComparison.Ordinal));

        foreach (var call in new[] { "read", "download" })
            Assert.Equal(HttpStatusCode.Forbidden,
                (await _agent.Http.GetAsync($"/files/{call}?path={real}&offset=0")).StatusCode);
    }

    [Theory]
    [InlineData("read?path={0}/none&offset=0", HttpStatusCode.NotFound)]
    [InlineData("browse?path={0}/none", HttpStatusCode.NotFound)]
    [InlineData("browse?path={0}/sub/away", HttpStatusCode.Forbidden)]
    [InlineData("browse?path={0}/..", HttpStatusCode.OK)]
    [InlineData("browse?path=relative", HttpStatusCode.NotFound)]
    [InlineData("browse", HttpStatusCode.BadRequest)]
    [InlineData("read?path={0}/stdout&offset=-5", HttpStatusCode.BadRequest)]
    public async Task Questions_that_have_no_answer_get_a_status(string question, HttpStatusCode status) =>
        Assert.Equal(status, (await _agent.Http.GetAsync("/files/" + string.Format(null, question, Sandbox))).StatusCode);

    [Fact]
    public async Task The_operator_api_answers_its_calls()
    {
        Assert.True((await CallAsync("""{"type":"GET_HEALTH"}"""))["get_health"]!["healthy"]!.GetValue<bool>());
        Assert.NotEmpty((await CallAsync("""{"type":"GET_VERSION"}"""))["get_version"]!["version_info"]![
            "version"]!.GetValue<string>());
        Assert.Equal(_master.NextAgentId,
            (await CallAsync("""{"type":"GET_AGENT"}"""))["get_agent"]!["agent_info"]!["id"]!["value"]!.GetValue<string>());
        Assert.Equal(_id, (await CallAsync("""{"type":"GET_TASKS"}"""))["get_tasks"]!["launched_tasks"]![0]!["task_id"]![
            "value"]!.GetValue<string>());
        Assert.Equal(_id, (await CallAsync("""{"type":"GET_CONTAINERS"}"""))["get_containers"]!["containers"]![0]![
            "executor_id"]!["value"]!.GetValue<string>());
        var state = await CallAsync("""{"type":"GET_STATE"}""");
        Assert.Equal("tests",
            state["get_state"]!["get_frameworks"]!["frameworks"]![0]!["framework_info"]!["name"]!.GetValue<string>());
        Assert.DoesNotContain("swordfish", state.ToJsonString());
        var list = await CallAsync($$"""{"type":"LIST_FILES","list_files":{"path":"{{Virtual}}" } }""");
        Assert.Contains(list["list_files"]!["file_infos"]!.AsArray(), file => file!["path"]!.GetValue<string>()
            .EndsWith("/stdout", StringComparison.Ordinal));
        var read =
            await CallAsync($$"""{"type":"READ_FILE","read_file":{"path":"{{Virtual}}/stdout","offset":6,"length":4 } }""");
        Assert.Equal("line",
            System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(read["read_file"]!["data"]!.GetValue<string>())));
        Assert.Equal(23, read["read_file"]!["size"]!.GetValue<int>());
    }

    [Theory]
    [InlineData("""{"type":"LAUNCH_NESTED_CONTAINER"}""", HttpStatusCode.NotImplemented, "LAUNCH_NESTED_CONTAINER")]
    [InlineData("""{"kind":1}""", HttpStatusCode.BadRequest, "type: is missing")]
    [InlineData("{", HttpStatusCode.BadRequest, "not JSON")]
    [InlineData("[]", HttpStatusCode.BadRequest, "the call is no object")]
    [InlineData("""{"type":"READ_FILE","read_file":{"path":"/x"}}""", HttpStatusCode.BadRequest, "read_file.offset: is missing")]
    [InlineData("""{"type":"READ_FILE","read_file":{"path":"/etc/passwd","offset":0}}""", HttpStatusCode.Forbidden, "outside")]
    public async Task Wrong_calls_are_told_what_is_wrong(string body, HttpStatusCode status, string message)
    {
        var answer = await _agent.Http.PostAsync("/api/v1", Json(body));

        Assert.Equal(status, answer.StatusCode);
        Assert.Contains(message, await answer.Content.ReadAsStringAsync());
    }

    private static StringContent Json(string body) => new(body, System.Text.Encoding.UTF8, "application/json");

    private async Task<JsonNode> ReadAsync(string path, long offset, long? length = null) =>
        JsonNode.Parse(await _agent.Http.GetStringAsync(
            $"/files/read?path={Uri.EscapeDataString(path)}&offset={offset}{(length is null ? "" : $"&length={length}")}"))!;

    private async Task<JsonNode> CallAsync(string body) =>
        JsonNode.Parse(await (await _agent.Http.PostAsync("/api/v1", Json(body)))
            .EnsureSuccessStatusCode().Content.ReadAsStringAsync())!;
}
