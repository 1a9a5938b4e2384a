using System.Diagnostics;
using System.Text.Json.Nodes;
using Docker.DotNet.Models;
using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Testing;
using TaskState = LifecycleManager.Protocol.Mesos.TaskState;

namespace LifecycleManager.Agent.Tests.Recovery;

public sealed class RecoveryTests(Busybox busybox) : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private FakeMaster _master = null!;

    public async ValueTask InitializeAsync() => _master = await FakeMaster.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _master.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task After_the_machines_restart_its_processes_are_gone_whoever_has_their_pids_now()
    {
        var id = Make.Id();
        int pid;
        // What it starts stands for whoever has the pids after the next boot, whatever it bears.
        await using (var agent = await TestAgent.StartAsync(TestAgent.Options(_master, _directory) with { BootId = "another" }))
        {
            await _master.RegistrationAsync();
            _master.Launch(Make.Shell(id, "exec sleep 1000"));
            await _master.UpdateAsync(id, TaskState.Running);
            await Wait.ForAsync(() => agent.Service.PendingUpdates == 0, "the acknowledgements");
            pid = (int)agent.Service.Tasks.Single().Container!.Status.ExecutorPid!.Value;
        }

        await using (await TestAgent.StartAsync(TestAgent.Options(_master, _directory)))
        {
            var gone = await _master.UpdateAsync(id, TaskState.Gone);
            Assert.Equal(StatusReason.AgentRestarted, gone.Reason);
            Assert.Equal("the machine was restarted, and the process ended with it", gone.Message);
        }

        // It is another's now: nobody may touch it.
        using var stranger = Process.GetProcessById(pid);
        Assert.False(stranger.HasExited);
        stranger.Kill(entireProcessTree: true);
    }

    [Fact]
    public async Task A_damaged_directory_keeps_no_other_task_from_being_found()
    {
        var id = Make.Id();
        await using (await TestAgent.StartAsync(TestAgent.Options(_master, _directory)))
        {
            await _master.RegistrationAsync();
            _master.Launch(Make.Shell(id, "exec sleep 1000"));
            await _master.UpdateAsync(id, TaskState.Running);
        }

        Directory.CreateDirectory(Path.Combine(_directory.Path, "tasks", "0-empty"));
        Directory.CreateDirectory(Path.Combine(_directory.Path, "tasks", "0-damaged"));
        await File.WriteAllTextAsync(Path.Combine(_directory.Path, "tasks", "0-damaged", "task.json"), "{\"fram");

        await using var agent =
            await TestAgent.StartAsync(TestAgent.Options(_master, _directory) with { StopTasksOnExit = true });
        Assert.Equal([id], (await _master.RegistrationAsync(2)).Tasks!.Select(task => task.Task.TaskId.Value));
        Assert.Contains(agent.Log.Lines, line => line.Contains("0-damaged is no task that can be recovered",
            StringComparison.Ordinal));
        Assert.False(Directory.Exists(Path.Combine(_directory.Path, "tasks", "0-empty")));
    }

    [Fact]
    public async Task A_container_of_a_forgotten_task_is_removed_and_no_strangers()
    {
        var docker = await busybox.DockerAsync();
        var options = TestAgent.Options(_master, _directory) with { Containerizers = ["docker"] };
        await using (await TestAgent.StartAsync(options)) await _master.RegistrationAsync();
        var home =
            JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_directory.Path, "agent.json")))!["home"]!.GetValue<string>();
        var own = await CreateAsync(home);
        var strangers = await CreateAsync("another");

        await using var agent = await TestAgent.StartAsync(options);
        for (var look = 0; (await ListAsync()).Contains(own); look++)
        {
            Assert.True(look < 1200, "the container is still there");
            await Task.Delay(100);
        }

        Assert.Contains(strangers, await ListAsync());

        async Task<string> CreateAsync(string owner) => (await docker.Containers.CreateContainerAsync(
            new CreateContainerParameters
            {
                Image = busybox.Image,
                Cmd = ["sleep", "1000"],
                Labels = new Dictionary<string, string>
                {
                    ["lcm.agent.home"] = owner,
                    ["lcm.container"] = Guid.NewGuid()
                    .ToString()
                },
            },
            CancellationToken.None)).ID;

        async Task<List<string>> ListAsync() =>
            [.. (await docker.Containers.ListContainersAsync(new ContainersListParameters { All = true }))
                .Select(container => container.ID)];
    }

    [Fact]
    public async Task A_full_disk_is_told_and_stops_nothing_else()
    {
        using var disk = SmallDisk.Mount(kilobytes: 1024);
        var options = TestAgent.Options(_master, _directory) with { WorkDirectory = disk.Path, StopTasksOnExit = true };
        await using var agent = await TestAgent.StartAsync(options);
        await _master.RegistrationAsync();
        var running = Make.Id("running");
        _master.Launch(Make.Shell(running, "exec sleep 1000"));
        await _master.UpdateAsync(running, TaskState.Running);
        await Wait.ForAsync(() => agent.Service.PendingUpdates == 0, "the acknowledgements");

        disk.Fill();
        var refused = Make.Id("refused");
        _master.Launch(Make.Shell(refused, "true"));
        var failed = await _master.UpdateAsync(refused, TaskState.Failed);
        Assert.Equal(StatusReason.ContainerLaunchFailed, failed.Reason);
        Assert.Contains("No space left on device", failed.Message);
        _master.Kill(running);
        Assert.Contains("exit code 143", (await _master.UpdateAsync(running, TaskState.Killed)).Message);

        disk.Free();
        var welcome = Make.Id("welcome");
        _master.Launch(Make.Shell(welcome, "true"));
        await _master.UpdateAsync(welcome, TaskState.Finished);
    }

    [Fact]
    public async Task An_agent_that_cannot_be_written_down_itself_launches_nothing()
    {
        using var disk = SmallDisk.Mount(kilobytes: 1024);
        // All but the directories and the lock, which take no space.
        new AgentDirectory(disk.Path).Dispose();
        disk.Fill();
        var options = TestAgent.Options(_master, _directory) with { WorkDirectory = disk.Path };
        await using var agent = await TestAgent.StartAsync(options);
        await _master.RegistrationAsync();
        var (refused, welcome) = (Make.Id("refused"), Make.Id("welcome"));
        await Wait.ForAsync(() => agent.Service.Master is not null, "the registration");
        _master.Launch(Make.Shell(refused, "true"));
        Assert.Contains("the agent's own record cannot be written",
            (await _master.UpdateAsync(refused, TaskState.Failed)).Message);

        disk.Free();
        _master.Launch(Make.Shell(welcome, "true"));
        await _master.UpdateAsync(welcome, TaskState.Finished);
        var written = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(disk.Path, "agent.json")))!;
        Assert.Equal(_master.NextAgentId, written["agent_id"]!["value"]!.GetValue<string>());
    }

    [Fact]
    public async Task An_engine_that_answers_and_cannot_say_is_no_word_on_a_container()
    {
        var id = Make.Id();
        await busybox.DockerAsync();
        var options = TestAgent.Options(_master, _directory) with
        {
            Containerizers = ["docker", "process"],
            MountSandbox = false
        };
        await using (await TestAgent.StartAsync(options))
        {
            await _master.RegistrationAsync();
            await Wait.ForAsync(() => _master.Calls(AgentCallType.Register)[^1].Register!.Features!.Contains("docker"),
                "the engine");
            _master.Launch(Make.Container(id, busybox.Image, "exec sleep 1000"));
            await _master.UpdateAsync(id, TaskState.Running);
        }

        await using var broken = await BrokenEngine.StartAsync();
        await using (var agent = await TestAgent.StartAsync(options with { Docker = broken.Address }))
        {
            await Wait.ForAsync(() => broken.Asked > 2, "the agent's questions");
            Assert.Equal(TaskState.Running, agent.Service.Tasks.Single().State);
        }

        var ending = options with { StopTasksOnExit = true, KillGracePeriod = TimeSpan.Zero };
        await using var last = await TestAgent.StartAsync(ending);
        await Wait.ForAsync(() => last.Service.Tasks.Single().Container is not null, "the container");
    }
}
