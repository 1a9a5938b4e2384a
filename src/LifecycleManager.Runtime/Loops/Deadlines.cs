namespace LifecycleManager.Runtime.Loops;

/// <summary>
/// What is due later, by the monotonic clock: the earliest first, those of one instant in the order in which they were added. For
/// one owner; not to be used by several threads.
/// </summary>
/// <typeparam name="T">What is to be done.</typeparam>
/// <param name="time">The clock.</param>
public sealed class Deadlines<T>(TimeProvider time)
{
    // Beyond any machine's life, and within what timestamps can count.
    private static readonly TimeSpan MaxDelay = TimeSpan.FromDays(36_500);

    private readonly PriorityQueue<Deadline<T>, (long Due, long Order)> _queue = new();
    private long _order;

    /// <summary>Until the earliest is due, zero and less where it is; null where there is none.</summary>
    public TimeSpan? NextDue
    {
        get
        {
            DropCancelled();
            return _queue.TryPeek(out _, out var at)
                ? TimeSpan.FromTicks(
                    (long)((Int128)(at.Due - time.GetTimestamp()) * TimeSpan.TicksPerSecond / time.TimestampFrequency)) : null;
        }
    }

    /// <summary>Adds what is to be done.</summary>
    /// <param name="delay">From now, any length; zero and less is due at once.</param>
    /// <param name="what">What is to be done.</param>
    /// <returns>By which it can be cancelled.</returns>
    public Deadline<T> Add(TimeSpan delay, T what)
    {
        var deadline = new Deadline<T>(what);
        var ticks = Math.Clamp(delay.Ticks, 0, MaxDelay.Ticks);

        // Rounded up: nothing is due too early.
        var due = time.GetTimestamp()
            + (long)(((Int128)ticks * time.TimestampFrequency + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond);
        _queue.Enqueue(deadline, (due, _order++));
        return deadline;
    }

    /// <summary>Takes one that is due, the earliest first; false where none is.</summary>
    public bool TryTake(out T what)
    {
        DropCancelled();
        if (_queue.TryPeek(out var deadline, out var at) && at.Due <= time.GetTimestamp())
        {
            _queue.Dequeue();
            what = deadline.What;
            return true;
        }

        what = default!;
        return false;
    }

    private void DropCancelled()
    {
        while (_queue.TryPeek(out var deadline, out _) && deadline.IsCancelled) _queue.Dequeue();
    }
}

/// <summary>Something that is due later.</summary>
/// <typeparam name="T">What is to be done.</typeparam>
/// <param name="what">What is to be done.</param>
public sealed class Deadline<T>(T what)
{
    /// <summary>What is to be done.</summary>
    public T What { get; } = what;

    /// <summary>It is not done any more.</summary>
    public bool IsCancelled { get; private set; }

    /// <summary>Keeps it from being done; to be called by the owner of the deadlines.</summary>
    public void Cancel() => IsCancelled = true;
}
