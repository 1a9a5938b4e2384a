namespace LifecycleManager.Metrics.Core.Queries;

/// <summary>
/// The apps that have new samples: who collects adds them, who decides takes them. An app waits once, however many samples come,
/// so that a storm of them costs no more than the number of apps. Safe for any thread.
/// </summary>
public sealed class MetricArrivals
{
    private readonly Lock _lock = new();
    private HashSet<string> _waiting = new(StringComparer.Ordinal);

    /// <summary>
    /// Raised when apps arrive and none waited yet, on the thread that adds them: a handler must be quick and must not throw.
    /// </summary>
    public event Action? Arrived;

    /// <summary>Whether apps wait.</summary>
    public bool Any
    {
        get
        {
            lock (_lock) return _waiting.Count > 0;
        }
    }

    /// <summary>These apps have new samples.</summary>
    public void Add(IReadOnlyCollection<string> apps)
    {
        ArgumentNullException.ThrowIfNull(apps);
        if (apps.Count == 0) return;
        bool isFirst;
        lock (_lock)
        {
            isFirst = _waiting.Count == 0;
            _waiting.UnionWith(apps);
        }

        if (isFirst) Arrived?.Invoke();
    }

    /// <summary>Takes the apps that wait; they are the caller's.</summary>
    public HashSet<string> Take()
    {
        lock (_lock)
        {
            var taken = _waiting;
            _waiting = new HashSet<string>(StringComparer.Ordinal);
            return taken;
        }
    }
}
