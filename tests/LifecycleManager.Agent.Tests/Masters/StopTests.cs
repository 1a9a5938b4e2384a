using LifecycleManager.Agent.Containerizers.Processes;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Tests.Masters;

public sealed class StopTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Tasks_end_with_the_agent_only_when_it_is_told_so(bool stop)
    {
        await using var master = await FakeMaster.StartAsync();
        var (polite, deaf) = (Make.Id("polite"), Make.Id("deaf"));
        int[] pids;
        await using (var agent = await TestAgent.StartAsync(TestAgent.Options(master, _directory) with
        {
            StopTasksOnExit = stop,
            StopTasksTimeout = TimeSpan.FromSeconds(1),
            KillGracePeriod = TimeSpan.FromHours(1),
        }))
        {
            await master.RegistrationAsync();
            master.Launch(Make.Shell(polite, "exec sleep 1000"), Make.Shell(deaf, "trap '' TERM; while :; do sleep 0.1; done"));
            foreach (var id in new[] { polite, deaf }) await master.UpdateAsync(id, TaskState.Running);
            await Task.Delay(200);
            pids = [.. agent.Service.Tasks.Select(run => (int)run.Container!.Status.ExecutorPid!.Value)];
        }

        if (stop)
        {
            Assert.All(pids, pid => Assert.Null(ProcessTable.Find(pid)));
            Assert.Equal(TaskState.Killed, master.States(polite)[^1]);
            Assert.Equal(TaskState.Killed, master.States(deaf)[^1]);
            return;
        }

        Assert.All(pids, pid => Assert.True(ProcessTable.Find(pid) is { Alive: true }));
        await using var next = await TestAgent.StartAsync(
            TestAgent.Options(master, _directory) with { StopTasksOnExit = true, KillGracePeriod = TimeSpan.Zero });
        Assert.Equal(2, (await master.RegistrationAsync(2)).Tasks!.Count);
    }
}
