using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Storage;

namespace LifecycleManager.Scheduler.Tests.Leadership;

/// <summary>The scheduler dies before or after any of its writes, and a new one goes on with what is stored.</summary>
public sealed class CrashTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Wherever_it_dies_in_an_upgrade_no_task_is_lost_or_doubled_and_the_upgrade_goes_on(bool afterTheWrite)
    {
        await using var master = (await FakeMaster.StartAsync()).WithAgent("a1").WithAgent("a2");
        await using var state = await TestScheduler.StateAsync();
        await using (var first = await TestScheduler.StartAsync(master, state))
        {
            await first.PutAsync(TestScheduler.App("/web", 3));
            await first.SettledAsync("/web", 3);
            await first.PutAsync(TestScheduler.App("/web", 4, app => app with { Cmd = "sleep 2000" }));
        }

        for (var lives = 0; lives < 8; lives++)
        {
            var dead = new TaskCompletionSource();
            await using var mortal = await TestScheduler.StartAsync(
                master, state, store => new MortalStore(store, writes: lives % 4, afterTheWrite, dead));
            await Task.WhenAny(dead.Task, Task.Delay(400));
            await mortal.CrashAsync();
        }

        await using var last = await TestScheduler.StartAsync(master, state);
        await last.SettledAsync("/web", 4);

        Assert.Equal(4, master.Tasks.Count);
        Assert.All(master.Tasks, task => Assert.Equal("sleep 2000", task.Info.Command!.Value));
        Assert.All(master.Tasks, task => Assert.Equal(TaskState.Running, task.State));
        Assert.Equal(
            master.Tasks.Select(task => task.Info.TaskId.Value).Order(),
            last.Snapshot.Apps[new AppId("/web")].Instances.Select(instance => instance.TaskId).Order());
        Assert.Empty(master.Faults);
    }

    /// <summary>After so many writes it never answers again; the last one is in force or is not.</summary>
    private sealed class MortalStore(IStateStore inner, int writes, bool lastOneCounts, TaskCompletionSource dead) : IStateStore
    {
        private int _writes;

        public Task<StateEntry?> GetAsync(string key, CancellationToken cancellation = default) =>
            inner.GetAsync(key, cancellation);

        public IAsyncEnumerable<StateEntry> ListAsync(string prefix, CancellationToken cancellation = default) =>
            inner.ListAsync(prefix, cancellation);

        public async Task WriteAsync(IReadOnlyList<StateWrite> batch, Fence? fence = null,
            CancellationToken cancellation = default)
        {
            if (_writes++ < writes)
            {
                await inner.WriteAsync(batch, fence, cancellation);
                return;
            }

            if (lastOneCounts) await inner.WriteAsync(batch, fence, cancellation);
            dead.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellation);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
