using LifecycleManager.Primitives.Timing;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Runtime.Loops;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Inputs;

namespace LifecycleManager.Scheduler.Health;

/// <summary>
/// Runs the scheduler's own health and readiness checks: the earliest due first, a bounded number of probes at once. What they
/// mean is decided by the owner of the state.
/// </summary>
internal sealed class HealthCheckRunner : IOwner<CheckInput>
{
    private const int MaxBatch = 1_024;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);

    // Instances that hang must not keep others from being looked at, however patient their checks are.
    private static readonly TimeSpan MaxSlotTime = TimeSpan.FromSeconds(30);

    private readonly Probe _probe;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly int _maxConcurrent;
    private readonly Func<SchedulerInput, CancellationToken, ValueTask> _tell;
    private readonly LoopReport _report;
    private readonly OwnerLoop<CheckInput> _loop;
    private readonly Deadlines<Job> _due;
    private readonly Dictionary<string, Watched> _watched = new(StringComparer.Ordinal);
    private readonly Queue<Job> _overdue = new();
    private int _probing;

    /// <summary>A runner that does not run yet; it takes orders already.</summary>
    /// <param name="probe">Makes a check.</param>
    /// <param name="time">The clock.</param>
    /// <param name="health">Where its loop tells its turns.</param>
    /// <param name="random">Spreads checks over their intervals.</param>
    /// <param name="maxConcurrent">Probes under way at once, at least 1.</param>
    /// <param name="tell">Told of results.</param>
    public HealthCheckRunner(
        Probe probe, TimeProvider time, RoleHealth health, Random random, int maxConcurrent,
        Func<SchedulerInput, CancellationToken, ValueTask> tell)
    {
        (_probe, _time, _random, _maxConcurrent, _tell) = (probe, time, random, maxConcurrent, tell);
        _due = new Deadlines<Job>(time);
        _report = health.Loop("the loop of the health checks");

        // Orders are as many as instances, and never wait for long: none of them may be lost for want of room.
        _loop = new OwnerLoop<CheckInput>(this, time, _report, int.MaxValue, MaxBatch);
    }

    /// <inheritdoc />
    public TimeSpan? NextDue => _due.NextDue;

    /// <summary>Begins or ends the checks of an instance.</summary>
    public void Post(WatchOrder order) => _loop.TryPost(new WatchInput(order));

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using (_report) await _loop.RunAsync(cancellation);
    }

    /// <inheritdoc />
    public ValueTask TurnAsync(IReadOnlyList<CheckInput> inputs, CancellationToken cancellation)
    {
        foreach (var input in inputs)
        {
            switch (input)
            {
                case WatchInput watch:
                    Take(watch.Order);
                    break;
                case ProbeEnded done:
                    Again(done);
                    break;
                case SlotFreed:
                    _probing--;
                    break;
            }
        }

        Start(cancellation);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc />
    public void Abandon(CheckInput input, Exception? cause)
    {
        // Nobody waits for an answer.
    }

    private void Take(WatchOrder order)
    {
        _watched.Remove(order.TaskId);
        if (order.Instance is null || order.Definition is not { } app) return;
        var watched = _watched[order.TaskId] = new Watched(order, _time.GetTimestamp());
        for (var index = 0; index < app.HealthChecks.Count; index++)
            if (!app.HealthChecks[index].IsAgentSide) _due.Add(TimeSpan.Zero, new Job(watched, index, IsReadiness: false));
        if (order.Instance.Ready) return;
        for (var index = 0; index < app.ReadinessChecks.Count; index++)
            _due.Add(TimeSpan.Zero, new Job(watched, index, IsReadiness: true));
    }

    private void Start(CancellationToken cancellation)
    {
        while (_due.TryTake(out var due)) _overdue.Enqueue(due);
        while (_probing < _maxConcurrent && _overdue.TryDequeue(out var job))
        {
            if (!IsWatched(job)) continue;
            _probing++;
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
            if (timeout > MaxSlotTime && await Task.WhenAny(probing, _time.DelayAsync(MaxSlotTime, cancellation)) != probing)
            {
                holdsSlot = false;
                _loop.TryPost(new SlotFreed());
            }

            passed = await probing;
        }
        catch (Exception) when (cancellation.IsCancellationRequested)
        {
            // As asked.
        }
        finally
        {
            _loop.TryPost(new ProbeEnded(job, passed, holdsSlot));
        }
    }

    private async Task<bool> ReadyAsync(Job job, AppDefinition app, CancellationToken cancellation)
    {
        var result = await _probe.ReadyAsync(app.ReadinessChecks[job.Check], app, job.Watched.Order.Instance!, cancellation);
        await _tell(new ReadinessReported(result), cancellation);
        return result.Ready;
    }

    private async Task<bool> CheckAsync(Job job, AppDefinition app, CancellationToken cancellation)
    {
        var instance = job.Watched.Order.Instance!;
        if (await _probe.CheckAsync(app.HealthChecks[job.Check], app, instance, cancellation) is not { } result) return false;
        await _tell(new HealthReported(instance.TaskId, job.Check, result), cancellation);
        return result.Success;
    }

    private void Again(ProbeEnded done)
    {
        if (done.HoldsSlot) _probing--;
        var job = done.Job;
        if (!IsWatched(job)) return;
        var app = job.Watched.Order.Definition!;
        if (job.IsReadiness)
        {
            if (!done.Passed) _due.Add(app.ReadinessChecks[job.Check].Interval, job);
            return;
        }

        var check = app.HealthChecks[job.Check];
        var pause = check.Interval;
        if (done.Passed || job.HasPassed)
        {
            // Spread over the interval once, so that instances launched together are not checked together for ever.
            if (!job.HasPassed) pause *= 0.5 + (_random.NextDouble() / 2);
            job = job with { HasPassed = true };
        }
        else if (_time.GetElapsedTime(job.Watched.Since) < check.GracePeriod)
        {
            // Nothing is counted yet: look more often, so that what has come up is known to be up.
            var soon = FirstPause * Math.Pow(2, Math.Min(job.Attempts, 16));
            if (soon < pause) pause = soon;
        }

        _due.Add(pause, job with { Attempts = job.Attempts + 1 });
    }

    private bool IsWatched(Job job) =>
        _watched.TryGetValue(job.Watched.Order.TaskId, out var watched) && ReferenceEquals(watched, job.Watched);

    private sealed record WatchInput(WatchOrder Order) : CheckInput;

    private sealed record ProbeEnded(Job Job, bool Passed, bool HoldsSlot) : CheckInput;

    private sealed record SlotFreed : CheckInput;

    private sealed class Watched(WatchOrder order, long since)
    {
        public WatchOrder Order { get; } = order;

        /// <summary>A timestamp of the monotonic clock.</summary>
        public long Since { get; } = since;
    }

    private sealed record Job(Watched Watched, int Check, bool IsReadiness, int Attempts = 0, bool HasPassed = false);
}

/// <summary>What the loop of the checks is told.</summary>
internal abstract record CheckInput;
