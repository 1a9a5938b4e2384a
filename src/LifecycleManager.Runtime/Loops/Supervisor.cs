using LifecycleManager.Primitives.Timing;
using LifecycleManager.Runtime.Health;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Runtime.Loops;

/// <summary>
/// Begins something again whenever it ends: after a second; after thirty where it failed three times within a minute for one
/// cause, so that a defect that comes back makes neither a storm of restarts nor a lead that bounces. The role's health names the
/// cause of a failure until the work has gone on for ten seconds.
/// </summary>
/// <remarks>
/// The directive of supervision in the manner of Akka: a failure is an event, and what follows from it is stated in one place.
/// </remarks>
public sealed partial class Supervisor : IDisposable
{
    /// <summary>The pause before a restart: 1 s.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>The pause once one cause has come back too often: 30 s.</summary>
    public static readonly TimeSpan LongPause = TimeSpan.FromSeconds(30);

    /// <summary>So many failures of one cause within <see cref="Window"/> are too often.</summary>
    public const int MaxFailures = 3;

    /// <summary>The time that failures are counted for: 60 s.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(60);

    /// <summary>Work that has gone on so long shows that what ended it before is over: 10 s.</summary>
    public static readonly TimeSpan Proof = TimeSpan.FromSeconds(10);

    private readonly string _name;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly IDisposable _watch;
    private readonly Queue<(string Cause, long At)> _failures = new();
    private readonly Lock _lock = new();
    private string? _failure;
    private long? _workingSince;

    /// <summary>A supervisor that runs nothing yet.</summary>
    /// <param name="name">What it supervises, for people: <c>the scheduler's term</c>.</param>
    /// <param name="time">The clock.</param>
    /// <param name="health">Where failures show.</param>
    /// <param name="log">Told of each failure, once.</param>
    public Supervisor(string name, TimeProvider time, RoleHealth health, ILogger log)
    {
        ArgumentNullException.ThrowIfNull(health);
        (_name, _time, _log) = (name, time, log);
        _watch = health.Watch(() => Failure is { } failure ? $"{name} has failed: {failure}" : null);
    }

    /// <summary>
    /// Why it last ended by a failure, until the work has gone on for <see cref="Proof"/>; null where all is well.
    /// </summary>
    public string? Failure
    {
        get
        {
            lock (_lock)
            {
                if (_workingSince is { } since && _time.GetElapsedTime(since) >= Proof) _failure = null;
                return _failure;
            }
        }
    }

    /// <summary>Runs it again and again, until cancelled.</summary>
    /// <param name="run">Returns where it ended in order: it is begun again after <see cref="Pause"/>. It tells by
    /// <see cref="Working"/>
    /// when its work begins.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task RunAsync(Func<CancellationToken, Task> run, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(run);
        while (!cancellation.IsCancellationRequested)
        {
            var pause = Pause;
            try
            {
                await run(cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (cancellation.IsCancellationRequested)
            {
                // It was to end, and what it works with may have ended before it.
                LogEnded(_log, _name, e.Message);
                return;
            }
            catch (Exception e)
            {
                pause = Fail(e);
            }
            finally
            {
                lock (_lock) _workingSince = null;
            }

            await _time.DelayAsync(pause, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The work begins: from now on counts whether it lasts.</summary>
    public void Working()
    {
        lock (_lock) _workingSince = _time.GetTimestamp();
    }

    /// <summary>Another process does the work: this one's failure is no longer the role's.</summary>
    public void Excuse()
    {
        lock (_lock) _failure = null;
    }

    /// <inheritdoc />
    public void Dispose() => _watch.Dispose();

    private TimeSpan Fail(Exception problem)
    {
        lock (_lock)
        {
            var now = _time.GetTimestamp();
            _failure = problem.Message;
            _failures.Enqueue((problem.Message, now));
            while (_time.GetElapsedTime(_failures.Peek().At, now) > Window) _failures.Dequeue();
            while (_failures.Count > MaxFailures) _failures.Dequeue();
            var pause = _failures.Count == MaxFailures && _failures.All(failure => failure.Cause == problem.Message)
                ? LongPause : Pause;
            LogFailed(_log, problem, _name, problem.Message, pause.TotalSeconds);
            return pause;
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Name} has failed as it was ended: {Reason}")]
    private static partial void LogEnded(ILogger log, string name, string reason);

    [LoggerMessage(LogLevel.Error, "{Name} has failed: {Reason}; it begins again in {Seconds} s")]
    private static partial void LogFailed(ILogger log, Exception problem, string name, string reason, double seconds);
}
