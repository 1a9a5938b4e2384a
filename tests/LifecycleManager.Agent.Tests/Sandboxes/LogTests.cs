using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Testing;

namespace LifecycleManager.Agent.Tests.Sandboxes;

public sealed class LogTests(Busybox busybox) : IAsyncLifetime
{
    private const int Bound = 65_536;
    private readonly TemporaryDirectory _directory = new();
    private FakeMaster _master = null!;
    private TestAgent _agent = null!;

    public async ValueTask InitializeAsync()
    {
        await busybox.DockerAsync();
        _master = await FakeMaster.StartAsync();
        _agent = await TestAgent.StartAsync(TestAgent.Options(_master, _directory) with
        {
            StopTasksOnExit = true,
            MaxLogSize = Bound,
            Containerizers = ["docker", "process"],
            Docker = Server.Docker(),
            KillGracePeriod = TimeSpan.Zero,
        });
        await _master.RegistrationAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _agent.DisposeAsync();
        await _master.DisposeAsync();
        _directory.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_endless_log_is_bounded_and_its_end_is_kept(bool container)
    {
        var id = Make.Id();
        const string Line = "i=0; while true; do echo line $i; i=$((i+1)); test $((i%200)) -eq 0 && sleep 0.02; done";
        _master.Launch(container ? Make.Container(id, busybox.Image, Line) : Make.Shell(id, Line));
        await _master.UpdateAsync(id, TaskState.Running);
        var log = Path.Combine(_agent.Service.Tasks.Single().Sandbox, "stdout");
        await Wait.ForAsync(() => File.Exists(log + ".1"), "a rotation");
        await Wait.ForAsync(() => new FileInfo(log).Length > 0, "more output");

        _master.Kill(id);
        await _master.UpdateAsync(id, TaskState.Killed);

        Assert.InRange(new FileInfo(log + ".1").Length, 1, container ? Bound + 40_000 : 2 * Bound + 2_000_000);
        var lines = await File.ReadAllLinesAsync(log);
        Assert.NotEmpty(lines);
        Assert.Matches("^line [0-9]+$", lines[0]);
    }

    [Fact]
    public async Task The_end_of_a_log_is_told_and_followed()
    {
        var id = Make.Id();
        _master.Launch(Make.Shell(id, "seq 1 100; while ! test -e go; do sleep 0.05; done; echo more; sleep 1000"));
        await _master.UpdateAsync(id, TaskState.Running);
        var sandbox = _agent.Service.Tasks.Single().Sandbox;
        await Wait.ForAsync(() => File.ReadAllText(Path.Combine(sandbox, "stdout"))
            .EndsWith("100\n", StringComparison.Ordinal), "the output");
        var path = $"/files/tail?path={sandbox}/stdout";

        Assert.Equal("99\n100\n", await _agent.Http.GetStringAsync(path + "&bytes=9"));
        Assert.Equal("98\n99\n100\n", await _agent.Http.GetStringAsync(path + "&bytes=10"));
        Assert.StartsWith("1\n2\n", await _agent.Http.GetStringAsync(path));
        using var reader = new StreamReader(await _agent.Http.GetStreamAsync(path + "&bytes=4&follow=true"));
        Assert.Equal("100", await reader.ReadLineAsync());
        await File.WriteAllTextAsync(Path.Combine(sandbox, "go"), "");
        Assert.Equal("more", await reader.ReadLineAsync());
    }
}
