using LifecycleManager.Master.Cluster;
using LifecycleManager.Master.Streams;
using LifecycleManager.Runtime.Health;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Master.Tests.Cluster;

public sealed class ClusterEffectsTests
{
    private readonly ChangeMark _changes = new();
    private readonly ClusterLoop _loop;
    private readonly Task _running;
    private readonly EventStream<string> _stream = new(
        System.Text.Encoding.UTF8.GetBytes, 16, new StreamMemory(long.MaxValue, NullLogger.Instance));

    public ClusterEffectsTests()
    {
        var time = new FakeTimeProvider();
        _loop = new ClusterLoop(time, new RoleHealth(time).Loop("the loop"), _changes);
        _running = _loop.RunAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task What_follows_leaves_in_order_once_the_input_has_run_and_before_it_is_answered()
    {
        var during = await _loop.AskAsync(() =>
        {
            _loop.Effects.Send(_stream, "one");
            _loop.Effects.Add(() => _stream.Send("two"));
            _loop.Effects.Close(_stream);
            return (Sent: _stream.TryRead(out _), _stream.IsClosed);
        });
        Assert.Equal((false, false), during);
        Assert.Equal(["one", "two"], Sent());
        Assert.True(_stream.IsClosed);
    }

    [Fact]
    public async Task Of_a_call_that_throws_nothing_leaves_and_the_next_is_whole()
    {
        await Assert.ThrowsAsync<CallFailedException>(() => _loop.AskAsync<int>(() =>
        {
            _loop.Effects.Send(_stream, "half");
            throw new InvalidDataException("a defect");
        }));
        await _loop.AskAsync(() =>
        {
            _loop.Effects.Send(_stream, "whole");
            return 0;
        });
        Assert.Equal(["whole"], Sent());
    }

    [Fact]
    public async Task Of_an_input_that_throws_by_half_nothing_leaves_and_the_loop_ends()
    {
        await _loop.PostAsync(() =>
        {
            _changes.Advance();
            _loop.Effects.Send(_stream, "half");
            throw new InvalidDataException("a defect");
        });
        await Assert.ThrowsAsync<InvalidDataException>(() => _running);
        Assert.Empty(Sent());
    }

    [Fact]
    public async Task Who_is_not_connected_is_sent_nothing()
    {
        await _loop.AskAsync(() =>
        {
            _loop.Effects.Send<string>(null, "to nobody");
            _loop.Effects.Close(null);
            return 0;
        });
        Assert.False(_running.IsCompleted);
    }

    private List<string> Sent()
    {
        var sent = new List<string>();
        while (_stream.TryRead(out var message)) sent.Add(message);
        return sent;
    }
}
