using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Tests.Recovery;

/// <summary>Whatever of an agent's records is damaged, in whatever way: no task is lost, run twice or ended for it.</summary>
public sealed class DamagedRecordTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private readonly TemporaryDirectory _journal = new();
    private readonly string _runs = Make.Id("runs"), _ends = Make.Id("ends"), _deaf = Make.Id("deaf");
    private FakeMaster _master = null!;

    public async ValueTask InitializeAsync() => _master = await FakeMaster.StartAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var id in new[] { _runs, _ends, _deaf }) TaskProcesses.End(id);
        await _master.DisposeAsync();
        _directory.Dispose();
        _journal.Dispose();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public Task Each_kind_of_record_may_be_damaged_alone(string kind, int seed) =>
        DamageAsync(new Random(seed), (path, _) => Path.GetFileName(path) == kind);

    [Theory]
    [MemberData(nameof(Seeds))]
    public Task All_kinds_of_records_may_be_damaged_at_once(int seed) =>
        DamageAsync(new Random(seed), (_, random) => random.Next(2) == 0);

    public static MatrixTheoryData<string, int> Kinds() => new(
        ["task.json", "updates", "attempt", "claim.0", "supervisor", "ending", "exit", "supervisor.log", "kill.json",
            "agent.json", "agent.json.copy"],
        [1, 2]);

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(1, 12)];

    private async Task DamageAsync(Random random, Func<string, Random, bool> choose)
    {
        var done = new List<string>();
        await using (var agent = await StartAsync())
        {
            await _master.RegistrationAsync();
            _master.Launch(Shell(_runs, "exec sleep 1000"),
                Shell(_ends, $"while ! test -e {_journal.Path}/go; do sleep 0.02; done; exit 7"),
                Shell(_deaf, "trap '' TERM; while :; do sleep 0.05; done"));
            foreach (var id in new[] { _runs, _ends, _deaf })
            {
                await _master.UpdateAsync(id, TaskState.Running);
                await Wait.ForAsync(() => Starts(id) == 1, "the task's start");
            }

            // It is on its way out for an hour.
            _master.Kill(_deaf, TimeSpan.FromHours(1));
            await _master.UpdateAsync(_deaf, TaskState.Killing);
            await Wait.ForAsync(() => agent.Service.PendingUpdates == 0, "the acknowledgements");
        }

        await File.WriteAllTextAsync(Path.Combine(_journal.Path, "go"), "");
        await Wait.ForAsync(() =>
            Directory.GetFiles(Path.Combine(_directory.Path, "tasks"), "exit", SearchOption.AllDirectories).Length == 1,
            "an end");
        await Wait.ForAsync(() => TaskProcesses.Of(_ends).Count == 0, "its last process");
        var pid = await TaskProcesses.SingleAsync(_runs);

        foreach (var file in Directory.GetFiles(_directory.Path, "agent.json*").Concat(
                     Directory.GetFiles(Path.Combine(_directory.Path, "tasks"), "*", SearchOption.AllDirectories)).Order())
        {
            if (choose(file, random)) done.Add(Damage.Do(file, random));
        }

        await using (var agent = await StartAsync())
        {
            var registration = await _master.RegistrationAsync(2);
            var what = string.Join('\n', done) + "\n" + string.Join('\n', agent.Log.Lines);
            Assert.True(registration.AgentInfo.Id?.Value == _master.NextAgentId, what);
            var tasks = registration.Tasks!.ToDictionary(task => task.Task.TaskId.Value);
            Assert.True(tasks.ContainsKey(_runs) && tasks[_runs].Status.State == TaskState.Running, what);
            Assert.True(tasks.ContainsKey(_deaf) || TaskProcesses.Of(_deaf).Count == 0, what);
            Assert.Equal([0.1, 64.0], tasks[_runs].Task.Resources.Select(resource => resource.Scalar!.Value));
            Assert.Equal(pid, await TaskProcesses.SingleAsync(_runs));

            // What has ended is told, as far as anybody knows how, or is known to nobody.
            await Wait.ForAsync(() => !tasks.ContainsKey(_ends) || _master.States(_ends)[^1].IsTerminal(),
                $"the end of {_ends}; {what}");
            foreach (var id in new[] { _runs, _deaf })
            {
                if (!tasks.ContainsKey(id)) continue;
                _master.Kill(id, TimeSpan.Zero);
                await Wait.ForAsync(() => _master.States(id)[^1].IsTerminal(), $"the end of {id}; {what}");
            }

            Assert.Equal(TaskState.Killed, _master.States(_runs)[^1]);
            foreach (var id in new[] { _runs, _ends, _deaf })
            {
                Assert.Empty(TaskProcesses.Of(id));
                Assert.Equal(1, Starts(id));
            }

            await Wait.ForAsync(() => agent.Service.Tasks.Count == 0, $"all to be forgotten; {what}");
        }

        Assert.Empty(Directory.GetDirectories(Path.Combine(_directory.Path, "tasks")));
    }

    private Task<TestAgent> StartAsync() =>
        TestAgent.StartAsync(TestAgent.Options(_master, _directory) with { KillGracePeriod = TimeSpan.FromHours(1) });

    private TaskInfo Shell(string id, string line) => Make.Shell(id, $"echo ran >>{_journal.Path}/{id}; {line}");

    private int Starts(string id) =>
        File.Exists(Path.Combine(_journal.Path, id)) ? File.ReadAllLines(Path.Combine(_journal.Path, id)).Length : 0;
}
