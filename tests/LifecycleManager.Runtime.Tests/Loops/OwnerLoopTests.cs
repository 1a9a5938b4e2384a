using LifecycleManager.Runtime.Health;
using LifecycleManager.Runtime.Loops;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Runtime.Tests.Loops;

public sealed class OwnerLoopTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly RoleHealth _health;
    private readonly Recorder _owner = new();
    private readonly LoopReport _report;

    public OwnerLoopTests()
    {
        _health = new RoleHealth(_time);
        _report = _health.Loop("the owner");
    }

    [Fact]
    public async Task Inputs_are_taken_in_order_in_batches_of_a_bounded_size()
    {
        var loop = Loop(capacity: 100, maxBatch: 7);
        for (var input = 0; input < 50; input++) Assert.True(loop.TryPost($"{input}"));
        using var end = new CancellationTokenSource();
        var running = loop.RunAsync(end.Token);
        await Eventually.TrueAsync(() => _owner.Taken.Count == 50, "all are taken");
        Assert.Equal(Enumerable.Range(0, 50).Select(input => $"{input}"), _owner.Taken);
        Assert.All(_owner.Batches, size => Assert.InRange(size, 0, 7));
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Null(_report.Problem);
    }

    [Fact]
    public async Task What_is_due_is_done_with_and_without_inputs()
    {
        var loop = Loop();
        _owner.Due = TimeSpan.FromSeconds(5);
        using var end = new CancellationTokenSource();
        var running = loop.RunAsync(end.Token);
        await Eventually.TrueAsync(() => _owner.Batches.Count == 1, "the first turn");
        await Eventually.TrueAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(5));
                return _owner.Batches.Count >= 3;
            },
            "a turn each time that something is due");
        Assert.Empty(_owner.Taken);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task An_input_that_throws_ends_the_loop_with_its_reason_and_all_that_wait_are_told()
    {
        var loop = Loop();
        foreach (var input in (string[])["a", "defect", "b", "c"]) loop.TryPost(input);
        var problem = await Assert.ThrowsAsync<InvalidDataException>(() => loop.RunAsync(CancellationToken.None));
        Assert.Equal(["a", "defect"], _owner.Taken);

        // Of the turn that threw, answered or not, and those that were still waiting.
        Assert.Equal(["a", "defect", "b", "c"], _owner.Abandoned.Select(abandoned => abandoned.Input));
        Assert.All(_owner.Abandoned, abandoned => Assert.Same(problem, abandoned.Cause));
        Assert.Equal("the owner has failed: a defect", _report.Problem);
        Assert.False(loop.TryPost("late"));
        Assert.False(await loop.PostAsync("later"));
        Assert.Equal(("later", null), _owner.Abandoned[^1]);
    }

    [Fact]
    public async Task A_stopped_loop_takes_nothing_more_and_tells_those_that_wait()
    {
        var loop = Loop(maxBatch: 1);
        _owner.Gate = new TaskCompletionSource();
        loop.TryPost("under way");
        loop.TryPost("waiting");
        var running = loop.RunAsync(CancellationToken.None);
        await Eventually.TrueAsync(() => _owner.Taken.Count == 1, "a turn is under way");
        loop.Stop();
        Assert.False(loop.TryPost("late"));
        _owner.Gate.SetResult();
        await running;
        Assert.Equal(["under way"], _owner.Taken);
        Assert.Equal([("waiting", null)], _owner.Abandoned);
        Assert.Null(_report.Problem);
    }

    [Fact]
    public async Task A_full_inbox_makes_its_senders_wait_and_loses_nothing()
    {
        var loop = Loop(capacity: 2);
        Assert.True(loop.TryPost("1"));
        Assert.True(loop.TryPost("2"));
        Assert.False(loop.TryPost("lost on purpose"));
        var third = loop.PostAsync("3").AsTask();
        Assert.False(third.IsCompleted);
        using var end = new CancellationTokenSource();
        var running = loop.RunAsync(end.Token);
        Assert.True(await third);
        await Eventually.TrueAsync(() => _owner.Taken.Count == 3, "all are taken");
        Assert.Equal(["1", "2", "3"], _owner.Taken);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await Assert.ThrowsAsync<InvalidOperationException>(() => loop.RunAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_turn_that_hangs_shows_in_health_until_it_is_done()
    {
        var loop = Loop();
        _owner.Gate = new TaskCompletionSource();
        loop.TryPost("slow");
        using var end = new CancellationTokenSource();
        var running = loop.RunAsync(end.Token);
        await Eventually.TrueAsync(() => _owner.Taken.Count == 1, "the turn is under way");
        Assert.True(_health.Verdict().IsUp);
        _time.Advance(RoleHealth.LongestTurn + TimeSpan.FromSeconds(1));
        Assert.Equal(["the owner has stood still for 31 s"], _health.Verdict().Reasons);
        _owner.Gate.SetResult();
        await Eventually.TrueAsync(() => _health.Verdict().IsUp, "the turn is done");
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private OwnerLoop<string> Loop(int capacity = 10, int maxBatch = 10) => new(_owner, _time, _report, capacity, maxBatch);

    private sealed class Recorder : IOwner<string>
    {
        public List<string> Taken { get; } = [];

        public List<int> Batches { get; } = [];

        public List<(string Input, Exception? Cause)> Abandoned { get; } = [];

        public TaskCompletionSource? Gate { get; set; }

        public TimeSpan? Due { get; set; }

        public TimeSpan? NextDue => Due;

        public async ValueTask TurnAsync(IReadOnlyList<string> inputs, CancellationToken cancellation)
        {
            foreach (var input in inputs)
            {
                Taken.Add(input);
                if (input == "defect") throw new InvalidDataException("a defect");
            }

            Batches.Add(inputs.Count);
            if (inputs.Count > 0 && Gate is { } gate) await gate.Task.WaitAsync(cancellation);
        }

        public void Abandon(string input, Exception? cause) => Abandoned.Add((input, cause));
    }
}
