using LifecycleManager.Manager.Observability;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Status;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Runtime.Loops;
using LifecycleManager.Scaling.Safety;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Evaluation;

/// <summary>
/// The owner of a term's evaluation. A tick has the apps read, decides each, puts what is to change on record, and sets it off;
/// between two ticks a round does so with the apps whose readings arrive, or that time alone changes. Reading and changing run
/// beside its loop and come back as inputs. Nothing changes without a target that answers and a store that records.
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
    private readonly DecisionPace _pace;
    private readonly CancellationToken _calls;
    private readonly List<EvaluationInput.Tick> _asked = [];
    private readonly DecidedAgain _again = new();
    private TickUnderWay? _tick;
    private TargetFacts? _facts;
    private TaskCompletionSource? _ended;
    private DateTimeOffset? _awaySince;
    private bool _isUnsettled = true;
    private long _tickBegan;

    /// <param name="parts">What it works with.</param>
    /// <param name="leadership">Its lead.</param>
    /// <param name="options">How it works.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Gets what changes.</param>
    /// <param name="calls">Cuts off calls to the target.</param>
    public EvaluationOwner(
        EvaluationParts parts, ILeadership leadership, ManagerOptions options, TimeProvider time, ILogger log,
        CancellationToken calls)
    {
        (_parts, _leadership, _options, _time, _log, _calls) = (parts, leadership, options, time, log, calls);
        _steady = new SteadyTime(time);
        _schedule = new TickSchedule(time, options.Tick);
        _pace = new DecisionPace(parts.Arrivals, parts.Decisions, () =>
        [
            .. parts.Pauses.Current.Select(pause => (pause.App, pause.Until)),
            .. parts.Overrides.Current.Select(entry => ((string?)entry.App, (DateTimeOffset?)entry.Until)),
        ]);
    }

    /// <summary>Hands an input in from another thread; set before the loop begins.</summary>
    public Func<EvaluationInput, Task> Post { get; set; } = null!;

    /// <summary>How long the tick under way has taken; null between ticks. For any thread.</summary>
    public TimeSpan? TickAge => Volatile.Read(ref _tickBegan) is var began and not 0 ? _time.GetElapsedTime(began) : null;

    /// <inheritdoc />
    public TimeSpan? NextDue =>
        _ended is not null ? null : MayRound && _pace.NextDue(Now) is { } round && round < _schedule.NextDue ? round
        : _schedule.NextDue;

    // A target that is away is asked at ticks alone.
    private bool MayRound => _tick is null && _awaySince is null;

    private Moment Now => new(_time.GetUtcNow(), _steady.GetUtcNow());

    /// <inheritdoc />
    public async ValueTask TurnAsync(IReadOnlyList<EvaluationInput> inputs, CancellationToken cancellation)
    {
        foreach (var input in inputs) await TakeAsync(input, cancellation);
        if (_ended is not null)
        {
            EndTick(Report(Now, TickOutcome.NotLeading, 0, ManagerTerm.OtherLeads));
            if (_parts.Changes.Count > 0 || _ended.Task.IsCompleted) return;
            await _parts.Decisions.LeaveAsync(Now, _leadership.Fence);
            _ended.TrySetResult();
            return;
        }

        // One tick at a time: what falls due while it runs is left out, who asks meanwhile shares the next.
        if (_schedule.TryTake() && _tick is not { IsTick: true }) _asked.Add(new EvaluationInput.Tick("tick", null, null));
        if (_tick is null && _asked.Count > 0) BeginTick();
        else if (MayRound && _pace.NextDue(Now) <= TimeSpan.Zero) await BeginRoundAsync(cancellation);
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
            case EvaluationInput.Call call:
                call.Abandon(cause);
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
            case EvaluationInput.Call call:
                await call.RunAsync(Now);
                break;
            case EvaluationInput.End end:
                _ended = end.Ended;
                _parts.State.Snapshot = _parts.State.Snapshot with { Leading = false };
                break;
        }
    }

    private void BeginTick()
    {
        var left = _schedule.Begin();
        if (left > 0) _parts.Metrics.Skipped(left);
        _tick = new TickUnderWay([.. _asked], Now, _time.GetTimestamp()) { Span = Tracing.Begin(isTick: true) };
        _asked.Clear();
        BeginRead();
    }

    private async Task BeginRoundAsync(CancellationToken cancellation)
    {
        _tick = new TickUnderWay([], Now, _time.GetTimestamp()) { Span = Tracing.Begin(isTick: false) };
        if (_facts?.AreFresh(_tick.Begun, _parts.Changes) == true) await DecideAsync(_tick, _facts, _tick.Begun, cancellation);
        else BeginRead();
    }

    private void BeginRead()
    {
        Volatile.Write(ref _tickBegan, Math.Max(1, _tick!.Clock));
        var begun = _tick.Begun;
        _ = Task.Run(async () => await Post(await _parts.Reader.ReadAsync(begun, _calls)), CancellationToken.None);
    }

    private async Task TickAsync(EvaluationInput.AppsRead read, CancellationToken cancellation)
    {
        if (_tick is not { } tick || _ended is not null) return;
        if (read.Defect is not null and not OperationCanceledException)
            throw new InvalidOperationException(read.Problem, read.Defect);
        var now = Now;
        if (tick.NotBefore > now.Wall) now = now with { Wall = tick.NotBefore.Value };
        if ((_facts = read.Facts) is null) EndTick(TargetAway(read.Problem!, tick.Begun, now));
        else await DecideAsync(tick, _facts, now, cancellation);
    }

    private async Task DecideAsync(TickUnderWay tick, TargetFacts facts, Moment now, CancellationToken cancellation)
    {
        _parts.Decisions.UsePolicies();
        var apps = _pace.Take(now);
        TickReport report;
        using (Tracing.Decide(tick.Span)) report = await EvaluateAsync(facts, tick.IsTick ? null : apps, now, cancellation);
        EndTick(report);
    }

    private void EndTick(TickReport report)
    {
        if (_tick is not { } tick) return;
        _tick = null;
        Volatile.Write(ref _tickBegan, 0);
        _pace.Ended(tick.Begun, Now);
        Tracing.End(tick.Span, tick.Why, report);
        _parts.Metrics.Stopped(_parts.Stop.Current is not null);
        if (tick is { IsTick: false } && report.Outcome == TickOutcome.Ok)
        {
            _parts.Metrics.RoundEnded();
            return;
        }

        report = report with { Why = tick.Why, Took = _time.GetElapsedTime(tick.Clock) };
        var isLate = report.Took > _options.Tick;
        _parts.Metrics.Ticked(report, isLate);
        if (isLate) _log.LogWarning("A tick took {Took}, more than its period {Period}", report.Took, _options.Tick);
        _parts.State.Snapshot = _parts.State.Snapshot with { LastTick = report, UnsavedOutcomes = _parts.Log.Unsaved };
        foreach (var asked in tick.Asked) asked.Answer?.TrySetResult(report);
    }

    private TickReport TargetAway(string problem, Moment begun, Moment now)
    {
        if (_awaySince is null)
            _log.LogWarning("{Target} does not answer, and nothing is changed: {Problem}", _parts.Target.Description, problem);
        _awaySince ??= begun.Steady;
        if (now.Steady - _awaySince >= _parts.TargetGracePeriod) _parts.TargetLost.TrySetResult(problem);
        return Report(now, TickOutcome.TargetUnavailable, 0, problem);
    }

    // Those named alone where there are such, else all apps.
    private async Task<TickReport> EvaluateAsync(
        TargetFacts facts, IReadOnlySet<string>? only, Moment now, CancellationToken cancellation)
    {
        if (_awaySince is not null) _log.LogInformation("{Target} answers again", _parts.Target.Description);
        _awaySince = null;
        var (decisions, changes, guard, log, apps) = (_parts.Decisions, _parts.Changes, _parts.Guard, _parts.Log, facts.Apps);
        try
        {
            if (_isUnsettled)
            {
                var settled = OpenDecisions.Settle(log.Archive, apps, now.Wall);
                if (settled.Count > 0) await log.RecordAsync(settled, _leadership.Fence, cancellation);
                decisions.Prune(apps);
                _isUnsettled = false;
            }

            var told = await _parts.Scheduling.TurnAsync(apps, facts.Unlisted, now.Wall, _leadership.Fence, cancellation);
            if (only is null) decisions.Demand(apps, _parts.Scheduling.Demands(apps));
            foreach (var gone in facts.Gone) guard.Forget(gone);
            guard.ObserveInstances(apps, now.Steady);
            var decided = decisions.Decide(
                apps, only, app => !app.Deleting && !changes.IsSettling(app.Id, facts.Read.Steady), now);

            // Of all apps, decided now or before: the share of those whose sources are silent counts.
            guard.ObserveMetrics(
                from app in apps
                where !app.Deleting
                let sources = decisions.Sources(app.Id)
                where sources != SourceState.Unasked
                select (app.Id, sources == SourceState.Answers),
                now.Steady);
            var (planned, notes, shown) = _parts.Planner.Plan(decided, changes, now);
            notes.AddRange(told.Select(decision => decisions.Record(log.NextId(), decision, now.Wall)));

            // Holds and dry runs are notes; intents, and what they account for, must be there before anything is done about them.
            await decisions.RememberAsync(planned, now, _leadership.Fence, cancellation);
            await log.RecordAsync([.. notes, .. planned.Where(p => p.IsNew).Select(p => p.Record)], _leadership.Fence,
                cancellation);
            foreach (var note in notes) Note(note);
            foreach (var (record, _, app) in planned)
            {
                _parts.Planner.Remember(record);
                ChangeStart.Begin(_parts, record, app, Post, _calls);
            }

            var stopped = guard.ScaleInStopped(now.Steady);
            foreach (var gone in _parts.Status.Publish(facts, only is null, shown, decisions, changes, stopped, now))
            {
                decisions.Forget(gone);
                changes.Forget(gone);
                _parts.Planner.Forget(gone);
                _again.Forget(gone);
            }

            _parts.Releases.Begin(apps, _parts.Sources.Policies(), changes, facts.Read.Steady, _calls);
            await _parts.Overrides.SettleAsync(apps, _leadership.Fence, cancellation);
            await _parts.Ended.SettleAsync(_parts.Sources.Ends.IsThere, _leadership.Fence, cancellation);
            await decisions.LearnAsync(decided, now, _leadership.Fence, cancellation);
            return Report(now, TickOutcome.Ok, planned.Count, null);
        }
        catch (Exception e) when (e.IsStoreFailure())
        {
            _parts.Metrics.StoreFailed();
            if (_parts.State.Snapshot.LastTick?.Outcome != TickOutcome.StoreUnavailable)
                _log.LogError("Nothing is changed while decisions cannot be put on record: {Reason}", e.Message);
            return Report(now, TickOutcome.StoreUnavailable, 0, e.Message);
        }
    }

    private void Note(DecisionRecord note)
    {
        _parts.Planner.Remember(note);
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
        var now = Now;
        _parts.Changes.End(ended.Record.App, ended.Result, now.Steady);
        // Cut off, it stays pending on record: the next leader settles it by the count that it finds.
        if (ended.Result is not { } result) return;
        var record = ended.Record.With(result, now.Wall);
        if (_again.Take(record))
            _asked.Add(new EvaluationInput.Tick($"{record.App} is not as it was when it was decided", null, null));
        _parts.Metrics.Settled(record, result.Status);
        _parts.Planner.Remember(record);
        var isNews = ended.Record.Outcome != record.Outcome || ended.Record.OutcomeReason != record.OutcomeReason;
        if (isNews) _log.LogOutcome(record);
        try
        {
            await _parts.Log.SettleAsync(record, durable: isNews, _leadership.Fence, CancellationToken.None);
        }
        catch (Exception e) when (e.IsStoreFailure())
        {
            _parts.Metrics.StoreFailed();
            _log.LogError("The outcome of the change of {App} cannot be stored yet: {Reason}", record.App, e.Message);
        }

        _parts.State.Snapshot = _parts.State.Snapshot with { UnsavedOutcomes = _parts.Log.Unsaved };
    }

    private TickReport Report(Moment now, TickOutcome outcome, int changes, string? problem) =>
        new(now.Wall, "", outcome, default, _parts.State.Snapshot.Apps.Count, changes, problem);
}
