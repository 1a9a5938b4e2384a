namespace LifecycleManager.Scheduler.Core.Timing;

/// <summary>
/// What is due, by its due time on the scheduler's clock. A deadline moves only when its owner sets it anew; nothing else can put
/// it off.
/// </summary>
internal sealed class DeadlineQueue<TKey>
    where TKey : notnull
{
    // A deadline that was moved or cleared leaves its old place in the queue behind; those are skipped, and swept when they are
    // many.
    private const int MinSweep = 1_024;

    private readonly PriorityQueue<TKey, TimeSpan> _queue = new();
    private readonly Dictionary<TKey, TimeSpan> _due = [];

    /// <summary>Whether there is any.</summary>
    public bool IsEmpty => _due.Count == 0;

    /// <summary>When the next one is due; null where there is none.</summary>
    public TimeSpan? Next
    {
        get
        {
            while (_queue.TryPeek(out var key, out var due))
            {
                if (IsCurrent(key, due)) return due;
                _queue.Dequeue();
            }

            return null;
        }
    }

    /// <summary>Sets a deadline in the place of any that the key has; null clears it.</summary>
    public void Set(TKey key, TimeSpan? due)
    {
        if (due is not { } at)
        {
            _due.Remove(key);
            return;
        }

        if (_due.TryGetValue(key, out var known) && known == at) return;
        _due[key] = at;
        _queue.Enqueue(key, at);
        if (_queue.Count > MinSweep && _queue.Count > 2 * _due.Count) Sweep();
    }

    /// <summary>Sets a deadline unless the key has an earlier one.</summary>
    public void SetEarlier(TKey key, TimeSpan due)
    {
        if (!_due.TryGetValue(key, out var known) || due < known) Set(key, due);
    }

    /// <summary>Takes all that are due out, the earliest first.</summary>
    public List<TKey> TakeDue(TimeSpan now)
    {
        var taken = new List<TKey>();
        while (_queue.TryPeek(out var key, out var due) && due <= now)
        {
            _queue.Dequeue();
            if (!IsCurrent(key, due)) continue;
            _due.Remove(key);
            taken.Add(key);
        }

        return taken;
    }

    private bool IsCurrent(TKey key, TimeSpan due) => _due.TryGetValue(key, out var current) && current == due;

    private void Sweep()
    {
        _queue.Clear();
        _queue.EnqueueRange(_due.Select(deadline => (deadline.Key, deadline.Value)));
    }
}
