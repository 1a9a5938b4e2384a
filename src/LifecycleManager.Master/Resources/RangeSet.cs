using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Resources;

/// <summary>A set of whole numbers as sorted, disjoint, inclusive ranges.</summary>
public sealed class RangeSet
{
    /// <summary>Nothing.</summary>
    public static RangeSet Empty { get; } = new([]);

    private readonly ValueRange[] _ranges;

    private RangeSet(ValueRange[] ranges) => _ranges = ranges;

    /// <summary>The ranges in order.</summary>
    public IReadOnlyList<ValueRange> Ranges => _ranges;

    /// <summary>Whether nothing is in it.</summary>
    public bool IsEmpty => _ranges.Length == 0;

    /// <summary>How many numbers are in it.</summary>
    public ulong Count => _ranges.Aggregate(0UL, (sum, range) => sum + (range.End - range.Begin + 1));

    /// <summary>Any ranges, in any order, overlapping or not.</summary>
    /// <exception cref="FormatException">A range ends before it begins.</exception>
    public static RangeSet Of(IEnumerable<ValueRange> ranges)
    {
        var merged = new List<ValueRange>();
        foreach (var range in ranges.OrderBy(range => range.Begin))
        {
            if (range.End < range.Begin) throw new FormatException($"the range {range.Begin}-{range.End} ends before it begins");
            if (merged.Count > 0 && range.Begin <= merged[^1].End + (merged[^1].End == ulong.MaxValue ? 0UL : 1UL))
                merged[^1] = new ValueRange(merged[^1].Begin, Math.Max(merged[^1].End, range.End));
            else merged.Add(range);
        }

        return merged.Count == 0 ? Empty : new RangeSet([.. merged]);
    }

    /// <summary>What is in either.</summary>
    public RangeSet Union(RangeSet other) => IsEmpty ? other : other.IsEmpty ? this : Of(_ranges.Concat(other._ranges));

    /// <summary>What is in this and not in the other.</summary>
    public RangeSet Except(RangeSet other)
    {
        if (IsEmpty || other.IsEmpty) return this;
        var left = new List<ValueRange>();
        foreach (var range in _ranges)
        {
            var begin = range.Begin;
            var open = true;
            foreach (var cut in other._ranges)
            {
                if (cut.End < begin) continue;
                if (cut.Begin > range.End) break;
                if (cut.Begin > begin) left.Add(new ValueRange(begin, cut.Begin - 1));
                if (cut.End >= range.End)
                {
                    open = false;
                    break;
                }

                begin = cut.End + 1;
            }

            if (open) left.Add(new ValueRange(begin, range.End));
        }

        return left.Count == 0 ? Empty : new RangeSet([.. left]);
    }

    /// <summary>Whether all of the other is in this.</summary>
    public bool Contains(RangeSet other) => other.Except(this).IsEmpty;
}
