using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Metrics.Tests.Fakes;

/// <summary>
/// A clock that a test moves on, and that tells how many timers are pending: once it is those of what hangs alone, nothing else
/// is under way that moving on could hit.
/// </summary>
internal sealed class CountedTime(DateTimeOffset start) : FakeTimeProvider(start)
{
    private int _pending;

    /// <summary>The timers that were made and not yet disposed of.</summary>
    public int Pending => Volatile.Read(ref _pending);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Interlocked.Increment(ref _pending);
        return new Timer(base.CreateTimer(callback, state, dueTime, period), () => Interlocked.Decrement(ref _pending));
    }

    private sealed class Timer(ITimer timer, Action end) : ITimer
    {
        private Action? _end = end;

        public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(dueTime, period);

        public void Dispose()
        {
            timer.Dispose();
            Interlocked.Exchange(ref _end, null)?.Invoke();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
