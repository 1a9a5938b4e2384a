namespace LifecycleManager.Agent.Sessions;

/// <summary>What all sessions hold for those that listen. For any number of threads.</summary>
internal sealed class SessionMemory
{
    private long _waiting;
    private long _dropped;

    /// <summary>Bytes that wait for listeners.</summary>
    public long WaitingBytes => Interlocked.Read(ref _waiting);

    /// <summary>Listeners that were left, since they did not keep up.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>So many bytes wait; less than zero where they do no more.</summary>
    public void Add(long bytes) => Interlocked.Add(ref _waiting, bytes);

    /// <summary>A listener is left.</summary>
    public void Drop() => Interlocked.Increment(ref _dropped);
}
