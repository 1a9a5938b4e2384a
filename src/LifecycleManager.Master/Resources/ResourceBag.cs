using System.Globalization;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Resources;

/// <summary>
/// An immutable amount of resources: scalars in whole thousandths (as Mesos computes with them, so that sums are exact), ranges,
/// sets. No amount is ever negative or empty.
/// </summary>
public sealed class ResourceBag
{
    /// <summary>Nothing.</summary>
    public static ResourceBag Empty { get; } = new([]);

    private readonly Dictionary<ResourceKey, object> _amounts;

    private ResourceBag(Dictionary<ResourceKey, object> amounts) => _amounts = amounts;

    /// <summary>Whether nothing is in it.</summary>
    public bool IsEmpty => _amounts.Count == 0;

    /// <summary>The keys in it.</summary>
    public IEnumerable<ResourceKey> Keys => _amounts.Keys;

    /// <summary>Resources in Mesos' shape.</summary>
    /// <exception cref="FormatException">One is not valid; the message says which and why.</exception>
    public static ResourceBag Of(IEnumerable<Resource> resources)
    {
        var amounts = new Dictionary<ResourceKey, object>();
        foreach (var resource in resources)
        {
            var value = Read(resource);
            var key = ResourceKey.Of(resource);
            amounts[key] = amounts.TryGetValue(key, out var there) ? Join(key, there, value) : value;
        }

        foreach (var key in amounts.Where(amount => IsNothing(amount.Value)).Select(amount => amount.Key).ToArray()) amounts.Remove(key);
        return amounts.Count == 0 ? Empty : new ResourceBag(amounts);
    }

    /// <summary>Both.</summary>
    public ResourceBag Plus(ResourceBag other)
    {
        if (IsEmpty) return other;
        if (other.IsEmpty) return this;
        var sum = new Dictionary<ResourceKey, object>(_amounts);
        foreach (var (key, value) in other._amounts) sum[key] = sum.TryGetValue(key, out var there) ? Join(key, there, value) : value;
        return new ResourceBag(sum);
    }

    /// <summary>This without the other; of what is not here, nothing is taken.</summary>
    public ResourceBag Minus(ResourceBag other)
    {
        if (IsEmpty || other.IsEmpty) return this;
        var left = new Dictionary<ResourceKey, object>(_amounts);
        foreach (var (key, value) in other._amounts)
        {
            if (!left.TryGetValue(key, out var there)) continue;
            var rest = Cut(key, there, value);
            if (IsNothing(rest)) left.Remove(key);
            else left[key] = rest;
        }

        return left.Count == 0 ? Empty : new ResourceBag(left);
    }

    /// <summary>Whether all of the other is in this.</summary>
    public bool Contains(ResourceBag other) => Missing(other) is null;

    /// <summary>The first thing of the other that is not in this, for people; null where all of it is.</summary>
    public string? Missing(ResourceBag other)
    {
        foreach (var (key, value) in other._amounts)
        {
            var there = _amounts.GetValueOrDefault(key);
            if (there is null || !Holds(there, value))
                return $"{Show(key, value)} of {(there is null ? "none" : Show(key, there))}";
        }

        return null;
    }

    /// <summary>The part whose keys a condition takes.</summary>
    public ResourceBag Where(Func<ResourceKey, bool> condition)
    {
        var part = _amounts.Where(amount => condition(amount.Key)).ToDictionary();
        return part.Count == 0 ? Empty : new ResourceBag(part);
    }

    /// <summary>A scalar summed over its reservations; 0 where there is none.</summary>
    public double Scalar(string name) =>
        _amounts.Where(amount => amount.Key.Name == name && amount.Value is long).Sum(amount => (long)amount.Value) / 1000.0;

    /// <summary>The scalars by name in thousandths, summed over their reservations.</summary>
    public IEnumerable<(string Name, long Thousandths)> Scalars() =>
        _amounts.Where(amount => amount.Value is long).GroupBy(amount => amount.Key.Name, (name, group) => (name, group.Sum(amount => (long)amount.Value)));

    /// <summary>The ranges of a name over all reservations.</summary>
    public RangeSet RangesOf(string name) => _amounts.Where(amount => amount.Key.Name == name)
        .Select(amount => amount.Value).OfType<RangeSet>().Aggregate(RangeSet.Empty, (all, ranges) => all.Union(ranges));

    /// <summary>As Mesos writes them, in a stable order.</summary>
    /// <param name="allocatedTo">The role that they are offered or allocated to; null for an agent's own description.</param>
    public IReadOnlyList<Resource> ToResources(string? allocatedTo = null)
    {
        var allocation = allocatedTo is null ? null : new AllocationInfo(allocatedTo);
        return [.. _amounts.OrderBy(amount => amount.Key.Name, StringComparer.Ordinal).ThenBy(amount => amount.Key.Role, StringComparer.Ordinal)
            .Select(amount => Write(amount.Key, amount.Value) with { AllocationInfo = allocation })];
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join("; ", _amounts.OrderBy(amount => amount.Key.Name, StringComparer.Ordinal)
        .Select(amount => Show(amount.Key, amount.Value)));

    private static object Read(Resource resource)
    {
        if (resource.Name.Length == 0) throw new FormatException("a resource has no name");
        switch (resource.Type)
        {
            case ResourceType.Scalar when resource.Scalar is { } scalar:
                if (!double.IsFinite(scalar.Value) || scalar.Value < 0 || scalar.Value > 1e12)
                    throw new FormatException($"resource {resource.Name} is {scalar.Value.ToString(CultureInfo.InvariantCulture)}: not an amount");
                return (long)Math.Round(scalar.Value * 1000, MidpointRounding.AwayFromZero);
            case ResourceType.Ranges when resource.Ranges is { } ranges:
                return RangeSet.Of(ranges.Range);
            case ResourceType.Set when resource.Set is { } set:
                return new HashSet<string>(set.Item, StringComparer.Ordinal);
            default:
                throw new FormatException($"resource {resource.Name} states the type {resource.Type} and has no value of it");
        }
    }

    private static Resource Write(ResourceKey key, object value)
    {
        var resource = value switch
        {
            long thousandths => Resource.OfScalar(key.Name, thousandths / 1000.0),
            RangeSet ranges => Resource.OfRanges(key.Name, ranges.Ranges),
            _ => new Resource
            {
                Name = key.Name, Type = ResourceType.Set,
                Set = new ValueSet([.. ((HashSet<string>)value).Order(StringComparer.Ordinal)]),
            },
        };
        return resource with
        {
            // Mesos' notation before refined reservations, which every framework reads; a dynamic one needs the newer one.
            Role = key.Dynamic ? null : key.Role,
            Reservations = key.Dynamic ? [new ReservationInfo { Type = "DYNAMIC", Role = key.Role }] : null,
            Revocable = key.Revocable ? new RevocableInfo() : null,
        };
    }

    private static object Join(ResourceKey key, object a, object b) => (a, b) switch
    {
        (long x, long y) => x + y,
        (RangeSet x, RangeSet y) => x.Union(y),
        (HashSet<string> x, HashSet<string> y) => new HashSet<string>(x.Concat(y), StringComparer.Ordinal),
        _ => throw new FormatException($"resource {key.Name} is of two types"),
    };

    private static object Cut(ResourceKey key, object a, object b) => (a, b) switch
    {
        (long x, long y) => Math.Max(0, x - y),
        (RangeSet x, RangeSet y) => x.Except(y),
        (HashSet<string> x, HashSet<string> y) => new HashSet<string>(x.Except(y), StringComparer.Ordinal),
        _ => throw new FormatException($"resource {key.Name} is of two types"),
    };

    private static bool Holds(object a, object b) => (a, b) switch
    {
        (long x, long y) => x >= y,
        (RangeSet x, RangeSet y) => x.Contains(y),
        (HashSet<string> x, HashSet<string> y) => x.IsSupersetOf(y),
        _ => false,
    };

    private static bool IsNothing(object value) => value is 0L or RangeSet { IsEmpty: true } or HashSet<string> { Count: 0 };

    private static string Show(ResourceKey key, object value) => $"{key.Name}{(key.Role == "*" ? "" : $"({key.Role})")}:" + value switch
    {
        long thousandths => (thousandths / 1000.0).ToString("0.###", CultureInfo.InvariantCulture),
        RangeSet ranges => "[" + string.Join(", ", ranges.Ranges.Select(range => $"{range.Begin}-{range.End}")) + "]",
        _ => "{" + string.Join(", ", ((HashSet<string>)value).Order(StringComparer.Ordinal)) + "}",
    };
}
