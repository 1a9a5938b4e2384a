using System.Collections.Concurrent;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>
/// Shares the names of series among all targets: the instances of an app have the same ones. When it is full it starts anew; who
/// holds a name keeps it.
/// </summary>
internal sealed class SeriesNames
{
    private const int MaxNames = 100_000;
    private readonly ConcurrentDictionary<string, string> _texts = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<byte[], byte[]> _bytes = new(BytesComparer.Instance);

    /// <summary>The one copy of a text.</summary>
    public string Share(string text)
    {
        if (_texts.Count >= MaxNames) _texts.Clear();
        return _texts.GetOrAdd(text, text);
    }

    /// <summary>The one copy of some bytes.</summary>
    public byte[] Share(ReadOnlySpan<byte> bytes)
    {
        if (_bytes.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(bytes, out var known)) return known;
        if (_bytes.Count >= MaxNames) _bytes.Clear();
        var copy = bytes.ToArray();
        return _bytes.GetOrAdd(copy, copy);
    }

    private sealed class BytesComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static BytesComparer Instance { get; } = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] bytes) => GetHashCode(bytes.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = new HashCode();
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
