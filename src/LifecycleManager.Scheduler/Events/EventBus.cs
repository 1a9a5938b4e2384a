using LifecycleManager.Primitives.Timing;
using LifecycleManager.Scheduler.Core.Events;

namespace LifecycleManager.Scheduler.Events;

/// <summary>
/// Hands each event to every subscriber that wants it. An event is kept once, in one row of what waits; a subscriber is a place
/// in that row. So memory does not grow with the subscribers, and its bound is one for all: whoever holds the row's end when it
/// is too long, or for too long a time, is dropped. Publishing never waits.
/// </summary>
internal sealed class EventBus : IDisposable
{
    /// <summary>How long an event may wait for one subscriber.</summary>
    public static readonly TimeSpan MaxLag = TimeSpan.FromSeconds(30);

    private readonly int _maxSubscribers;
    private readonly long _maxBytes;
    private readonly TimeProvider _time;
    private readonly Action<string, string> _onDropped;
    private readonly CappedTimer _lagTimer;
    private readonly Lock _lock = new();
    private readonly HashSet<EventSubscription> _subscribers = [];
    private WaitingEvent? _oldest;
    private WaitingEvent? _newest;
    private long _bytes;
    private volatile int _count;

    /// <summary>A bus without subscribers.</summary>
    /// <param name="maxSubscribers">The most that may listen at once.</param>
    /// <param name="maxBytes">The most that waits for all of them together; a single event may be larger.</param>
    /// <param name="time">The clock.</param>
    /// <param name="onDropped">Told who was dropped and why.</param>
    public EventBus(int maxSubscribers, long maxBytes, TimeProvider time, Action<string, string> onDropped)
    {
        (_maxSubscribers, _maxBytes, _time, _onDropped) = (maxSubscribers, maxBytes, time, onDropped);
        _lagTimer = new CappedTimer(time, DropLate);
    }

    /// <summary>How many listen.</summary>
    public int Count => _count;

    /// <summary>Bytes that wait for the slowest subscriber, and so for all.</summary>
    public long WaitingBytes
    {
        get
        {
            lock (_lock) return _bytes;
        }
    }

    /// <summary>Hands an event to all who want it.</summary>
    public void Publish(SchedulerEventMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (_count == 0) return;
        List<EventSubscription> dropped = [];
        lock (_lock)
        {
            WaitingEvent? waiting = null;
            foreach (var subscriber in _subscribers)
            {
                if (subscriber.Wants(message)) subscriber.Offer(waiting ??= Append(message));
            }

            DropSlowest(dropped);
        }

        Tell(dropped, $"more than {_maxBytes >> 20} MB waited for it");
    }

    /// <summary>Subscribes at once: nothing that is published from now on is missed.</summary>
    /// <param name="types">The wanted types; null or empty for all.</param>
    /// <param name="full">Whether deployment plans come with their trees.</param>
    /// <param name="remote">The subscriber, for people.</param>
    /// <param name="sees">What the subscriber may see, quick to ask; null for all.</param>
    /// <exception cref="TooManySubscribersException">The bus is full.</exception>
    public EventSubscription Subscribe(
        IReadOnlySet<string>? types, bool full, string remote, Predicate<SchedulerEventMessage>? sees = null)
    {
        var subscriber = new EventSubscription(this, types, full, remote, sees);
        lock (_lock)
        {
            if (_subscribers.Count >= _maxSubscribers) throw new TooManySubscribersException();
            _subscribers.Add(subscriber);
            _count = _subscribers.Count;
        }

        Publish(EventMessages.StreamAttached(_time.GetUtcNow(), remote));
        return subscriber;
    }

    /// <inheritdoc />
    public void Dispose() => _lagTimer.Dispose();

    internal T Locked<T>(Func<T> action)
    {
        lock (_lock) return action();
    }

    /// <summary>Lets go of what nobody's place holds any more.</summary>
    internal void Trim()
    {
        while (_oldest is { Places: 0 } done)
        {
            _bytes -= done.Bytes;
            done.IsGone = true;
            _oldest = done.Next;
        }

        if (_oldest is null) _newest = null;
    }

    /// <summary>An event has become larger, since somebody wanted it in full.</summary>
    internal void Grow(WaitingEvent waiting, long bytes)
    {
        List<EventSubscription> dropped = [];
        lock (_lock)
        {
            if (waiting.IsGone || waiting.IsFull) return;
            waiting.IsFull = true;
            waiting.Bytes += bytes;
            _bytes += bytes;
            DropSlowest(dropped);
        }

        Tell(dropped, $"more than {_maxBytes >> 20} MB waited for it");
    }

    internal void Remove(EventSubscription subscriber)
    {
        lock (_lock)
        {
            _subscribers.Remove(subscriber);
            _count = _subscribers.Count;
            subscriber.Leave();
            Trim();
        }

        Publish(EventMessages.StreamDetached(_time.GetUtcNow(), subscriber.Remote));
    }

    private WaitingEvent Append(SchedulerEventMessage message)
    {
        var waiting = new WaitingEvent(message, _time.GetTimestamp());
        if (_newest is null)
        {
            _oldest = waiting;
            _lagTimer.Set(MaxLag);
        }
        else
        {
            _newest.Next = waiting;
        }

        _newest = waiting;
        _bytes += waiting.Bytes;
        return waiting;
    }

    private void DropSlowest(List<EventSubscription> dropped)
    {
        // A single event is never too much, however large: else nobody could ever have it.
        while (_bytes > _maxBytes && _oldest != _newest) DropWhere(dropped, subscriber => subscriber.Place == _oldest);
    }

    private void DropLate()
    {
        List<EventSubscription> dropped = [];
        lock (_lock)
        {
            DropWhere(dropped, subscriber => subscriber.Place is { } place && _time.GetElapsedTime(place.PublishedAt) >= MaxLag);
            if (_oldest is not null) _lagTimer.Set(MaxLag - _time.GetElapsedTime(_oldest.PublishedAt));
        }

        Tell(dropped, $"an event waited for it for {MaxLag.TotalSeconds:0} s");
    }

    private void DropWhere(List<EventSubscription> dropped, Predicate<EventSubscription> condition)
    {
        foreach (var subscriber in _subscribers.Where(subscriber => condition(subscriber)).ToList())
        {
            _subscribers.Remove(subscriber);
            subscriber.Leave();
            dropped.Add(subscriber);
        }

        _count = _subscribers.Count;
        Trim();
    }

    private void Tell(List<EventSubscription> dropped, string reason)
    {
        foreach (var subscriber in dropped)
        {
            subscriber.Drop();
            _onDropped(subscriber.Remote, reason);
        }
    }
}
