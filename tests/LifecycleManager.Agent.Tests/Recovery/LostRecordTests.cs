using System.Diagnostics;
using LifecycleManager.Agent.Containerizers.Processes;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Tests.Recovery;

/// <summary>Tasks that run while the record of them is lost: agents that are killed, and find them all the same.</summary>
public sealed class LostRecordTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private FakeMaster _master = null!;
    private AgentProcess? _agent;

    public async ValueTask InitializeAsync() => _master = await FakeMaster.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _agent?.Dispose();
        await EndAsync(_directory.Path);
        await _master.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task A_task_whose_record_is_cut_runs_on_counts_and_ends_when_asked()
    {
        var id = Make.Id();
        var pid = await LaunchAsync(id, _directory.Path);
        _agent!.Kill();
        using (var record = File.OpenWrite(Records().Single())) record.SetLength(20);

        var registration = await StartAsync(_directory.Path);

        var task = Assert.Single(registration.Tasks!);
        Assert.Equal((id, TaskState.Running), (task.Task.TaskId.Value, task.Status.State));
        Assert.Equal([("cpus", 0.1), ("mem", 64.0)], task.Task.Resources.Select(resource => (resource.Name, resource.Scalar!.Value)));
        Assert.Equal(_master.NextAgentId, registration.AgentInfo.Id?.Value);
        Assert.True(ProcessTable.Find(pid) is { Alive: true });
        _master.Kill(id);
        Assert.Contains("SIGTERM", (await _master.UpdateAsync(id, TaskState.Killed)).Message);
        Assert.False(ProcessTable.Find(pid) is { Alive: true });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(6)]
    [InlineData(9)]
    [InlineData(14)]
    public async Task A_disk_that_fills_while_a_task_starts_leaves_no_process_or_one_that_is_found(int pagesLeft)
    {
        using var disk = SmallDisk.Mount(kilobytes: 2048);
        var id = Make.Id();
        try
        {
            await StartAsync(disk.Path);
            disk.Fill(pagesLeft);
            _master.Launch(Make.Shell(id, "exec sleep 1000"));
            await Wait.ForAsync(() => _master.States(id) is [.., TaskState.Running or TaskState.Failed], "the launch or its failure");
            var state = _master.States(id)[^1];
            var before = await SettledAsync(id, state == TaskState.Running ? 1 : 0);
            disk.Free();
            _agent!.Kill();

            var registration = await StartAsync(disk.Path);

            Assert.Equal(state == TaskState.Running ? [id] : [], registration.Tasks!.Select(task => task.Task.TaskId.Value));
            Assert.Equal(before, Processes(id));
            if (state != TaskState.Running) Assert.Empty(Directory.GetDirectories(Path.Combine(disk.Path, "tasks")));
        }
        finally
        {
            _agent?.Dispose();
            _agent = null;
            await EndAsync(disk.Path);
        }
    }

    private async Task<int> LaunchAsync(string id, string directory)
    {
        await StartAsync(directory);
        _master.Launch(Make.Shell(id, "exec sleep 1000"));
        await _master.UpdateAsync(id, TaskState.Running);
        return (await SettledAsync(id, 1)).Single();
    }

    private static async Task<List<int>> SettledAsync(string id, int count)
    {
        // Between the supervisor's start and the task's own there is a moment without it.
        await Wait.ForAsync(() => Processes(id).Count >= count, "the process");
        Assert.Equal(count, Processes(id).Count);
        return Processes(id);
    }

    private async Task<RegisterCall> StartAsync(string directory)
    {
        _agent?.Dispose();
        var registrations = _master.Calls(AgentCallType.Register).Count;
        _agent = AgentProcess.Start(_master, directory);
        return await _master.RegistrationAsync(registrations + 1);
    }

    /// <summary>An agent that ends what is left.</summary>
    private async Task EndAsync(string directory)
    {
        await using var last = await TestAgent.StartAsync(TestAgent.Options(_master, _directory) with
        {
            WorkDirectory = directory,
            StopTasksOnExit = true,
            KillGracePeriod = TimeSpan.Zero,
        });
        await Wait.ForAsync(() => last.Loop.Tasks.All(run => run.State != TaskState.Staging), "recovery");
    }

    private string[] Records() => Directory.GetFiles(_directory.Path, "task.json", SearchOption.AllDirectories);

    /// <summary>The task's own processes, without its supervisor, as the kernel shows them.</summary>
    private static List<int> Processes(string task) =>
        [.. Process.GetProcessesByName("sleep").Select(process => process.Id).Where(pid => Environment(pid).Contains($"MESOS_TASK_ID={task}", StringComparison.Ordinal))];

    private static string Environment(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/environ");
        }
        catch (IOException)
        {
            return "";
        }
    }
}
