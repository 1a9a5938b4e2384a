using System.Buffers.Binary;
using System.Text;

namespace LifecycleManager.Metrics.Tests.Fakes;

/// <summary>Writes protobuf messages, field by field.</summary>
internal sealed class ProtobufText
{
    private readonly List<byte> _bytes = [];

    public byte[] Bytes => [.. _bytes];

    /// <summary>The message behind its length, as expositions have them.</summary>
    public byte[] Delimited => [.. Encode((ulong)_bytes.Count), .. _bytes];

    public ProtobufText Number(int field, ulong value) => Add(field, 0, Encode(value));

    public ProtobufText Signed(int field, long value) => Number(field, (ulong)((value << 1) ^ (value >> 63)));

    public ProtobufText Double(int field, double value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
        return Add(field, 1, bytes);
    }

    public ProtobufText Text(int field, string text) => Message(field, Encoding.UTF8.GetBytes(text));

    public ProtobufText Message(int field, ProtobufText message) => Message(field, message.Bytes);

    private ProtobufText Message(int field, byte[] bytes) => Add(field, 2, [.. Encode((ulong)bytes.Length), .. bytes]);

    private ProtobufText Add(int field, int kind, IEnumerable<byte> bytes)
    {
        _bytes.AddRange(Encode((ulong)((field << 3) | kind)));
        _bytes.AddRange(bytes);
        return this;
    }

    private static IEnumerable<byte> Encode(ulong value)
    {
        for (; value >= 0x80; value >>= 7) yield return (byte)(value | 0x80);
        yield return (byte)value;
    }
}
