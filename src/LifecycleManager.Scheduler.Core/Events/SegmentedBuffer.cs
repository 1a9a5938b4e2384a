using System.Buffers;

namespace LifecycleManager.Scheduler.Core.Events;

/// <summary>
/// Grows by pieces instead of by copies. The pieces are small enough for the ordinary heap: what is large and short-lived would
/// otherwise stay in the large object heap long after it is gone.
/// </summary>
internal sealed class SegmentedBuffer : IBufferWriter<byte>
{
    private const int PieceSize = 32 * 1024;

    private readonly List<ReadOnlyMemory<byte>> _pieces = [];
    private byte[] _last = [];
    private int _used;

    /// <summary>How many bytes are written.</summary>
    public long Length { get; private set; }

    /// <summary>What is written; nothing more may be written afterwards.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Complete()
    {
        Close();
        return _pieces;
    }

    /// <inheritdoc />
    public void Advance(int count)
    {
        _used += count;
        Length += count;
    }

    /// <inheritdoc />
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_last.Length - _used < Math.Max(1, sizeHint))
        {
            Close();
            _last = new byte[Math.Max(PieceSize, sizeHint)];
        }

        return _last.AsMemory(_used);
    }

    /// <inheritdoc />
    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    private void Close()
    {
        if (_used > 0) _pieces.Add(_last.AsMemory(0, _used));
        (_last, _used) = ([], 0);
    }
}
