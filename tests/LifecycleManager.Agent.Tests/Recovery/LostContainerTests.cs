using System.Text.Json.Nodes;
using Docker.DotNet.Models;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Testing;
using TaskState = LifecycleManager.Protocol.Mesos.TaskState;

namespace LifecycleManager.Agent.Tests.Recovery;

/// <summary>Docker containers whose tasks' records are lost.</summary>
public sealed class LostContainerTests(Busybox busybox) : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private readonly string _id = Make.Id();
    private FakeMaster _master = null!;
    private SocketProxy _proxy = null!;
    private TestAgent? _agent;

    public async ValueTask InitializeAsync()
    {
        await busybox.DockerAsync();
        if (Server.Docker() is not { Scheme: "unix" } engine) throw new InvalidOperationException(
            "the test needs an engine behind a socket");
        _proxy = new SocketProxy(Path.Combine(_directory.Path, "docker.sock"), engine.LocalPath);
        _proxy.Start();
        _master = await FakeMaster.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_agent is not null) await _agent.DisposeAsync();
        _proxy.Dispose();
        await _master.DisposeAsync();
        _directory.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_container_is_found_by_its_label_counts_and_ends_when_asked(bool all)
    {
        var container = await LaunchAsync("exec sleep 1000");
        Lose(all);

        var task = Assert.Single((await StartAsync()).Tasks!);

        Assert.Equal((_id, TaskState.Running), (task.Task.TaskId.Value, task.Status.State));
        await Wait.ForAsync(() => _agent!.Service.Tasks.Single().Record.Task.Resources.Count == 2, "its resources");
        await EndAsync(container);
    }

    [Fact]
    public async Task An_end_that_nobody_saw_is_told_from_the_container_itself()
    {
        var container = await LaunchAsync("while ! test -e /go; do sleep 0.05; done; exit 42");
        Lose(all: true);
        var docker = await busybox.DockerAsync();
        var go = new ContainerExecCreateParameters { Cmd = ["/bin/sh", "-c", ">/go"] };
        var exec = await docker.Exec.CreateContainerExecAsync(container, go);
        (await docker.Exec.StartContainerExecAsync(exec.ID, new ContainerExecStartParameters())).Dispose();
        await docker.Containers.WaitContainerAsync(container);

        await StartAsync();

        Assert.StartsWith("exit code 42", (await _master.UpdateAsync(_id, TaskState.Failed)).Message);
    }

    [Fact]
    public async Task While_the_engine_is_away_a_task_of_a_damaged_record_is_not_dead()
    {
        var container = await LaunchAsync("exec sleep 1000");
        Lose(all: false);
        _proxy.Stop();

        var task = Assert.Single((await StartAsync()).Tasks!);
        Assert.Equal((_id, TaskState.Running), (task.Task.TaskId.Value, task.Status.State));
        _proxy.Start();
        await Wait.ForAsync(() =>
            _agent!.Service.Tasks.Single() is { Container: not null } run && run.Record.Task.Resources.Count == 2,
                "the container");

        Assert.DoesNotContain(_master.States(_id), state => state.IsTerminal());
        // The master is told what it uses.
        await Wait.ForAsync(
            () => _master.Calls(AgentCallType.Register)[^1].Register!.Tasks!.Single().Task.Resources.Count == 2,
            "a registration with all of it");
        await EndAsync(container);
    }

    [Fact]
    public async Task While_the_engine_is_away_a_task_whose_log_is_cut_is_not_on_its_way_again()
    {
        var container = await LaunchAsync("exec sleep 1000");
        var log = Directory.GetFiles(_directory.Path, "updates", SearchOption.AllDirectories).Single();
        var told = await File.ReadAllTextAsync(log);
        await File.WriteAllTextAsync(log, told[..told.IndexOf("TASK_RUNNING", StringComparison.Ordinal)]);
        var before = _master.States(_id).Count;
        _proxy.Stop();

        Assert.Equal(TaskState.Running, Assert.Single((await StartAsync()).Tasks!).Status.State);
        _proxy.Start();
        await Wait.ForAsync(() => _master.States(_id).Count > before && _agent!.Service.PendingUpdates == 0, "its state, anew");

        // Whoever heard that it starts, long after its launch, would give the launch up.
        Assert.Equal([TaskState.Running], _master.States(_id).Skip(before).Distinct());
        await EndAsync(container);
    }

    [Fact]
    public async Task A_container_without_a_whole_mark_is_ended_and_then_told()
    {
        await StartAsync();
        await StopAsync();
        var agent = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_directory.Path, "agent.json")))!;
        var home = agent["home"]!.GetValue<string>();
        var docker = await busybox.DockerAsync();
        var id = Guid.NewGuid().ToString();
        var container = await docker.Containers.CreateContainerAsync(new CreateContainerParameters
        {
            Name = "lcm-" + id,
            Image = busybox.Image,
            Cmd = ["sleep", "1000"],
            Labels = new Dictionary<string, string>
            {
                ["lcm.agent.home"] = home,
                ["lcm.container"] = id,
                ["lcm.task"] = _id,
                ["lcm.framework"] = "framework-1",
                ["lcm.agent"] = "agent-1",
                ["lcm.record"] = "{\"sum\":\"00",
            },
        });
        await docker.Containers.StartContainerAsync(container.ID, new ContainerStartParameters());

        Assert.Single((await StartAsync(options => options with { KillGracePeriod = TimeSpan.Zero })).Tasks!);
        await Wait.ForAsync(() => _master.States(_id) is [.., var last] && last.IsTerminal(), "the end");

        Assert.Contains("its record was lost", _master.Updates(_id)[^1].Message);
        Assert.DoesNotContain(await busybox.ContainersAsync(_id), left => left.State == "running");
    }

    [Fact]
    public async Task Tasks_of_a_kind_that_is_launched_no_more_run_on()
    {
        var container = await LaunchAsync("exec sleep 1000");

        var registration = await StartAsync(options => options with { Containerizers = ["process"] });

        Assert.Equal(["process"], registration.Features);
        Assert.Equal(_id, Assert.Single(registration.Tasks!).Task.TaskId.Value);
        await EndAsync(container);
    }

    private async Task<string> LaunchAsync(string line)
    {
        await StartAsync();
        await Wait.ForAsync(() => _agent!.Service.DockerUp == true, "the engine");
        _master.Launch(Make.Container(_id, busybox.Image, line));
        await _master.UpdateAsync(_id, TaskState.Running);
        await Wait.ForAsync(() => _agent!.Service.PendingUpdates == 0, "the acknowledgements");
        await StopAsync();
        return Assert.Single(await busybox.ContainersAsync(_id)).ID;
    }

    private void Lose(bool all)
    {
        if (all) Directory.Delete(Path.Combine(_directory.Path, "tasks"), recursive: true);
        else File.WriteAllText(Directory.GetFiles(_directory.Path, "task.json", SearchOption.AllDirectories).Single(),
            "{\"sum\":\"0123456789ab");
    }

    private async Task EndAsync(string container)
    {
        await Wait.ForAsync(() => _agent!.Service.Tasks.Single().Container is not null, "the container");
        Assert.Equal(container, Assert.Single(await busybox.ContainersAsync(_id)).ID);
        // As a master does, which repeats a kill to an agent that registers anew: it has more to tell of the task.
        await Wait.ForAsync(
            () =>
            {
                _master.Kill(_id, TimeSpan.Zero);
                return _master.States(_id)[^1] == TaskState.Killed;
            },
            "the end");
        await Wait.ForAsync(() => _agent!.Service.Tasks.Count == 0, "the task to be forgotten");
        Assert.Empty(await busybox.ContainersAsync(_id));
    }

    private async Task<RegisterCall> StartAsync(Func<AgentOptions, AgentOptions>? change = null)
    {
        var registrations = _master.Calls(AgentCallType.Register).Count;
        var options = TestAgent.Options(_master, _directory) with
        {
            Containerizers = ["docker", "process"],
            Docker = _proxy.Address,
            MountSandbox = false,
        };
        _agent = await TestAgent.StartAsync(change?.Invoke(options) ?? options);
        return await _master.RegistrationAsync(registrations + 1);
    }

    private async Task StopAsync()
    {
        await _agent!.DisposeAsync();
        _agent = null;
    }
}
