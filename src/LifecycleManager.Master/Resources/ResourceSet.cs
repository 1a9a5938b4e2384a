namespace LifecycleManager.Master.Resources;

/// <summary>
/// Amounts of several kinds. Immutable; the arithmetic is exact, since scalars are whole thousandths (as Mesos has it).
/// </summary>
public sealed class ResourceSet : IEquatable<ResourceSet>
{
    /// <summary>Nothing.</summary>
    public static readonly ResourceSet Empty = new([]);

    // Sorted by kind, no zero amounts: a handful of entries, for which merging beats hashing.
    private readonly Entry[] _entries;

    private ResourceSet(Entry[] entries) => _entries = entries;

    /// <summary>Whether it holds nothing.</summary>
    public bool IsEmpty => _entries.Length == 0;

    /// <summary>The amounts by kind.</summary>
    public IReadOnlyList<Entry> Entries => _entries;

    /// <summary>From amounts in any order; the same kind may come more than once.</summary>
    public static ResourceSet Of(IEnumerable<Entry> entries)
    {
        var sorted = entries.Where(entry => !entry.Amount.IsZero).ToArray();
        if (sorted.Length == 0) return Empty;
        Array.Sort(sorted, (a, b) => a.Kind.CompareTo(b.Kind));
        var count = 1;
        for (var i = 1; i < sorted.Length; i++)
        {
            if (sorted[i].Kind.Equals(sorted[count - 1].Kind))
            {
                sorted[count - 1] = sorted[count - 1] with { Amount = sorted[count - 1].Amount.Plus(sorted[i].Amount) };
            }
            else
            {
                sorted[count++] = sorted[i];
            }
        }

        return new ResourceSet(count == sorted.Length ? sorted : sorted[..count]);
    }

    /// <summary>Both together.</summary>
    public ResourceSet Plus(ResourceSet other)
    {
        if (IsEmpty) return other;
        if (other.IsEmpty) return this;
        var merged = new Entry[_entries.Length + other._entries.Length];
        int count = 0, a = 0, b = 0;
        while (a < _entries.Length || b < other._entries.Length)
        {
            var order = a == _entries.Length ? 1 : b == other._entries.Length
                ? -1 : _entries[a].Kind.CompareTo(other._entries[b].Kind);
            merged[count++] = order < 0 ? _entries[a++] : order > 0 ? other._entries[b++]
                : _entries[a] with { Amount = _entries[a++].Amount.Plus(other._entries[b++].Amount) };
        }

        return new ResourceSet(count == merged.Length ? merged : merged[..count]);
    }

    /// <summary>What is left without the other; never below nothing.</summary>
    public ResourceSet Without(ResourceSet other)
    {
        if (IsEmpty || other.IsEmpty) return this;
        var left = new Entry[_entries.Length];
        int count = 0, b = 0;
        foreach (var entry in _entries)
        {
            while (b < other._entries.Length && other._entries[b].Kind.CompareTo(entry.Kind) < 0) b++;
            var rest = b < other._entries.Length && other._entries[b].Kind.Equals(entry.Kind)
                ? entry.Amount.Without(other._entries[b].Amount) : entry.Amount;
            if (!rest.IsZero) left[count++] = entry with { Amount = rest };
        }

        return count == 0 ? Empty : new ResourceSet(left[..count]);
    }

    /// <summary>What is left without the other, which is a part of it.</summary>
    /// <exception cref="InvalidOperationException">The other is no part of it: an error in the accounts.</exception>
    public ResourceSet Minus(ResourceSet other) =>
        Contains(other) ? Without(other) : throw new InvalidOperationException($"{other} is no part of {this}");

    /// <summary>Whether the other is a part of it.</summary>
    public bool Contains(ResourceSet other)
    {
        var a = 0;
        foreach (var entry in other._entries)
        {
            while (a < _entries.Length && _entries[a].Kind.CompareTo(entry.Kind) < 0) a++;
            if (a == _entries.Length || !_entries[a].Kind.Equals(entry.Kind) || !_entries[a].Amount.Contains(entry.Amount))
                return false;
        }

        return true;
    }

    /// <summary>The amounts of some kinds.</summary>
    public ResourceSet Where(Func<ResourceKind, bool> kinds)
    {
        var count = 0;
        foreach (var entry in _entries)
        {
            if (kinds(entry.Kind)) count++;
        }

        if (count == _entries.Length) return this;
        return count == 0 ? Empty : new ResourceSet([.. _entries.Where(entry => kinds(entry.Kind))]);
    }

    /// <summary>The same amounts under other kinds.</summary>
    public ResourceSet Rename(Func<ResourceKind, ResourceKind> kinds) =>
        Of(_entries.Select(entry => entry with { Kind = kinds(entry.Kind) }));

    /// <summary>Thousandths of a scalar over all its kinds.</summary>
    public long Milli(string name)
    {
        long sum = 0;
        foreach (var entry in _entries)
        {
            if (entry.Kind.Name == name) sum += entry.Amount.Milli;
        }

        return sum;
    }

    /// <summary>A scalar over all its kinds.</summary>
    public double Scalar(string name) => Milli(name) / 1000.0;

    /// <inheritdoc/>
    public bool Equals(ResourceSet? other) => other is not null && _entries.AsSpan().SequenceEqual(other._entries);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ResourceSet);

    /// <inheritdoc/>
    public override int GetHashCode() => _entries.Aggregate(0, (hash, entry) => HashCode.Combine(hash, entry.Kind, entry.Amount));

    /// <summary>Mesos' notation: <c>cpus:1.5; mem:256; ports:[31000-31001]</c>.</summary>
    public override string ToString() =>
        IsEmpty ? "nothing" : string.Join("; ", _entries.Select(entry => $"{entry.Kind}:{entry.Amount}"));

    /// <summary>An amount of a kind.</summary>
    public readonly record struct Entry(ResourceKind Kind, ResourceAmount Amount);
}
