using LifecycleManager.Runtime.Health;
using LifecycleManager.Runtime.Loops;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Runtime.Tests.Loops;

public sealed class LoopGroupTests
{
    private readonly RoleHealth _health = new(new FakeTimeProvider());
    private int _running;

    [Fact]
    public async Task All_end_when_they_are_told_to()
    {
        using var end = new CancellationTokenSource();
        var group = LoopGroup.RunAsync(_health, end.Token, Loop("a"), Loop("b"));
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => group);
        Assert.Equal(0, _running);
        Assert.True(_health.Verdict().IsUp);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Each_that_throws_ends_all_with_its_reason(int which)
    {
        var loops = Enumerable.Range(0, 3).Select(index => index == which
            ? new NamedLoop($"loop {index}", static async _ =>
            {
                await Task.Yield();
                throw new InvalidDataException("a defect");
            })
            : Loop($"loop {index}")).ToList();
        var problem = await Assert.ThrowsAsync<LoopEndedException>(() =>
            LoopGroup.RunAsync(_health, CancellationToken.None, loops));
        Assert.Equal($"loop {which} failed: a defect", problem.Message);
        Assert.IsType<InvalidDataException>(problem.InnerException);
        Assert.Equal(0, _running);
    }

    [Fact]
    public async Task One_that_throws_before_its_first_wait_ends_all()
    {
        var problem = await Assert.ThrowsAsync<LoopEndedException>(() => LoopGroup.RunAsync(
            _health, CancellationToken.None, new NamedLoop("at once", _ => throw new InvalidDataException("a defect")),
            Loop("other")));
        Assert.Equal("at once failed: a defect", problem.Message);
        Assert.Equal(0, _running);
    }

    [Fact]
    public async Task One_that_only_returns_ends_all()
    {
        var problem = await Assert.ThrowsAsync<LoopEndedException>(() => LoopGroup.RunAsync(
            _health, CancellationToken.None, Loop("other"), new NamedLoop("the quitter", _ => Task.CompletedTask)));
        Assert.Equal("the quitter ended, and nobody asked it to", problem.Message);
        Assert.Equal(0, _running);
    }

    [Fact]
    public async Task A_cancellation_of_its_own_is_an_end_like_any_other()
    {
        var problem = await Assert.ThrowsAsync<LoopEndedException>(() => LoopGroup.RunAsync(
            _health, CancellationToken.None, Loop("other"),
            new NamedLoop("timed out", _ => Task.FromException(new TaskCanceledException("too slow")))));
        Assert.Equal("timed out failed: too slow", problem.Message);
    }

    [Fact]
    public async Task Each_loop_has_one_report_to_which_it_tells_its_turns()
    {
        LoopReport? handed = null;
        using var owned = _health.Loop("owned");
        await Assert.ThrowsAsync<LoopEndedException>(() => LoopGroup.RunAsync(
            _health, CancellationToken.None,
            new NamedLoop("other", async (report, cancellation) =>
            {
                handed = report;
                report.BeginTurn();
                await Task.Delay(Timeout.Infinite, cancellation);
            }),
            new NamedLoop("owned", (report, _) =>
            {
                Assert.Same(owned, report);
                throw new InvalidDataException("a defect");
            })
            { Report = owned }));

        Assert.Equal(("other", 1), (handed!.Name, (int)handed.Turns));

        // The owned report outlives the group; the other has gone with it.
        Assert.Equal(["owned has failed: a defect"], _health.Verdict().Reasons);
    }

    private NamedLoop Loop(string name) => new(name, async cancellation =>
    {
        Interlocked.Increment(ref _running);
        try
        {
            await Task.Delay(Timeout.Infinite, cancellation);
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    });
}
