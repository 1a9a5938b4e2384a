using LifecycleManager.Agent.Containerizers.Processes;

namespace LifecycleManager.Agent.Tests.Containerizers.Processes;

public sealed class SharedLookTests
{
    [Fact]
    public async Task Who_asks_together_shares_a_look_and_nobody_gets_one_that_began_before_he_asked()
    {
        using var begun = new SemaphoreSlim(0);
        using var go = new SemaphoreSlim(0);
        var looks = 0;
        var look = new SharedLook<int>(() =>
        {
            var number = Interlocked.Increment(ref looks);
            begun.Release();
            go.Wait();
            return number;
        });
        var first = look.NextAsync();
        await begun.WaitAsync(TestContext.Current.CancellationToken);

        // The first look is under way: what these want to know may have come about since.
        var later = Enumerable.Range(0, 1000).Select(_ => look.NextAsync()).ToList();
        go.Release(2);
        Assert.Equal(1, await first);
        Assert.All(await Task.WhenAll(later), number => Assert.Equal(2, number));
    }

    [Fact]
    public async Task A_look_that_fails_does_so_for_its_own_and_not_for_the_next()
    {
        var fails = true;
        var look = new SharedLook<int>(() => Volatile.Read(ref fails) ? throw new IOException("no /proc") : 7);
        await Assert.ThrowsAsync<IOException>(look.NextAsync);
        Volatile.Write(ref fails, false);
        Assert.Equal(7, await look.NextAsync());
    }
}
