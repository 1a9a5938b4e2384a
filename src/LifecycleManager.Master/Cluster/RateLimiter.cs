namespace LifecycleManager.Master.Cluster;

/// <summary>At most so many permits within any window. Pure: the caller says what time it is, by the monotonic clock.</summary>
internal sealed class RateLimiter(int permits, TimeSpan window)
{
    private readonly Queue<TimeSpan> _given = new();

    public bool TryTake(TimeSpan now)
    {
        while (_given.TryPeek(out var oldest) && now - oldest >= window) _given.Dequeue();
        if (_given.Count >= permits) return false;
        _given.Enqueue(now);
        return true;
    }
}
