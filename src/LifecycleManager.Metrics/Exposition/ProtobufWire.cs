using System.Buffers.Binary;

namespace LifecycleManager.Metrics.Exposition;

/// <summary>Walks over the fields of one message in protobuf's wire format.</summary>
/// <param name="message">The message without its length.</param>
/// <remarks>Source: protobuf's documentation of its encoding.</remarks>
internal ref struct ProtobufWire(ReadOnlySpan<byte> message)
{
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int Delimited = 2;
    private const int Fixed32 = 5;
    private readonly ReadOnlySpan<byte> _message = message;
    private ReadOnlySpan<byte> _bytes;
    private ulong _number;
    private int _kind;

    /// <summary>The field at hand.</summary>
    public int Field { get; private set; }

    /// <summary>How many bytes have been read.</summary>
    public int Position { get; private set; }

    /// <summary>A message, a text or packed numbers.</summary>
    public readonly ReadOnlySpan<byte> Bytes => Is(Delimited) ? _bytes : default;

    /// <summary>A whole number.</summary>
    public readonly ulong Number => Is(Varint) ? _number : 0;

    /// <summary>A whole number whose sign is in its lowest bit.</summary>
    public readonly long Signed => ZigZag(Number);

    /// <summary>A floating-point number.</summary>
    public readonly double Double => Is(Fixed64) ? BitConverter.UInt64BitsToDouble(_number) : 0;

    /// <summary>Goes to the next field.</summary>
    /// <exception cref="FormatException">The message is damaged.</exception>
    public bool Read()
    {
        if (Position == _message.Length) return false;
        var key = ReadVarint();
        Field = (int)(key >> 3);
        _kind = (int)(key & 7);
        switch (_kind)
        {
            case Varint:
                _number = ReadVarint();
                return true;
            case Fixed64:
                _number = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
                return true;
            case Delimited:
                _bytes = ReadDelimited();
                return true;
            case Fixed32:
                Take(4);
                return true;
            default:
                throw new FormatException($"field {Field} has the unknown wire type {_kind}");
        }
    }

    /// <summary>Reads a length and as many bytes.</summary>
    /// <exception cref="FormatException">There are fewer.</exception>
    public ReadOnlySpan<byte> ReadDelimited()
    {
        var length = ReadVarint();
        return length <= int.MaxValue ? Take((int)length) : throw new FormatException("a length is beyond the end of the body");
    }

    /// <summary>Adds the field's whole numbers, packed or one alone.</summary>
    public readonly void AddSigned(List<double> into)
    {
        if (_kind != Delimited)
        {
            into.Add(Signed);
            return;
        }

        var packed = new ProtobufWire(_bytes);
        while (packed.Position < _bytes.Length) into.Add(ZigZag(packed.ReadVarint()));
    }

    /// <summary>Adds the field's floating-point numbers, packed or one alone.</summary>
    public readonly void AddDoubles(List<double> into)
    {
        if (_kind != Delimited)
        {
            into.Add(Double);
            return;
        }

        var packed = new ProtobufWire(_bytes);
        while (packed.Position < _bytes.Length) into.Add(BinaryPrimitives.ReadDoubleLittleEndian(packed.Take(8)));
    }

    private readonly bool Is(int kind) =>
        _kind == kind ? true : throw new FormatException($"field {Field} has the wire type {_kind} where {kind} is needed");

    private static long ZigZag(ulong number) => (long)(number >> 1) ^ -(long)(number & 1);

    private ulong ReadVarint()
    {
        ulong number = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (Position == _message.Length) throw new FormatException("the message ends within a number");
            var b = _message[Position++];
            number |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80) return number;
        }

        throw new FormatException("a number has more than 64 bits");
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > _message.Length - Position) throw new FormatException("the message is cut short");
        var taken = _message.Slice(Position, length);
        Position += length;
        return taken;
    }
}
