using LifecycleManager.Runtime.Reconnecting;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Runtime.Tests.Reconnecting;

public sealed class ReconnectTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task It_repeats_with_growing_jittered_pauses_up_to_the_longest()
    {
        var pauses = new List<TimeSpan>();
        var attempts = 0;
        var pipeline = Reconnect.Pipeline(
            TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(10), _time, new Random(1), (_, count, pause) =>
            {
                Assert.Equal(attempts, count);
                pauses.Add(pause);
            });
        var running = pipeline.ExecuteAsync(_ => ++attempts < 30 ? throw new IOException("away") : ValueTask.CompletedTask)
            .AsTask();
        for (var steps = 0; !running.IsCompleted; steps++)
        {
            Assert.True(steps < 10_000, $"{attempts} attempts");
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1);
        }

        await running;
        Assert.Equal(29, pauses.Count);
        Assert.True(pauses[0] < TimeSpan.FromMilliseconds(400));
        Assert.All(pauses, pause => Assert.InRange(pause, TimeSpan.Zero, TimeSpan.FromSeconds(10)));
        Assert.Equal(TimeSpan.FromSeconds(10), pauses[^1]);
        Assert.True(pauses.Take(6).Distinct().Count() == 6, "jitter");
    }

    [Fact]
    public async Task What_is_not_worth_it_and_what_the_caller_ends_is_not_repeated()
    {
        using var end = new CancellationTokenSource();
        var pipeline = Reconnect.Pipeline(
            TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), _time, new Random(1), repeats: problem =>
                problem is not InvalidDataException);
        await Assert.ThrowsAsync<InvalidDataException>(() => pipeline.ExecuteAsync(_ => throw new InvalidDataException())
            .AsTask());
        var attempts = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pipeline.ExecuteAsync(
            async cancellation =>
            {
                attempts++;
                await end.CancelAsync();
                cancellation.ThrowIfCancellationRequested();
            },
            end.Token).AsTask());
        Assert.Equal(1, attempts);
    }

    [Fact]
    public async Task A_limit_of_the_attempt_itself_is_a_failure_like_any_other()
    {
        var attempts = 0;
        var pipeline = Reconnect.Pipeline(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1), TimeProvider.System,
            new Random(1));
        await pipeline.ExecuteAsync(_ => ++attempts < 3 ? throw new TaskCanceledException("too slow") : ValueTask.CompletedTask);
        Assert.Equal(3, attempts);
    }
}
