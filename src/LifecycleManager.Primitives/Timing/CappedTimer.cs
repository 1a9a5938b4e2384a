namespace LifecycleManager.Primitives.Timing;

/// <summary>
/// A timer that fires once for each time that it is set. .NET's own timers refuse more than some 49.7 days; this one takes any
/// duration and gets there in steps. It goes by the monotonic clock: a change of the wall clock moves nothing.
/// </summary>
public sealed class CappedTimer : IDisposable, IAsyncDisposable
{
    /// <summary>The longest step: what .NET's timers take, 2^32 - 2 ms.</summary>
    public static readonly TimeSpan MaxStep = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    private readonly TimeProvider _time;
    private readonly Action _callback;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private TimeSpan _due;
    private long _setAt;
    private bool _isSet;

    /// <summary>A timer that is not set yet.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="callback">Called on a thread of the clock's choice; it must not throw.</param>
    public CappedTimer(TimeProvider time, Action callback)
    {
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(callback);
        (_time, _callback) = (time, callback);
        _timer = time.CreateTimer(static state => ((CappedTimer)state!)
            .Fire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Sets the timer anew; what it was set to before is forgotten.</summary>
    /// <param name="due">From now; any length. Zero and less is at once.</param>
    public void Set(TimeSpan due)
    {
        lock (_lock)
        {
            (_due, _setAt, _isSet) = (due > TimeSpan.Zero ? due : TimeSpan.Zero, _time.GetTimestamp(), true);
            _timer.Change(Step(_due), Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Stops the timer; it can be set again.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _isSet = false;
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        lock (_lock) _isSet = false;
        _timer.Dispose();
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        lock (_lock) _isSet = false;
        return _timer.DisposeAsync();
    }

    /// <summary>The next step: whole milliseconds, since a timer cuts off what is less and would come too early.</summary>
    internal static TimeSpan Step(TimeSpan left) =>
        left >= MaxStep ? MaxStep : TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds));

    private void Fire()
    {
        lock (_lock)
        {
            if (!_isSet) return;
            var left = _due - _time.GetElapsedTime(_setAt);
            if (left > TimeSpan.Zero)
            {
                _timer.Change(Step(left), Timeout.InfiniteTimeSpan);
                return;
            }

            _isSet = false;
        }

        _callback();
    }
}
