using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Tests.Recovery;

/// <summary>Real agent processes that are killed at the worst moments.</summary>
public sealed class KillNineTests(Busybox busybox) : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private FakeMaster _master = null!;
    private AgentProcess? _agent;
    private int _registrations;

    public async ValueTask InitializeAsync() => _master = await FakeMaster.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _agent?.Dispose();
        // An agent that ends what is left.
        await using (var last = await TestAgent.StartAsync(TestAgent.Options(_master, _directory) with
        {
            StopTasksOnExit = true,
            KillGracePeriod = TimeSpan.Zero,
            Containerizers = ["docker", "process"],
        }))
            await Wait.ForAsync(() => last.Service.Tasks.All(run => run.State != TaskState.Staging), "recovery");
        await _master.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task Processes_survive_and_are_found_and_their_ends_are_learnt()
    {
        var (lives, ends, fails) = (Make.Id("lives"), Make.Id("ends"), Make.Id("fails"));
        await StartAsync();
        _master.Launch(
            Make.Shell(lives, "echo began >>log; sleep 1000"),
            Make.Shell(ends, "echo began >>log; while ! test -e go; do sleep 0.05; done"),
            Make.Shell(fails, "echo began >>log; while ! test -e go; do sleep 0.05; done; exit 42"));
        foreach (var id in new[] { lives, ends, fails }) await _master.UpdateAsync(id, TaskState.Running);

        _agent!.Kill();
        // One ends while there is no agent.
        await File.WriteAllTextAsync(Path.Combine(Sandbox(fails), "go"), "");
        await Wait.ForAsync(() => Directory.GetFiles(_directory.Path, "exit", SearchOption.AllDirectories).Length == 1,
            "the end of the first task");
        var registration = await StartAsync();

        Assert.Equal(new AgentId(_master.NextAgentId), registration.AgentInfo.Id);
        Assert.Equal([ends, fails, lives], registration.Tasks!.Select(task => task.Task.TaskId.Value).Order());
        Assert.Equal([_master.Framework.Id], registration.Frameworks!.Select(framework => framework.Id));
        Assert.StartsWith("exit code 42", (await _master.UpdateAsync(fails, TaskState.Failed)).Message);
        await File.WriteAllTextAsync(Path.Combine(Sandbox(ends), "go"), "");
        await _master.UpdateAsync(ends, TaskState.Finished);
        _master.Kill(lives, TimeSpan.FromSeconds(5));
        Assert.Contains("SIGTERM", (await _master.UpdateAsync(lives, TaskState.Killed)).Message);
        foreach (var id in new[] { lives, ends, fails })
            Assert.Equal("began\n", await File.ReadAllTextAsync(Path.Combine(Sandbox(id), "log")));
    }

    [Fact]
    public async Task Updates_come_in_order_though_the_agent_dies_and_nobody_acknowledges()
    {
        var id = Make.Id();
        _master.Acknowledges = false;
        await StartAsync();
        _master.Launch(Make.Shell(id, "exit 3"));
        await _master.UpdateAsync(id, TaskState.Starting);
        await Wait.ForAsync(() => Directory.GetFiles(_directory.Path, "exit", SearchOption.AllDirectories).Length == 1,
            "the task's end");
        Assert.Equal([TaskState.Starting], _master.States(id));

        _agent!.Kill();
        await StartAsync();
        await Wait.ForAsync(() => _master.Calls(AgentCallType.Update).Count >= 3, "repetitions");
        Assert.Equal([TaskState.Starting], _master.States(id));
        _master.Acknowledges = true;

        await _master.UpdateAsync(id, TaskState.Failed);
        Assert.Equal([TaskState.Starting, TaskState.Running, TaskState.Failed], _master.States(id));
        await Wait.ForAsync(() => Directory.GetDirectories(Path.Combine(_directory.Path, "tasks")).Length == 0,
            "the task to be forgotten");
    }

    [Fact]
    public async Task A_kill_goes_on_after_a_crash()
    {
        var id = Make.Id();
        await StartAsync();
        _master.Launch(Make.Shell(id, "trap '' TERM; while :; do sleep 0.1; done"));
        await _master.UpdateAsync(id, TaskState.Running);
        _master.Kill(id, TimeSpan.FromSeconds(2));
        await _master.UpdateAsync(id, TaskState.Killing);

        _agent!.Kill();
        await StartAsync();

        await _master.UpdateAsync(id, TaskState.Killed);
    }

    [Fact]
    public async Task Whenever_the_agent_dies_no_task_is_lost_or_run_twice()
    {
        var random = new Random(20161);
        var ids = Enumerable.Range(0, 12).Select(i => Make.Id($"t{i}")).ToList();
        await StartAsync();
        foreach (var id in ids)
        {
            _master.Launch(Make.Shell(id, "echo ran >>log; exec sleep 1000"));
            await Task.Delay(random.Next(40), TestContext.Current.CancellationToken);
            if (random.Next(3) != 0) continue;
            _agent!.Kill();
            await StartAsync();
        }

        _agent!.Kill();
        var registration = await StartAsync();
        // What reached the agent's disk is there and runs; the rest never began.
        var known = registration.Tasks!.Select(task => task.Task.TaskId.Value).ToHashSet();
        foreach (var id in known) await _master.UpdateAsync(id, TaskState.Running);
        foreach (var id in ids)
        {
            // A file is there a moment before what is written to it.
            if (known.Contains(id))
                await Wait.ForAsync(() => new FileInfo(Path.Combine(Sandbox(id), "log")) is { Exists: true, Length: > 0 },
                    "the task to write");
            var logs = Directory.GetFiles(_directory.Path, "log", SearchOption.AllDirectories)
                .Where(path => path.Contains(id, StringComparison.Ordinal)).ToList();
            Assert.Equal(known.Contains(id), logs.Count > 0);
            foreach (var log in logs) Assert.Equal("ran\n", await File.ReadAllTextAsync(log));
        }
    }

    [Fact]
    public async Task Containers_survive_and_are_found_whatever_step_was_cut_off()
    {
        await busybox.DockerAsync();
        var random = new Random(7);
        var ids = Enumerable.Range(0, 5).Select(i => Make.Id($"c{i}")).ToList();
        await StartAsync(docker: true);
        foreach (var id in ids)
        {
            _master.Launch(Make.Container(id, busybox.Image, "i=0; while true; do echo line $i; i=$((i+1)); sleep 0.05; done"));
            await Wait.ForAsync(() => Directory.GetFiles(_directory.Path, "task.json", SearchOption.AllDirectories)
                .Any(path => File.ReadAllText(path).Contains(id, StringComparison.Ordinal)), "the task to be written down");
            await Task.Delay(random.Next(400), TestContext.Current.CancellationToken);
            _agent!.Kill();
            await StartAsync(docker: true);
        }

        foreach (var id in ids)
        {
            await _master.UpdateAsync(id, TaskState.Running);
            Assert.Single(await busybox.ContainersAsync(id));
        }

        // No line of output is lost or doubled.
        var sample = ids[0];
        _master.Kill(sample, TimeSpan.FromMilliseconds(100));
        await _master.UpdateAsync(sample, TaskState.Killed);
        var lines = await File.ReadAllLinesAsync(Path.Combine(Sandbox(sample), "stdout"));
        Assert.NotEmpty(lines);
        Assert.Equal(Enumerable.Range(0, lines.Length).Select(i => $"line {i}"), lines);
    }

    private async Task<RegisterCall> StartAsync(bool docker = false)
    {
        _agent?.Dispose();
        _registrations = _master.Calls(AgentCallType.Register).Count;
        _agent = AgentProcess.Start(_master, _directory.Path, docker);
        return await _master.RegistrationAsync(_registrations + 1);
    }

    private string Sandbox(string task)
    {
        var runs = Directory.GetDirectories(_directory.Path, task, SearchOption.AllDirectories).Single();
        return Directory.GetDirectories(Path.Combine(runs, "runs")).Single(run => Path.GetFileName(run) != "latest");
    }
}
