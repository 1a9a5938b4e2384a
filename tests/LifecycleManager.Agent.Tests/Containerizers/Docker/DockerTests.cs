using System.Net;
using Docker.DotNet;
using Docker.DotNet.Models;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Testing;
using ContainerStatus = LifecycleManager.Protocol.Mesos.ContainerStatus;
using Resource = LifecycleManager.Protocol.Mesos.Resource;
using TaskState = LifecycleManager.Protocol.Mesos.TaskState;

namespace LifecycleManager.Agent.Tests.Containerizers.Docker;

public sealed class DockerTests(Busybox busybox) : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private FakeMaster _master = null!;
    private TestAgent _agent = null!;
    private IDockerClient _docker = null!;

    public async ValueTask InitializeAsync()
    {
        _docker = await busybox.DockerAsync();
        _master = await FakeMaster.StartAsync();
        _agent = await TestAgent.StartAsync(TestAgent.Options(_master, _directory) with
        {
            Containerizers = ["docker", "process"],
            Docker = Server.Docker(),
            StopTasksOnExit = true,
            MountSandbox = true,
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (_agent is not null) await _agent.DisposeAsync();
        if (_master is not null) await _master.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task The_agent_advertises_docker()
    {
        var registration = await _master.RegistrationAsync();

        Assert.Equal(["docker", "process"], registration.Features);
        Assert.Contains(registration.AgentInfo.Attributes!,
            attribute => attribute is { Name: "containerizers", Text.Value: "docker,process" });
    }

    [Fact]
    public async Task A_container_runs_with_its_limits_labels_and_environment_and_its_output_is_kept()
    {
        var id = Make.Id();
        await LaunchAsync(Make.Container(id, busybox.Image, null) with
        {
            Command = new CommandInfo
            {
                Value = "echo $GREETING; echo bad >&2; echo kept >$MESOS_SANDBOX/file; exec sleep 1000",
                Environment = Make.Environment(("GREETING", "hello")),
            },
        });

        var running = await _master.UpdateAsync(id, TaskState.Running);
        var container = await InspectAsync(id);
        Assert.Equal(102, container.HostConfig!.CPUShares);
        Assert.Equal(64 * 1024 * 1024, container.HostConfig.Memory);
        Assert.Equal(id, container.Config!.Labels!["lcm.task"]);
        Assert.Equal("framework-1", container.Config.Labels["lcm.framework"]);
        Assert.Equal(_master.NextAgentId, container.Config.Labels["lcm.agent"]);
        Assert.Contains("GREETING=hello", container.Config.Env!);
        Assert.Equal((uint)container.State!.Pid, running.ContainerStatus!.ExecutorPid);
        Assert.Equal(container.NetworkSettings!.Networks!["bridge"].IPAddress, Address(running.ContainerStatus));

        _master.Kill(id, TimeSpan.Zero);
        await _master.UpdateAsync(id, TaskState.Killed);
        Assert.Equal("hello\n", await File.ReadAllTextAsync(Path.Combine(Sandbox(id), "stdout")));
        Assert.Equal("bad\n", await File.ReadAllTextAsync(Path.Combine(Sandbox(id), "stderr")));
        Assert.Equal("kept\n", await File.ReadAllTextAsync(Path.Combine(Sandbox(id), "file")));
        await GoneAsync(id);
    }

    [Fact]
    public async Task A_mapped_port_is_published_on_the_task_address_and_zero_means_the_hosts()
    {
        var id = Make.Id();
        var port = Server.FreePort();
        var docker = new DockerInfo
        {
            Image = "",
            Network = DockerNetwork.Bridge,
            PortMappings = [new PortMapping { HostPort = (uint)port, ContainerPort = 0 }],
        };
        await LaunchAsync(Make.Container(id, busybox.Image, $"echo served >/tmp/index.html; exec httpd -f -p {port} -h /tmp",
            docker) with
        {
            HealthCheck = new HealthCheck
            {
                Type = CheckType.Http,
                Http = new HttpCheck { Port = (uint)port, Path = "/index.html" },
                DelaySeconds = 0,
                IntervalSeconds = 0.1,
            },
        });

        await _master.UpdateAsync(id, TaskState.Running, update => update.Healthy == true);

        using var http = new HttpClient();
        Assert.Equal("served\n", await http.GetStringAsync($"http://127.0.0.1:{port}/index.html"));
        var bindings = (await InspectAsync(id)).HostConfig!.PortBindings![$"{port}/tcp"];
        Assert.Equal(("127.0.0.1", $"{port}"), (bindings[0].HostIP, bindings[0].HostPort));
    }

    [Fact]
    public async Task Networks_host_and_none_are_what_they_say()
    {
        var (host, none) = (Make.Id("host"), Make.Id("none"));
        await LaunchAsync(
            Make.Container(host, busybox.Image, "exec sleep 1000", new DockerInfo { Image = "", Network = DockerNetwork.Host }),
            Make.Container(none, busybox.Image, "exec sleep 1000", new DockerInfo { Image = "", Network = DockerNetwork.None }));

        await _master.UpdateAsync(host, TaskState.Running);
        await _master.UpdateAsync(none, TaskState.Running);
        Assert.Equal("host", (await InspectAsync(host)).HostConfig!.NetworkMode);
        Assert.Equal("none", (await InspectAsync(none)).HostConfig!.NetworkMode);
    }

    [Theory]
    [InlineData("exit 7", TaskState.Failed, "exit code 7")]
    [InlineData("true", TaskState.Finished, "exit code 0")]
    public async Task The_exit_code_decides(string line, TaskState state, string message)
    {
        var id = Make.Id();
        await LaunchAsync(Make.Container(id, busybox.Image, line));

        Assert.Equal(message, (await _master.UpdateAsync(id, state)).Message);
        await GoneAsync(id);
    }

    [Fact]
    public async Task The_images_own_command_takes_arguments()
    {
        var id = Make.Id();
        var docker = new DockerInfo
        {
            Image = "",
            Network = DockerNetwork.None,
            Parameters = [new("entrypoint", "/bin/echo"), new("label", "color=red")]
        };
        await LaunchAsync(Make.Container(id, busybox.Image, null, docker) with
        {
            Command = new CommandInfo { Shell = false, Arguments = ["a  b", "$c"] },
        });

        await _master.UpdateAsync(id, TaskState.Finished);
        Assert.Equal("a  b $c\n", await File.ReadAllTextAsync(Path.Combine(Sandbox(id), "stdout")));
    }

    [Fact]
    public async Task Too_much_memory_is_reported_as_such()
    {
        var id = Make.Id();
        await LaunchAsync(Make.Container(id, busybox.Image, "head -c 200000000 /dev/zero | tail -n 1 >/dev/null; exit $?"));

        Assert.Equal(StatusReason.ContainerLimitationMemory, (await _master.UpdateAsync(id, TaskState.Failed)).Reason);
    }

    [Fact]
    public async Task A_container_that_does_not_listen_is_killed_after_the_grace_period()
    {
        var id = Make.Id();
        await LaunchAsync(Make.Container(id, busybox.Image, "trap '' TERM; echo up; while true; do sleep 1; done"));
        await _master.UpdateAsync(id, TaskState.Running);

        _master.Kill(id, TimeSpan.FromSeconds(1));

        Assert.Contains("SIGKILL", (await _master.UpdateAsync(id, TaskState.Killed)).Message);
        await GoneAsync(id);
    }

    [Fact]
    public async Task An_image_that_is_not_to_be_had_fails_the_task_and_says_so()
    {
        var id = Make.Id();
        await LaunchAsync(Make.Container(id, "127.0.0.1:1/nothing:here", "true"));

        var failed = await _master.UpdateAsync(id, TaskState.Failed);
        Assert.Equal(StatusReason.ContainerLaunchFailed, failed.Reason);
        Assert.StartsWith("the image 127.0.0.1:1/nothing:here cannot be pulled: ", failed.Message);
        Assert.Contains(_master.Updates(id), update =>
            update is { State: TaskState.Starting, Message: "pulling 127.0.0.1:1/nothing:here" });
        Assert.Contains("lcm_agent_launch_failures_total{reason=\"CONTAINER_LAUNCH_FAILED\"} 1",
            await _agent.Http.GetStringAsync("/metrics"));
    }

    [Fact]
    public async Task A_port_that_is_taken_fails_the_task_and_says_so()
    {
        using var taken = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = (uint)((IPEndPoint)taken.LocalEndpoint).Port;
        var id = Make.Id();
        var docker = new DockerInfo
        {
            Image = "",
            Network = DockerNetwork.Bridge,
            PortMappings = [new PortMapping { HostPort = port, ContainerPort = 80 }]
        };
        await LaunchAsync(Make.Container(id, busybox.Image, "sleep 1000", docker));

        var failed = await _master.UpdateAsync(id, TaskState.Failed);
        Assert.StartsWith("the container cannot be started: ", failed.Message);
        Assert.Contains("address already in use", failed.Message);
        await GoneAsync(id);
    }

    [Theory]
    [InlineData("no-such-option", "1", "the Docker parameter 'no-such-option' is not known")]
    [InlineData("memory", "lots", "the Docker parameter 'memory' with the value 'lots' is not a size such as 512m")]
    [InlineData("restart", "always", "the Docker parameter 'restart' with the value 'always' is the agent's to decide")]
    [InlineData("label", "lcm.task=other",
        "the Docker parameter 'label' with the value 'lcm.task=other' uses the agent's own labels, lcm.*")]
    public async Task A_parameter_that_is_none_is_an_error_of_the_task(string key, string value, string message)
    {
        var id = Make.Id();
        await LaunchAsync(Make.Container(id, busybox.Image, "true",
            new DockerInfo { Image = "", Parameters = [new(key, value)] }));

        var error = await _master.UpdateAsync(id, TaskState.Error);
        Assert.Equal((StatusReason.TaskInvalid, message), (error.Reason, error.Message));
    }

    [Fact]
    public async Task A_command_check_runs_inside_the_container()
    {
        var id = Make.Id();
        await LaunchAsync(Make.Container(id, busybox.Image, "sleep 0.5; touch /tmp/ready; exec sleep 1000") with
        {
            HealthCheck = new HealthCheck
            {
                Type = CheckType.Command,
                Command = new CommandInfo { Value = "test -e /tmp/ready" },
                DelaySeconds = 0,
                IntervalSeconds = 0.2,
            },
        });

        await _master.UpdateAsync(id, TaskState.Running, update => update.Healthy == true);
    }

    [Fact]
    public async Task A_container_that_somebody_removes_is_missed()
    {
        var id = Make.Id();
        await LaunchAsync(Make.Container(id, busybox.Image, "exec sleep 1000"));
        await _master.UpdateAsync(id, TaskState.Running);

        await _docker.Containers.RemoveContainerAsync((await busybox.ContainersAsync(id))[0].ID,
            new ContainerRemoveParameters { Force = true }, CancellationToken.None);

        await _master.UpdateAsync(id, TaskState.Failed);
    }

    [Fact]
    public async Task Statistics_tell_what_a_container_uses()
    {
        var id = Make.Id();
        await LaunchAsync(Make.Container(id, busybox.Image, "exec sleep 1000"));
        await _master.UpdateAsync(id, TaskState.Running);

        // On a busy machine an engine may take longer than the agent waits for it.
        System.Text.Json.Nodes.JsonNode? statistics = null;
        for (var look = 0; statistics is null && look < 20; look++)
        {
            var json = System.Text.Json.Nodes.JsonNode.Parse(await _agent.Http.GetStringAsync("/monitor/statistics"))!;
            statistics = json.AsArray().First(entry => entry!["executor_id"]!.GetValue<string>() == id)!["statistics"];
        }

        Assert.NotNull(statistics);
        Assert.Equal(64 * 1024 * 1024, statistics["mem_limit_bytes"]!.GetValue<long>());
        Assert.Equal(0.1, statistics["cpus_limit"]!.GetValue<double>());
        Assert.True(statistics["mem_total_bytes"]!.GetValue<long>() > 0);
        Assert.NotNull(statistics["net_rx_bytes"]);
    }

    private async Task LaunchAsync(params TaskInfo[] tasks)
    {
        await _master.RegistrationAsync();
        _master.Launch(tasks);
    }

    private async Task<ContainerInspectResponse> InspectAsync(string task) =>
        await _docker.Containers.InspectContainerAsync((await busybox.ContainersAsync(task))[0].ID, CancellationToken.None);

    private async Task GoneAsync(string task)
    {
        for (var look = 0; (await busybox.ContainersAsync(task)).Count > 0; look++)
        {
            Assert.True(look < 1200, "the container is still there");
            await Task.Delay(100);
        }
    }

    private string Sandbox(string task) => _agent.Service.Tasks.FirstOrDefault(run => run.Record.TaskId.Value == task)?.Sandbox
        ?? _agent.Service.Completed.First(completed => completed.TaskId.Value == task).Sandbox;

    private static string? Address(ContainerStatus status) => status.NetworkInfos![0].IpAddresses![0].Address;
}
