namespace LifecycleManager.Primitives.Timing;

/// <summary>Waiting for, and calculating with, durations of any length.</summary>
public static class LongDurations
{
    /// <summary>Waits, by the monotonic clock.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="duration">Any length; zero and less is over at once.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The wait was ended.</exception>
    public static async Task DelayAsync(this TimeProvider time, TimeSpan duration, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(time);
        var begin = time.GetTimestamp();
        for (var left = duration; left > TimeSpan.Zero; left = duration - time.GetElapsedTime(begin))
            await Task.Delay(CappedTimer.Step(left), time, cancellation);
        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>An instant and a duration later; the last instant there is where that is beyond the calendar's end.</summary>
    public static DateTimeOffset Plus(this DateTimeOffset instant, TimeSpan duration)
    {
        if (duration >= TimeSpan.Zero)
            return duration < DateTimeOffset.MaxValue - instant ? instant + duration : DateTimeOffset.MaxValue;
        return duration > DateTimeOffset.MinValue - instant ? instant + duration : DateTimeOffset.MinValue;
    }

    /// <summary>
    /// Seconds as a duration. What is longer than a duration can be, is the longest; less than zero, and what is no number, is
    /// zero.
    /// </summary>
    public static TimeSpan FromSeconds(double seconds) =>
        seconds >= TimeSpan.MaxValue.TotalSeconds ? TimeSpan.MaxValue : seconds > 0
        ? TimeSpan.FromSeconds(seconds) : TimeSpan.Zero;

    /// <summary>A multiple of a duration; the longest there is where that is longer still.</summary>
    /// <param name="duration">Not negative.</param>
    /// <param name="factor">Not negative.</param>
    public static TimeSpan Times(this TimeSpan duration, double factor) => FromSeconds(duration.TotalSeconds * factor);
}
