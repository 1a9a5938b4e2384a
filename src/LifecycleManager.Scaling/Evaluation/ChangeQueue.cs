using LifecycleManager.Scaling.Observability;
using LifecycleManager.Scaling.Pausing;
using LifecycleManager.Scaling.Recording;
using LifecycleManager.Scaling.Targets;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Scaling.Evaluation;

/// <summary>
/// The changes of counts that are on their way to the target: one an app at a time, some side by side, beside the ticks. Of one
/// owner; the calls themselves run on their own and hand their ends in.
/// </summary>
internal sealed class ChangeQueue : IDisposable
{
    private readonly IScalingTarget _target;
    private readonly PauseStore _pauses;
    private readonly ManagerMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly SemaphoreSlim _applying;
    private readonly Dictionary<string, Task> _underWay = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _endedAt = new(StringComparer.Ordinal);
    private readonly RetryDelays _retries;
    private volatile int _count;

    public ChangeQueue(
        IScalingTarget target, PauseStore pauses, ManagerMetrics metrics, ManagerOptions options, TimeProvider time, ILogger log)
    {
        (_target, _pauses, _metrics, _time, _log) = (target, pauses, metrics, time, log);
        _applying = new SemaphoreSlim(options.Parallelism);
        _retries = new RetryDelays(options.FirstRetryDelay, options.LongestRetryDelay);
    }

    /// <summary>How many are on their way; for any thread.</summary>
    public int Count => _count;

    /// <summary>The calls; they end soon once they are cancelled.</summary>
    public Task EndOfAll => Task.WhenAll(_underWay.Values);

    /// <summary>Whether a change of an app is on its way.</summary>
    public bool IsUnderWay(string app) => _underWay.ContainsKey(app);

    /// <summary>
    /// Whether what was read at an instant is no ground for another change: it may be older than our own last change of the app.
    /// </summary>
    public bool IsSettling(string app, Instant read) =>
        IsUnderWay(app) || (_endedAt.TryGetValue(app, out var ended) && ended >= read.Steady);

    /// <summary>When a change that failed is tried again; null where nothing waits.</summary>
    public DateTimeOffset? NextTry(string app, Instant now) =>
        _retries.NotBefore(app, now.Steady) is { } next ? now.ToWall(next) : null;

    /// <summary>Sets a change off.</summary>
    /// <param name="record">The decision, which is on record.</param>
    /// <param name="ownDeployment">The deployment of our own last change of the app.</param>
    /// <param name="ended">Gets the end, from another thread.</param>
    /// <param name="cancellation">Cuts the call off.</param>
    public void SetOff(
        DecisionRecord record, string? ownDeployment, Func<EvaluationInput, Task> ended, CancellationToken cancellation)
    {
        var request = new ScaleRequest(record.App, record.To, record.Policy, record.Reason) { OwnDeployment = ownDeployment };
        _underWay[record.App] = Task.Run(
            async () => await ended(new EvaluationInput.ChangeEnded(record, await CallAsync(record, request, cancellation))),
            CancellationToken.None);
        _count = _underWay.Count;
    }

    /// <summary>Takes in the end of a change and gives the record with its outcome; null where it was cut off.</summary>
    public DecisionRecord? End(DecisionRecord record, ScaleResult? result, Instant now)
    {
        _underWay.Remove(record.App);
        _count = _underWay.Count;
        if (result is null) return null;
        _endedAt[record.App] = now.Steady;
        record = record with
        {
            Outcome = result.Status switch
            {
                ScaleStatus.Applied => DecisionOutcome.Applied,
                ScaleStatus.Locked => DecisionOutcome.Postponed,
                _ => DecisionOutcome.Failed,
            },
            OutcomeReason = result.Detail,
            OutcomeAt = now.Wall,
            Attempts = record.Attempts + 1,
            Deployment = result.Deployment,
        };
        if (record.Outcome == DecisionOutcome.Failed) _retries.Failed(record.App, now.Steady);
        else _retries.Succeeded(record.App);
        _metrics.Settled(record, result.Status);
        return record;
    }

    /// <summary>Forgets an app that is gone.</summary>
    public void Forget(string app)
    {
        _retries.Succeeded(app);
        _endedAt.Remove(app);
    }

    public void Dispose() => _applying.Dispose();

    /// <summary>Calls the target; null where the call was cut off.</summary>
    private async Task<ScaleResult?> CallAsync(DecisionRecord record, ScaleRequest request, CancellationToken cancellation)
    {
        try
        {
            await _applying.WaitAsync(cancellation);
            try
            {
                // It may have been paused while it waited for its turn.
                if (_pauses.Against(record.App, record.Kind) is { } pause)
                    return new ScaleResult(ScaleStatus.Locked, pause.ToString());
                var clock = _time.GetTimestamp();
                var result = await _target.ScaleAsync(request, cancellation);
                _metrics.Called(result.Status, _time.GetElapsedTime(clock));
                return result;
            }
            finally
            {
                _applying.Release();
            }
        }
        catch (Exception) when (cancellation.IsCancellationRequested)
        {
            // The record stays pending: the next leader settles it by the count that it finds.
            return null;
        }
        catch (Exception e)
        {
            _log.LogError(e, "Scaling {App} failed", record.App);
            return new ScaleResult(ScaleStatus.Unavailable, e.Message);
        }
    }
}
