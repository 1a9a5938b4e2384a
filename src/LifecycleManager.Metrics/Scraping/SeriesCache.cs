using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using LifecycleManager.Metrics.Exposition;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Series;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>
/// Remembers, by the raw bytes of a series in the text, which stored series it is; so that a scrape whose series are known
/// decodes no label and allocates nothing.
/// </summary>
internal sealed class SeriesCache
{
    private static readonly ulong Seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)) | 1;
    private readonly Selection[] _selections;
    private readonly int _most;
    private readonly SeriesNames _shared;
    private readonly byte[][] _names;
    private readonly string _management;
    private readonly HashSet<string> _called = new(StringComparer.Ordinal);
    private readonly ulong _lengths;
    private int[] _buckets = new int[16];
    private Entry[] _entries = new Entry[8];
    private int _count;
    private int _seen;
    private long _round;

    public SeriesCache(Selection[] selections, int most, SeriesNames shared, string management)
    {
        (_selections, _most, _shared, _management) = (selections, most, shared, management);
        _names = [.. selections.SelectMany(selection => (string?[])[.. selection.SeriesNames, .. selection.NativeNames,
                selection.CountName])
            .OfType<string>().Distinct().Select(Encoding.UTF8.GetBytes)];
        foreach (var name in _names) _lengths |= 1UL << (name.Length & 63);
    }

    /// <summary>Why the scrape cannot be kept; null where it can.</summary>
    public (FailureReason Reason, string Message)? Problem { get; private set; }

    /// <summary>Whether it was made for these selections, of an instance with its actuator there.</summary>
    public bool IsFor(Selection[] selections, string management) =>
        ReferenceEquals(selections, _selections) && management == _management;

    /// <summary>A scrape begins.</summary>
    public void Begin(long round)
    {
        (_round, _seen, Problem) = (round, 0, null);
        _called.Clear();
    }

    /// <summary>Whether any selection looks for this name. Most names fail at the first test.</summary>
    public bool IsWanted(ReadOnlySpan<byte> name)
    {
        if ((_lengths >> (name.Length & 63) & 1) == 0) return false;
        for (var i = 0; i < _names.Length; i++)
        {
            if (name.SequenceEqual(_names[i])) return true;
        }

        return false;
    }

    /// <summary>
    /// Whether this scrape has a series with a name that is looked for, whatever its labels, but for those of the calls to the
    /// actuator itself.
    /// </summary>
    public bool HasName(string name) => _called.Contains(name);

    /// <summary>
    /// The stored series that the sample at hand belongs to: one a selection that takes it, as a rule one or none.
    /// </summary>
    public ReadOnlySpan<Found> Find(in ExpositionReader reader) =>
        Find(reader.Series, reader.Name, reader.GetLabels(), isNative: false);

    /// <summary>The same of a sample in protobuf.</summary>
    public ReadOnlySpan<Found> Find(ProtobufReader reader) =>
        Find(reader.Series, reader.Name, new LabelReader(reader.Labels), reader.IsNative);

    private ReadOnlySpan<Found> Find(ReadOnlySpan<byte> key, ReadOnlySpan<byte> name, LabelReader labels, bool isNative)
    {
        var hash = Hash(key);
        for (var i = _buckets[hash & (uint)(_buckets.Length - 1)]; i != 0; i = _entries[i - 1].Next)
        {
            ref var entry = ref _entries[i - 1];
            if (entry.Hash != hash || !key.SequenceEqual(entry.Key)) continue;
            return See(ref entry);
        }

        return Add(key, hash, name, labels, isNative);
    }

    /// <summary>The scrape was sound: what has not been seen for long leaves once it is the greater part.</summary>
    public void End()
    {
        if (_count < 64 || _count < _seen * 2) return;
        var live = _entries.Take(_count).Where(entry => entry.Round == _round).ToArray();
        _count = 0;
        Array.Clear(_buckets);
        foreach (var entry in live) Insert(entry);
        Array.Clear(_entries, _count, _entries.Length - _count);
    }

    /// <summary>The scrape failed: what only it had leaves, so that a target that always fails cannot grow.</summary>
    public void Abandon()
    {
        foreach (var selection in _selections)
        {
            lock (selection.Set.SyncRoot) selection.Set.Prune();
        }
    }

    private ReadOnlySpan<Found> See(ref Entry entry)
    {
        if (entry.Round != _round)
        {
            entry.Round = _round;
            if (entry.Called is { } name) _called.Add(name);
            if (++_seen > _most)
                Problem = (FailureReason.TooManySamples, $"more than {_most} series have the names that are looked for");
        }

        for (var i = 0; i < entry.Found.Length; i++)
        {
            var (set, series) = entry.Found[i];
            if (!series.Detached) continue;
            lock (set.SyncRoot) entry.Found[i] = new Found(set, set.Get(series.Name, series.UpperBound));
        }

        return entry.Found;
    }

    private ReadOnlySpan<Found> Add(
        ReadOnlySpan<byte> key, uint hash, ReadOnlySpan<byte> series, LabelReader label, bool isNative)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        while (label.Read())
        {
            var name = Encoding.UTF8.GetString(label.Name);
            if (!labels.TryAdd(name, label.Value))
            {
                Problem = (FailureReason.Malformed, $"the label {name} stands twice in {Encoding.UTF8.GetString(key)}");
                return default;
            }
        }

        // An empty label is an absent one, and order does not matter: texts that differ so are one series.
        foreach (var name in labels.Where(pair => pair.Value.Length == 0).Select(pair => pair.Key).ToArray()) labels.Remove(name);
        var canonical = _shared.Share(string.Join('\u0001', labels.Select(pair => $"{pair.Key}\u0002{pair.Value}")));
        var metric = Encoding.UTF8.GetString(series);
        var found = new List<Found>();
        foreach (var selection in _selections)
        {
            if (!selection.IsOf(metric, isNative) || !selection.Selector.Accepts(labels)) continue;
            var bound = double.NaN;
            if (selection.Key.Source == MetricSource.Histogram && !isNative
                && !ExpositionNumber.TryParse(Encoding.UTF8.GetBytes(labels.GetValueOrDefault("le", "")), out bound)) continue;
            lock (selection.Set.SyncRoot) found.Add(new Found(selection.Set, selection.Set.Get(canonical, bound)));
        }

        var isOwn = labels.TryGetValue("uri", out var uri) && ManagementPath.IsBelow(uri, _management);
        Insert(new Entry
        {
            Key = _shared.Share(key),
            Hash = hash,
            Found = [.. found],
            Called = isOwn ? null : _shared.Share(metric),
        });
        return See(ref _entries[_count - 1]);
    }

    private void Insert(Entry entry)
    {
        if (_count == _entries.Length)
        {
            Array.Resize(ref _entries, _count * 2);
            _buckets = new int[_count * 4];
            for (var i = 0; i < _count; i++) Link(i);
        }

        _entries[_count] = entry;
        Link(_count++);
    }

    private void Link(int index)
    {
        ref var bucket = ref _buckets[_entries[index].Hash & (uint)(_buckets.Length - 1)];
        _entries[index].Next = bucket;
        bucket = index + 1;
    }

    // Eight bytes at a time, multiply and fold; seeded, so that a target cannot choose its collisions.
    private static uint Hash(ReadOnlySpan<byte> key)
    {
        var hash = Seed ^ (ulong)key.Length;
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(key)) hash = Fold(hash ^ word);
        foreach (var b in key[(key.Length & ~7)..]) hash = (hash ^ b) * 0x100000001B3;
        return (uint)(Fold(hash) >> 32);
    }

    private static ulong Fold(ulong value)
    {
        var high = Math.BigMul(value, 0x9E3779B97F4A7C15, out var low);
        return high ^ low;
    }

    /// <summary>A stored series and the set it is in.</summary>
    internal readonly record struct Found(SeriesSet Set, StoredSeries Series);

    private struct Entry
    {
        public byte[] Key;
        public Found[] Found;
        public string? Called;
        public uint Hash;
        public int Next;
        public long Round;
    }
}
