using System.Diagnostics;
using System.Text.Json;
using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Containerizers.Processes;
using LifecycleManager.Agent.Linux;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Tests.Recovery;

/// <summary>Tasks that are found, or ended, by what the operating system says of them.</summary>
public sealed class MarkTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private readonly List<string> _tasks = [];
    private FakeMaster _master = null!;
    private TestAgent? _agent;

    public async ValueTask InitializeAsync() => _master = await FakeMaster.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        foreach (var task in _tasks) TaskProcesses.End(task);
        await _master.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task A_task_that_clears_its_environment_is_found_by_its_supervisor()
    {
        var (id, pid) = await LaunchAsync("exec env -i sleep 1000");
        await StopAsync();
        Lose();

        await AssertAdoptedAsync(id, pid);
    }

    [Fact]
    public async Task A_task_is_found_where_no_control_groups_are_permitted()
    {
        static AgentOptions Without(AgentOptions options) => options with { CgroupRoot = "/proc/no/such" };
        var (id, pid) = await LaunchAsync("exec sleep 1000", Without);
        Assert.Contains(_agent!.Log.Lines, line => line.Contains("control groups are not permitted", StringComparison.Ordinal));
        await StopAsync();
        Lose();

        await AssertAdoptedAsync(id, pid, Without);
    }

    [Fact]
    public async Task What_lost_supervisor_environment_and_record_is_ended_by_its_control_group_and_then_told()
    {
        if (!Cgroups.Detect("lcm-tests", quota: false, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance).Available)
            Assert.Skip("control groups are not permitted here");
        var (id, pid) = await LaunchAsync("exec env -i setsid sleep 1000");
        await StopAsync();
        await KillSupervisorAsync(id);
        Lose();

        await StartAsync();
        await Wait.ForAsync(() => _master.States(id) is [.., var last] && last.IsTerminal(), "the end");

        Assert.Equal(TaskState.Lost, _master.States(id)[^1]);
        Assert.False(IsAlive(pid));
    }

    [Fact]
    public async Task What_lost_its_supervisor_and_record_is_ended_by_its_environment_and_then_told()
    {
        var (id, pid) = await LaunchAsync("exec setsid sleep 1000", options => options with { CgroupRoot = "/proc/no/such" });
        await StopAsync();
        await KillSupervisorAsync(id);
        Lose();

        var registration = await StartAsync(options => options with { CgroupRoot = "/proc/no/such" });
        Assert.Equal([id], registration.Tasks!.Select(task => task.Task.TaskId.Value));
        await Wait.ForAsync(() => _master.States(id) is [.., var last] && last.IsTerminal(), "the end");

        Assert.False(IsAlive(pid));
    }

    [Fact]
    public async Task What_no_name_is_known_of_is_ended_before_the_agent_registers()
    {
        if (!Cgroups.Detect("lcm-tests", quota: false, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance).Available)
            Assert.Skip("control groups are not permitted here");
        var (id, pid) = await LaunchAsync("exec env -i sleep 1000");
        await StopAsync();
        await KillSupervisorAsync(id);
        Lose();
        Directory.Delete(Path.Combine(_directory.Path, "slaves"), recursive: true);

        var registration = await StartAsync();

        Assert.Empty(registration.Tasks!);
        Assert.False(IsAlive(pid));
    }

    [Fact]
    public async Task Marks_of_another_agents_directory_are_not_touched()
    {
        var (id, pid) = await LaunchAsync("exec sleep 1000");
        await StopAsync();
        Lose();

        using var other = new TemporaryDirectory();
        await using (await TestAgent.StartAsync(TestAgent.Options(_master, _directory) with { WorkDirectory = other.Path }))
            Assert.Empty((await _master.RegistrationAsync(2)).Tasks!);
        Assert.True(IsAlive(pid));

        await AssertAdoptedAsync(id, pid);
    }

    [Fact]
    public async Task An_agent_that_has_lost_all_of_its_directory_is_the_same_and_has_its_tasks()
    {
        var (id, pid) = await LaunchAsync("exec sleep 1000");
        await StopAsync();
        foreach (var path in Directory.GetFileSystemEntries(_directory.Path))
        {
            if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
            else File.Delete(path);
        }

        var registration = await AssertAdoptedAsync(id, pid);
        Assert.Equal(_master.NextAgentId, registration.AgentInfo.Id?.Value);
    }

    [Theory]
    [InlineData("agent.json")]
    [InlineData("agent.json.copy")]
    public async Task An_agent_is_the_same_when_one_record_of_it_is_damaged(string file)
    {
        await StartAsync();
        // The master has seen it, and it has learned its id.
        var copy = Path.Combine(_directory.Path, "agent.json.copy");
        await Wait.ForAsync(() => File.ReadAllText(copy)
            .Contains(_master.NextAgentId, StringComparison.Ordinal), "the agent's id");
        await StopAsync();
        await File.WriteAllTextAsync(Path.Combine(_directory.Path, file), "{\"home\":");

        Assert.Equal(_master.NextAgentId, (await StartAsync()).AgentInfo.Id?.Value);
    }

    [Fact]
    public async Task A_pid_that_is_anothers_by_now_is_no_evidence()
    {
        foreach (var lost in new[] { false, true })
        {
            var (id, _) = await LaunchAsync("exec sleep 1000");
            await StopAsync();
            await TaskProcesses.VanishAsync(id);
            using var stranger = Process.Start("sleep", "1000");
            try
            {
                // The same pid and another start; of a record that is lost even the same start, which no boot can vouch for.
                var note = Directory.GetFiles(_directory.Path, "supervisor", SearchOption.AllDirectories).Single();
                var stat = (await File.ReadAllTextAsync($"/proc/{stranger.Id}/stat")).Trim().Split(' ');
                if (!lost) stat[21] = "1";
                await File.WriteAllTextAsync(note, string.Join(' ', stat) + "\n");
                if (lost) File.Delete(Directory.GetFiles(_directory.Path, "task.json", SearchOption.AllDirectories).Single());

                await StartAsync();
                await Wait.ForAsync(() => _master.States(id) is [.., var last] && last.IsTerminal(), "the end");
                await Wait.ForAsync(() => _agent!.Service.Tasks.Count == 0, "the acknowledgement");
                Assert.False(stranger.HasExited);
                await StopAsync();
            }
            finally
            {
                stranger.Kill();
            }
        }
    }

    [Fact]
    public async Task Tasks_of_version_0_1_0_are_found_by_their_records()
    {
        await StartAsync();
        await StopAsync();
        var id = Track(Make.Id());
        var record = new TaskRecord
        {
            Framework = _master.Framework,
            Task = Make.Shell(id, "exec sleep 1000"),
            ContainerId = Guid.NewGuid().ToString(),
            Containerizer = "process",
            AgentId = new AgentId(_master.NextAgentId),
            Accepted = DateTimeOffset.UtcNow,
            BootId = ProcessTable.BootId(),
        };
        var meta = Directory.CreateDirectory(Path.Combine(_directory.Path, "tasks", record.ContainerId)).FullName;
        var sandbox = Directory.CreateDirectory(Path.Combine(
            _directory.Path, "slaves", _master.NextAgentId, "frameworks", "framework-1", "executors", id, "runs",
                record.ContainerId)).FullName;
        await File.WriteAllBytesAsync(Path.Combine(meta, "task.json"),
            JsonSerializer.SerializeToUtf8Bytes(record, CheckpointJson.Default.TaskRecord));
        var running = new UpdateLine(
            new TaskStatusInfo { TaskId = record.TaskId, State = TaskState.Running, Uuid = Guid.NewGuid().ToByteArray() });
        await File.WriteAllTextAsync(Path.Combine(meta, "updates"),
            JsonSerializer.Serialize(running, CheckpointJson.Default.UpdateLine) + "\n");
        var files = new TaskSupervisorFiles(meta);
        files.Begin();
        var environment = new Dictionary<string, string> { ["MESOS_CONTAINER_ID"] = record.ContainerId };
        TaskSupervisor.Start(files, sandbox, [], ["sleep", "1000"], environment);
        var pid = await TaskProcesses.SingleAsync(id);

        var registration = await StartAsync();
        var task = Assert.Single(registration.Tasks!);
        Assert.Equal((TaskState.Running, 2), (task.Status.State, task.Task.Resources.Count));
        await StopAsync();

        // Nobody knows what it uses when that record is damaged: it is ended, and told when it is dead.
        await File.WriteAllTextAsync(Path.Combine(meta, "task.json"), "{\"fram");
        Assert.Single((await StartAsync()).Tasks!);
        await Wait.ForAsync(() => _master.States(id) is [.., var last] && last.IsTerminal(), "the end");
        Assert.False(IsAlive(pid));
        Assert.Contains("its record was lost", _master.Updates(id)[^1].Message);
    }

    [Fact]
    public async Task A_task_that_was_found_keeps_its_user_checks_and_environment()
    {
        var task = Make.Shell("", "exec sleep 1000") with
        {
            Command = new CommandInfo { Value = "exec sleep 1000", Environment = Make.Environment(("GREETING", "hello")) },
            HealthCheck = new HealthCheck
            {
                Type = CheckType.Command,
                Command = new CommandInfo { Value = "test \"$GREETING\" = hello && test -z \"$MESOS_TASK_RECORD\"" },
                DelaySeconds = 0,
                IntervalSeconds = 0.1,
                ConsecutiveFailures = 1,
            },
        };
        var (id, pid) = await LaunchAsync("", task: task);
        await StopAsync();
        Lose();

        await StartAsync();
        await _master.UpdateAsync(id, TaskState.Running,
            update => update.Healthy == true && update.Reason == StatusReason.TaskHealthCheckStatusUpdated);
        Assert.True(IsAlive(pid));
    }

    [Fact]
    public async Task A_found_task_that_ends_tells_its_exit_code()
    {
        var (id, _) = await LaunchAsync("sleep 1000 & echo $! >sleeper; wait; exit 42");
        await StopAsync();
        Lose();
        await StartAsync();
        await Wait.ForAsync(() => _agent!.Service.Tasks.Single().State == TaskState.Running, "the task");

        var sleeper = Directory.GetFiles(_directory.Path, "sleeper", SearchOption.AllDirectories)[0];
        _ = Native.Kill(int.Parse(await File.ReadAllTextAsync(sleeper), System.Globalization.CultureInfo.InvariantCulture),
            Native.SigKill);

        Assert.StartsWith("exit code 42", (await _master.UpdateAsync(id, TaskState.Failed)).Message);
    }

    private async Task<(string Id, int Pid)> LaunchAsync(string line, Func<AgentOptions, AgentOptions>? change = null,
        TaskInfo? task = null)
    {
        var id = Track(Make.Id());
        await StartAsync(change);
        _master.Launch((task ?? Make.Shell(id, line)) with { Name = id, TaskId = new TaskId(id) });
        await _master.UpdateAsync(id, TaskState.Running);
        await Wait.ForAsync(() => TaskProcesses.Of(id).Any(pid => ProcessTable.CommandLine(pid)[0] == "sleep"),
            "the task's process");
        return (id, TaskProcesses.Of(id).First(pid => ProcessTable.CommandLine(pid)[0] == "sleep"));
    }

    private async Task<RegisterCall> AssertAdoptedAsync(string id, int pid, Func<AgentOptions, AgentOptions>? change = null)
    {
        var registration = await StartAsync(change);
        var task = Assert.Single(registration.Tasks!);
        Assert.Equal((id, TaskState.Running), (task.Task.TaskId.Value, task.Status.State));
        Assert.Equal([("cpus", 0.1), ("mem", 64.0)],
            task.Task.Resources.Select(resource => (resource.Name, resource.Scalar!.Value)));
        Assert.Equal([_master.Framework.Id], registration.Frameworks!.Select(framework => framework.Id));
        Assert.True(IsAlive(pid));
        _master.Kill(id);
        await _master.UpdateAsync(id, TaskState.Killed);
        Assert.False(IsAlive(pid));
        return registration;
    }

    private async Task<RegisterCall> StartAsync(Func<AgentOptions, AgentOptions>? change = null)
    {
        var registrations = _master.Calls(AgentCallType.Register).Count;
        var options = TestAgent.Options(_master, _directory);
        _agent = await TestAgent.StartAsync(change?.Invoke(options) ?? options);
        return await _master.RegistrationAsync(registrations + 1);
    }

    private async Task StopAsync()
    {
        if (_agent is null) return;
        // What is told is not told again, whatever happens to the log.
        await Wait.ForAsync(() => _agent.Service.PendingUpdates == 0, "the acknowledgements");
        await _agent.DisposeAsync();
        _agent = null;
    }

    /// <summary>All that is written of the tasks is gone.</summary>
    private void Lose() => Directory.Delete(Path.Combine(_directory.Path, "tasks"), recursive: true);

    private static async Task KillSupervisorAsync(string task)
    {
        foreach (var process in Supervisors()) _ = Native.Kill(process.Identity.Pid, Native.SigKill);

        // Killed is not yet gone, and its environment names the task until it is.
        await Wait.ForAsync(() => Supervisors().Count == 0, $"the end of the supervisor of {task}");

        List<ProcessStat> Supervisors() =>
        [
            .. ProcessTable.All().Where(process => process.Alive && TaskSupervisor.Is(process)
                && Variables(process).Contains(task, StringComparison.Ordinal)),
        ];

        static string Variables(ProcessStat process) =>
            System.Text.Encoding.UTF8.GetString(ProcessTable.Environment(process.Identity.Pid));
    }

    private string Track(string id)
    {
        _tasks.Add(id);
        return id;
    }

    private static bool IsAlive(int pid) => ProcessTable.Find(pid) is { Alive: true };
}
