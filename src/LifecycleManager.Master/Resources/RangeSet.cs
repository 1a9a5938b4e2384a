using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Resources;

/// <summary>A set of whole numbers as sorted, disjoint, inclusive ranges that do not touch. Immutable.</summary>
public sealed class RangeSet : IEquatable<RangeSet>
{
    /// <summary>No number.</summary>
    public static readonly RangeSet Empty = new([]);

    private readonly ValueRange[] _ranges;

    private RangeSet(ValueRange[] ranges) => _ranges = ranges;

    /// <summary>The ranges in rising order.</summary>
    public IReadOnlyList<ValueRange> Ranges => _ranges;

    /// <summary>Whether it holds nothing.</summary>
    public bool IsEmpty => _ranges.Length == 0;

    /// <summary>From ranges in any order that may overlap.</summary>
    /// <exception cref="ResourceException">A range ends before it begins.</exception>
    public static RangeSet Of(IEnumerable<ValueRange> ranges)
    {
        var sorted = ranges.ToArray();
        foreach (var range in sorted)
        {
            if (range.End < range.Begin)
                throw new ResourceException($"the range [{range.Begin}-{range.End}] ends before it begins");
        }

        Array.Sort(sorted, (a, b) => a.Begin.CompareTo(b.Begin));
        return Coalesce(sorted);
    }

    /// <summary>The numbers in either.</summary>
    public RangeSet Plus(RangeSet other)
    {
        if (IsEmpty) return other;
        if (other.IsEmpty) return this;
        var merged = new ValueRange[_ranges.Length + other._ranges.Length];
        for (int i = 0, a = 0, b = 0; i < merged.Length; i++)
        {
            var left = b == other._ranges.Length || (a < _ranges.Length && _ranges[a].Begin <= other._ranges[b].Begin);
            merged[i] = left ? _ranges[a++] : other._ranges[b++];
        }

        return Coalesce(merged);
    }

    /// <summary>The numbers in this and not in the other.</summary>
    public RangeSet Minus(RangeSet other)
    {
        if (IsEmpty || other.IsEmpty) return this;
        var left = new List<ValueRange>(_ranges.Length + 1);
        var at = 0;
        foreach (var range in _ranges)
        {
            var begin = range.Begin;
            var done = false;
            while (at < other._ranges.Length && other._ranges[at].End < begin) at++;
            for (var i = at; i < other._ranges.Length && other._ranges[i].Begin <= range.End; i++)
            {
                var cut = other._ranges[i];
                if (cut.Begin > begin) left.Add(new ValueRange(begin, cut.Begin - 1));
                if (cut.End >= range.End)
                {
                    done = true;
                    break;
                }

                begin = cut.End + 1;
            }

            if (!done) left.Add(new ValueRange(begin, range.End));
        }

        return left.Count == 0 ? Empty : new RangeSet([.. left]);
    }

    /// <summary>Whether every number of the other is in this.</summary>
    public bool Contains(RangeSet other)
    {
        var at = 0;
        foreach (var range in other._ranges)
        {
            while (at < _ranges.Length && _ranges[at].End < range.Begin) at++;
            if (at == _ranges.Length || _ranges[at].Begin > range.Begin || _ranges[at].End < range.End) return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public bool Equals(RangeSet? other) => other is not null && _ranges.AsSpan().SequenceEqual(other._ranges);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as RangeSet);

    /// <inheritdoc/>
    public override int GetHashCode() => _ranges.Aggregate(0, (hash, range) => HashCode.Combine(hash, range));

    /// <summary>Mesos' notation: <c>[8000-9000, 31000-32000]</c>.</summary>
    public override string ToString() => $"[{string.Join(", ", _ranges.Select(range => $"{range.Begin}-{range.End}"))}]";

    private static RangeSet Coalesce(ValueRange[] sorted)
    {
        if (sorted.Length == 0) return Empty;
        var count = 0;
        foreach (var range in sorted)
        {
            if (count > 0 && Touches(sorted[count - 1], range))
            {
                sorted[count - 1] = sorted[count - 1] with { End = Math.Max(sorted[count - 1].End, range.End) };
            }
            else
            {
                sorted[count++] = range;
            }
        }

        return new RangeSet(count == sorted.Length ? sorted : sorted[..count]);
    }

    private static bool Touches(ValueRange a, ValueRange b) => a.End == ulong.MaxValue || b.Begin <= a.End + 1;
}
