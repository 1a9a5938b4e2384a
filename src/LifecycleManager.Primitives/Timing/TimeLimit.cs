namespace LifecycleManager.Primitives.Timing;

/// <summary>
/// Cancels after a while of any length, or when another token does: what <see cref="CancellationTokenSource"/> is for durations
/// of up to 49.7 days.
/// </summary>
public sealed class TimeLimit : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly CappedTimer _timer;

    /// <summary>A limit that begins now.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="limit">Any length; zero and less is over at once.</param>
    /// <param name="also">Cancels earlier.</param>
    public TimeLimit(TimeProvider time, TimeSpan limit, CancellationToken also = default)
    {
        _source = CancellationTokenSource.CreateLinkedTokenSource(also);
        _timer = new CappedTimer(time, Cancel);
        if (limit > TimeSpan.Zero) _timer.Set(limit);
        else _source.Cancel();
    }

    /// <summary>Cancelled once the limit is reached, or the other token was cancelled.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Begins the limit anew, for what has shown that it lives.</summary>
    /// <param name="limit">From now.</param>
    public void Restart(TimeSpan limit) => _timer.Set(limit);

    /// <inheritdoc />
    public void Dispose()
    {
        _timer.Dispose();
        _source.Dispose();
    }

    private void Cancel()
    {
        try
        {
            _source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // What was limited has ended at this very moment.
        }
    }
}
