using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Testing;

namespace LifecycleManager.Agent.Tests.Containerizers.Docker;

/// <summary>An engine that comes, goes and hangs.</summary>
public sealed class DockerUnavailableTests(Busybox busybox) : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private SocketProxy _proxy = null!;
    private FakeMaster _master = null!;
    private TestAgent _agent = null!;

    public async ValueTask InitializeAsync()
    {
        await busybox.DockerAsync();
        if (Server.Docker() is not { Scheme: "unix" } engine)
            throw new InvalidOperationException("the test needs an engine behind a socket");
        _proxy = new SocketProxy(Path.Combine(_directory.Path, "docker.sock"), engine.LocalPath);
        _master = await FakeMaster.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _proxy.Resume();
        await _agent.DisposeAsync();
        _proxy.Dispose();
        await _master.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task An_engine_may_come_go_and_hang_and_nothing_else_stops()
    {
        _agent = await TestAgent.StartAsync(TestAgent.Options(_master, _directory) with
        {
            Containerizers = ["docker", "process"],
            Docker = _proxy.Address,
            DockerPing = TimeSpan.FromMilliseconds(100),
            DockerTimeout = TimeSpan.FromSeconds(10),
            MountSandbox = false,
            KillGracePeriod = TimeSpan.Zero,
            StopTasksOnExit = true,
        });
        Assert.Equal(["process"], (await _master.RegistrationAsync()).Features);
        // A task that was offered while there was one waits, and can be killed.
        var waits = Make.Id("waits");
        _master.Launch(Make.Container(waits, busybox.Image, "exec sleep 1000"));
        await _master.UpdateAsync(waits, TaskState.Starting, update => update.Message == "waiting for the Docker engine");
        _master.Kill(waits);
        await _master.UpdateAsync(waits, TaskState.Killed);

        _proxy.Start();
        await FeaturesAsync("docker", "process");
        var container = Make.Id("container");
        _master.Launch(Make.Container(container, busybox.Image, "exec sleep 1000"));
        await _master.UpdateAsync(container, TaskState.Running);

        _proxy.Hang();
        await FeaturesAsync("process");
        var process = Make.Id("process");
        _master.Launch(Make.Shell(process, "true"));
        await _master.UpdateAsync(process, TaskState.Finished);
        Assert.True(_agent.Health.Verdict().IsUp, "an engine has 30 s to answer again");
        await _agent.Http.GetStringAsync("/monitor/statistics");
        _master.Kill(container);
        await _master.UpdateAsync(container, TaskState.Killing);
        Assert.Single(await busybox.ContainersAsync(container));

        _proxy.Resume();
        await FeaturesAsync("docker", "process");
        await _master.UpdateAsync(container, TaskState.Killed);

        _proxy.Stop();
        await FeaturesAsync("process");
    }

    private Task FeaturesAsync(params string[] features) => Wait.ForAsync(
        () => _master.Calls(LifecycleManager.Protocol.Agents.AgentCallType.Register)[^1].Register!.Features!.SequenceEqual(
            features),
        $"a registration with {string.Join(", ", features)}");
}
