using System.Buffers.Binary;
using System.Text;

namespace LifecycleManager.Storage.ZooKeeper.Wire;

/// <summary>Reads what <see cref="JuteWriter"/> writes.</summary>
/// <exception cref="InvalidDataException">From every method: the record ends early, or a length is impossible.</exception>
internal sealed class JuteReader(ReadOnlyMemory<byte> record)
{
    private int _at;

    public bool AtEnd => _at == record.Length;

    public ReadOnlyMemory<byte> Rest => record[_at..];

    public int Int() => BinaryPrimitives.ReadInt32BigEndian(Take(4));

    public long Long() => BinaryPrimitives.ReadInt64BigEndian(Take(8));

    public bool Bool() => Take(1)[0] != 0;

    public byte[] Bytes()
    {
        // A null buffer has the length -1.
        var length = Int();
        return length == -1 ? [] : Take(length).ToArray();
    }

    public string Text()
    {
        var length = Int();
        return length == -1 ? "" : Encoding.UTF8.GetString(Take(length));
    }

    public IReadOnlyList<string> Texts()
    {
        var count = Int();

        // Each takes four bytes at least, so that a false count cannot ask for much memory.
        if (count > (record.Length - _at) / 4) throw new InvalidDataException($"a ZooKeeper record cannot hold {count} strings");
        var texts = new List<string>(Math.Max(count, 0));
        for (var i = 0; i < count; i++) texts.Add(Text());
        return texts;
    }

    public NodeStat Stat()
    {
        Take(8 + 8 + 8 + 8);
        var version = Int();
        Take(4 + 4);
        var owner = Long();
        Take(4 + 4 + 8);
        return new NodeStat(version, owner);
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count < 0 || count > record.Length - _at)
        {
            throw new InvalidDataException($"a ZooKeeper record of {record.Length} bytes ends within a field of {count}");
        }

        _at += count;
        return record.Span.Slice(_at - count, count);
    }
}

/// <summary>What we need of a node's metadata.</summary>
/// <param name="Version">Counts the changes of its data, from 0.</param>
/// <param name="EphemeralOwner">The session it ends with, or 0.</param>
internal readonly record struct NodeStat(int Version, long EphemeralOwner);
