using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Tests.Masters;

/// <summary>The master gives the agent up, and it returns as a new one.</summary>
public sealed class RemovalTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private FakeMaster _master = null!;

    public async ValueTask InitializeAsync() => _master = await FakeMaster.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _master.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task Its_tasks_end_and_it_works_as_a_fresh_one()
    {
        await using var agent = await TestAgent.StartAsync(Options);
        var old = await RunAsync(agent);
        var untold = Make.Id("untold");
        _master.Acknowledges = false;
        _master.Kill(untold);
        await _master.UpdateAsync(untold, TaskState.Dropped);
        _master.Acknowledges = true;

        GiveUp("second");

        var registration = await _master.RegistrationAsync(2);
        Assert.Null(registration.AgentInfo.Id);
        Assert.Empty(registration.Tasks!);
        await RegisteredAsync(agent, "second");
        Assert.Contains(agent.Service.Completed, task => task.TaskId.Value == old && task.Status.State == TaskState.Killed);
        // Of the old agent nothing is told any more.
        Assert.Equal(0, agent.Service.PendingUpdates);
        await RunAsync(agent);
    }

    [Fact]
    public async Task More_than_once_in_a_row_and_again_later()
    {
        await using var agent = await TestAgent.StartAsync(Options);
        await RunAsync(agent);
        for (var i = 0; i < 3; i++) GiveUp("second");
        await RegisteredAsync(agent, "second");
        await RunAsync(agent);

        GiveUp("third");

        await RegisteredAsync(agent, "third");
        await RunAsync(agent);
        Assert.True(agent.Health.Verdict().IsUp, agent.Health.Verdict().Detail);
    }

    [Fact]
    public async Task Even_where_the_stream_ends_with_the_word()
    {
        await using var agent = await TestAgent.StartAsync(Options);
        for (var round = 0; round < 5; round++)
        {
            await RunAsync(agent);
            GiveUp($"agent-{round}");
            _master.Hangup();
            await RegisteredAsync(agent, $"agent-{round}");
        }

        Assert.DoesNotContain(_master.Calls(AgentCallType.Register).Skip(1), call => call.Register!.AgentInfo.Id is not null);
    }

    [Fact]
    public async Task What_is_launched_on_the_one_that_was_given_up_never_runs()
    {
        await using var agent = await TestAgent.StartAsync(Options);
        await RunAsync(agent);
        var late = Make.Id("late");

        GiveUp("second");
        _master.Launch(Make.Shell(late, "sleep 1000"));

        Assert.Empty((await _master.RegistrationAsync(2)).Tasks!);
        await RegisteredAsync(agent, "second");
        Assert.DoesNotContain(agent.Service.Tasks, run => run.Record.TaskId.Value == late);
    }

    [Fact]
    public async Task Tasks_that_do_not_end_are_told_by_the_new_one()
    {
        var time = new JumpingTime();
        await using var agent = await TestAgent.StartAsync(Options with { StopTasksOnExit = true }, time: time);
        await _master.RegistrationAsync();
        var stubborn = Make.Id("stubborn");
        _master.Launch(Make.Shell(stubborn, "trap '' TERM; while :; do sleep 0.1; done") with
        {
            KillPolicy = new KillPolicy { GracePeriod = DurationInfo.From(TimeSpan.FromDays(1)) },
        });
        await _master.UpdateAsync(stubborn, TaskState.Running);

        GiveUp("second");
        await Wait.ForAsync(() => agent.Service.Tasks.Single().State == TaskState.Killing, "the kill");
        Assert.Single(_master.Calls(AgentCallType.Register));
        time.Add(TimeSpan.FromDays(2));

        // Whichever comes first, the end of the grace period or the agent's patience: it returns, and hides nothing that runs.
        await RegisteredAsync(agent, "second");
        var told = (await _master.RegistrationAsync(2)).Tasks!;
        Assert.All(told, task => Assert.Equal(stubborn, task.Task.TaskId.Value));
        await Wait.ForAsync(() => agent.Service.Tasks.Count == 0, "the end of the task");
        await RunAsync(agent);
    }

    [Fact]
    public async Task An_agent_that_is_stopped_meanwhile_returns_as_a_new_one()
    {
        var stubborn = Make.Id("stubborn");
        await using (var agent = await TestAgent.StartAsync(Options))
        {
            await _master.RegistrationAsync();
            _master.Launch(Make.Shell(stubborn, "trap '' TERM; while :; do sleep 0.1; done") with
            {
                KillPolicy = new KillPolicy { GracePeriod = DurationInfo.From(TimeSpan.FromSeconds(3)) },
            });
            await _master.UpdateAsync(stubborn, TaskState.Running);
            GiveUp("second");
            await Wait.ForAsync(() => agent.Service.Tasks.Single().State == TaskState.Killing, "the kill");
        }

        await using var next = await TestAgent.StartAsync(Options);
        Assert.Null((await _master.RegistrationAsync(2)).AgentInfo.Id);
        await RegisteredAsync(next, "second");
        await Wait.ForAsync(() => next.Service.Tasks.Count == 0, "the end of the task");
        await RunAsync(next);
    }

    private AgentOptions Options => TestAgent.Options(_master, _directory) with { KillGracePeriod = TimeSpan.Zero };

    private void GiveUp(string nextId)
    {
        _master.NextAgentId = nextId;
        _master.Send(new AgentEvent { Type = AgentEventType.Shutdown, Reason = "gone" });
    }

    private static Task RegisteredAsync(TestAgent agent, string id) =>
        Wait.ForAsync(() => agent.Service.Info.Id?.Value == id && agent.Service.Master is not null, $"the registration as {id}");

    private async Task<string> RunAsync(TestAgent agent)
    {
        await Wait.ForAsync(() => agent.Service.Master is not null, "the registration");
        var id = Make.Id();
        _master.Launch(Make.Shell(id, "sleep 1000"));
        await _master.UpdateAsync(id, TaskState.Running);
        return id;
    }
}
