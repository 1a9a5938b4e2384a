using System.Diagnostics;
using LifecycleManager.Agent.Containerizers.Processes;
using LifecycleManager.Agent.Linux;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Testing;

namespace LifecycleManager.Agent.Tests.Containerizers.Processes;

/// <summary>Who a process is, and what is his.</summary>
public sealed class UserTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private FakeMaster _master = null!;
    private TestAgent _agent = null!;

    public async ValueTask InitializeAsync()
    {
        Server.Root();
        _master = await FakeMaster.StartAsync();
        _agent = await TestAgent.StartAsync(TestAgent.Options(_master, _directory) with
        {
            DefaultUser = "nobody",
            KillGracePeriod = TimeSpan.Zero,
            MaxLogSize = 65_536,
        });
        await _master.RegistrationAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var run in _agent?.Service.Tasks ?? []) _master.Kill(run.Record.TaskId.Value);
        if (_agent is not null) await Wait.ForAsync(() => _agent.Service.Tasks.Count == 0, "the end of all tasks");
        if (_agent is not null) await _agent.DisposeAsync();
        if (_master is not null) await _master.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task A_task_without_a_user_is_the_default_one_and_an_apps_own_comes_first()
    {
        const string Line = "id -un; id -gn; id -Gn; echo $USER; test $HOME != /root && echo home; exec sleep 1000";
        var (one, other, root) = (Make.Id("one"), Make.Id("other"), Make.Id("root"));
        _master.Launch(
            Make.Shell(one, Line),
            Make.Shell(other, Line) with { Command = new CommandInfo { Value = Line, User = "daemon" } },
            Make.Shell(root, "id -un") with { Command = new CommandInfo { Value = "id -un", User = "root" } });

        await OutputAsync(one, "nobody\nnogroup\nnogroup\nnobody\nhome\n");
        await OutputAsync(other, "daemon\ndaemon\ndaemon\ndaemon\nhome\n");
        await OutputAsync(root, "root\n");
    }

    [Fact]
    public async Task A_sandbox_is_its_users_alone()
    {
        var id = Make.Id();
        _master.Launch(Make.Shell(id, "mkdir d; echo mine >d/file; echo made; exec sleep 1000"));
        await OutputAsync(id, "made\n");

        var sandbox = Sandbox(id);
        var (_, user, group) = Native.Owner(sandbox);
        var nobody = UserAccount.Find("nobody");
        Assert.Equal((nobody.Id, nobody.Group), (user, group));
        Assert.Equal("750", Convert.ToString((int)File.GetUnixFileMode(sandbox), 8));
        Assert.Equal(nobody.Id, Native.Owner(Path.Combine(sandbox, "stdout")).User);
        Assert.Equal(0, Run("nobody", $"cat {sandbox}/d/file"));
        Assert.NotEqual(0, Run("daemon", $"cat {sandbox}/d/file"));
        Assert.NotEqual(0, Run("daemon", $"ls {sandbox}"));
        // What is on the way can be gone through, not looked at.
        var root = _directory.Path.Length;
        for (var above = Path.GetDirectoryName(sandbox)!; above.Length >= root; above = Path.GetDirectoryName(above)!)
            Assert.NotEqual(0, Run("nobody", $"ls {above}"));
        // The agent's own records are nobody's business.
        Assert.NotEqual(0, Run("nobody", $"cat {_directory.Path}/agent.json"));
        Assert.NotEqual(0, Run("nobody", $"ls {_directory.Path}/tasks"));
    }

    [Fact]
    public async Task A_name_for_somebody_elses_file_is_no_way_to_read_it()
    {
        var id = Make.Id();
        _master.Launch(Make.Shell(id, "echo mine >one; ln one two; echo made; exec sleep 1000"));
        await OutputAsync(id, "made\n");
        var outside = Path.Combine(_directory.Path, "outside");
        await File.WriteAllTextAsync(outside, "swordfish");
        // As kernels without protected_hardlinks let anybody do.
        using (var link = Process.Start("ln", [outside, Path.Combine(Sandbox(id), "stolen")])) await link.WaitForExitAsync();

        Assert.Equal("mine\n", await _agent.Http.GetStringAsync($"/files/download?path={Sandbox(id)}/two"));
        using var answer = await _agent.Http.GetAsync($"/files/download?path={Sandbox(id)}/stolen");
        Assert.Equal(System.Net.HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.DoesNotContain("swordfish", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Checks_are_the_tasks_user_too_and_go_on_with_another_agent()
    {
        var id = Make.Id();
        _master.Launch(Make.Shell(id, "exec sleep 1000") with
        {
            HealthCheck = new HealthCheck
            {
                Type = CheckType.Command,
                Command = new CommandInfo { Value = "id -un >>who; test $(id -un) = nobody && test -O who" },
                DelaySeconds = 0,
                IntervalSeconds = 0.1,
            },
        });
        await _master.UpdateAsync(id, TaskState.Running, update => update.Healthy == true);
        var sandbox = Sandbox(id);

        // An agent that has another default leaves those that run as who they are.
        await _agent.DisposeAsync();
        await File.WriteAllTextAsync(Path.Combine(sandbox, "who"), "");
        _agent = await TestAgent.StartAsync(TestAgent.Options(_master, _directory) with
        {
            StopTasksOnExit = true,
            DefaultUser = "daemon",
        });
        await Wait.ForAsync(() => File.ReadAllText(Path.Combine(sandbox, "who")) is { Length: > 0 } who
            && who.Split('\n').All(line => line is "nobody" or ""), "checks by the second agent");
        Assert.DoesNotContain(_master.Updates(id), update => update.Healthy == false);
    }

    [Fact]
    public async Task No_link_of_a_task_leads_the_agent_elsewhere()
    {
        var outside = Path.Combine(_directory.Path, "outside");
        await File.WriteAllTextAsync(outside, new string('x', 200_000));
        var id = Make.Id();
        var line = $"rm stdout; ln -s {outside} stdout; ln -s {outside} stdout.1; "
            + "head -c 100000 /dev/zero >&2; echo on; sleep 1000";
        _master.Launch(Make.Shell(id, line));
        await _master.UpdateAsync(id, TaskState.Running);

        var rotated = new FileInfo(Path.Combine(Sandbox(id), "stderr.1"));
        await Wait.ForAsync(
            () =>
            {
                rotated.Refresh();
                return rotated is { Exists: true, Length: > 0 };
            }, "a rotation of the other log");

        Assert.Equal(200_000, new FileInfo(outside).Length);
        Assert.Equal(outside, File.ResolveLinkTarget(Path.Combine(Sandbox(id), "stdout"), false)!.FullName);
        Assert.Equal(UserAccount.Find("nobody").Id, Native.Owner(rotated.FullName).User);
    }

    [Fact]
    public async Task A_work_directory_that_the_default_user_does_not_get_to_is_told_of()
    {
        await using var master = await FakeMaster.StartAsync();
        using var hidden = new TemporaryDirectory();
        await using var agent = await TestAgent.StartAsync(TestAgent.Options(master, hidden) with
        {
            WorkDirectory = Path.Combine(hidden.Path, "work"),
            DefaultUser = "nobody",
        });

        Assert.Contains(agent.Log.Lines, line => line.Contains(
            $"Tasks of nobody do not get to their sandboxes by their paths: {hidden.Path} lets only its owner through",
            StringComparison.Ordinal));
        Assert.DoesNotContain(_agent.Log.Lines, line => line.Contains("do not get to their sandboxes", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Processes_are_bounded()
    {
        if (!Cgroups.Detect("lcm-tests", quota: false, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance).Available)
            Assert.Skip("control groups are not permitted here");
        var usual = Make.Id();
        _master.Launch(Make.Shell(usual, "exec sleep 1000"));
        await _master.UpdateAsync(usual, TaskState.Running);
        await TaskProcesses.SingleAsync(usual);
        Assert.Equal("4096", LimitOf(usual));

        await _agent.DisposeAsync();
        _agent = await TestAgent.StartAsync(TestAgent.Options(_master, _directory) with
        {
            StopTasksOnExit = true,
            TaskPids = 20,
        });
        await _master.RegistrationAsync(2);
        var bomb = Make.Id();
        // A shell that may not fork ends: the task's own outlives it, or what bounds it would be asked of a task that ended.
        const string Forks = "i=0; while [ $i -lt 100 ]; do sleep 1000 & i=$((i+1)); done; echo all";
        _master.Launch(Make.Shell(bomb, $"({Forks}); exec sleep 1000"));
        await _master.UpdateAsync(bomb, TaskState.Running);
        await Wait.ForAsync(() => File.Exists(Path.Combine(Sandbox(bomb), "stderr"))
            && File.ReadAllText(Path.Combine(Sandbox(bomb), "stderr")).Contains("fork", StringComparison.OrdinalIgnoreCase),
            "a refusal to fork");
        Assert.Equal("20", LimitOf(bomb));
    }

    private static string LimitOf(string task)
    {
        var pid = TaskProcesses.Of(task)[0];
        var lines = File.ReadAllLines($"/proc/{pid}/cgroup");
        var line = lines.FirstOrDefault(line => line.Split(':')[1] == "pids")
            ?? lines.First(line => line.StartsWith("0::", StringComparison.Ordinal));
        var path = line.Split(':')[2];
        return new[] { "/sys/fs/cgroup/pids", "/sys/fs/cgroup" }.Select(root => $"{root}{path}/pids.max").Where(File.Exists)
            .Select(File.ReadAllText).First().Trim();
    }

    private static int Run(string user, string line)
    {
        var command = UserAccount.Find(user).Run(["/bin/sh", "-c", line + " >/dev/null 2>&1"]);
        using var process = Process.Start(command[0], command.Skip(1));
        process.WaitForExit();
        return process.ExitCode;
    }

    private string Sandbox(string task) => _agent.Service.Tasks.FirstOrDefault(run => run.Record.TaskId.Value == task)?.Sandbox
        ?? _agent.Service.Completed.First(completed => completed.TaskId.Value == task).Sandbox;

    private async Task OutputAsync(string task, string text)
    {
        await _master.UpdateAsync(task, TaskState.Running);
        var path = Path.Combine(Sandbox(task), "stdout");
        await Wait.ForAsync(() => File.ReadAllText(path) == text, $"'{text}' in {path}: {await File.ReadAllTextAsync(path)}");
    }
}
