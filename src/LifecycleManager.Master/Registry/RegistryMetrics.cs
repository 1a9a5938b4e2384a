using LifecycleManager.Storage;

namespace LifecycleManager.Master.Registry;

/// <summary>What is measured of the registry, in this term or the last. Safe for any thread.</summary>
internal sealed class RegistryMetrics
{
    private volatile RegistrySize _size = new();
    private long _fetchTicks;

    /// <summary>How long writes took.</summary>
    public RecentTimes Stores { get; } = new();

    /// <summary>How long it took to read it when the term began.</summary>
    public TimeSpan Fetched => TimeSpan.FromTicks(Interlocked.Read(ref _fetchTicks));

    /// <summary>The sum of its values' lengths.</summary>
    public long Bytes => _size.Bytes;

    /// <summary>It was read.</summary>
    public void Read(RegistrySize size, TimeSpan took)
    {
        _size = size;
        Interlocked.Exchange(ref _fetchTicks, took.Ticks);
    }

    /// <summary>Records were written. Only by the writer of the term.</summary>
    public void Stored(IReadOnlyList<StateWrite> writes, TimeSpan took)
    {
        Stores.Add(took);
        _size.Apply(writes);
    }
}
