using LifecycleManager.Scaling.Targets;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Scaling.Execution;

/// <summary>
/// The changes of counts that are on their way to the target: one an app at a time, some side by side. Of one owner; the calls
/// themselves run on their own and report their ends to it. Instants are those of a clock that nobody sets.
/// </summary>
public sealed class ChangeQueue : IDisposable
{
    private readonly IScalingTarget _target;
    private readonly Action<ScaleStatus, TimeSpan> _called;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly SemaphoreSlim _places;
    private readonly Dictionary<string, Task> _underWay = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _endedAt = new(StringComparer.Ordinal);
    private readonly RetryDelays _retries;
    private volatile int _count;

    /// <summary>An empty queue.</summary>
    /// <param name="target">What is called.</param>
    /// <param name="options">How.</param>
    /// <param name="called">Gets the status and the duration of each call, from any thread.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Gets what a target threw and should not have.</param>
    public ChangeQueue(
        IScalingTarget target, ExecutionOptions options, Action<ScaleStatus, TimeSpan> called, TimeProvider time, ILogger log)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_target, _called, _time, _log) = (target, called, time, log);
        _places = new SemaphoreSlim(options.Parallelism);
        _retries = new RetryDelays(options.FirstRetryDelay, options.MaxRetryDelay);
    }

    /// <summary>How many are on their way; for any thread.</summary>
    public int Count => _count;

    /// <summary>When a change last ended; the least instant before.</summary>
    public DateTimeOffset LastEnd { get; private set; }

    /// <summary>Completes with the calls under way; they end soon once they are cancelled.</summary>
    public Task Completion => Task.WhenAll(_underWay.Values);

    /// <summary>Whether a change of an app is on its way.</summary>
    public bool IsUnderWay(string app) => _underWay.ContainsKey(app);

    /// <summary>
    /// Whether what was read at an instant is no ground for another change: it may be older than our own last change of the app.
    /// </summary>
    public bool IsSettling(string app, DateTimeOffset read) =>
        IsUnderWay(app) || (_endedAt.TryGetValue(app, out var ended) && ended >= read);

    /// <summary>When a change that failed is tried again; null where nothing waits.</summary>
    public DateTimeOffset? NextTry(string app, DateTimeOffset now) => _retries.NotBefore(app, now);

    /// <summary>Sets a change off.</summary>
    /// <param name="request">The count.</param>
    /// <param name="veto">Asked when its turn has come: why it is not to be made any more; null where it is.</param>
    /// <param name="ended">Gets the result, from another thread; null where the call was cut off.</param>
    /// <param name="cancellation">Cuts the call off.</param>
    public void Start(
        ScaleRequest request, Func<string?> veto, Func<ScaleResult?, Task> ended, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        _underWay[request.App] = Task.Run(
            async () => await ended(await CallAsync(request, veto, cancellation)), CancellationToken.None);
        _count = _underWay.Count;
    }

    /// <summary>Takes in the end of a change.</summary>
    /// <param name="app">Its app.</param>
    /// <param name="result">What became of it; null where it was cut off.</param>
    /// <param name="now">The present.</param>
    public void End(string app, ScaleResult? result, DateTimeOffset now)
    {
        _underWay.Remove(app);
        _count = _underWay.Count;
        if (result is null) return;
        LastEnd = now;
        if (result.Status != ScaleStatus.Outdated) _endedAt[app] = now;
        if (result.Status is ScaleStatus.Applied or ScaleStatus.Locked or ScaleStatus.Outdated) _retries.Succeeded(app);
        else _retries.Failed(app, now);
    }

    /// <summary>Forgets an app that is gone.</summary>
    public void Forget(string app)
    {
        _retries.Succeeded(app);
        _endedAt.Remove(app);
    }

    /// <inheritdoc />
    public void Dispose() => _places.Dispose();

    /// <summary>Calls the target; null where the call was cut off.</summary>
    private async Task<ScaleResult?> CallAsync(ScaleRequest request, Func<string?> veto, CancellationToken cancellation)
    {
        try
        {
            await _places.WaitAsync(cancellation);
            try
            {
                if (veto() is { } reason) return new ScaleResult(ScaleStatus.Locked, reason);
                var clock = _time.GetTimestamp();
                var result = await _target.ScaleAsync(request, cancellation);
                _called(result.Status, _time.GetElapsedTime(clock));
                return result;
            }
            finally
            {
                _places.Release();
            }
        }
        catch (Exception) when (cancellation.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception e)
        {
            _log.LogError(e, "Scaling {App} failed", request.App);
            return new ScaleResult(ScaleStatus.Unavailable, e.Message);
        }
    }
}
