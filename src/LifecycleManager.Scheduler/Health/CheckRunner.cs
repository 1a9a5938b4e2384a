using System.Threading.Channels;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.State.Core;

namespace LifecycleManager.Scheduler.Health;

/// <summary>
/// Runs the scheduler's own health and readiness checks: one loop over a queue by due time, a bounded number of probes at once.
/// What they mean is decided by the owner of the state.
/// </summary>
internal sealed class CheckRunner(
    Probe probe, TimeProvider time, Random random, int maxConcurrent, Func<SchedulerInput, CancellationToken, ValueTask> report)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);

    // Instances that hang must not keep others from being looked at, however patient their checks are.
    private static readonly TimeSpan MaxSlotTime = TimeSpan.FromSeconds(30);

    private readonly Channel<object> _inbox = Channel.CreateUnbounded<object>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Dictionary<string, Watched> _watched = new(StringComparer.Ordinal);
    private readonly PriorityQueue<Job, DateTimeOffset> _due = new();
    private readonly Queue<Job> _overdue = new();
    private int _running;

    /// <summary>Begins or ends the checks of an instance.</summary>
    public void Post(WatchOrder order) => _inbox.Writer.TryWrite(order);

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await using var timer = new CappedTimer(time, () => _inbox.Writer.TryWrite(this));
        try
        {
            await foreach (var item in _inbox.Reader.ReadAllAsync(cancellation))
            {
                if (item is WatchOrder order) Take(order);
                else if (item is Done done) Again(done);
                else if (item is SlotFreed) _running--;
                Start(cancellation);
                if (_due.TryPeek(out _, out var next))
                    timer.Set(next - time.GetUtcNow());
            }
        }
        catch (OperationCanceledException)
        {
            // As asked.
        }
    }

    private void Take(WatchOrder order)
    {
        _watched.Remove(order.TaskId);
        if (order.Instance is null || order.Definition is not { } app) return;
        var watched = _watched[order.TaskId] = new Watched(order);
        var now = time.GetUtcNow();
        for (var index = 0; index < app.HealthChecks.Count; index++)
            if (!app.HealthChecks[index].IsAgentSide) _due.Enqueue(new Job(watched, index, IsReadiness: false), now);
        if (order.Instance.Ready) return;
        for (var index = 0; index < app.ReadinessChecks.Count; index++) _due.Enqueue(new Job(watched, index, IsReadiness: true), now);
    }

    private void Start(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        while (_due.TryPeek(out var job, out var due) && due <= now)
        {
            _due.Dequeue();
            _overdue.Enqueue(job);
        }

        while (_running < maxConcurrent && _overdue.TryDequeue(out var job))
        {
            if (!IsWatched(job)) continue;
            _running++;
            _ = RunAsync(job, cancellation);
        }
    }

    private async Task RunAsync(Job job, CancellationToken cancellation)
    {
        var (app, passed, holdsSlot) = (job.Watched.Order.Definition!, false, true);
        try
        {
            var probing = job.IsReadiness ? ReadyAsync(job, app, cancellation) : CheckAsync(job, app, cancellation);
            var timeout = job.IsReadiness ? app.ReadinessChecks[job.Check].Timeout : app.HealthChecks[job.Check].Timeout;
            if (timeout > MaxSlotTime && await Task.WhenAny(probing, time.DelayAsync(MaxSlotTime, cancellation)) != probing)
            {
                holdsSlot = false;
                _inbox.Writer.TryWrite(new SlotFreed());
            }

            passed = await probing;
        }
        catch (Exception) when (cancellation.IsCancellationRequested)
        {
            // As asked.
        }
        finally
        {
            _inbox.Writer.TryWrite(new Done(job, passed, holdsSlot));
        }
    }

    private async Task<bool> ReadyAsync(Job job, AppDefinition app, CancellationToken cancellation)
    {
        var result = await probe.ReadyAsync(app.ReadinessChecks[job.Check], app, job.Watched.Order.Instance!, cancellation);
        await report(new ReadinessReported(result), cancellation);
        return result.Ready;
    }

    private async Task<bool> CheckAsync(Job job, AppDefinition app, CancellationToken cancellation)
    {
        var instance = job.Watched.Order.Instance!;
        if (await probe.CheckAsync(app.HealthChecks[job.Check], app, instance, cancellation) is not { } result) return false;
        await report(new HealthReported(instance.TaskId, job.Check, result), cancellation);
        return result.Success;
    }

    private void Again(Done done)
    {
        if (done.HoldsSlot) _running--;
        var job = done.Job;
        if (!IsWatched(job)) return;
        var now = time.GetUtcNow();
        if (job.IsReadiness)
        {
            if (!done.Passed) _due.Enqueue(job, now.Plus(job.Watched.Order.Definition!.ReadinessChecks[job.Check].Interval));
            return;
        }

        var check = job.Watched.Order.Definition!.HealthChecks[job.Check];
        var pause = check.Interval;
        if (done.Passed || job.HasPassed)
        {
            // Spread over the interval once, so that instances launched together are not checked together for ever.
            if (!job.HasPassed) pause *= 0.5 + (random.NextDouble() / 2);
            job = job with { HasPassed = true };
        }
        else if (now < (job.Watched.Order.Instance!.StartedAt ?? now).Plus(check.GracePeriod))
        {
            // Nothing is counted yet: look more often, so that what has come up is known to be up.
            var soon = FirstPause * Math.Pow(2, Math.Min(job.Attempts, 16));
            if (soon < pause) pause = soon;
        }

        _due.Enqueue(job with { Attempts = job.Attempts + 1 }, now.Plus(pause));
    }

    private bool IsWatched(Job job) => _watched.TryGetValue(job.Watched.Order.TaskId, out var watched) && ReferenceEquals(watched, job.Watched);

    private sealed class Watched(WatchOrder order)
    {
        public WatchOrder Order { get; } = order;
    }

    private sealed record Job(Watched Watched, int Check, bool IsReadiness, int Attempts = 0, bool HasPassed = false);

    private sealed record Done(Job Job, bool Passed, bool HoldsSlot);

    private sealed record SlotFreed;
}
