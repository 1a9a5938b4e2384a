using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Agent.Containerizers.Docker;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Mesos;
using TaskState = LifecycleManager.Protocol.Mesos.TaskState;

namespace LifecycleManager.Agent.Tests.Containerizers.Docker;

/// <summary>Commands in real containers.</summary>
public sealed class DockerSessionTests(Busybox busybox) : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private FakeMaster _master = null!;
    private TestAgent _agent = null!;
    private string _container = "";
    private string _task = "";

    public async ValueTask InitializeAsync()
    {
        await busybox.DockerAsync();
        _master = await FakeMaster.StartAsync();
        _agent = await TestAgent.StartAsync(TestAgent.Options(_master, _directory) with
        {
            Containerizers = ["docker"],
            Docker = Server.Docker(),
            StopTasksOnExit = true,
            MountSandbox = true,
        });
        await _master.RegistrationAsync();
        _task = Make.Id();
        await Wait.ForAsync(() => _agent.Service.Features.Contains("docker") && _agent.Service.Master is not null, "docker");
        _master.Launch(Make.Container(_task, busybox.Image, "exec sleep 1000"));
        _container = (await _master.UpdateAsync(_task, TaskState.Running)).ContainerStatus!.ContainerId!.Value;
    }

    public async ValueTask DisposeAsync()
    {
        if (_agent is not null) await _agent.DisposeAsync();
        if (_master is not null) await _master.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task Its_streams_exit_code_and_environment_are_the_containers()
    {
        var (code, output, error) = await ExecClient.DoneAsync(
            _agent.Http, _container, "/bin/sh", "-c", "echo $MESOS_TASK_ID; echo bad >&2; exit 7");
        Assert.Equal((7, $"{_task}\n", "bad\n"), (code, output, error));
        var (missing, _, _) = await ExecClient.DoneAsync(_agent.Http, _container, "no-such-program");
        Assert.True(missing is 126 or 127, $"{missing}");

        await using var client = await ExecClient.RunAsync(_agent.Http, _container, false, "/bin/sh", "-c", "cat; exit 3");
        await client.OpenInputAsync();
        client.Type("one\n");
        await client.SeesAsync("one\n");
        client.EndInput();
        await client.Over.WaitAsync(FakeMaster.Patience);
        Assert.Equal(3, await client.ExitAsync());
    }

    [Fact]
    public async Task A_terminal_has_a_size_that_changes_and_every_key_goes_through()
    {
        await using var client = await ExecClient.RunAsync(_agent.Http, _container, true, "/bin/sh", "-c",
            "trap 'echo interrupted; exit 9' INT; echo ready; read line; printf %s \"$line\" | od -An -tx1; stty size; "
            + "while :; do sleep 0.1; done");
        await client.SeesAsync("ready");
        await client.OpenInputAsync();
        client.Resize(44, 111);
        // What would have the engine let go of a client that has not said other keys.
        client.Type("a\u0010\u0011b\r");
        await client.SeesAsync("61 10");
        await client.SeesAsync("44 111");
        client.Type("\u0003");
        await client.SeesAsync("interrupted");
        await client.Over.WaitAsync(FakeMaster.Patience);
        Assert.Equal(9, await client.ExitAsync());
    }

    [Fact]
    public async Task A_lost_connection_ends_it_with_all_that_it_began_and_the_container_runs_on()
    {
        await using var client = await ExecClient.RunAsync(_agent.Http, _container, false, "/bin/sh", "-c",
            "setsid sleep 5100 & echo begun; exec sleep 5101");
        await client.SeesAsync("begun");
        Assert.Contains("sleep 5100", await ProcessesAsync(), StringComparison.Ordinal);
        await client.LoseAsync();
        await Eventually.TrueAsync(async () =>
            await ProcessesAsync() is var left && !left.Contains("sleep 510", StringComparison.Ordinal), "their end");
        Assert.Contains("sleep 1000", await ProcessesAsync(), StringComparison.Ordinal);

        await using var signalled = await ExecClient.RunAsync(_agent.Http, _container, false, "/bin/sh", "-c",
            "trap 'exit 4' USR1; echo ready; while :; do sleep 0.1; done");
        await signalled.SeesAsync("ready");
        await signalled.SignalAsync(10);
        await signalled.Over.WaitAsync(FakeMaster.Patience);
        Assert.Equal(4, await signalled.ExitAsync());
    }

    [Fact]
    public async Task Of_an_engine_elsewhere_the_containers_shell_finds_what_is_to_end()
    {
        await using var client = await ExecClient.RunAsync(
            _agent.Http, _container, false, "/bin/sh", "-c", "echo $LCM_SESSION; sleep 5102 & exec sleep 5103");
        await client.SeesAsync("\n");
        var (code, output, error) = await ExecClient.DoneAsync(_agent.Http, _container,
            "/bin/sh", "-c", DockerSession.Kill, "sh", SessionMark.Variable, client.Out.Trim(), "9");
        Assert.Equal((0, "", ""), (code, output, error));
        await client.Over.WaitAsync(FakeMaster.Patience);
        Assert.Equal(137, await client.ExitAsync());
        Assert.DoesNotContain("sleep 510", await ProcessesAsync(), StringComparison.Ordinal);
    }

    private async Task<string> ProcessesAsync() =>
        (await ExecClient.DoneAsync(_agent.Http, _container, "/bin/busybox", "ps")).Out;
}
