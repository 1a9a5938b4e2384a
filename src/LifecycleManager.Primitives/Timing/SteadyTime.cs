namespace LifecycleManager.Primitives.Timing;

/// <summary>
/// A clock whose time of day only goes on: it is the wall clock's at the beginning, and from then on what the monotonic clock
/// adds. For what compares instants of one process alone, such as a circuit breaker's pause; not for what people read.
/// </summary>
/// <param name="time">The clock.</param>
public sealed class SteadyTime(TimeProvider time) : TimeProvider
{
    private readonly DateTimeOffset _begin = time.GetUtcNow();
    private readonly long _at = time.GetTimestamp();

    /// <inheritdoc />
    public override long TimestampFrequency => time.TimestampFrequency;

    /// <inheritdoc />
    public override TimeZoneInfo LocalTimeZone => time.LocalTimeZone;

    /// <inheritdoc />
    public override DateTimeOffset GetUtcNow() => _begin + time.GetElapsedTime(_at);

    /// <inheritdoc />
    public override long GetTimestamp() => time.GetTimestamp();

    /// <inheritdoc />
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        time.CreateTimer(callback, state, dueTime, period);
}
