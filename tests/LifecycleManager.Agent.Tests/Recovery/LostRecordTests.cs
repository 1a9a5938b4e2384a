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
        Assert.Equal([("cpus", 0.1), ("mem", 64.0)],
            task.Task.Resources.Select(resource => (resource.Name, resource.Scalar!.Value)));
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
            await Wait.ForAsync(() => _master.States(id) is [.., TaskState.Running or TaskState.Failed],
                "the launch or its failure");
            var state = _master.States(id)[^1];
            var pid = state == TaskState.Running ? await TaskProcesses.SingleAsync(id) : 0;
            if (state != TaskState.Running)
            {
                Assert.Empty(TaskProcesses.Of(id));

                // An end that is told is kept until the master has acknowledged it; an agent killed before that tells it again.
                await Wait.ForAsync(() => Directory.GetDirectories(Path.Combine(disk.Path, "tasks")).Length == 0,
                    "the end of what the launch left");
            }

            disk.Free();
            _agent!.Kill();

            var registration = await StartAsync(disk.Path);

            Assert.Equal(state == TaskState.Running ? [id] : [], registration.Tasks!.Select(task => task.Task.TaskId.Value));
            if (state == TaskState.Running) Assert.Equal(pid, await TaskProcesses.SingleAsync(id));
            else Assert.Empty(Directory.GetDirectories(Path.Combine(disk.Path, "tasks")));
        }
        finally
        {
            _agent?.Dispose();
            _agent = null;
            await EndAsync(disk.Path);
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task However_a_disk_fills_and_the_agent_dies_what_runs_is_known_and_what_is_told_as_ended_has_ended(int seed)
    {
        var random = new Random(seed);
        using var disk = SmallDisk.Mount(kilobytes: 2048);
        using var journal = new TemporaryDirectory();
        var ids = new List<string>();
        try
        {
            await StartAsync(disk.Path);
            for (var i = 0; i < 16; i++)
            {
                ids.Add(Make.Id($"t{i}"));
                _master.Launch(Make.Shell(ids[^1], $"echo ran >>{journal.Path}/{ids[^1]}; exec sleep 1000"));
                await Task.Delay(random.Next(20), TestContext.Current.CancellationToken);
                if (random.Next(2) == 0) disk.Fill(pagesLeft: random.Next(20));
                await Task.Delay(random.Next(20), TestContext.Current.CancellationToken);
                if (random.Next(4) == 0) _master.Kill(ids[random.Next(ids.Count)]);
                if (random.Next(3) == 0) disk.Free();
                // Also while the disk is full.
                if (random.Next(4) == 0) await StartAsync(disk.Path);
            }

            disk.Free();
            var registration = await StartAsync(disk.Path);
            var known = registration.Tasks!.Select(task => task.Task.TaskId.Value).ToList();
            Assert.Equal(known.Distinct(), known);
            foreach (var id in ids)
            {
                bool IsTold() => _master.States(id) is [.., var last] && (last == TaskState.Running || last.IsTerminal());
                if (known.Contains(id)) await Wait.ForAsync(IsTold, id);

                // A task that is told as running may be about to end: its end is told after that, and only once it has ended.
                await Wait.ForAsync(() =>
                {
                    var ended = !known.Contains(id) || _master.States(id)[^1].IsTerminal();
                    if (ended) Assert.Empty(TaskProcesses.Of(id));
                    return ended || TaskProcesses.IsSingle(id);
                }, $"the end of {id}, or its one process");
                var starts = Path.Combine(journal.Path, id);
                if (File.Exists(starts)) Assert.Equal("ran\n", await File.ReadAllTextAsync(starts));
            }
        }
        finally
        {
            _agent?.Dispose();
            _agent = null;
            await EndAsync(disk.Path);
            foreach (var id in ids) TaskProcesses.End(id);
        }
    }

    [Fact]
    public async Task A_task_whose_end_does_not_fit_on_the_disk_ends_once_and_tells_its_exit_code()
    {
        using var disk = SmallDisk.Mount(kilobytes: 2048);
        var (id, go) = (Make.Id(), Path.Combine(_directory.Path, "go"));
        try
        {
            await StartAsync(disk.Path);
            _master.Launch(Make.Shell(id, $"while ! test -e {go}; do sleep 0.02; done; exit 42"));
            await _master.UpdateAsync(id, TaskState.Running);
            _agent!.Kill();
            disk.Fill();
            await File.WriteAllTextAsync(go, "");
            await Wait.ForAsync(() => Directory.GetFiles(disk.Path, "exit", SearchOption.AllDirectories).Length == 1, "the end");
            await Wait.ForAsync(() => TaskProcesses.Of(id).Count == 0, "the last process");

            await StartAsync(disk.Path);

            Assert.StartsWith("exit code 42", (await _master.UpdateAsync(id, TaskState.Failed)).Message);
        }
        finally
        {
            _agent?.Dispose();
            _agent = null;
            disk.Free();
            await EndAsync(disk.Path);
        }
    }

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(1, 3)];

    private async Task<int> LaunchAsync(string id, string directory)
    {
        await StartAsync(directory);
        _master.Launch(Make.Shell(id, "exec sleep 1000"));
        await _master.UpdateAsync(id, TaskState.Running);
        return await TaskProcesses.SingleAsync(id);
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
        await Wait.ForAsync(() => last.Service.Tasks.All(run => run.State != TaskState.Staging), "recovery");
    }

    private string[] Records() => Directory.GetFiles(_directory.Path, "task.json", SearchOption.AllDirectories);
}
