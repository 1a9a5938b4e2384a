namespace LifecycleManager.Master.Resources;

/// <summary>
/// Thousandths of scalars by name, whatever they are reserved for: what shares and quotas count. Mutable, of one owner.
/// </summary>
internal sealed class Quantities
{
    private readonly Dictionary<string, long> _milli = new(StringComparer.Ordinal);

    /// <summary>Thousandths by name.</summary>
    public IReadOnlyDictionary<string, long> Milli => _milli;

    /// <summary>Thousandths of one.</summary>
    public long this[string name] => _milli.GetValueOrDefault(name);

    /// <summary>Adds.</summary>
    public void Add(ResourceSet resources) => Add(resources, 1);

    /// <summary>Takes away.</summary>
    public void Remove(ResourceSet resources) => Add(resources, -1);

    /// <summary>Adds.</summary>
    public void Add(Quantities other)
    {
        foreach (var (name, milli) in other._milli) Add(name, milli);
    }

    /// <summary>Adds thousandths of one; negative takes away.</summary>
    public void Add(string name, long milli)
    {
        if (milli == 0) return;
        var sum = _milli.GetValueOrDefault(name) + milli;
        if (sum == 0) _milli.Remove(name);
        else _milli[name] = sum;
    }

    /// <summary>A copy.</summary>
    public Quantities Copy()
    {
        var copy = new Quantities();
        foreach (var (name, milli) in _milli) copy._milli[name] = milli;
        return copy;
    }

    /// <summary>The dominant share: the largest part that it is of any scalar of the total, 0 to 1.</summary>
    public double ShareOf(Quantities total)
    {
        var share = 0.0;
        foreach (var (name, milli) in _milli)
        {
            var all = total[name];
            if (all > 0) share = Math.Max(share, (double)milli / all);
        }

        return share;
    }

    private void Add(ResourceSet resources, int sign)
    {
        foreach (var (kind, amount) in resources.Entries)
        {
            if (amount.Milli != 0) Add(kind.Name, sign * amount.Milli);
        }
    }
}
