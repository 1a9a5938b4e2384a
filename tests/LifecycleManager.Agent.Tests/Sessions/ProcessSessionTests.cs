using System.Net;
using System.Text.Json.Nodes;
using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Agent.Containerizers.Processes;
using LifecycleManager.Agent.Linux;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Security;

namespace LifecycleManager.Agent.Tests.Sessions;

/// <summary>Commands beside real process tasks, by the calls that Mesos' own clients make.</summary>
public sealed class ProcessSessionTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private readonly JumpingTime _time = new();
    private FakeMaster _master = null!;
    private TestAgent _agent = null!;
    private string _task = "";
    private string _container = "";

    public async ValueTask InitializeAsync()
    {
        _master = await FakeMaster.StartAsync();
        await StartAsync(TestAgent.Options(_master, _directory) with { StopTasksOnExit = true });
    }

    public async ValueTask DisposeAsync()
    {
        await _agent.DisposeAsync();
        await _master.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task It_runs_in_the_sandbox_with_the_tasks_environment_and_its_exit_code_and_streams_are_its_own()
    {
        var (code, output, error) = await ExecClient.DoneAsync(_agent.Http, _container,
            "/bin/sh", "-c", "pwd; echo $GREETING $MESOS_TASK_ID; echo ${MESOS_TASK_RECORD-none}; echo bad >&2; exit 7");
        Assert.Equal((7, $"{Sandbox}\nhello {_task}\nnone\n", "bad\n"), (code, output, error));
        Assert.Equal((0, "a b\u001b[2J", ""), await ExecClient.DoneAsync(_agent.Http, _container, "printf", "a b\\033[2J"));
        var (missing, _, why) = await ExecClient.DoneAsync(_agent.Http, _container, "no-such-program");
        Assert.Equal(127, missing);
        Assert.Contains("no-such-program", why, StringComparison.Ordinal);
        Assert.Equal(128 + 9, (await ExecClient.DoneAsync(_agent.Http, _container, "/bin/sh", "-c", "kill -9 $$")).Code);

        // Whatever it writes at the end comes, however much it is.
        var (_, much, _) = await ExecClient.DoneAsync(_agent.Http, _container, "head", "-c", "3000000", "/dev/zero");
        Assert.Equal(3_000_000, much.Length);
        Assert.Contains(_agent.Log.Lines, line =>
            line.Contains("anybody from 127.0.0.1 runs in task " + _task, StringComparison.Ordinal)
            && line.Contains("no-such-program", StringComparison.Ordinal));
        Assert.Contains(_agent.Log.Lines, line => line.Contains("exit code 127", StringComparison.Ordinal));
    }

    [Fact]
    public async Task It_is_in_the_tasks_control_groups()
    {
        var own = await File.ReadAllTextAsync($"/proc/{await TaskProcesses.SingleAsync(_task)}/cgroup");
        var (_, output, _) = await ExecClient.DoneAsync(_agent.Http, _container, "cat", "/proc/self/cgroup");
        Assert.Equal(own, output);
    }

    [Fact]
    public async Task Input_goes_in_and_its_end_is_seen()
    {
        await using var client = await ExecClient.RunAsync(_agent.Http, _container, false, "/bin/sh", "-c", "cat; exit 3");
        await client.OpenInputAsync();
        client.Type("one\n");
        await client.SeesAsync("one\n");
        client.Type("two\n");
        client.EndInput();
        await client.Over.WaitAsync(FakeMaster.Patience);
        Assert.Equal(("one\ntwo\n", 3), (client.Out, await client.ExitAsync()));
        Assert.Equal(HttpStatusCode.OK, await client.InputAnswerAsync());
    }

    [Fact]
    public async Task A_terminal_has_a_size_that_changes_and_Ctrl_C_goes_through()
    {
        await using var client = await ExecClient.RunAsync(_agent.Http, _container, true, "/bin/sh", "-c",
            "tty >/dev/null && stty size; trap 'stty size' WINCH; trap 'echo interrupted; exit 9' INT; echo ready; "
            + "while :; do sleep 0.1; done");
        await client.SeesAsync("33 99\r\nready");
        await client.OpenInputAsync();
        client.Resize(44, 111);
        await client.SeesAsync("44 111");
        client.Type("\u0003");
        await client.SeesAsync("interrupted");
        await client.Over.WaitAsync(FakeMaster.Patience);
        Assert.Equal(9, await client.ExitAsync());
    }

    [Fact]
    public async Task A_signal_reaches_it_and_others_may_listen()
    {
        await using var client = await ExecClient.RunAsync(_agent.Http, _container, false, "/bin/sh", "-c",
            "trap 'echo hurt; exit 4' USR1; echo ready; while :; do sleep 0.1; done");
        await client.SeesAsync("ready");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1")
        {
            Content = new StringContent(client.About("ATTACH_CONTAINER_OUTPUT").ToJsonString(), null, "application/json"),
        };
        using var listening = await _agent.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, await client.SignalAsync(10));
        await client.Over.WaitAsync(FakeMaster.Patience);
        Assert.Equal(4, await client.ExitAsync());
        var heard = await listening.Content.ReadAsStringAsync().WaitAsync(FakeMaster.Patience);
        Assert.Contains(Convert.ToBase64String("hurt\n"u8), heard, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_connection_ends_it_with_all_that_it_began()
    {
        await using (var client = await ExecClient.RunAsync(_agent.Http, _container, true, "/bin/sh", "-c",
            "setsid sleep 5000 & nohup sleep 5001 >/dev/null 2>&1 & trap '' HUP; echo begun; sleep 5002"))
        {
            await client.SeesAsync("begun");
            await Wait.ForAsync(() => Left().Count >= 4, "its processes");
            await client.LoseAsync();
            await Wait.ForAsync(() => Left().Count == 0, "their end");
            Assert.NotEqual(0, await client.ExitAsync());
        }

        // It is logged once it is over.
        await Wait.ForAsync(
            () => _agent.Log.Lines.Any(line => line.Contains("its connection was lost", StringComparison.Ordinal)), "its log");
        Assert.True(TaskProcesses.IsSingle(_task));
    }

    [Fact]
    public async Task Idle_minutes_the_tasks_end_and_the_agents_stop_end_it()
    {
        await using var idle = await ExecClient.RunAsync(_agent.Http, _container, true, "sleep", "5003");
        await Wait.ForAsync(() => Left().Count > 0, "the command");
        var registrations = _master.Calls(AgentCallType.Register).Count;
        _time.Add(TimeSpan.FromMinutes(15));

        // The master has been silent for so long, too: what it says on the stream before nobody hears.
        await _master.RegistrationAsync(registrations + 1);
        await idle.Over.WaitAsync(FakeMaster.Patience);
        Assert.Empty(Left());
        Assert.Equal("\r\nlcm: the command is ended: nothing came or went for 15m\r\n", idle.Err);
        Assert.Contains(_agent.Log.Lines, line => line.Contains("nothing came or went for 15m", StringComparison.Ordinal));

        await using var ended = await ExecClient.RunAsync(_agent.Http, _container, false, "sleep", "5004");
        _master.Kill(_task);
        await ended.Over.WaitAsync(FakeMaster.Patience);
        await _master.UpdateAsync(_task, TaskState.Killed);
        Assert.Empty(Left());

        await LaunchAsync();
        await using var stopped = await ExecClient.RunAsync(_agent.Http, _container, false, "sleep", "5005");
        await Wait.ForAsync(() => Left().Count > 0, "the command");
        var home = _agent.Service.Home!;
        await _agent.DisposeAsync();
        Assert.Empty(SessionMark.OfAgent(home));
    }

    [Fact]
    public async Task What_an_agent_that_was_killed_has_left_the_next_one_ends()
    {
        await _agent.DisposeAsync();
        var options = TestAgent.Options(_master, _directory);
        await StartAsync(options);
        var home = _agent.Service.Home!;
        var pid = Spawn.Start("/bin/sleep", ["5006"], new Dictionary<string, string>
        {
            ["A"] = "b",
            [SessionMark.Variable] = $"{home}.x",
            [TaskMark.HomeVariable] = home,
        });
        await Wait.ForAsync(() => SessionMark.OfAgent(home).Count == 1, "an orphan");
        await _agent.DisposeAsync();
        await StartAsync(options with { StopTasksOnExit = true });
        await Wait.ForAsync(() => Native.ExitOf(pid) is not null, "its end");
        _ = Native.WaitPid(pid, out _, Native.NoHang);
    }

    [Fact]
    public async Task It_needs_its_own_permission_and_is_its_callers_alone()
    {
        await _agent.DisposeAsync();
        await StartAsync(TestAgent.Options(_master, _directory) with
        {
            StopTasksOnExit = true,
            Principals = Principals.Parse("""
                {"credentials": [
                  {"principal": "viewer", "secret": "x", "permissions": ["view"]},
                  {"principal": "operator", "secret": "x", "permissions": ["operate", "agent"], "roles": ["*"]},
                  {"principal": "shell", "secret": "x", "permissions": ["exec"]},
                  {"principal": "root", "secret": "x"}
                ]}
                """),
        });
        var id = new ContainerId("s1", new ContainerId(_container));
        var launch = ExecClient.Launch(id, false, "sleep", "5007");
        foreach (var who in (string[])["viewer", "operator"])
        {
            var (refused, why) = await ExecClient.CallAsync(_agent.Http, (JsonObject)launch.DeepClone(), As(who));
            Assert.Equal(HttpStatusCode.Forbidden, refused);
            Assert.Contains($"principal '{who}' lacks the permission 'exec'", why, StringComparison.Ordinal);
        }

        Assert.Contains(_agent.Log.Lines, line => line.StartsWith("Warning: operator from 127.0.0.1 may run nothing",
            StringComparison.Ordinal));
        _agent.Http.DefaultRequestHeaders.Authorization = new Credential("shell", "x").Header;
        await using var client = await ExecClient.RunAsync(_agent.Http, _container, false, "sleep", "5008");
        foreach (var call in (string[])["ATTACH_CONTAINER_OUTPUT", "KILL_NESTED_CONTAINER", "WAIT_NESTED_CONTAINER"])
        {
            var (other, _) = await ExecClient.CallAsync(_agent.Http, client.About(call), As("root"));
            Assert.Equal(HttpStatusCode.Forbidden, other);
        }

        Assert.Contains(_agent.Log.Lines, line => line.Contains("shell from 127.0.0.1 runs", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.OK, (await ExecClient.CallAsync(_agent.Http, client.About("KILL_CONTAINER"))).Status);
        await client.Over.WaitAsync(FakeMaster.Patience);
        Assert.Equal(137, await client.ExitAsync());

        static Action<HttpRequestMessage> As(string who) => request =>
            request.Headers.Authorization = new Credential(who, "x").Header;
    }

    [Fact]
    public async Task Where_others_reach_an_agent_that_asks_nobody_it_is_refused()
    {
        await _agent.DisposeAsync();
        await StartAsync(TestAgent.Options(_master, _directory) with { StopTasksOnExit = true, AnyoneMayExec = false });
        var launch = ExecClient.Launch(new ContainerId("s1", new ContainerId(_container)), false, "sleep", "1");
        Assert.Equal(HttpStatusCode.Forbidden, (await ExecClient.CallAsync(_agent.Http, launch)).Status);
    }

    [Theory]
    [InlineData("", "\"value\":\"ls\"", "", 400, "container_id: is missing")]
    [InlineData("\"value\":\"a\"", "\"value\":\"ls\"", "", 400, "parent: is missing")]
    [InlineData("\"value\":\"../a\",PARENT", "\"value\":\"ls\"", "", 400, "letters, digits")]
    [InlineData("\"value\":\"a\",\"parent\":{\"value\":\"none\"}", "\"value\":\"ls\"", "", 404, "no container 'none'")]
    [InlineData("\"value\":\"a\",PARENT", "", "", 400, "command.value")]
    [InlineData("\"value\":\"a\",PARENT", "\"shell\":false", "", 400, "command.value")]
    [InlineData("\"value\":\"a\",PARENT", "\"value\":\"ls\",\"user\":\"root\"", "", 400, "command.user")]
    [InlineData("\"value\":\"a\",PARENT", "\"value\":\"ls\\u0000\"", "", 400, "NUL")]
    [InlineData("\"value\":\"a\",PARENT",
        "\"value\":\"ls\",\"environment\":{\"variables\":[{\"name\":\"MESOS_CONTAINER_ID\",\"value\":\"x\"}]}", "", 400,
        "the agent's own")]
    [InlineData("\"value\":\"a\",PARENT", "\"value\":\"ls\"", "\"volumes\":[]", 400, "container.volumes")]
    [InlineData("\"value\":\"a\",PARENT", "\"value\":\"ls\"",
        "\"tty_info\":{\"window_size\":{\"rows\":0,\"columns\":5}}", 400, "rows and columns")]
    [InlineData("\"value\":5", "\"value\":\"ls\"", "", 400, "launch_nested_container_session")]
    public async Task What_is_no_command_is_refused_and_says_why(
        string id, string command, string container, int status, string says)
    {
        var which = id.Length > 0 ? $"\"container_id\":{{{id}}}," : "";
        var part = $"{{{which}\"command\":{{{command}}},\"container\":{{{container}}}}}";
        var call = new JsonObject
        {
            ["type"] = "LAUNCH_NESTED_CONTAINER_SESSION",
            ["launch_nested_container_session"] = JsonNode.Parse(
                part.Replace("PARENT", $"\"parent\":{{\"value\":\"{_container}\"}}", StringComparison.Ordinal)),
        };
        var (answer, text) = await ExecClient.CallAsync(_agent.Http, call);
        Assert.Equal(status, (int)answer);
        Assert.Contains(says, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Input_that_is_none_is_refused()
    {
        await using var client = await ExecClient.RunAsync(_agent.Http, _container, false, "sleep", "5009");
        var first = RecordIo.Encode(AttachInputCall.For(client.Id), MesosJson.Default.AttachInputCall);
        Assert.Equal(400, await PostAsync([]));
        Assert.Equal(400, await PostAsync("nonsense that is no number\n"u8.ToArray()));
        Assert.Equal(400, await PostAsync([.. first, .. "5\n{}"u8]));
        Assert.Equal(400, await PostAsync([.. first, .. "99999999\n{}"u8]));
        Assert.Equal(400, await PostAsync([.. first, .. RecordIo.Frame("{}"u8)]));
        Assert.Equal(404, await PostAsync(RecordIo.Encode(
            AttachInputCall.For(new ContainerId("other", client.Id.Parent)), MesosJson.Default.AttachInputCall)));
        Assert.Equal(200, await PostAsync(first));

        await client.OpenInputAsync();
        client.Type("x");
        await Wait.ForAsync(() => PostAsync(first).GetAwaiter().GetResult() == 409, "a second client");

        async Task<int> PostAsync(byte[] body)
        {
            using var content = new ByteArrayContent(body);
            content.Headers.ContentType = new("application/recordio");
            return (int)(await _agent.Http.PostAsync("/api/v1", content)).StatusCode;
        }
    }

    private string Sandbox => _agent.Service.Tasks.Single(run => run.Record.TaskId.Value == _task).Sandbox;

    private List<ProcessStat> Left() => SessionMark.OfAgent(_agent.Service.Home!);

    private async Task StartAsync(AgentOptions options)
    {
        _agent = await TestAgent.StartAsync(options, time: _time);
        await LaunchAsync();
    }

    private async Task LaunchAsync()
    {
        await Wait.ForAsync(() => _agent.Service.Master is not null, "a master");
        _task = Make.Id();
        var shell = Make.Shell(_task, "exec sleep 1000");
        _master.Launch(shell with
        {
            Command = shell.Command! with { Environment = Make.Environment(("GREETING", "hello")) },
        });
        var status = await _master.UpdateAsync(_task, TaskState.Running);
        _container = status.ContainerStatus!.ContainerId!.Value;
    }
}
