using LifecycleManager.Manager.Auditing;
using LifecycleManager.Manager.History;
using LifecycleManager.Manager.Overriding;
using LifecycleManager.Manager.Ownership;
using LifecycleManager.Manager.Pausing;
using LifecycleManager.Manager.Recommending;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Scheduling;
using LifecycleManager.Manager.Status;
using LifecycleManager.Manager.Stopping;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Runtime.Loops;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Evaluation;

/// <summary>
/// One term of a manager that leads: reads what is on record, then evaluates until the lead or the target is lost, a loop of it
/// fails, or the manager stops. Made by <see cref="ManagerTermFactory"/>; runs once.
/// </summary>
internal sealed class ManagerTerm : IAsyncDisposable
{
    /// <summary>What a tick says that does not run.</summary>
    public const string OtherLeads = "another manager leads";

    /// <summary>Calls under way may end within this when the manager stops: 3 s.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);

    private const int MaxInputs = 4_096;
    private const int MaxBatch = 256;

    private readonly EvaluationParts _parts;
    private readonly ILeadership _leadership;
    private readonly ScheduleTriggers _triggers;
    private readonly RoleHealth _health;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ForecastHistory _forecasts;
    private readonly LoopReport _report;
    private readonly IDisposable _watch;
    private readonly CancellationTokenSource _calls;
    private readonly EvaluationOwner _owner;
    private readonly OwnerLoop<EvaluationInput> _loop;

    public ManagerTerm(
        EvaluationParts parts, ILeadership leadership, ForecastHistory forecasts, ManagerOptions options, RoleHealth health,
        TimeProvider time, ILoggerFactory loggers)
    {
        (_parts, _leadership, _forecasts, _health, _time) = (parts, leadership, forecasts, health, time);
        _log = loggers.CreateLogger<ManagerTerm>();
        _calls = CancellationTokenSource.CreateLinkedTokenSource(leadership.Lost);
        _report = health.Loop("the evaluation");
        _owner = new EvaluationOwner(parts, leadership, options, time, _log, _calls.Token);
        _loop = new OwnerLoop<EvaluationInput>(_owner, time, _report, MaxInputs, MaxBatch);
        _owner.Post = async input => await _loop.PostAsync(input);
        parts.Arrivals.Arrived += _loop.Wake;
        var longest = (options.Tick * 6) + (options.CallTimeout * 3);
        _watch = health.Watch(() => _owner.TickAge > longest ? "no tick has ended for too long" : null);
        _triggers = new ScheduleTriggers(
            (why, at) => _loop.TryPost(new EvaluationInput.Tick(why, at, null)), time, loggers.CreateLogger<ScheduleTriggers>());
        parts.Scheduling.Ask = Ask;
        parts.Scheduling.Wake = _triggers.WakeAt;
    }

    /// <summary>To be passed with writes; null once the lead is lost.</summary>
    public Fence? Fence => _leadership.Lost.IsCancellationRequested ? null : _leadership.Fence;

    /// <summary>The decisions on record.</summary>
    public DecisionArchive Archive => _parts.Log.Archive;

    /// <summary>The switch by which people stop all changes.</summary>
    public StopSwitch Stop => _parts.Stop;

    /// <summary>The pauses that users have set.</summary>
    public PauseStore Pauses => _parts.Pauses;

    /// <summary>The overrides that users have set.</summary>
    public OverrideStore Overrides => _parts.Overrides;

    /// <summary>What apps use, and should ask for.</summary>
    public UsageRecorder Usage => _parts.Usage;

    /// <summary>The policies that users have ended.</summary>
    public EndedPolicies Ended => _parts.Ended;

    /// <summary>What people changed.</summary>
    public AuditLog Audit => _parts.Audit;

    /// <summary>The owners of counts at the target whose policies are not in force, as the target names them.</summary>
    public IReadOnlySet<string> UnknownOwners => _parts.Releases.Unknown;

    /// <summary>How many changes are on their way to the target.</summary>
    public int InFlight => _parts.Changes.Count;

    /// <summary>Whether no tick or round is under way.</summary>
    public bool IsIdle => _owner.TickAge is null;

    /// <summary>Completes with the cause once the lead is better left to a manager that may reach the target.</summary>
    public Task<string> TargetLost => _parts.TargetLost.Task;

    /// <summary>Reads what is on record.</summary>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        await _parts.Log.LoadAsync(cancellation);
        await Stop.LoadAsync(cancellation);
        await Pauses.LoadAsync(cancellation);
        await Overrides.LoadAsync(cancellation);
        await Ended.LoadAsync(cancellation);
        await Audit.LoadAsync(cancellation);

        // What another leader was told; one whose file is there stays in force, and is ended no more.
        foreach (var policy in Ended.Entries) _parts.Sources.Ends.End(policy.Policy);
        await _parts.Scheduling.LoadAsync(cancellation);
        await _parts.Decisions.LoadAsync(cancellation);
        await _forecasts.LoadAsync(cancellation);
        _parts.Decisions.UsePolicies();
        _parts.State.Snapshot = _parts.State.Snapshot with { Leading = true, LastTick = null };
        _parts.Metrics.Leading(true);
    }

    /// <summary>
    /// Evaluates until cancelled. Calls under way may end within a moment then, unless the lead is lost; a call that is cut off
    /// leaves its record pending, and the next leader settles it.
    /// </summary>
    /// <exception cref="LoopEndedException">A loop has failed.</exception>
    /// <exception cref="FencedException">Another manager leads, and the store knew it first.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var stop = new CancellationTokenSource();
        var run = LoopGroup.RunAsync(
            _health, stop.Token,
            new NamedLoop("the evaluation", _loop.RunAsync) { Report = _report },
            new NamedLoop("the schedules of rules", _triggers.RunAsync),
            new NamedLoop("the usage of apps", _parts.Usage.RunAsync) { LongestTurn = UsageRecorder.BetweenWrites });
        try
        {
            await Task.WhenAny(run, Task.Delay(Timeout.InfiniteTimeSpan, cancellation));
            if (!run.IsCompleted && !_leadership.Lost.IsCancellationRequested) await EndCallsAsync();
        }
        finally
        {
            _parts.State.Snapshot = _parts.State.Snapshot with { Leading = false };
            _parts.Metrics.Leading(false);
            await _calls.CancelAsync();
            await stop.CancelAsync();
            await ((Task)run).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _owner.AbandonTicks(run.Exception?.InnerException is LoopEndedException { InnerException: not FencedException } ended
                ? ended.InnerException : null);
        }

        try
        {
            await run;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            cancellation.ThrowIfCancellationRequested();
        }
        catch (LoopEndedException e) when (e.InnerException is FencedException fenced)
        {
            throw fenced;
        }
    }

    /// <summary>The policies in force have changed.</summary>
    public void UsePolicies(Decisions.Policies.PolicySet policies)
    {
        _triggers.Follow(policies.Schedules);
        _loop.TryPost(new EvaluationInput.PoliciesChanged());
    }

    /// <summary>Evaluates once, or shares a tick with others who ask.</summary>
    /// <param name="why">What asks.</param>
    /// <param name="notBefore">The instant that the tick must not be before; or null.</param>
    public async Task<TickReport> TickAsync(string why, DateTimeOffset? notBefore)
    {
        var answer = new TaskCompletionSource<TickReport>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _loop.PostAsync(new EvaluationInput.Tick(why, notBefore, answer));
        return await answer.Task;
    }

    /// <summary>Has a tick run soon, and does not wait for it.</summary>
    public void Ask(string why) => _loop.TryPost(new EvaluationInput.Tick(why, null, null));

    /// <summary>Why an app's count is what it is; null where it was not evaluated.</summary>
    public Task<Explanation?> ExplainAsync(string app) => CallAsync(
        now => Task.FromResult(_parts.Decisions.Explain(app, now.Wall) is { } explained
            ? explained with { Decision = _parts.Planner.Hold(explained.Decision, now) } : null),
        answer => answer.TrySetResult(null));

    /// <summary>Asks the owner of the schedules.</summary>
    /// <exception cref="ObjectDisposedException">Another manager leads.</exception>
    public Task<T> ScheduleAsync<T>(Func<ScheduleOwner, Task<T>> ask) => CallAsync(
        _ => ask(_parts.Scheduling),
        answer => answer.TrySetException(new ObjectDisposedException(nameof(ManagerTerm), OtherLeads)));

    /// <summary>What an operator has to look at of schedules.</summary>
    public IReadOnlyList<string> ScheduleProblems => _parts.Scheduling.Problems;

    public async ValueTask DisposeAsync()
    {
        _parts.Arrivals.Arrived -= _loop.Wake;
        _loop.Stop();

        // The loop has ended, or never ran: nothing sets them again.
        _parts.Metrics.EndTerm();
        await _calls.CancelAsync();
        await _parts.Changes.Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _report.Dispose();
        _watch.Dispose();
        _parts.Changes.Dispose();
        _parts.Scheduling.Dispose();
        await _parts.Releases.Completion;
        Stop.Dispose();
        Pauses.Dispose();
        Overrides.Dispose();
        Ended.Dispose();
        Audit.Dispose();
        _calls.Dispose();
    }

    // A call: what it throws is its answer.
    private async Task<T> CallAsync<T>(Func<Moment, Task<T>> call, Action<TaskCompletionSource<T>> left)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _loop.PostAsync(new EvaluationInput.Call(
            async now =>
            {
                try
                {
                    answer.TrySetResult(await call(now));
                }
                catch (Exception e)
                {
                    answer.TrySetException(e);
                }
            },
            cause =>
            {
                if (cause is null) left(answer);
                else answer.TrySetException(cause);
            }));
        return await answer.Task;
    }

    private async Task EndCallsAsync()
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _loop.PostAsync(new EvaluationInput.End(ended));
        try
        {
            await ended.Task.WaitAsync(Grace, _time);
        }
        catch (TimeoutException)
        {
            _log.LogInformation("Calls to {Target} did not end within {Grace} and are given up", _parts.Target.Description,
                Grace);
        }
    }
}
