using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Streams;

/// <summary>A stream whose subscriber lags behind.</summary>
internal interface ILaggingStream
{
    /// <summary>The subscriber, for people.</summary>
    string Subscriber { get; }

    /// <summary>Ends the stream at once, without what waits for its subscriber. Callable from any thread.</summary>
    void Drop();
}

/// <summary>
/// Bounds what waits for all subscribers together, in bytes: beyond it, the one that most of it waits for is dropped. A single
/// event may be larger. For any number of threads; streams whose subscribers keep up are not in it.
/// </summary>
/// <param name="max">The bound, in bytes.</param>
/// <param name="log">Told of who is dropped.</param>
internal sealed partial class StreamMemory(long max, ILogger log)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ILaggingStream, (int Events, long Bytes)> _lagging = [];
    private int _events;
    private long _bytes;

    /// <summary>Bytes that wait for all.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock) return _bytes;
        }
    }

    /// <summary>Told of each subscriber that is dropped, also for the number of its events.</summary>
    public Action Dropped { get; init; } = () => { };

    /// <summary>Something waits for a subscriber.</summary>
    public void Add(ILaggingStream stream, int events, long bytes)
    {
        List<(ILaggingStream Stream, long Bytes)> dropped = [];
        lock (_lock)
        {
            Change(stream, events, bytes);
            while (_bytes > max && _events > 1)
            {
                var most = _lagging.MaxBy(lagging => lagging.Value.Bytes);
                dropped.Add((most.Key, most.Value.Bytes));
                Change(most.Key, -most.Value.Events, -most.Value.Bytes);
            }
        }

        foreach (var (slow, waiting) in dropped)
        {
            LogDropped(log, slow.Subscriber, waiting, max >> 20);
            slow.Drop();
        }
    }

    /// <summary>What waited has been taken by the subscriber.</summary>
    public void Remove(ILaggingStream stream, int events, long bytes)
    {
        // One that was dropped meanwhile counts no more.
        lock (_lock)
            if (_lagging.ContainsKey(stream)) Change(stream, -events, -bytes);
    }

    /// <summary>The stream has ended: nothing waits for its subscriber any more.</summary>
    public void Remove(ILaggingStream stream)
    {
        lock (_lock)
            if (_lagging.TryGetValue(stream, out var waiting)) Change(stream, -waiting.Events, -waiting.Bytes);
    }

    private void Change(ILaggingStream stream, int events, long bytes)
    {
        var waiting = _lagging.GetValueOrDefault(stream);
        waiting = (waiting.Events + events, waiting.Bytes + bytes);
        if (waiting.Events > 0) _lagging[stream] = waiting;
        else _lagging.Remove(stream);
        _events += events;
        _bytes += bytes;
    }

    [LoggerMessage(LogLevel.Warning,
        "The event stream of {Subscriber} is dropped: {Bytes} bytes wait for it, and more than {Max} MB for all")]
    private static partial void LogDropped(ILogger log, string subscriber, long bytes, long max);
}
