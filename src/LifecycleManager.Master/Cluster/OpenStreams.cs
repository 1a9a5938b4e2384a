using LifecycleManager.Master.Streams;

namespace LifecycleManager.Master.Cluster;

/// <summary>All streams that are open, those included whose registration is still being stored.</summary>
internal sealed class OpenStreams
{
    private readonly HashSet<IEventStream> _streams = [];

    /// <summary>Adds a stream.</summary>
    public void Add(IEventStream stream) => _streams.Add(stream);

    /// <summary>Removes a stream whose connection has ended.</summary>
    public void Remove(IEventStream stream) => _streams.Remove(stream);

    /// <summary>Closes all, so that agents and frameworks look for the new leader.</summary>
    public void Close()
    {
        foreach (var stream in _streams) stream.Close();
    }
}
