using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace LifecycleManager.Storage.ZooKeeper.Wire;

/// <summary>
/// Writes a record in ZooKeeper's serialization: big-endian numbers, lengths before strings, buffers and vectors.
/// </summary>
internal sealed class JuteWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new(256);

    public ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

    public JuteWriter Int(int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(_buffer.GetSpan(4), value);
        _buffer.Advance(4);
        return this;
    }

    public JuteWriter Long(long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(_buffer.GetSpan(8), value);
        _buffer.Advance(8);
        return this;
    }

    public JuteWriter Bool(bool value)
    {
        _buffer.Write([(byte)(value ? 1 : 0)]);
        return this;
    }

    public JuteWriter Bytes(ReadOnlySpan<byte> value)
    {
        Int(value.Length);
        _buffer.Write(value);
        return this;
    }

    public JuteWriter Text(string value) => Bytes(Encoding.UTF8.GetBytes(value));

    public JuteWriter Raw(ReadOnlySpan<byte> value)
    {
        _buffer.Write(value);
        return this;
    }

    /// <summary>What was written, with its length before it.</summary>
    public byte[] ToFrame()
    {
        var frame = new byte[4 + _buffer.WrittenCount];
        BinaryPrimitives.WriteInt32BigEndian(frame, _buffer.WrittenCount);
        _buffer.WrittenSpan.CopyTo(frame.AsSpan(4));
        return frame;
    }
}
