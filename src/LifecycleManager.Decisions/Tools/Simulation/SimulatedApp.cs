using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;

namespace LifecycleManager.Decisions.Tools.Simulation;

/// <summary>An app whose instances take a while to start and go at once, the newest first.</summary>
internal sealed class SimulatedApp(string id, int instances, TimeSpan startup)
{
    private readonly List<DateTimeOffset> _readyAt = [.. Enumerable.Repeat(DateTimeOffset.MinValue, instances)];
    private int _ready = instances;

    public int Instances => _readyAt.Count;

    /// <summary>How many of them have no place yet, at most as many as there are.</summary>
    public int Waiting { get; set; }

    /// <summary>How many of those that have started are not ready for another reason.</summary>
    public int NotReady { get; set; }

    /// <summary>How many serve at a time; times must not go back.</summary>
    public int Ready(DateTimeOffset now)
    {
        while (_ready < _readyAt.Count && _readyAt[_ready] <= now) _ready++;
        return _ready;
    }

    public AppFacts Facts(DateTimeOffset now)
    {
        var waiting = Math.Min(Waiting, Instances);
        var ready = Math.Min(Ready(now), Instances - waiting);
        var healthy = Math.Max(0, ready - NotReady);
        return new AppFacts(id, Instances, healthy, Instances - ready, ready < Instances, now) { Waiting = waiting };
    }

    public void Scale(int count, DateTimeOffset now)
    {
        while (_readyAt.Count < count) _readyAt.Add(now + startup);
        if (count < _readyAt.Count) _readyAt.RemoveRange(count, _readyAt.Count - count);
        _ready = Math.Min(_ready, count);
    }
}
