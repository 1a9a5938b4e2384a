using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Runtime.Loops;
using LifecycleManager.Scaling.Observability;
using LifecycleManager.Scaling.Recording;
using LifecycleManager.Scaling.Safety;
using LifecycleManager.Scaling.Status;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Scaling.Evaluation;

/// <summary>
/// The owner of a term's evaluation. A tick has the apps read, decides each, puts what is to change on record, and sets it off;
/// reading and changing run beside its loop and come back as inputs. Nothing changes without a target that answers and a store
/// that records.
/// </summary>
internal sealed class EvaluationOwner : IOwner<EvaluationInput>
{
    private readonly EvaluationParts _parts;
    private readonly ILeadership _leadership;
    private readonly ManagerOptions _options;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly SteadyTime _steady;
    private readonly TickSchedule _schedule;
    private readonly CancellationToken _calls;
    private readonly List<EvaluationInput.Tick> _asked = [];
    private TickUnderWay? _tick;
    private TaskCompletionSource? _ended;
    private DateTimeOffset? _awaySince;
    private bool _isUnsettled = true;
    private long _tickBegan;

    /// <param name="parts">What it works with.</param>
    /// <param name="leadership">Its lead.</param>
    /// <param name="options">How it works.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Told of what changes.</param>
    /// <param name="calls">Cuts off calls to the target.</param>
    public EvaluationOwner(
        EvaluationParts parts, ILeadership leadership, ManagerOptions options, TimeProvider time, ILogger log,
        CancellationToken calls)
    {
        (_parts, _leadership, _options, _time, _log, _calls) = (parts, leadership, options, time, log, calls);
        _steady = new SteadyTime(time);
        _schedule = new TickSchedule(time, options.Tick);
    }

    /// <summary>Hands an input in from another thread; set before the loop begins.</summary>
    public Func<EvaluationInput, Task> Post { get; set; } = null!;

    /// <summary>How long the tick under way has taken; null between ticks. For any thread.</summary>
    public TimeSpan? TickAge => Volatile.Read(ref _tickBegan) is var began and not 0 ? _time.GetElapsedTime(began) : null;

    /// <inheritdoc />
    public TimeSpan? NextDue => _ended is null ? _schedule.NextDue : null;

    private Instant Now => new(_time.GetUtcNow(), _steady.GetUtcNow());

    /// <inheritdoc />
    public async ValueTask TurnAsync(IReadOnlyList<EvaluationInput> inputs, CancellationToken cancellation)
    {
        foreach (var input in inputs) await TakeAsync(input, cancellation);
        if (_ended is not null)
        {
            EndTick(Report(Now, TickOutcome.NotLeading, 0, ManagerTerm.OtherLeads));
            if (_parts.Changes.Count == 0) _ended.TrySetResult();
            return;
        }

        // One tick at a time: what falls due while it runs is left out, who asks meanwhile shares the next.
        if (_schedule.TryTake() && _tick is null) _asked.Add(new EvaluationInput.Tick("tick", null, null));
        if (_tick is null && _asked.Count > 0) BeginTick();
    }

    /// <inheritdoc />
    public void Abandon(EvaluationInput input, Exception? cause)
    {
        switch (input)
        {
            case EvaluationInput.Tick { Answer: { } answer }:
                answer.TrySetResult(Report(Now, cause is null ? TickOutcome.NotLeading : TickOutcome.Failed, 0,
                    cause?.Message ?? ManagerTerm.OtherLeads));
                break;
            case EvaluationInput.Explain explain when cause is not null:
                explain.Answer.TrySetException(cause);
                break;
            case EvaluationInput.Explain explain:
                explain.Answer.TrySetResult(null);
                break;
            case EvaluationInput.End end:
                end.Ended.TrySetResult();
                break;
        }
    }

    /// <summary>Answers whoever waits for a tick; once the loop has ended.</summary>
    /// <param name="cause">Why it failed; null where it was told to end, or another manager leads.</param>
    public void AbandonTicks(Exception? cause)
    {
        foreach (var asked in _asked.Concat(_tick?.Asked ?? [])) Abandon(asked, cause);
    }

    private async ValueTask TakeAsync(EvaluationInput input, CancellationToken cancellation)
    {
        switch (input)
        {
            case EvaluationInput.Tick tick:
                _asked.Add(tick);
                break;
            case EvaluationInput.AppsRead read:
                await TickAsync(read, cancellation);
                break;
            case EvaluationInput.ChangeEnded ended:
                await EndChangeAsync(ended);
                break;
            case EvaluationInput.PoliciesChanged:
                _parts.Decisions.UsePolicies();
                _asked.Add(new EvaluationInput.Tick("policies changed", null, null));
                break;
            case EvaluationInput.Explain explain:
                Answer(explain);
                break;
            case EvaluationInput.End end:
                _ended = end.Ended;
                _parts.State.Snapshot = _parts.State.Snapshot with { Leading = false };
                break;
        }
    }

    // A call: what it throws is its answer.
    private void Answer(EvaluationInput.Explain explain)
    {
        try
        {
            explain.Answer.TrySetResult(_parts.Decisions.Explain(explain.App, Now.Wall));
        }
        catch (Exception e)
        {
            explain.Answer.TrySetException(e);
        }
    }

    private void BeginTick()
    {
        var left = _schedule.Begin();
        if (left > 0) _parts.Metrics.Skipped(left);
        _tick = new TickUnderWay([.. _asked], Now, _time.GetTimestamp());
        _asked.Clear();
        Volatile.Write(ref _tickBegan, Math.Max(1, _tick.Clock));
        _ = Task.Run(async () => await Post(await ReadAsync()), CancellationToken.None);
    }

    private async Task<EvaluationInput.AppsRead> ReadAsync()
    {
        try
        {
            return new EvaluationInput.AppsRead(await _parts.Target.GetAppsAsync(_calls), null, null);
        }
        catch (TargetUnavailableException e)
        {
            return new EvaluationInput.AppsRead(null, e.Message, null);
        }
        catch (Exception e)
        {
            return new EvaluationInput.AppsRead(null, e.Message, e);
        }
    }

    private async Task TickAsync(EvaluationInput.AppsRead read, CancellationToken cancellation)
    {
        if (_tick is not { } tick || _ended is not null) return;
        if (read.Defect is not null and not OperationCanceledException)
            throw new InvalidOperationException(read.Problem, read.Defect);
        var now = Now;
        if (tick.NotBefore > now.Wall) now = now with { Wall = tick.NotBefore.Value };
        _parts.Decisions.UsePolicies();
        var report = read.Apps is { } apps
            ? await EvaluateAsync(apps, tick.Begun, now, cancellation)
            : TargetAway(read.Problem!, tick.Begun, now);
        EndTick(report);
    }

    private void EndTick(TickReport report)
    {
        if (_tick is not { } tick) return;
        _tick = null;
        Volatile.Write(ref _tickBegan, 0);
        report = report with { Why = tick.Why, Took = _time.GetElapsedTime(tick.Clock) };
        var isLate = report.Took > _options.Tick;
        _parts.Metrics.Ticked(report, isLate);
        if (isLate) _log.LogWarning("A tick took {Took}, more than its period {Period}", report.Took, _options.Tick);
        _parts.State.Snapshot = _parts.State.Snapshot with { LastTick = report, UnsavedOutcomes = _parts.Log.Unsaved };
        foreach (var asked in tick.Asked) asked.Answer?.TrySetResult(report);
    }

    private TickReport TargetAway(string problem, Instant begun, Instant now)
    {
        if (_awaySince is null)
            _log.LogWarning("{Target} does not answer, and nothing is changed: {Problem}", _parts.Target.Description, problem);
        _awaySince ??= begun.Steady;
        if (now.Steady - _awaySince >= _parts.TargetPatience) _parts.TargetLost.TrySetResult(problem);
        return Report(now, TickOutcome.TargetUnavailable, 0, problem);
    }

    private async Task<TickReport> EvaluateAsync(
        IReadOnlyList<ScalableApp> apps, Instant read, Instant now, CancellationToken cancellation)
    {
        if (_awaySince is not null) _log.LogInformation("{Target} answers again", _parts.Target.Description);
        _awaySince = null;
        var (decisions, changes, guard, log) = (_parts.Decisions, _parts.Changes, _parts.Guard, _parts.Log);
        try
        {
            if (_isUnsettled)
            {
                var settled = OpenDecisions.Settle(log.Archive, apps, now.Wall);
                if (settled.Count > 0) await log.RecordAsync(settled, _leadership.Fence, cancellation);
                _isUnsettled = false;
            }

            decisions.Demand(apps);
            guard.ObserveInstances(apps, now.Steady);
            var decided = decisions.Decide(apps.Where(app => !changes.IsSettling(app.Id, read)), now);
            guard.ObserveMetrics(decided.Select(app => (app.App.Id, decisions.Report(app.App.Id)
                ?.Sources ?? SourceState.Unasked)), now.Steady);
            var (proposals, notes) = _parts.Proposals.Of(decided, changes, now);

            // Holds and dry runs are notes; intents must be there before anything is done about them.
            await log.RecordAsync([.. notes, .. proposals.Where(p => p.IsNew).Select(p => p.Record)], _leadership.Fence,
                cancellation);
            foreach (var note in notes) Note(note);
            foreach (var (record, _) in proposals)
            {
                _parts.Proposals.Remember(record);
                changes.SetOff(record, log.Archive.LastChange(record.App)?.Deployment, Post, _calls);
            }

            foreach (var gone in _parts.Board.Show(apps, decided, decisions, changes, guard.ScaleInStopped(now.Steady), read,
                now))
            {
                decisions.Forget(gone);
                changes.Forget(gone);
                _parts.Proposals.Forget(gone);
            }

            await decisions.LearnAsync(decided, now, _leadership.Fence, cancellation);
            return Report(now, TickOutcome.Ok, proposals.Count, null);
        }
        catch (Exception e) when (e.IsOfStore())
        {
            _parts.Metrics.StoreFailed();
            if (_parts.State.Snapshot.LastTick?.Outcome != TickOutcome.StoreUnavailable)
                _log.LogError("Nothing is changed while decisions cannot be put on record: {Reason}", e.Message);
            return Report(now, TickOutcome.StoreUnavailable, 0, e.Message);
        }
    }

    private void Note(DecisionRecord note)
    {
        _parts.Proposals.Remember(note);
        if (note.Outcome == DecisionOutcome.Postponed)
        {
            _log.LogOutcome(note);
            return;
        }

        _parts.Metrics.Decided(note);
        _log.LogNote(note);
    }

    private async Task EndChangeAsync(EvaluationInput.ChangeEnded ended)
    {
        if (_parts.Changes.End(ended.Record, ended.Result, Now) is not { } record) return;
        _parts.Proposals.Remember(record);
        var isNews = ended.Record.Outcome != record.Outcome || ended.Record.OutcomeReason != record.OutcomeReason;
        if (isNews) _log.LogOutcome(record);
        try
        {
            await _parts.Log.SettleAsync(record, durable: isNews, _leadership.Fence, CancellationToken.None);
        }
        catch (Exception e) when (e.IsOfStore())
        {
            _parts.Metrics.StoreFailed();
            _log.LogError("What became of the change of {App} cannot be stored yet: {Reason}", record.App, e.Message);
        }

        _parts.State.Snapshot = _parts.State.Snapshot with { UnsavedOutcomes = _parts.Log.Unsaved };
    }

    private TickReport Report(Instant now, TickOutcome outcome, int changes, string? problem) =>
        new(now.Wall, "", outcome, default, _parts.State.Snapshot.Apps.Count, changes, problem);

    /// <summary>A tick whose apps are being read.</summary>
    /// <param name="Asked">Who asked for it.</param>
    /// <param name="Begun">When it began.</param>
    /// <param name="Clock">The same as a timestamp.</param>
    private sealed record TickUnderWay(IReadOnlyList<EvaluationInput.Tick> Asked, Instant Begun, long Clock)
    {
        public string Why => Asked.LastOrDefault(tick => tick.NotBefore is not null)?.Why ?? Asked[0].Why;

        public DateTimeOffset? NotBefore => Asked.Max(tick => tick.NotBefore);
    }
}
