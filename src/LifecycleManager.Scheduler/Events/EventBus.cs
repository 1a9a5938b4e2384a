using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace LifecycleManager.Scheduler.Events;

/// <summary>
/// Hands each event to every subscriber that wants it. Publishing never waits: a subscriber whose buffer is full is dropped.
/// </summary>
public sealed class EventBus(int maxSubscribers, int buffer, TimeProvider time)
{
    private readonly Lock _lock = new();
    private volatile Subscriber[] _subscribers = [];

    /// <summary>How many listen.</summary>
    public int Count => _subscribers.Length;

    /// <summary>Hands an event to all who want it.</summary>
    public void Publish(SchedulerEventMessage message)
    {
        foreach (var subscriber in _subscribers)
        {
            if (!subscriber.Wants(message.EventType)) continue;
            if (!subscriber.Channel.Writer.TryWrite(message)) subscriber.Channel.Writer.TryComplete();
        }
    }

    /// <summary>Subscribes at once; the events are read from the result.</summary>
    /// <exception cref="TooManySubscribersException">The bus is full.</exception>
    public IAsyncEnumerable<SchedulerEventMessage> Subscribe(
        IReadOnlySet<string>? types, string remote, CancellationToken cancellation)
    {
        var subscriber = new Subscriber(types, buffer);
        lock (_lock)
        {
            if (_subscribers.Length >= maxSubscribers) throw new TooManySubscribersException();
            _subscribers = [.. _subscribers, subscriber];
        }

        Publish(EventMessages.StreamAttached(time.GetUtcNow(), remote));
        return ReadAsync(subscriber, remote, cancellation);
    }

    private async IAsyncEnumerable<SchedulerEventMessage> ReadAsync(
        Subscriber subscriber, string remote, [EnumeratorCancellation] CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                try
                {
                    if (!await subscriber.Channel.Reader.WaitToReadAsync(cancellation)) yield break;
                }
                catch (OperationCanceledException)
                {
                    yield break;
                }

                while (subscriber.Channel.Reader.TryRead(out var message)) yield return message;
            }
        }
        finally
        {
            lock (_lock) _subscribers = [.. _subscribers.Where(other => other != subscriber)];
            Publish(EventMessages.StreamDetached(time.GetUtcNow(), remote));
        }
    }

    private sealed class Subscriber(IReadOnlySet<string>? types, int buffer)
    {
        public Channel<SchedulerEventMessage> Channel { get; } =
            System.Threading.Channels.Channel.CreateBounded<SchedulerEventMessage>(
                new BoundedChannelOptions(buffer) { SingleReader = true });

        public bool Wants(string type) => types is null || types.Count == 0 || types.Contains(type);
    }
}
