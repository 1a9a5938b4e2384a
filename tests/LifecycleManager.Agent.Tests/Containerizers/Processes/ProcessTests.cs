using System.Globalization;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Tests.Containerizers.Processes;

public sealed class ProcessTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private FakeMaster _master = null!;
    private TestAgent _agent = null!;

    public async ValueTask InitializeAsync()
    {
        _master = await FakeMaster.StartAsync();
        _agent = await TestAgent.StartAsync(TestAgent.Options(_master, _directory) with
        {
            StopTasksOnExit = true,
            KillGracePeriod = TimeSpan.FromSeconds(1)
        });
        await _master.RegistrationAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _agent.DisposeAsync();
        await _master.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task A_task_runs_to_its_end_with_its_environment_in_its_sandbox()
    {
        var id = Make.Id();
        _master.Launch(Make.Shell(id, "echo $GREETING from $PWD; echo bad >&2; env") with
        {
            Command = new CommandInfo
            {
                Value = "echo $GREETING from $PWD; echo bad >&2; env",
                Environment = Make.Environment(("GREETING", "hello $x 'y'"))
            },
        });

        var finished = await _master.UpdateAsync(id, TaskState.Finished);

        Assert.Equal([TaskState.Starting, TaskState.Running, TaskState.Finished], _master.States(id));
        Assert.Equal("exit code 0", finished.Message);
        var sandbox = Sandbox(id);
        var output = await File.ReadAllTextAsync(Path.Combine(sandbox, "stdout"));
        Assert.StartsWith($"hello $x 'y' from {sandbox}\n", output);
        Assert.Contains($"MESOS_TASK_ID={id}\n", output);
        Assert.Contains($"MESOS_SANDBOX={sandbox}\n", output);
        Assert.Contains("HOST=127.0.0.1\n", output);
        Assert.DoesNotContain("DOTNET_gcServer", output);
        Assert.Equal("bad\n", await File.ReadAllTextAsync(Path.Combine(sandbox, "stderr")));
    }

    [Theory]
    [InlineData("exit 7", "exit code 7")]
    [InlineData("kill -SEGV $$", "exit code 139 (SIGSEGV)")]
    [InlineData("no-such-program-at-all", "exit code 127 (the program was not found)")]
    public async Task A_task_that_fails_says_how(string line, string message)
    {
        var id = Make.Id();
        _master.Launch(Make.Shell(id, line));

        var failed = await _master.UpdateAsync(id, TaskState.Failed);

        Assert.Equal(message, failed.Message);
        Assert.Equal(StatusReason.CommandExecutorFailed, failed.Reason);
    }

    [Fact]
    public async Task A_program_is_started_with_its_arguments_as_they_are_and_never_a_shells_built_in()
    {
        var id = Make.Id();
        _master.Launch(Make.Shell(id, "") with
        {
            Command = new CommandInfo { Shell = false, Value = "/bin/echo", Arguments = ["/bin/echo", "a  b", "$HOME", "-n;"] },
        });
        var other = Make.Id();
        _master.Launch(Make.Shell(other, "") with
        {
            Command =
            new CommandInfo { Shell = false, Value = "exit", Arguments = ["0"] }
        });

        await _master.UpdateAsync(id, TaskState.Finished);
        var failed = await _master.UpdateAsync(other, TaskState.Failed);

        Assert.Equal("a  b $HOME -n;\n", await File.ReadAllTextAsync(Path.Combine(Sandbox(id), "stdout")));
        Assert.StartsWith("exit code 127", failed.Message);
    }

    [Fact]
    public async Task A_kill_asks_first()
    {
        var id = Make.Id();
        _master.Launch(Make.Shell(id, "trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.05; done"));
        await OutputAsync(id, "up");

        _master.Kill(id, TimeSpan.FromSeconds(20));
        var killed = await _master.UpdateAsync(id, TaskState.Killed);

        Assert.Equal([TaskState.Starting, TaskState.Running, TaskState.Killing, TaskState.Killed], _master.States(id));
        Assert.Contains("exit code 3", killed.Message);
        Assert.Contains("bye", await File.ReadAllTextAsync(Path.Combine(Sandbox(id), "stdout")));
    }

    [Fact]
    public async Task A_task_that_does_not_listen_is_killed_with_all_of_its_children()
    {
        var id = Make.Id();
        // One child in the group, one that has left group and session.
        _master.Launch(Make.Shell(id, "trap '' TERM; sleep 1000 & setsid sleep 1000 & echo $! $$; while :; do sleep 0.05; done"));
        await OutputAsync(id, " ");
        var pids = await ChildrenAsync(id);
        Assert.True(pids.Count >= 3, $"only {pids.Count} processes");

        _master.Kill(id, TimeSpan.FromMilliseconds(200));
        var killed = await _master.UpdateAsync(id, TaskState.Killed);

        Assert.Contains("SIGKILL", killed.Message);
        await Wait.ForAsync(() => pids.All(pid => !Alive(pid)), "all processes of the task to end");
    }

    [Fact]
    public async Task A_task_and_its_checks_run_as_the_user_that_it_asks_for()
    {
        if (Environment.UserName != "root") Assert.Skip("only root can run tasks as others");
        var id = Make.Id();
        const string Line =
            "id -un; echo x >$MESOS_SANDBOX/file; ls $MESOS_SANDBOX/../../../../../../../.. 2>/dev/null; sleep 1000";
        _master.Launch(Make.Shell(id, Line) with
        {
            Command = new CommandInfo { Value = Line, User = "nobody" },
            HealthCheck = new HealthCheck
            {
                Type = CheckType.Command,
                Command = new CommandInfo { Value = "test $(id -un) = nobody && test -e file" },
                DelaySeconds = 0,
                IntervalSeconds = 0.1,
            },
        });
        var stranger = Make.Id();
        _master.Launch(Make.Shell(stranger, "true") with { Command = new CommandInfo { Value = "true", User = "no-such-user" } });

        await _master.UpdateAsync(id, TaskState.Running, update => update.Healthy == true);
        Assert.Equal("nobody\n", await File.ReadAllTextAsync(Path.Combine(Sandbox(id), "stdout")));
        Assert.Equal("the user 'no-such-user' does not exist on this machine",
            (await _master.UpdateAsync(stranger, TaskState.Failed)).Message);
    }

    [Fact]
    public async Task What_a_task_leaves_behind_ends_with_it()
    {
        var id = Make.Id();
        _master.Launch(Make.Shell(id, "sleep 1000 & echo $!"));

        await _master.UpdateAsync(id, TaskState.Finished);

        var pid = int.Parse((await File.ReadAllTextAsync(Path.Combine(Sandbox(id), "stdout")))
            .Trim(), CultureInfo.InvariantCulture);
        await Wait.ForAsync(() => !Alive(pid), "the child to end");
    }

    [Fact]
    public async Task A_second_kill_may_shorten_the_grace_period()
    {
        var id = Make.Id();
        _master.Launch(Make.Shell(id, "trap '' TERM; echo up; while :; do sleep 0.05; done"));
        await OutputAsync(id, "up");

        _master.Kill(id, TimeSpan.FromHours(1));
        await _master.UpdateAsync(id, TaskState.Killing);
        _master.Kill(id, TimeSpan.Zero);

        await _master.UpdateAsync(id, TaskState.Killed);
    }

    [Fact]
    public async Task A_task_is_in_a_session_of_its_own()
    {
        var id = Make.Id();
        _master.Launch(Make.Shell(id, "cut -d' ' -f5,6 /proc/$$/stat; sleep 1000"));
        await OutputAsync(id, "\n");

        var numbers = (await File.ReadAllTextAsync(Path.Combine(Sandbox(id), "stdout"))).Trim().Split(' ');
        var own = (await File.ReadAllTextAsync("/proc/self/stat")).Split(' ');
        Assert.Equal(numbers[0], numbers[1]);
        Assert.NotEqual(own[5], numbers[1]);
    }

    [Fact]
    public async Task Too_much_memory_is_reported_as_such()
    {
        if (!CanLimit()) Assert.Skip("control groups are not permitted here");
        var id = Make.Id();
        _master.Launch(Make.Shell(id, "head -c 200000000 /dev/zero | tail >/dev/null; echo survived", mem: 40));

        var failed = await _master.UpdateAsync(id, TaskState.Failed);

        Assert.Equal(StatusReason.ContainerLimitationMemory, failed.Reason);
        Assert.StartsWith("it exceeded its memory limit of 40 MB", failed.Message);
        Assert.Equal(40, failed.Limitation!.Resources.Single(resource => resource.Name == "mem").Scalar!.Value);
    }

    [Fact]
    public async Task A_task_is_never_launched_twice_under_one_id()
    {
        var id = Make.Id();
        var task = Make.Shell(id, "echo once >>ran; sleep 1000");
        _master.Launch(task);
        await _master.UpdateAsync(id, TaskState.Running);

        _master.Launch(task);
        await _master.UpdateAsync(id, TaskState.Running, update => update.Uuid is null);
        _master.Kill(id);
        await _master.UpdateAsync(id, TaskState.Killed);
        await Wait.ForAsync(() => _agent.Service.Tasks.Count == 0, "the task to be forgotten");
        _master.Launch(task);
        var refused = await Wait.ForAsync(() => _master.Updates(id)
            .FirstOrDefault(update => update.State == TaskState.Error), "a refusal");

        Assert.Contains("already run", refused.Message);
        Assert.Single(Directory.GetDirectories(Path.GetDirectoryName(Sandbox(id))!), run => Path.GetFileName(run) != "latest");
    }

    [Fact]
    public async Task Kills_of_unknown_and_of_ended_tasks_are_answered()
    {
        var ended = Make.Id();
        _master.Launch(Make.Shell(ended, "true"));
        await _master.UpdateAsync(ended, TaskState.Finished);
        await Wait.ForAsync(() => _agent.Service.Tasks.Count == 0, "the task to be forgotten");

        _master.Kill("nobody");
        _master.Kill(ended);

        var dropped = await _master.UpdateAsync("nobody", TaskState.Dropped);
        Assert.NotNull(dropped.Uuid);
        Assert.Equal(StatusReason.TaskUnknown, dropped.Reason);
        await _master.UpdateAsync(ended, TaskState.Finished, update => update.Uuid is null);
    }

    [Fact]
    public async Task A_group_is_launched_whole_or_not_at_all_and_ends_together()
    {
        var (good, bad) = (Make.Id("good"), Make.Id("bad"));
        _master.LaunchGroup(Make.Shell(good, "sleep 1000"), Make.Shell(bad, "x") with { Command = null });
        Assert.Equal(StatusReason.TaskGroupInvalid, (await _master.UpdateAsync(good, TaskState.Error)).Reason);
        Assert.Contains("needs a command", (await _master.UpdateAsync(bad, TaskState.Error)).Message);

        var (first, second) = (Make.Id("first"), Make.Id("second"));
        _master.LaunchGroup(Make.Shell(first, "sleep 1000"), Make.Shell(second, "sleep 0.3; exit 1"));
        await _master.UpdateAsync(second, TaskState.Failed);
        await _master.UpdateAsync(first, TaskState.Killed);
    }

    [Fact]
    public async Task A_removed_frameworks_tasks_end()
    {
        var id = Make.Id();
        _master.Launch(Make.Shell(id, "sleep 1000"));
        await _master.UpdateAsync(id, TaskState.Running);

        _master.Send(new LifecycleManager.Protocol.Agents.AgentEvent
        {
            Type = LifecycleManager.Protocol.Agents.AgentEventType.KillFramework,
            KillFramework = _master.Framework.Id,
        });

        Assert.Equal(StatusReason.FrameworkRemoved, (await _master.UpdateAsync(id, TaskState.Killed)).Reason);
    }

    [Fact]
    public async Task A_task_has_no_longer_than_its_completion_time()
    {
        var id = Make.Id();
        _master.Launch(Make.Shell(id, "sleep 1000") with
        {
            MaxCompletionTime =
            DurationInfo.From(TimeSpan.FromMilliseconds(500))
        });

        Assert.Equal(StatusReason.MaxCompletionTimeReached, (await _master.UpdateAsync(id, TaskState.Failed)).Reason);
    }

    [Fact]
    public async Task A_task_whose_sandbox_grows_beyond_its_disk_is_ended_and_says_why()
    {
        var (greedy, modest) = (Make.Id("greedy"), Make.Id("modest"));
        Resource[] resources = [Resource.OfScalar("cpus", 0.1), Resource.OfScalar("mem", 64), Resource.OfScalar("disk", 4)];

        // A sparse file takes no disk, and a second name of one file takes none either.
        _master.Launch(
            Make.Shell(modest,
                "truncate -s 1G sparse; dd if=/dev/zero of=a bs=1M count=3 2>/dev/null; ln a b; ln -s / root; echo made; sleep 1000") with
            { Resources = resources },
            Make.Shell(greedy, "mkdir -p x/y; dd if=/dev/zero of=x/y/z bs=1M count=8 2>/dev/null; sleep 1000") with
            {
                Resources =
                resources
            });
        var failed = await _master.UpdateAsync(greedy, TaskState.Failed);
        Assert.Equal(StatusReason.ContainerLimitationDisk, failed.Reason);
        Assert.Contains("exceeded its disk limit of 4 MB", failed.Message, StringComparison.Ordinal);
        Assert.Equal("disk", failed.Limitation!.Resources.Single().Name);
        Assert.InRange(failed.Limitation.Resources.Single().Scalar!.Value, 4, 9);
        await OutputAsync(modest, "made");
        Assert.InRange(LifecycleManager.Agent.Sandboxes.DiskUsage.Of(Sandbox(modest), CancellationToken.None), 3 << 20, 4 << 20);
        Assert.DoesNotContain(_master.States(modest), state => state.IsTerminal());
    }

    private static bool CanLimit() => LifecycleManager.Agent.Containerizers.Processes.Cgroups
        .Detect("lcm-tests", quota: false, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance).Available;

    private string Sandbox(string task) => _agent.Service.Tasks.FirstOrDefault(run => run.Record.TaskId.Value == task)?.Sandbox
        ?? _agent.Service.Completed.First(completed => completed.TaskId.Value == task).Sandbox;

    private async Task OutputAsync(string task, string text)
    {
        await _master.UpdateAsync(task, TaskState.Running);
        var path = Path.Combine(Sandbox(task), "stdout");
        await Wait.ForAsync(() => File.Exists(path) && File.ReadAllText(path)
            .Contains(text, StringComparison.Ordinal), $"'{text}' in {path}");
    }

    private async Task<List<int>> ChildrenAsync(string task)
    {
        var container = _agent.Service.Tasks.First(run => run.Record.TaskId.Value == task).Record.ContainerId;
        var found = new List<int>();
        await Wait.ForAsync(
            () =>
            {
                found = [.. Directory.GetDirectories("/proc").Select(Path.GetFileName)
                    .Select(name => int.TryParse(name, out var pid) ? pid : 0)
                    .Where(pid => pid > 0 && LifecycleManager.Agent.Containerizers.Processes.ProcessTable.BelongsTo(pid,
                        container))];
                return found.Count >= 4;
            },
            "the task's children");
        return found;
    }

    private static bool Alive(int pid) =>
        LifecycleManager.Agent.Containerizers.Processes.ProcessTable.Find(pid) is { Alive: true };
}
