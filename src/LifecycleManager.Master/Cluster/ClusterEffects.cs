using LifecycleManager.Master.Streams;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>
/// What follows from the input that is being run: events, ends of streams, commits to the registry. They leave in the order in
/// which they were decided, once the input has run to its end; of an input that throws nothing leaves, so that nobody is told
/// what was changed by half.
/// </summary>
internal sealed class ClusterEffects
{
    private readonly List<Action> _waiting = [];

    /// <summary>Sends an event, where there is a stream.</summary>
    public void Send<T>(EventStream<T>? stream, T message)
    {
        if (stream is not null) Add(() => stream.Send(message));
    }

    /// <summary>Sends a framework an event, where it is connected, and counts it.</summary>
    public void Send(Framework framework, SchedulerEvent message)
    {
        if (framework.Stream is not { } stream) return;
        Add(() =>
        {
            stream.Send(message);
            framework.Counts.Told(message.Type);
        });
    }

    /// <summary>Ends a stream, where there is one, after what it is sent.</summary>
    public void Close(IEventStream? stream)
    {
        if (stream is not null) Add(stream.Close);
    }

    /// <summary>Ends a stream before its first event, for a cause.</summary>
    public void Refuse<T>(EventStream<T> stream, string cause) => Add(() => stream.Refuse(cause));

    /// <summary>Does something else.</summary>
    public void Add(Action effect) => _waiting.Add(effect);

    /// <summary>Does what waits.</summary>
    public void CarryOut()
    {
        foreach (var effect in _waiting) effect();
        _waiting.Clear();
    }

    /// <summary>Forgets what waits: the input has thrown.</summary>
    public void Discard() => _waiting.Clear();
}
