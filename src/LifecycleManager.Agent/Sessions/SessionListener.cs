using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace LifecycleManager.Agent.Sessions;

/// <summary>
/// Somebody who listens to a session beside whoever has begun it. Some of what is written waits for him; when that is too much,
/// he is left.
/// </summary>
internal sealed class SessionListener(SessionMemory memory)
{
    /// <summary>The most that waits: 1 MiB.</summary>
    public const int MaxBytes = 1024 * 1024;

    private readonly Channel<byte[]> _records =
        Channel.CreateUnbounded<byte[]>(new UnboundedChannelOptions { SingleReader = true });

    private long _waiting;

    /// <summary>Tells him a record; false where he has gone, or is left.</summary>
    public bool TryTell(byte[] record)
    {
        if (Interlocked.Read(ref _waiting) + record.Length > MaxBytes)
        {
            if (_records.Writer.TryComplete()) memory.Drop();
            return false;
        }

        Count(record.Length);
        if (_records.Writer.TryWrite(record)) return true;
        Count(-record.Length);
        return false;
    }

    /// <summary>There is nothing more to be told.</summary>
    public void Complete() => _records.Writer.TryComplete();

    /// <summary>What he is told, to its end; to be read once.</summary>
    public async IAsyncEnumerable<byte[]> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        try
        {
            await foreach (var record in _records.Reader.ReadAllAsync(cancellation))
            {
                Count(-record.Length);
                yield return record;
            }
        }
        finally
        {
            // Nothing waits for who has gone.
            _records.Writer.TryComplete();
            while (_records.Reader.TryRead(out var rest)) Count(-rest.Length);
        }
    }

    private void Count(int bytes)
    {
        Interlocked.Add(ref _waiting, bytes);
        memory.Add(bytes);
    }
}
