using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using LifecycleManager.Scheduler.Core.Events;

namespace LifecycleManager.Scheduler.Events;

/// <summary>
/// A place in the row of events that wait. One reader takes events with <see cref="TryRead"/> and, once they are on their way,
/// lets go of all that it took with <see cref="Release"/>; until then they wait for it.
/// </summary>
internal sealed class EventSubscription : IDisposable
{
    private readonly EventBus _bus;
    private readonly IReadOnlySet<string>? _types;
    private readonly bool _full;
    private readonly Predicate<SchedulerEventMessage>? _sees;
    private readonly CancellationTokenSource _dropped = new();
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private WaitingEvent? _read;
    private bool _hasLeft;

    internal EventSubscription(
        EventBus bus, IReadOnlySet<string>? types, bool full, string remote, Predicate<SchedulerEventMessage>? sees)
    {
        (_bus, _types, _full, Remote, _sees) = (bus, types, full, remote, sees);
        Dropped = _dropped.Token;
    }

    /// <summary>The subscriber, for people.</summary>
    public string Remote { get; }

    /// <summary>Cancelled when the subscriber is dropped, since it does not keep up.</summary>
    public CancellationToken Dropped { get; }

    /// <summary>The first event that it has not let go of; null where nothing waits for it.</summary>
    internal WaitingEvent? Place { get; private set; }

    /// <summary>The next event, where one waits; it is to be written with <see cref="BodyAsync"/>.</summary>
    internal bool TryRead([NotNullWhen(true)] out WaitingEvent? next)
    {
        next = _bus.Locked(() => _read is null ? Place : NextWanted(_read));
        if (next is null) return false;
        _read = next;
        return true;
    }

    /// <summary>The pieces of an event's JSON, as this subscriber wants it.</summary>
    internal async ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> BodyAsync(WaitingEvent waiting)
    {
        if (!_full || waiting.Full is not { } full) return [waiting.Message.Json];
        var pieces = await full.Value;
        if (!waiting.IsFull) _bus.Grow(waiting, pieces.Sum(piece => (long)piece.Length));
        return pieces;
    }

    /// <summary>What was read so far waits no more.</summary>
    internal void Release() => _bus.Locked(() =>
    {
        if (_read is null) return false;
        Move(NextWanted(_read));
        _read = null;
        _bus.Trim();
        return true;
    });

    /// <summary>Waits until there may be something to read; false where it was only <see cref="Remind">reminded</see>.</summary>
    public ValueTask<bool> WaitAsync(CancellationToken cancellation) => _signal.Reader.ReadAsync(cancellation);

    /// <summary>Ends a wait that has nothing to read yet.</summary>
    public void Remind() => _signal.Writer.TryWrite(false);

    /// <summary>Unsubscribes.</summary>
    public void Dispose()
    {
        _bus.Remove(this);
        _dropped.Dispose();
    }

    internal bool Wants(SchedulerEventMessage message) =>
        (_types is null || _types.Count == 0 || _types.Contains(message.EventType)) && _sees?.Invoke(message) != false;

    internal void Offer(WaitingEvent waiting)
    {
        if (Place is null) Move(waiting);
        _signal.Writer.TryWrite(true);
    }

    internal void Leave()
    {
        _hasLeft = true;
        Move(null);
    }

    internal void Drop()
    {
        try
        {
            _dropped.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has left by itself at this very moment.
        }
    }

    private void Move(WaitingEvent? to)
    {
        if (Place is not null) Place.Places--;
        Place = _hasLeft ? null : to;
        if (Place is not null) Place.Places++;
    }

    private WaitingEvent? NextWanted(WaitingEvent from)
    {
        var next = from.Next;
        while (next is not null && !Wants(next.Message)) next = next.Next;
        return next;
    }
}
