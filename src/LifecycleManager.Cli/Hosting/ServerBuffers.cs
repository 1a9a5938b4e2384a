using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;

namespace LifecycleManager.Cli.Hosting;

/// <summary>
/// The buffers of all web servers of the process: pinned blocks of 4 KB. The server's own pool gives what a burst has needed back
/// over several minutes, after a thousand closed event streams some 20 MB; this one gives it back when <see cref="Trim"/> is
/// called.
/// </summary>
internal sealed class ServerBuffers : MemoryPool<byte>, IMemoryPoolFactory<byte>
{
    private const int BlockSize = 4096;

    private readonly ConcurrentQueue<Block> _free = new();

    /// <summary>The one pool of the process.</summary>
    public static ServerBuffers All { get; } = new();

    /// <inheritdoc/>
    public override int MaxBufferSize => BlockSize;

    /// <summary>How many blocks wait to be used again.</summary>
    internal int Free => _free.Count;

    /// <inheritdoc/>
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => this;

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">More than <see cref="MaxBufferSize"/> bytes are asked for.</exception>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockSize);
        return _free.TryDequeue(out var block) ? block : new Block(this);
    }

    /// <summary>Lets go of the blocks that nobody uses; the next collection frees them.</summary>
    public void Trim() => _free.Clear();

    /// <summary>Does nothing: a server that ends leaves the pool to the others.</summary>
    protected override void Dispose(bool disposing)
    {
    }

    private sealed class Block(ServerBuffers pool) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory { get; } =
            MemoryMarshal.CreateFromPinnedArray(GC.AllocateUninitializedArray<byte>(BlockSize, pinned: true), 0, BlockSize);

        public void Dispose() => pool._free.Enqueue(this);
    }
}
