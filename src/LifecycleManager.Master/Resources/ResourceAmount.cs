using System.Globalization;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Resources;

/// <summary>How much of one kind: thousandths, ranges or names. Which is used follows from the kind's type.</summary>
public readonly struct ResourceAmount : IEquatable<ResourceAmount>
{
    private readonly RangeSet? _ranges;
    private readonly string[]? _items;

    private ResourceAmount(long milli, RangeSet? ranges, string[]? items)
    {
        Milli = milli;
        _ranges = ranges;
        _items = items;
    }

    /// <summary>Thousandths, of a scalar.</summary>
    public long Milli { get; }

    /// <summary>The numbers, of ranges.</summary>
    public RangeSet Ranges => _ranges ?? RangeSet.Empty;

    /// <summary>The names, of a set, in ordinal order.</summary>
    public IReadOnlyList<string> Items => _items ?? [];

    /// <summary>Whether it is nothing.</summary>
    public bool IsZero => Milli == 0 && Ranges.IsEmpty && Items.Count == 0;

    /// <summary>Thousandths.</summary>
    public static ResourceAmount Of(long milli) => new(milli, null, null);

    /// <summary>Ranges.</summary>
    public static ResourceAmount Of(RangeSet ranges) => new(0, ranges, null);

    /// <summary>Names.</summary>
    public static ResourceAmount Of(IEnumerable<string> items) =>
        new(0, null, [.. items.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);

    /// <summary>Both together.</summary>
    public ResourceAmount Plus(in ResourceAmount other) => new(
        checked(Milli + other.Milli),
        _ranges is null ? other._ranges : other._ranges is null ? _ranges : _ranges.Plus(other._ranges),
        _items is null ? other._items : other._items is null ? _items
            : [.. _items.Union(other._items, StringComparer.Ordinal).Order(StringComparer.Ordinal)]);

    /// <summary>What is left without the other; never below nothing.</summary>
    public ResourceAmount Without(in ResourceAmount other) => new(
        Math.Max(0, Milli - other.Milli),
        _ranges is null || other._ranges is null ? _ranges : _ranges.Minus(other._ranges),
        _items is null || other._items is null ? _items : [.. _items.Except(other._items, StringComparer.Ordinal)]);

    /// <summary>Whether the other is a part of it.</summary>
    public bool Contains(in ResourceAmount other)
    {
        if (Milli < other.Milli || !Ranges.Contains(other.Ranges)) return false;
        foreach (var item in other._items ?? [])
        {
            if (Array.BinarySearch(_items ?? [], item, StringComparer.Ordinal) < 0) return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public bool Equals(ResourceAmount other) =>
        Milli == other.Milli && Ranges.Equals(other.Ranges) && Items.SequenceEqual(other.Items, StringComparer.Ordinal);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ResourceAmount other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Milli, Ranges, Items.Count);

    /// <inheritdoc/>
    public override string ToString() => _ranges is not null ? _ranges.ToString()
        : _items is not null ? $"{{{string.Join(", ", _items)}}}"
        : (Milli / 1000m).ToString(CultureInfo.InvariantCulture);

    /// <summary>Same.</summary>
    public static bool operator ==(in ResourceAmount left, in ResourceAmount right) => left.Equals(right);

    /// <summary>Not same.</summary>
    public static bool operator !=(in ResourceAmount left, in ResourceAmount right) => !left.Equals(right);
}
