using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LifecycleManager.Metrics.Exposition;

/// <summary>
/// Finds the end of a series that is written as clients write it, <c>name{label="value",...}</c> without blanks, quoted names and
/// escapes, 64 bytes at a time. Whatever else there is, right or wrong, is for the reader of the whole grammar.
/// </summary>
/// <param name="text">The whole text, which is UTF-8.</param>
internal ref struct StrictSeries(ReadOnlySpan<byte> text)
{
    private const int Block = 64;
    private readonly ref byte _text = ref MemoryMarshal.GetReference(text);
    private readonly int _last = text.Length - Block;

    // Of the block at hand: where it starts, where a name ends, and where a value may.
    private int _start = -Block;
    private ulong _notName;
    private ulong _stops;

    /// <summary>Scans a series.</summary>
    /// <param name="at">Where it starts.</param>
    /// <param name="nameEnd">The end of the metric's name.</param>
    /// <returns>Behind the closing brace; -1 where it is not written so.</returns>
    public int Scan(int at, out int nameEnd)
    {
        var end = nameEnd = NameEnd(at);
        if (end <= at || At(at) <= '9' || At(end) != '{') return -1;
        at = end + 1;
        if (At(at) == '}') return at + 1;
        while (true)
        {
            end = NameEnd(at);
            if (end <= at || At(at) <= '9' || At(end) != '=' || At(end + 1) != '"') return -1;
            at = ValueEnd(end + 2);
            if (at < 0 || At(at) != '"') return -1;
            if (At(at + 1) == '}') return at + 2;
            if (At(at + 1) != ',') return -1;
            at += 2;
        }
    }

    // The first byte that is not of a name; -1 where that is far, or the text ends.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int NameEnd(int at)
    {
        var within = at - _start;
        if ((uint)within < Block && _notName >> within is var ahead and not 0) return at + BitOperations.TrailingZeroCount(ahead);
        return Load(at) && _notName != 0 ? at + BitOperations.TrailingZeroCount(_notName) : -1;
    }

    // The first quote, backslash or line's end.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int ValueEnd(int at)
    {
        var within = at - _start;
        if ((uint)within < Block && _stops >> within is var ahead and not 0) return at + BitOperations.TrailingZeroCount(ahead);
        while (Load(at))
        {
            if (_stops != 0) return at + BitOperations.TrailingZeroCount(_stops);
            at += Block;
        }

        return -1;
    }

    // What it looks at is always within a block that was loaded, or a few bytes behind; near the text's end it gives up.
    private readonly byte At(int at) => at < _last + Block ? Unsafe.Add(ref _text, at) : (byte)0;

    private bool Load(int at)
    {
        if (at > _last) return false;
        _start = at;
        ref var block = ref Unsafe.Add(ref _text, at);
        if (Vector512.IsHardwareAccelerated)
        {
            var bytes = Vector512.LoadUnsafe(ref block);
            _stops = Stops(bytes).ExtractMostSignificantBits();
            _notName = ~Name(bytes).ExtractMostSignificantBits();
            return true;
        }

        var (low, high) = (Vector256.LoadUnsafe(ref block), Vector256.LoadUnsafe(ref block, Block / 2));
        _stops = Stops(low).ExtractMostSignificantBits() | (ulong)Stops(high).ExtractMostSignificantBits() << 32;
        _notName = ~(Name(low).ExtractMostSignificantBits() | (ulong)Name(high).ExtractMostSignificantBits() << 32);
        return true;
    }

    private static Vector256<byte> Stops(Vector256<byte> bytes) =>
        Vector256.Equals(bytes, Vector256.Create((byte)'"')) | Vector256.Equals(bytes, Vector256.Create((byte)'\\'))
        | Vector256.Equals(bytes, Vector256.Create((byte)'\n'));

    private static Vector256<byte> Name(Vector256<byte> bytes) =>
        Vector256.LessThanOrEqual(
            (bytes | Vector256.Create((byte)0x20)) - Vector256.Create((byte)'a'), Vector256.Create((byte)('z' - 'a')))
        | Vector256.LessThanOrEqual(bytes - Vector256.Create((byte)'0'), Vector256.Create((byte)9))
        | Vector256.Equals(bytes, Vector256.Create((byte)'_'));

    private static Vector512<byte> Stops(Vector512<byte> bytes) =>
        Vector512.Equals(bytes, Vector512.Create((byte)'"')) | Vector512.Equals(bytes, Vector512.Create((byte)'\\'))
        | Vector512.Equals(bytes, Vector512.Create((byte)'\n'));

    private static Vector512<byte> Name(Vector512<byte> bytes) =>
        Vector512.LessThanOrEqual(
            (bytes | Vector512.Create((byte)0x20)) - Vector512.Create((byte)'a'), Vector512.Create((byte)('z' - 'a')))
        | Vector512.LessThanOrEqual(bytes - Vector512.Create((byte)'0'), Vector512.Create((byte)9))
        | Vector512.Equals(bytes, Vector512.Create((byte)'_'));
}
