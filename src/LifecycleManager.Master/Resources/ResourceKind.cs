using System.Text;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Resources;

/// <summary>
/// What tells amounts apart that must not be added up: the name, the shape, for whom it is reserved, whether it may be taken
/// back. The role that a resource is allocated to is no part of it: offers and tasks carry that.
/// </summary>
public sealed class ResourceKind : IEquatable<ResourceKind>
{
    private readonly string _key;

    /// <summary>A kind.</summary>
    public ResourceKind(string name, ResourceType type, IReadOnlyList<ReservationInfo>? reservations = null,
        bool revocable = false)
    {
        Name = name;
        Type = type;
        Reservations = reservations ?? [];
        IsRevocable = revocable;
        _key = Reservations.Count == 0 && !revocable && type == ResourceType.Scalar ? name : Key();
    }

    /// <summary><c>cpus</c>, <c>mem</c>, <c>ports</c>, ...</summary>
    public string Name { get; }

    /// <summary>The shape.</summary>
    public ResourceType Type { get; }

    /// <summary>Stacked reservations, outermost first; empty means unreserved.</summary>
    public IReadOnlyList<ReservationInfo> Reservations { get; }

    /// <summary>Whether it may be taken back at any time.</summary>
    public bool IsRevocable { get; }

    /// <summary>The role that the innermost reservation is for, or null.</summary>
    public string? ReservedRole => Reservations.Count == 0 ? null : Reservations[^1].Role;

    /// <summary>
    /// Whether a framework in the role may be given it: unreserved, or reserved for the role or an ancestor of it.
    /// </summary>
    public bool IsAllocatableTo(string role) =>
        ReservedRole is not { } reserved || reserved == role
        || (role.Length > reserved.Length && role[reserved.Length] == '/' && role.StartsWith(reserved, StringComparison.Ordinal));

    /// <summary>The same with one reservation more on top.</summary>
    public ResourceKind Push(ReservationInfo reservation) => new(Name, Type, [.. Reservations, reservation], IsRevocable);

    /// <summary>The same without its innermost reservation.</summary>
    public ResourceKind Pop() => new(Name, Type, [.. Reservations.Take(Reservations.Count - 1)], IsRevocable);

    /// <inheritdoc/>
    public bool Equals(ResourceKind? other) => ReferenceEquals(this, other) || (other is not null && _key == other._key);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ResourceKind);

    /// <inheritdoc/>
    public override int GetHashCode() => _key.GetHashCode(StringComparison.Ordinal);

    /// <summary>An order without meaning, to keep amounts sorted.</summary>
    public int CompareTo(ResourceKind? other) => ReferenceEquals(this, other) ? 0 : string.CompareOrdinal(_key, other?._key);

    /// <inheritdoc/>
    public override string ToString()
    {
        var roles = Reservations.Count == 0 ? "" : $"({string.Join(", ", Reservations.Select(r => r.Role))})";
        return Name + roles + (IsRevocable ? "{REV}" : "");
    }

    // Control characters separate: names and roles never hold one.
    private string Key()
    {
        var key = new StringBuilder(Name).Append('\u0001').Append((int)Type).Append(IsRevocable ? 'r' : '-');
        foreach (var reservation in Reservations)
        {
            key.Append('\u0002').Append(reservation.Type ?? "STATIC").Append('\u0003').Append(reservation.Role);
            key.Append('\u0003').Append(reservation.Principal);
            foreach (var label in reservation.Labels?.Items ?? [])
                key.Append('\u0004').Append(label.Key).Append('\u0005').Append(label.Value);
        }

        return key.ToString();
    }
}
