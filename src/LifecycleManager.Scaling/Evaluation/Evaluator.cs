using System.Collections.Immutable;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Metrics;
using LifecycleManager.Metrics.Queries;
using LifecycleManager.Scaling.History;
using LifecycleManager.Scaling.Observability;
using LifecycleManager.Scaling.Pausing;
using LifecycleManager.Scaling.Recording;
using LifecycleManager.Scaling.Safety;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Scaling.Evaluation;

/// <summary>
/// The loop's heart. A tick reads the apps, decides each, puts what is to change on record, and sets it off; the changes run
/// beside the ticks, one an app at a time. Nothing changes without a leadership, a target that answers and a store that records.
/// </summary>
internal sealed class Evaluator : IAsyncDisposable
{
    private readonly IScalingTarget _target;
    private readonly DecisionEngine _engine;
    private readonly IMetricReader _reader;
    private readonly Action<IReadOnlyCollection<MetricDemand>> _demand;
    private readonly Func<PolicySet> _policies;
    private readonly DecisionLog _log;
    private readonly PauseBook _pauses;
    private readonly MetricHistory _history;
    private readonly ForecastHistory _forecasts;
    private readonly ManagerMetrics _metrics;
    private readonly ManagerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<Evaluator> _logger;

    private readonly Mailbox _mailbox = new();
    private readonly SemaphoreSlim _oneTick = new(1, 1);
    private readonly SemaphoreSlim _applying;
    private long _ticksStarted;
    private int _underWay;
    private TickReport? _lastReport;
    private volatile ManagerSnapshot _snapshot = ManagerSnapshot.Empty;

    // Owned by the mailbox.
    private readonly Dictionary<string, Task> _inFlight = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _settledAt = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DecisionRecord> _last = new(StringComparer.Ordinal);
    private readonly RetryGate _retries;
    private readonly SafetyGuard _guard;
    private PolicySet? _used;
    private ILeadership? _office;
    private CancellationTokenSource _stopping = new();
    private DateTimeOffset? _lastTickAt;
    private bool _unsettled;

    public Evaluator(
        IScalingTarget target,
        DecisionEngine engine,
        IMetricReader reader,
        Action<IReadOnlyCollection<MetricDemand>> demand,
        Func<PolicySet> policies,
        DecisionLog log,
        PauseBook pauses,
        MetricHistory history,
        ForecastHistory forecasts,
        ManagerMetrics metrics,
        ManagerOptions options,
        TimeProvider time,
        ILogger<Evaluator> logger)
    {
        _target = target;
        _engine = engine;
        _reader = reader;
        _demand = demand;
        _policies = policies;
        _log = log;
        _pauses = pauses;
        _history = history;
        _forecasts = forecasts;
        _metrics = metrics;
        _options = options;
        _time = time;
        _logger = logger;
        _applying = new SemaphoreSlim(options.Parallelism);
        _retries = new RetryGate(options.FirstRetryDelay, options.LongestRetryDelay);
        _guard = new SafetyGuard(options.Safety);
    }

    /// <summary>What was known at the last tick.</summary>
    public ManagerSnapshot Snapshot => _snapshot;

    /// <summary>How many changes are on their way to the target.</summary>
    public int InFlight => Volatile.Read(ref _underWay);

    /// <summary>Raised when the scheduled rules have changed.</summary>
    public event Action<IReadOnlyList<ScheduledRule>>? SchedulesChanged;

    /// <summary>Takes over: reads what is on record, and from then on ticks evaluate.</summary>
    public Task BeginAsync(ILeadership office, CancellationToken cancellation) => _mailbox.AskAsync(async () =>
    {
        await _log.LoadAsync(cancellation);
        await _pauses.LoadAsync(cancellation);
        await _forecasts.LoadAsync(cancellation);
        _engine.UseHistory(_forecasts.Read);
        _stopping.Dispose();
        _stopping = CancellationTokenSource.CreateLinkedTokenSource(office.Lost);
        _retries.Clear();
        _settledAt.Clear();
        _last.Clear();
        _lastTickAt = null;
        _unsettled = true;
        _office = office;
        _snapshot = _snapshot with { Leading = true };
        _metrics.Leading(true);
        return true;
    });

    /// <summary>
    /// Stops evaluating. Calls under way may end within the grace; a call that is cut off leaves its record pending, and whoever
    /// leads next settles it.
    /// </summary>
    public async Task EndAsync(TimeSpan grace)
    {
        var underWay = await _mailbox.AskAsync(() =>
        {
            _office = null;
            _snapshot = _snapshot with { Leading = false };
            _metrics.Leading(false);
            return Task.FromResult<Task[]>([.. _inFlight.Values]);
        });
        try
        {
            if (underWay.Length > 0) await Task.WhenAll(underWay).WaitAsync(grace, _time);
        }
        catch (TimeoutException)
        {
            _logger.LogInformation("Calls to {Target} did not end within {Grace} and are given up", _target.Description, grace);
        }

        await _stopping.CancelAsync();
        await Task.WhenAll(underWay);
    }

    /// <summary>
    /// The last evaluation of an app with that tick's values, what each rule said, and the samples that there are for them now; null
    /// where it was not evaluated.
    /// </summary>
    public Task<Explanation?> ExplainAsync(string app) => _mailbox.AskAsync(() =>
        Task.FromResult(_engine.Explain(app) is { } decision
            ? new Explanation(
                decision, _engine.Opinions(app), Evidence.Read(_engine, _reader, app, _time.GetUtcNow(), Evidence.MostExplained))
            : null));

    /// <summary>Puts the directory's policies in force now, leading or not, so that schedules and the API show them.</summary>
    public Task UsePoliciesAsync() => _mailbox.AskAsync(() => Task.FromResult(ApplyPolicies()));

    /// <summary>
    /// Evaluates once. Never runs twice at a time; those who ask while others wait share one tick.
    /// </summary>
    /// <param name="why">What asks.</param>
    /// <param name="notBefore">The instant that the tick must not be before, where a schedule asks; or null.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<TickReport> TickAsync(string why, DateTimeOffset? notBefore, CancellationToken cancellation)
    {
        var seen = Interlocked.Read(ref _ticksStarted);
        await _oneTick.WaitAsync(cancellation);
        try
        {
            if (_ticksStarted > seen && _lastReport is { Outcome: TickOutcome.Ok } shared && (notBefore is null || shared.At >= notBefore))
            {
                return shared;
            }

            Interlocked.Increment(ref _ticksStarted);
            return _lastReport = await RunTickAsync(why, notBefore, cancellation);
        }
        finally
        {
            _oneTick.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync(TimeSpan.Zero);
        await _mailbox.DisposeAsync();
        _stopping.Dispose();
        _oneTick.Dispose();
        _applying.Dispose();
    }

    private async Task<TickReport> RunTickAsync(string why, DateTimeOffset? notBefore, CancellationToken cancellation)
    {
        var clock = _time.GetTimestamp();
        var started = _time.GetUtcNow();
        TickReport report;
        try
        {
            if (!_snapshot.Leading) return new TickReport(started, why, TickOutcome.NotLeading, TimeSpan.Zero, 0, 0, "another manager leads");
            IReadOnlyList<ScalableApp>? apps = null;
            string? problem = null;
            try
            {
                apps = await _target.GetAppsAsync(cancellation);
            }
            catch (TargetUnavailableException e)
            {
                problem = e.Message;
            }

            report = await _mailbox.AskAsync(() => EvaluateAsync(apps, problem, started, notBefore, why, cancellation));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _logger.LogError(e, "A tick failed");
            report = new TickReport(started, why, TickOutcome.Failed, TimeSpan.Zero, 0, 0, e.Message);
        }

        report = report with { Took = _time.GetElapsedTime(clock) };
        _metrics.Ticked(report, report.Took > _options.Tick);
        if (report.Took > _options.Tick)
        {
            _logger.LogWarning("A tick took {Took}, more than its period {Period}", report.Took, _options.Tick);
        }

        return await _mailbox.AskAsync(() =>
        {
            _snapshot = _snapshot with { LastTick = report };
            return Task.FromResult(report);
        });
    }

    private async Task<TickReport> EvaluateAsync(
        IReadOnlyList<ScalableApp>? apps, string? problem, DateTimeOffset started, DateTimeOffset? notBefore, string why,
        CancellationToken cancellation)
    {
        var now = _time.GetUtcNow();
        if (notBefore > now) now = notBefore.Value;
        CountSkipped(started);
        ApplyPolicies();
        if (_office is not { } office) return Report(TickOutcome.NotLeading, 0, "another manager leads");
        if (apps is null)
        {
            if (_snapshot.LastTick?.Outcome != TickOutcome.TargetUnavailable)
            {
                _logger.LogWarning("Nothing is changed while the target cannot be read: {Problem}", problem);
            }

            return Report(TickOutcome.TargetUnavailable, 0, problem);
        }

        if (_snapshot.LastTick?.Outcome == TickOutcome.TargetUnavailable) _logger.LogInformation("{Target} answers again", _target.Description);
        if (_unsettled) await SettleOpenAsync(apps, office, cancellation);

        _demand(_engine.Demands([.. apps.Select(app => new AppRef(app.Id, app.Labels))]));
        _guard.ObserveInstances(apps, now);
        var wanted = DecideAll(apps, started, now);
        _guard.ObserveMetrics(wanted.Select(app => (app.App.Id, _engine.Report(app.App.Id)?.Sources ?? SourceState.Unasked)), now);
        var proposals = new List<Proposal>();
        var notes = new List<DecisionRecord>();
        foreach (var (app, decision) in wanted) Consider(app, decision, now, proposals, notes);
        KeepToRate(proposals, notes, now);

        try
        {
            // Holds and dry runs are notes; intents must be there before anything is done about them.
            await _log.RecordAsync([.. notes, .. proposals.Where(p => p.IsNew).Select(p => p.Record)], office.Fence, cancellation);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _metrics.StoreFailed();
            if (_snapshot.LastTick?.Outcome != TickOutcome.StoreUnavailable)
            {
                _logger.LogError("Nothing is changed while decisions cannot be put on record: {Reason}", e.Message);
            }

            return Report(TickOutcome.StoreUnavailable, 0, e.Message);
        }

        foreach (var note in notes) Note(note);
        foreach (var proposal in proposals) _last[proposal.Record.App] = proposal.Record;
        foreach (var proposal in proposals) SetOff(proposal, office);
        Publish(apps, wanted, started);
        foreach (var (app, _) in wanted)
        {
            foreach (var sample in _engine.Forecasts(app.Id)) _forecasts.Add(app.Id, sample, now);
        }

        await _forecasts.FlushAsync(office.Fence, now, cancellation);
        return Report(TickOutcome.Ok, proposals.Count, null);

        TickReport Report(TickOutcome outcome, int changes, string? text) =>
            new(now, why, outcome, default, _snapshot.Apps.Count, changes, text);
    }

    private List<(ScalableApp App, Decision Decision)> DecideAll(IReadOnlyList<ScalableApp> apps, DateTimeOffset started, DateTimeOffset now)
    {
        var wanted = new List<(ScalableApp, Decision)>();
        foreach (var app in apps)
        {
            // What was read before our own last change came into force is no ground for the next one.
            if (_inFlight.ContainsKey(app.Id) || (_settledAt.TryGetValue(app.Id, out var settled) && settled >= started)) continue;
            try
            {
                var facts = new AppFacts(app.Id, app.Instances, app.Healthy, app.Staged, app.Deploying, now);
                if (_engine.Decide(new AppRef(app.Id, app.Labels), in facts, _reader) is { } decision) wanted.Add((app, decision));
            }
            catch (Exception e)
            {
                _metrics.EvaluationFailed(app.Id);
                _logger.LogError(e, "The evaluation of {App} failed; its count stays {Count}", app.Id, app.Instances);
            }
        }

        return wanted;
    }

    private void Consider(
        ScalableApp app, Decision decision, DateTimeOffset now, List<Proposal> proposals, List<DecisionRecord> notes)
    {
        if (!decision.DryRun) decision = _guard.Temper(decision, now);
        if (!decision.DryRun && _pauses.Against(app.Id, decision.Kind) is { } pause)
        {
            decision = SafetyGuard.Adjust(decision, "pause", decision.From, pause.ToString());
        }

        // The last record is kept here too: in a large cluster the archive may have let go of it.
        var last = _last.TryGetValue(app.Id, out var recorded) ? recorded : _log.Archive.Last(app.Id);
        var known = last is not null && last.Covers(decision);
        if (decision.Kind == DecisionKind.Hold || decision.DryRun)
        {
            if (!known) notes.Add(NewRecord(decision, now));
            return;
        }

        if (_retries.NotBefore(app.Id, now) is not null && known) return;
        proposals.Add(known
            ? new Proposal(last! with { Reason = decision.Reason, Metrics = DecisionRecord.Of("", decision).Metrics }, IsNew: false)
            : new Proposal(NewRecord(decision, now), IsNew: true));
    }

    private DecisionRecord NewRecord(Decision decision, DateTimeOffset now) => DecisionRecord.Of(_log.NextId(), decision) with
    {
        Opinions = _engine.Opinions(decision.App),
        Evidence = Evidence.Read(_engine, _reader, decision.App, now, Evidence.MostRecorded),
    };

    /// <summary>Leaves for later what is too much for a minute; growth goes first.</summary>
    private void KeepToRate(List<Proposal> proposals, List<DecisionRecord> notes, DateTimeOffset now)
    {
        var inOrder = proposals.OrderBy(proposal => proposal.Record.Kind == DecisionKind.ScaleOut ? 0 : 1).ToList();
        proposals.Clear();
        foreach (var proposal in inOrder)
        {
            if (_guard.TryTake(now))
            {
                proposals.Add(proposal);
                continue;
            }

            _metrics.PutOff(proposal.Record.App);
            if (!proposal.IsNew) continue;
            notes.Add(proposal.Record with
            {
                Outcome = DecisionOutcome.Postponed, OutcomeAt = now,
                OutcomeReason = $"{_options.Safety.ChangesPerMinute} changes were set off within a minute",
            });
        }
    }

    private void Note(DecisionRecord note)
    {
        _last[note.App] = note;
        if (note.Outcome == DecisionOutcome.Postponed)
        {
            LogOutcome(note);
            return;
        }

        _metrics.Decided(note);
        if (note.Outcome == DecisionOutcome.DryRun)
        {
            _logger.LogInformation("Dry run: {App} would go from {From} to {To}: {Reason}", note.App, note.From, note.To, note.Reason);
        }
        else
        {
            _logger.LogDebug("{App} stays at {Count}: {Reason}", note.App, note.From, note.Reason);
        }
    }

    private void SetOff(Proposal proposal, ILeadership office)
    {
        var record = proposal.Record;
        var lastChange = _log.Archive.LastChange(record.App);
        var request = new ScaleRequest(record.App, record.To, record.Policy, record.Reason) { OwnDeployment = lastChange?.Deployment };
        Interlocked.Increment(ref _underWay);
        _inFlight[record.App] = Task.Run(() => ApplyAsync(record, request, office, _stopping.Token));
    }

    private async Task ApplyAsync(DecisionRecord record, ScaleRequest request, ILeadership office, CancellationToken cancellation)
    {
        ScaleResult? result = null;
        try
        {
            await _applying.WaitAsync(cancellation);
            try
            {
                // It may have been paused while it waited for its turn.
                if (_pauses.Against(record.App, record.Kind) is { } pause)
                {
                    result = new ScaleResult(ScaleStatus.Locked, pause.ToString());
                }
                else
                {
                    var clock = _time.GetTimestamp();
                    result = await _target.ScaleAsync(request, cancellation);
                    _metrics.Called(result.Status, _time.GetElapsedTime(clock));
                }
            }
            finally
            {
                _applying.Release();
            }
        }
        catch (Exception) when (cancellation.IsCancellationRequested)
        {
            // The record stays pending: the next leader settles it by the count that it finds.
        }
        catch (Exception e)
        {
            _logger.LogError(e, "Scaling {App} failed", record.App);
            result = new ScaleResult(ScaleStatus.Unavailable, e.Message);
        }

        await _mailbox.AskAsync(() => FinishAsync(record, result, office));
        Interlocked.Decrement(ref _underWay);
    }

    private async Task<bool> FinishAsync(DecisionRecord record, ScaleResult? result, ILeadership office)
    {
        _inFlight.Remove(record.App);
        if (result is null) return false;
        var now = _time.GetUtcNow();
        _settledAt[record.App] = now;
        var before = record;
        record = record with
        {
            Outcome = result.Status switch
            {
                ScaleStatus.Applied => DecisionOutcome.Applied,
                ScaleStatus.Locked => DecisionOutcome.Postponed,
                _ => DecisionOutcome.Failed,
            },
            OutcomeReason = result.Detail,
            OutcomeAt = now,
            Attempts = record.Attempts + 1,
            Deployment = result.Deployment,
        };
        if (record.Outcome == DecisionOutcome.Failed) _retries.Failed(record.App, now);
        else _retries.Succeeded(record.App);

        _last[record.App] = record;
        _metrics.Settled(record, result.Status);
        var news = before.Outcome != record.Outcome || before.OutcomeReason != record.OutcomeReason;
        if (news) LogOutcome(record);
        try
        {
            await _log.SettleAsync(record, durable: news, office.Fence, CancellationToken.None);
        }
        catch (Exception e)
        {
            _metrics.StoreFailed();
            _logger.LogError("What became of the change of {App} cannot be stored yet: {Reason}", record.App, e.Message);
        }

        return true;
    }

    private void LogOutcome(DecisionRecord record)
    {
        switch (record.Outcome)
        {
            case DecisionOutcome.Applied:
                _logger.LogInformation("{App} goes from {From} to {To}: {Reason}", record.App, record.From, record.To, record.Reason);
                break;
            case DecisionOutcome.Postponed:
                _logger.LogInformation(
                    "{App} from {From} to {To} is postponed, {Why}: {Reason}",
                    record.App, record.From, record.To, record.OutcomeReason, record.Reason);
                break;
            default:
                _logger.LogWarning(
                    "{App} could not be brought from {From} to {To}, {Why}: {Reason}",
                    record.App, record.From, record.To, record.OutcomeReason, record.Reason);
                break;
        }
    }

    /// <summary>Changes whose answers an earlier leader did not live to note: the count tells.</summary>
    private async Task SettleOpenAsync(IReadOnlyList<ScalableApp> apps, ILeadership office, CancellationToken cancellation)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var app in apps) counts[app.Id] = app.Instances;
        var now = _time.GetUtcNow();
        var settled = new List<DecisionRecord>();
        foreach (var open in _log.Archive.Newest.Where(IsOpen))
        {
            var found = counts.TryGetValue(open.App, out var count);
            if (found && count == open.To)
            {
                settled.Add(open with
                {
                    Outcome = DecisionOutcome.Applied, OutcomeAt = now,
                    OutcomeReason = "the manager stopped before it saw the answer, and found the count in force when it started",
                });
            }
            else if (open.Outcome == DecisionOutcome.Pending)
            {
                settled.Add(open with
                {
                    Outcome = DecisionOutcome.Interrupted, OutcomeAt = now,
                    OutcomeReason = "the manager stopped before it saw the answer, and found "
                        + (found ? $"the count at {count}" : "the app gone") + " when it started",
                });
            }
        }

        if (settled.Count > 0) await _log.RecordAsync(settled, office.Fence, cancellation);
        _unsettled = false;

        static bool IsOpen(DecisionRecord record) =>
            record.Outcome is DecisionOutcome.Pending or DecisionOutcome.Postponed or DecisionOutcome.Failed;
    }

    private bool ApplyPolicies()
    {
        var policies = _policies();
        if (ReferenceEquals(policies, _used)) return false;
        _engine.Use(policies);
        _used = policies;
        _snapshot = _snapshot with { Schedules = _engine.Schedules };
        _metrics.Policies(policies.Policies.Count);
        SchedulesChanged?.Invoke(_engine.Schedules);
        return true;
    }

    private void SayWhatIsHeld(ImmutableSortedDictionary<string, AppStatus> governed)
    {
        var held = governed.Values.Where(app => app.MetricsMissing).ToList();
        var before = _snapshot.Apps.Values.Count(app => app.MetricsMissing);
        if (held.Count > 0 && before == 0)
        {
            _logger.LogWarning(
                "{Count} apps have rules without metrics, the first is {App}: {Reason}", held.Count, held[0].App, held[0].Evaluation.Reason);
        }
        else if (held.Count == 0 && before > 0)
        {
            _logger.LogInformation("Every rule has its metrics again");
        }
    }

    private void CountSkipped(DateTimeOffset started)
    {
        if (_lastTickAt is { } last)
        {
            var missed = (int)Math.Floor((started - last) / _options.Tick - 0.5);
            if (missed > 0) _metrics.Skipped(missed);
        }

        _lastTickAt = started;
    }

    private void Publish(
        IReadOnlyList<ScalableApp> apps, List<(ScalableApp App, Decision Decision)> decided, DateTimeOffset started)
    {
        var now = _time.GetUtcNow();
        var decisions = decided.ToDictionary(entry => entry.App.Id, entry => entry.Decision, StringComparer.Ordinal);
        var statuses = ImmutableSortedDictionary.CreateBuilder<string, AppStatus>(StringComparer.Ordinal);
        foreach (var app in apps)
        {
            if (_engine.Report(app.Id) is not { } report) continue;
            var evaluation = decisions.GetValueOrDefault(app.Id) ?? _snapshot.Apps.GetValueOrDefault(app.Id)?.Evaluation ?? _engine.Explain(app.Id);
            if (evaluation is null) continue;
            statuses[app.Id] = new AppStatus
            {
                App = app.Id,
                Policy = report.Policy,
                Instances = app.Instances,
                Running = app.Running,
                Healthy = app.Healthy,
                Staged = app.Staged,
                Deploying = app.Deploying,
                Min = report.Bounds.Min,
                Max = report.Bounds.Max,
                Evaluation = evaluation,
                Metrics = report.Metrics,
                Thresholds = report.Thresholds,
                MetricsMissing = report.MetricsMissing,
                InFlight = _inFlight.ContainsKey(app.Id),
                NextTry = _retries.NotBefore(app.Id, now),
            };
        }

        var governed = statuses.ToImmutable();
        foreach (var gone in _snapshot.Apps.Keys.Where(app => !governed.ContainsKey(app)))
        {
            _engine.Forget(gone);
            _metrics.Forget(gone);
            _retries.Succeeded(gone);
            _settledAt.Remove(gone);
            _last.Remove(gone);
        }

        SayWhatIsHeld(governed);
        _metrics.Show(governed.Values);
        _history.Add(governed.Values, now);
        var stopped = _guard.ScaleInStopped(now);
        _metrics.ScaleInStopped(stopped is not null);
        if (stopped is not null && _snapshot.ScaleInStopped is null) _logger.LogWarning("{Why}", stopped);
        if (stopped is null && _snapshot.ScaleInStopped is not null) _logger.LogInformation("Scale-in goes on");
        _snapshot = _snapshot with
        {
            Apps = governed, Ungoverned = apps.Count - governed.Count, TargetSeenAt = started, ScaleInStopped = stopped,
        };
    }

    /// <summary>Why an app's count is what it is.</summary>
    internal sealed record Explanation(Decision Decision, IReadOnlyList<RuleReport> Opinions, IReadOnlyList<MetricEvidence> Evidence);

    /// <summary>A change to be set off.</summary>
    private sealed record Proposal(DecisionRecord Record, bool IsNew);
}
