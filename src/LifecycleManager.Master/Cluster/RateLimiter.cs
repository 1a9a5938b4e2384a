namespace LifecycleManager.Master.Cluster;

/// <summary>At most so many permits within any window. Pure: the caller says what time it is.</summary>
internal sealed class RateLimiter(int permits, TimeSpan window)
{
    private readonly Queue<DateTimeOffset> _given = new();

    public bool TryTake(DateTimeOffset now)
    {
        while (_given.TryPeek(out var oldest) && now - oldest >= window) _given.Dequeue();
        if (_given.Count >= permits) return false;
        _given.Enqueue(now);
        return true;
    }
}
