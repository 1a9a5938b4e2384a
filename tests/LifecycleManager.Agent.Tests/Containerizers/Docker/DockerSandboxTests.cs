using System.Diagnostics;
using LifecycleManager.Agent.Linux;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Testing;

namespace LifecycleManager.Agent.Tests.Containerizers.Docker;

/// <summary>The sandbox of a container: whatever user that has may write it, and nobody else on the machine gets to it.</summary>
public sealed class DockerSandboxTests(Busybox busybox) : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private FakeMaster _master = null!;
    private TestAgent _agent = null!;

    public async ValueTask InitializeAsync()
    {
        Server.Root();
        await busybox.DockerAsync();
        _master = await FakeMaster.StartAsync();
        _agent = await TestAgent.StartAsync(TestAgent.Options(_master, _directory) with
        {
            Containerizers = ["docker", "process"],
            Docker = Server.Docker(),
            StopTasksOnExit = true,
            MountSandbox = true,
            DefaultUser = "nobody",
            KillGracePeriod = TimeSpan.Zero,
        });
        await _master.RegistrationAsync();
        await Wait.ForAsync(() => _agent.Service.DockerUp == true, "the engine");
    }

    public async ValueTask DisposeAsync()
    {
        if (_agent is not null) await _agent.DisposeAsync();
        if (_master is not null) await _master.DisposeAsync();
        _directory.Dispose();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("0")]
    [InlineData("1234:5678")]
    public async Task A_container_writes_its_sandbox_whatever_its_user_is(string? user)
    {
        var (process, id) = (Make.Id("process"), Make.Id("container"));
        _master.Launch(Make.Shell(process, "sleep 1000"));
        await _master.UpdateAsync(process, TaskState.Running);
        const string Line = "mkdir $MESOS_SANDBOX/d && echo mine >$MESOS_SANDBOX/d/file; echo made; exec sleep 1000";
        _master.Launch(Make.Container(id, busybox.Image, Line) with { Command = new CommandInfo { Value = Line, User = user } });
        await _master.UpdateAsync(id, TaskState.Running);
        var sandbox = _agent.Service.Tasks.Single(run => run.Record.TaskId.Value == id).Sandbox;

        await Wait.ForAsync(() => File.ReadAllText(Path.Combine(sandbox, "stdout")) == "made\n", "its output");

        Assert.Equal("mine\n", await File.ReadAllTextAsync(Path.Combine(sandbox, "d/file")));
        // Another task's user has the way to his own sandbox, and not to this one.
        Assert.NotEqual(0, Run("nobody", $"ls {sandbox}"));
        Assert.NotEqual(0, Run("nobody", $"cat {sandbox}/d/file"));
    }

    [Fact]
    public async Task No_link_of_a_container_leads_the_agent_elsewhere()
    {
        var outside = Path.Combine(_directory.Path, "outside");
        await File.WriteAllTextAsync(outside, "untouched");
        var id = Make.Id();
        var line = "cd $MESOS_SANDBOX; echo first; while ! test -e link; do sleep 0.1; done; "
            + $"ln -s {outside} stdout.1; rm -f stdout; ln -s {outside} stdout; while ! test -e go; do sleep 0.1; done; "
            + "i=0; while [ $i -lt 20000 ]; do echo many many words; i=$((i+1)); done; exec sleep 1000";
        await RestartAsync(stopTasks: false, 2);
        _master.Launch(Make.Container(id, busybox.Image, line));
        await _master.UpdateAsync(id, TaskState.Running);
        var sandbox = _agent.Service.Tasks.Single().Sandbox;
        await Wait.ForAsync(() => File.ReadAllText(Path.Combine(sandbox, "stdout")) == "first\n", "the agent's copy");
        await File.WriteAllTextAsync(Path.Combine(sandbox, "link"), "");
        await Wait.ForAsync(() => new FileInfo(Path.Combine(sandbox, "stdout")).LinkTarget is not null, "the link");

        // An agent that takes the logs up anew finds the links.
        await RestartAsync(stopTasks: true, 3);
        await File.WriteAllTextAsync(Path.Combine(sandbox, "go"), "");
        var rotated = new FileInfo(Path.Combine(sandbox, "stdout.1"));
        await Wait.ForAsync(() =>
        {
            rotated.Refresh();
            return rotated is { Exists: true, LinkTarget: null };
        }, "a rotation");

        Assert.Equal("untouched", await File.ReadAllTextAsync(outside));
    }

    [Fact]
    public async Task What_a_container_fetches_is_fetched_as_the_default_user()
    {
        var id = Make.Id();
        _master.Launch(Make.Container(id, busybox.Image, "cat $MESOS_SANDBOX/shadow") with
        {
            Command = new CommandInfo
            {
                Value = "cat $MESOS_SANDBOX/shadow",
                User = "root",
                Uris = [new CommandInfo.Uri { Value = "file:///etc/shadow" }],
            },
        });

        Assert.Contains("Access to the path '/etc/shadow' is denied", (await _master.UpdateAsync(id, TaskState.Failed)).Message);
        Assert.Empty(await busybox.ContainersAsync(id));
    }

    [Fact]
    public async Task Processes_are_bounded()
    {
        var id = Make.Id();
        _master.Launch(Make.Container(id, busybox.Image, "exec sleep 1000"));
        await _master.UpdateAsync(id, TaskState.Running);

        var docker = await busybox.DockerAsync();
        var container = Assert.Single(await busybox.ContainersAsync(id));
        Assert.Equal(4096, (await docker.Containers.InspectContainerAsync(container.ID)).HostConfig!.PidsLimit);
    }

    [Fact]
    public async Task What_is_fetched_is_copied_into_a_container_that_does_not_see_its_sandbox()
    {
        await RestartAsync(stopTasks: true, 2, mount: false);
        var (archive, plain) = (Path.Combine(_directory.Path, "site.tar"), Path.Combine(_directory.Path, "plain"));
        var content = Directory.CreateDirectory(Path.Combine(_directory.Path, "content"));
        await File.WriteAllTextAsync(Path.Combine(content.CreateSubdirectory("pages").FullName, "index"), "welcome\n");
        File.CreateSymbolicLink(Path.Combine(content.FullName, "start"), "pages/index");
        System.Formats.Tar.TarFile.CreateFromDirectory(content.FullName, archive, includeBaseDirectory: false);
        await File.WriteAllTextAsync(plain, new string('x', 3_000_000));
        foreach (var file in new[] { archive, plain }) File.SetUnixFileMode(file, (UnixFileMode)0x1a4);
        var id = Make.Id();
        _master.Launch(Make.Container(id, busybox.Image, "") with
        {
            Command = new CommandInfo
            {
                Value = "cd $MESOS_SANDBOX && pwd && cat start && wc -c <plain && ls && touch mine && test -O mine && "
                    + "echo writes; exec sleep 1000",
                User = "1234",
                Uris = [new CommandInfo.Uri { Value = archive, Extract = true }, new CommandInfo.Uri { Value = plain }],
            },
        });
        await _master.UpdateAsync(id, TaskState.Running);
        var stdout = Path.Combine(_agent.Service.Tasks.Single(run => run.Record.TaskId.Value == id).Sandbox, "stdout");

        await Wait.ForAsync(() => File.ReadAllText(stdout) is var text
            && text == "/mnt/mesos/sandbox\nwelcome\n3000000\npages\nplain\nsite.tar\nstart\nwrites\n", "what it finds");
    }

    [Fact]
    public async Task A_container_that_cannot_take_what_is_fetched_is_not_started_and_says_why()
    {
        await RestartAsync(stopTasks: true, 2, mount: false);
        var plain = Path.Combine(_directory.Path, "plain");
        await File.WriteAllTextAsync(plain, "text");
        File.SetUnixFileMode(plain, (UnixFileMode)0x1a4);
        var id = Make.Id();
        var task = Make.Container(id, busybox.Image, "");
        _master.Launch(task with
        {
            Command = new CommandInfo { Value = "sleep 1000", Uris = [new CommandInfo.Uri { Value = plain }] },
            Container = task.Container! with
            {
                Docker = task.Container.Docker! with { Parameters = [new Parameter("read-only", "true")] },
            },
        });

        Assert.Contains("what was fetched cannot be copied into the container: ",
            (await _master.UpdateAsync(id, TaskState.Failed)).Message);
        Assert.Empty(await busybox.ContainersAsync(id));
    }

    private async Task RestartAsync(bool stopTasks, int registration, bool mount = true)
    {
        await _agent.DisposeAsync();
        _agent = await TestAgent.StartAsync(TestAgent.Options(_master, _directory) with
        {
            Containerizers = ["docker", "process"],
            Docker = Server.Docker(),
            StopTasksOnExit = stopTasks,
            MountSandbox = mount,
            KillGracePeriod = TimeSpan.Zero,
            MaxLogSize = 65_536,
        });
        await _master.RegistrationAsync(registration);
        await Wait.ForAsync(() => _agent.Service.DockerUp == true, "the engine");
    }

    private static int Run(string user, string line)
    {
        var command = UserAccount.Find(user).Run(["/bin/sh", "-c", line + " >/dev/null 2>&1"]);
        using var process = Process.Start(command[0], command.Skip(1));
        process.WaitForExit();
        return process.ExitCode;
    }
}
