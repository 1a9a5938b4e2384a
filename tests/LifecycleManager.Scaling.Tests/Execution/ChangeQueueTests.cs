using LifecycleManager.Clusters;
using LifecycleManager.Scaling.Execution;
using LifecycleManager.Scaling.Targets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Scaling.Tests.Execution;

public sealed class ChangeQueueTests : IScalingTarget, IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 19, 0, 0, TimeSpan.Zero);
    private readonly Dictionary<string, TaskCompletionSource<ScaleResult>> _calls = [];
    private readonly ChangeQueue _queue;

    public ChangeQueueTests() => _queue = new ChangeQueue(
        this, new ExecutionOptions(2, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(15)), (_, _) => { }, new FakeTimeProvider(),
        NullLogger.Instance);

    string IScalingTarget.Description => "a target";

    [Fact]
    public async Task Only_so_many_changes_are_made_side_by_side_and_who_waits_may_be_vetoed()
    {
        _ = StartAsync("/a");
        _ = StartAsync("/b");
        await Eventually.TrueAsync(() => Called().Count == 2);
        var veto = default(string);
        var third = StartAsync("/c", () => veto);
        Assert.Equal(3, _queue.Count);
        veto = "it is paused";
        _calls["/a"].SetResult(new ScaleResult(ScaleStatus.Applied));
        Assert.Equal(new ScaleResult(ScaleStatus.Locked, "it is paused"), await third);
        Assert.Equal(["/a", "/b"], Called().Order());
    }

    [Fact]
    public void What_was_read_before_a_change_ended_is_no_ground_for_another()
    {
        Assert.False(_queue.IsSettling("/a", Now));
        _ = StartAsync("/a");
        Assert.True(_queue.IsSettling("/a", Now));
        _queue.End("/a", new ScaleResult(ScaleStatus.Applied), Now);
        Assert.True(_queue.IsSettling("/a", Now));
        Assert.False(_queue.IsSettling("/a", Now.AddTicks(1)));
    }

    [Fact]
    public void A_change_that_fails_is_tried_again_later_and_later()
    {
        foreach (var seconds in (int[])[5, 10, 15, 15])
        {
            _queue.End("/a", new ScaleResult(ScaleStatus.Unavailable), Now);
            Assert.Equal(Now.AddSeconds(seconds), _queue.NextTry("/a", Now));
        }

        Assert.Null(_queue.NextTry("/a", Now.AddSeconds(15)));
        _queue.End("/a", new ScaleResult(ScaleStatus.Applied), Now);
        Assert.Null(_queue.NextTry("/a", Now));
    }

    [Fact]
    public async Task A_call_that_is_cut_off_has_no_result_and_one_that_throws_is_unavailable()
    {
        using var cut = new CancellationTokenSource();
        var first = StartAsync("/a", cancellation: cut.Token);
        await Eventually.TrueAsync(() => Called().Count == 1);
        await cut.CancelAsync();
        Assert.Null(await first);

        var second = StartAsync("/b");
        await Eventually.TrueAsync(() => Called().Count == 2);
        _calls["/b"].SetException(new InvalidOperationException("a defect"));
        Assert.Equal(new ScaleResult(ScaleStatus.Unavailable, "a defect"), await second);
    }

    Task<IReadOnlyList<ScalableApp>> IScalingTarget.GetAppsAsync(CancellationToken cancellation) =>
        throw new NotSupportedException();

    Task<ScaleResult> IScalingTarget.ScaleAsync(ScaleRequest request, CancellationToken cancellation)
    {
        lock (_calls)
        {
            _calls[request.App] = new TaskCompletionSource<ScaleResult>(TaskCreationOptions.RunContinuationsAsynchronously);
            return _calls[request.App].Task.WaitAsync(cancellation);
        }
    }

    public void Dispose() => _queue.Dispose();

    private List<string> Called()
    {
        lock (_calls) return [.. _calls.Keys];
    }

    private Task<ScaleResult?> StartAsync(string app, Func<string?>? veto = null, CancellationToken cancellation = default)
    {
        var ended = new TaskCompletionSource<ScaleResult?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _queue.Start(
            new ScaleRequest(app, 2, new CountSeen(1), "p", "why"), veto ?? (() => null),
            result =>
            {
                ended.SetResult(result);
                return Task.CompletedTask;
            },
            cancellation);
        return ended.Task;
    }
}
