using CsCheck;
using LifecycleManager.Master.Cluster;
using LifecycleManager.Master.Tests.Simulation;
using LifecycleManager.Runtime.Health;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Master.Tests.Cluster;

/// <summary>What becomes of exceptions in the master's owner: no state that was changed by half goes on.</summary>
public sealed class DirectiveTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly ChangeMark _changes = new();

    [Fact]
    public async Task A_call_that_throws_before_it_changed_anything_is_answered_and_the_loop_goes_on()
    {
        var loop = Loop();
        using var end = new CancellationTokenSource();
        var running = loop.RunAsync(end.Token);
        for (var i = 0; i < 10; i++)
        {
            var failed = await Assert.ThrowsAsync<CallFailedException>(() =>
                loop.AskAsync<int>(() => throw new InvalidDataException("a defect")));
            Assert.IsType<InvalidDataException>(failed.InnerException);
        }

        Assert.Equal(5, await loop.AskAsync(() => 5));
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Theory]
    [InlineData("call")]
    [InlineData("event")]
    [InlineData("timer")]
    public async Task Whatever_else_throws_ends_the_loop_with_its_reason(string kind)
    {
        var loop = Loop();
        var running = loop.RunAsync(CancellationToken.None);
        switch (kind)
        {
            case "call":
                await Assert.ThrowsAsync<CallFailedException>(() => loop.AskAsync<int>(() =>
                {
                    _changes.Advance();
                    throw new InvalidDataException("a defect");
                }));
                break;
            case "event": await loop.PostAsync(() => throw new InvalidDataException("a defect")); break;
            case "timer":
                await loop.AskAsync(() => loop.After(TimeSpan.FromSeconds(1), () => throw new InvalidDataException("a defect")));
                _time.Advance(TimeSpan.FromSeconds(1));
                break;
        }

        Assert.Equal("a defect", (await Assert.ThrowsAsync<InvalidDataException>(() => running)).Message);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop.AskAsync(() => 5));
    }

    [Fact]
    public void An_exception_anywhere_leaves_everything_as_it_was_or_ends_the_term()
    {
        var (answered, ended) = (0, 0);
        Gen.Select(Gen.Int[1, 150], Gen.Select(Gen.Int[0, 24], Gen.Int[0, 1000], Gen.Int[0, 1000]).Array[20, 80]).Sample(
            (at, steps) =>
            {
                var fault = new Fault(at);
                if (RunAsync(fault, steps).GetAwaiter().GetResult()) ended++;
                answered += fault.Answered;
            },
            iter: 200, threads: 1);

        // Both came about: it proves nothing about what did not happen.
        Assert.True(answered > 0 && ended > 0, $"{answered} calls were answered with their failure, {ended} terms ended");
    }

    private static async Task<bool> RunAsync(Fault fault, (int Kind, int X, int Y)[] steps)
    {
        await using var world = new World(fault: fault);
        foreach (var (kind, x, y) in steps)
        {
            await world.StepAsync(kind, x, y);
            await world.VerifyAsync();
        }

        return world.HasEnded;
    }

    private ClusterLoop Loop() => new(_time, new RoleHealth(_time).Loop("the loop"), _changes);
}
