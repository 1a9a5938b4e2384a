using System.Net.Sockets;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Testing;

namespace LifecycleManager.Agent.Tests.Masters;

public sealed class MasterConnectionTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task An_agent_keeps_its_id_for_ever()
    {
        await using var master = await FakeMaster.StartAsync();
        await using (var first = await TestAgent.StartAsync(TestAgent.Options(master, _directory)))
        {
            Assert.Null((await master.RegistrationAsync()).AgentInfo.Id);
            await Wait.ForAsync(() => first.Service.Master is not null, "the registration");
        }

        await using var again = await TestAgent.StartAsync(
            TestAgent.Options(master, _directory) with { Attributes = "rack:7", Region = "eu", Zone = "a" });
        var registration = await master.RegistrationAsync(2);

        Assert.Equal(master.NextAgentId, registration.AgentInfo.Id?.Value);
        Assert.Equal(2, registration.AgentInfo.Resources!.First(resource => resource.Name == "cpus").Scalar!.Value);
        Assert.Equal([new(8000, 9000), new(31000, 32000)],
            registration.AgentInfo.Resources!.First(resource => resource.Name == "ports").Ranges!.Range);
        Assert.Equal(["rack", "containerizers"], registration.AgentInfo.Attributes!.Select(attribute => attribute.Name));
        Assert.Equal(("eu", "a"), (registration.AgentInfo.Domain!.FaultDomain!.Region.Name,
            registration.AgentInfo.Domain.FaultDomain.Zone.Name));
        Assert.Equal(["process"], registration.Features);
    }

    [Fact]
    public async Task A_follower_sends_the_agent_to_the_leader_and_a_dead_master_is_passed_over()
    {
        await using var leader = await FakeMaster.StartAsync();
        await using var follower = await FakeMaster.StartAsync();
        follower.Leader = $"//127.0.0.1:{leader.Port}";
        var dead = new Uri($"http://127.0.0.1:{Server.FreePort()}");

        await using var agent =
            await TestAgent.StartAsync(TestAgent.Options(follower, _directory) with { Masters = [dead, follower.Address] });

        await leader.RegistrationAsync();
        await Wait.ForAsync(() => agent.Service.Master == leader.Address, "the leader to be known");
        Assert.Empty(follower.Calls(AgentCallType.Register));
    }

    [Fact]
    public async Task After_a_failover_the_new_master_learns_all_tasks_and_all_that_was_not_acknowledged()
    {
        await using var master = await FakeMaster.StartAsync();
        await using var agent = await TestAgent.StartAsync(TestAgent.Options(master, _directory) with { StopTasksOnExit = true });
        var (runs, ends) = (Make.Id("runs"), Make.Id("ends"));
        await master.RegistrationAsync();
        master.Launch(Make.Shell(runs, "sleep 1000"), Make.Shell(ends, "while ! test -e go; do sleep 0.05; done"));
        await master.UpdateAsync(runs, TaskState.Running);
        await master.UpdateAsync(ends, TaskState.Running);

        await master.StopAsync();
        var sandbox = agent.Service.Tasks.First(run => run.Record.TaskId.Value == ends).Sandbox;
        await File.WriteAllTextAsync(Path.Combine(sandbox, "go"), "");
        await Wait.ForAsync(() => agent.Service.Tasks.Any(run => run.State == TaskState.Finished),
            "the task to end without a master");
        Assert.Null(agent.Service.Master);
        Assert.Contains("\"state\":\"without a master; its tasks run on\"", await agent.Http.GetStringAsync("/health"),
            StringComparison.Ordinal);
        await master.ListenAsync();

        var registration = await master.RegistrationAsync(2);
        Assert.Equal(
            [(ends, TaskState.Finished), (runs, TaskState.Running)],
            registration.Tasks!.Select(task => (task.Task.TaskId.Value, task.Status.State))
                .OrderBy(task => task.Value, StringComparer.Ordinal));
        await master.UpdateAsync(ends, TaskState.Finished);
    }

    [Fact]
    public async Task What_a_slow_master_asks_for_does_not_wait_for_its_answers()
    {
        await using var master = await FakeMaster.StartAsync();
        await using var agent = await TestAgent.StartAsync(TestAgent.Options(master, _directory));
        await master.RegistrationAsync();
        var id = Make.Id();
        master.Launch(Make.Shell(id, "sleep 1000"));
        await master.UpdateAsync(id, TaskState.Running);

        // From now on no call of the agent's is answered: not what it repeats of a task that it knows, nor what it tells of
        // others.
        var answers = new TaskCompletionSource();
        master.HoldsUpdates = answers.Task;
        var calls = master.Calls(AgentCallType.Update).Count;
        for (var i = 0; i < 10; i++)
        {
            master.Launch(Make.Shell(id, "sleep 1000"));
            master.Kill(Make.Id("unknown"));
        }

        master.Kill(id, TimeSpan.Zero);
        await Wait.ForAsync(() => agent.Service.Tasks.All(run => run.State.IsTerminal()), "the end of the task");
        Assert.Equal(calls, master.Calls(AgentCallType.Update).Count);
        answers.SetResult();
        await master.UpdateAsync(id, TaskState.Killed);
    }

    [Fact]
    public async Task A_silent_master_is_left()
    {
        await using var master = await FakeMaster.StartAsync();
        master.PingSeconds = 0.1;
        await using var agent = await TestAgent.StartAsync(TestAgent.Options(master, _directory));

        await master.RegistrationAsync(3);

        master.PingSeconds = 15;
        await master.RegistrationAsync(master.Calls(AgentCallType.Register).Count + 1);
        await Wait.ForAsync(
            () =>
            {
                master.Send(new AgentEvent { Type = AgentEventType.Ping });
                return master.Calls(AgentCallType.Pong).Count > 0;
            },
            "a pong");
    }

    [Fact]
    public async Task What_a_stream_has_brought_is_in_the_registration_that_follows_its_end()
    {
        await using var master = await FakeMaster.StartAsync();
        await using var agent = await TestAgent.StartAsync(TestAgent.Options(master, _directory));
        await master.RegistrationAsync();
        for (var round = 1; round <= 5; round++)
        {
            var ids = Enumerable.Range(0, 10).Select(i => Make.Id($"round{round}-{i}")).ToArray();
            foreach (var id in ids) master.Launch(Make.Shell(id, "sleep 1000"));
            master.Hangup();
            var tasks = (await master.RegistrationAsync(round + 1)).Tasks!.Select(task => task.Task.TaskId.Value).ToHashSet();

            // What the end of the stream has cut off never came to be; what came is told, the newest too.
            var known = agent.Service.Tasks.Select(run => run.Record.TaskId.Value).ToHashSet();
            Assert.Equal(ids.Where(known.Contains), ids.Where(tasks.Contains));
            Assert.Equal(ids.TakeWhile(known.Contains), ids.Where(known.Contains));
            Assert.NotEmpty(known);
            await Wait.ForAsync(() => agent.Service.Master is not null, "the registration");
        }
    }

    [Fact]
    public async Task One_work_directory_has_one_agent()
    {
        await using var master = await FakeMaster.StartAsync();
        await using var agent = await TestAgent.StartAsync(TestAgent.Options(master, _directory));

        var refused = await Assert.ThrowsAsync<IOException>(() => TestAgent.StartAsync(TestAgent.Options(master, _directory)));

        Assert.Equal($"another agent runs in {_directory.Path}", refused.Message);
    }

    [Fact]
    public async Task Without_an_engine_docker_is_not_advertised_and_the_log_says_so_once()
    {
        // Somebody hangs up on each call.
        var path = $"{_directory.Path}/no.sock";
        using var deaf = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        deaf.Bind(new UnixDomainSocketEndPoint(path));
        deaf.Listen();
        await using var master = await FakeMaster.StartAsync();
        await using var agent = await TestAgent.StartAsync(TestAgent.Options(master, _directory) with
        {
            Containerizers = ["docker", "process"],
            Docker = new Uri($"unix://{path}"),
            DockerPing = TimeSpan.FromMilliseconds(100),
        });

        for (var look = 0; look < 5; look++) (await deaf.AcceptAsync(TestContext.Current.CancellationToken)).Dispose();
        var registration = await master.RegistrationAsync();

        Assert.Equal(["process"], registration.Features);
        Assert.Contains(registration.AgentInfo.Attributes!,
            attribute => attribute is { Name: "containerizers", Text.Value: "process" });
        Assert.Single(agent.Log.Lines, line => line.Contains("No Docker engine answers", StringComparison.Ordinal));
    }
}
