using System.Net;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Runtime.Loops;
using LifecycleManager.Testing;

namespace LifecycleManager.Agent.Tests.Health;

/// <summary>A loop that dies ends the agent, and nothing that runs.</summary>
public sealed class LoopDeathTests : IAsyncLifetime
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
    public async Task Each_loop_that_dies_is_told_and_the_next_agent_goes_on_with_the_tasks()
    {
        var names = new List<string>();
        await using (await TestAgent.StartAsync(Options, Named)) Assert.Equal(8, names.Count);
        var id = Make.Id();
        var registrations = _master.Calls(Protocol.Agents.AgentCallType.Register).Count;
        int? pid = null;
        foreach (var name in names)
        {
            var fault = new TaskCompletionSource();
            await using var agent = await TestAgent.StartAsync(Options, loop => loop.Name == name ? Killed(loop, fault.Task)
                : loop);
            await Wait.ForAsync(() => agent.Service.Master is not null, "the registration");
            Assert.Equal(HttpStatusCode.OK, (await agent.Http.GetAsync("/health")).StatusCode);
            if (pid is null)
            {
                _master.Launch(Make.Shell(id, "exec sleep 1000"));
                await _master.UpdateAsync(id, TaskState.Running);
                pid = await TaskProcesses.SingleAsync(id);
            }

            Assert.Equal(TaskState.Running, agent.Service.Tasks.Single().State);
            fault.SetException(new InvalidDataException("a defect"));

            var cause = await agent.Failure.Failed.WaitAsync(TimeSpan.FromSeconds(60));
            Assert.Equal($"{name} failed: a defect", cause.Message);
            await Eventually.TrueAsync(() => !agent.Health.Verdict().IsUp);
            var answer = await agent.Http.GetAsync("/health");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.Contains("a defect", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.OK, (await agent.Http.GetAsync("/ping")).StatusCode);
            Assert.Equal([pid.Value], TaskProcesses.Of(id));
        }

        await using var last = await TestAgent.StartAsync(Options with { StopTasksOnExit = true });
        await Wait.ForAsync(() => last.Service.Master is not null, "the registration");
        _master.Kill(id, TimeSpan.Zero);
        await _master.UpdateAsync(id, TaskState.Killed);
        Assert.Equal(1, _master.States(id).Count(state => state == TaskState.Running));
        Assert.True(_master.Calls(Protocol.Agents.AgentCallType.Register).Count > registrations);

        NamedLoop Named(NamedLoop loop)
        {
            names.Add(loop.Name);
            return loop;
        }
    }

    [Fact]
    public async Task Work_beside_the_loops_that_throws_is_a_failure_and_what_ends_or_is_cancelled_is_none()
    {
        using var stopping = new CancellationTokenSource();
        var work = new BackgroundWork(stopping.Token);
        var running = work.RunAsync(CancellationToken.None);
        work.Begin("done", _ => Task.CompletedTask);
        work.Begin("long", cancellation => Task.Delay(Timeout.Infinite, cancellation));
        var defect = new TaskCompletionSource();
        work.Begin("task t", _ => defect.Task);
        Assert.False(running.IsCompleted);

        defect.SetException(new InvalidDataException("a defect"));

        Assert.Equal("task t: a defect", (await Assert.ThrowsAsync<InvalidOperationException>(() => running)).Message);
        await stopping.CancelAsync();
        await work.EndedAsync();
    }

    private AgentOptions Options => TestAgent.Options(_master, _directory) with
    {
        Containerizers = ["docker", "process"],
        Docker = new Uri($"unix://{_directory.Path}/no.sock"),
        Oversubscribe = true,
    };

    private static NamedLoop Killed(NamedLoop loop, Task fault) =>
        loop with
        {
            Run = async (report, cancellation) =>
                await await Task.WhenAny(loop.Run(report, cancellation), fault.WaitAsync(cancellation)),
        };
}
