using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Resources;

/// <summary>Resources to and from the wire.</summary>
public static class ResourceWire
{
    /// <summary>The longest name or role.</summary>
    public const int MaxName = 255;

    private const double MaxScalar = 1e12;
    private const int MaxRanges = 10_000;

    /// <summary>
    /// Reads and checks resources; a resource without reservations whose role is not <c>*</c> is statically reserved.
    /// </summary>
    /// <exception cref="ResourceException">One is not valid.</exception>
    public static ResourceSet Parse(IReadOnlyList<Resource>? resources)
    {
        if (resources is null || resources.Count == 0) return ResourceSet.Empty;
        var entries = new ResourceSet.Entry[resources.Count];
        for (var i = 0; i < entries.Length; i++)
        {
            var resource = resources[i] ?? throw new ResourceException($"resources[{i}] is null");
            CheckName(resource.Name);
            try
            {
                entries[i] = new ResourceSet.Entry(Kind(resource), Amount(resource));
            }
            catch (ResourceException problem)
            {
                throw new ResourceException($"{resource.Name}: {problem.Message}");
            }
        }

        return ResourceSet.Of(entries);
    }

    /// <summary>As wire resources.</summary>
    /// <param name="resources">What to write.</param>
    /// <param name="role">The role that they are allocated to, or null.</param>
    /// <param name="refined">Whether the reader knows stacked reservations; else <c>role</c> says for whom they are.</param>
    public static Resource[] ToWire(this ResourceSet resources, string? role = null, bool refined = true)
    {
        var allocation = role is null ? null : new AllocationInfo(role);
        var wire = new Resource[resources.Entries.Count];
        for (var i = 0; i < wire.Length; i++)
        {
            var (kind, amount) = resources.Entries[i];
            wire[i] = new Resource
            {
                Name = kind.Name,
                Type = kind.Type,
                Scalar = kind.Type == ResourceType.Scalar ? new Scalar(amount.Milli / 1000.0) : null,
                Ranges = kind.Type == ResourceType.Ranges ? new Ranges(amount.Ranges.Ranges) : null,
                Set = kind.Type == ResourceType.Set ? new ValueSet(amount.Items) : null,
                Role = refined ? null : kind.ReservedRole ?? "*",
                Reservation = !refined && kind.Reservations is [.., { Type: "DYNAMIC" } made]
                    ? new DynamicReservation(made.Principal, made.Labels) : null,
                Reservations = refined && kind.Reservations.Count > 0 ? kind.Reservations : null,
                AllocationInfo = allocation,
                Revocable = kind.IsRevocable ? new RevocableInfo() : null,
            };
        }

        return wire;
    }

    private static ResourceKind Kind(Resource resource)
    {
        var reservations = resource.Reservations ?? [];
        if (resource.Role is { } role and not "*")
        {
            if (reservations.Count > 0) throw new ResourceException("'role' and 'reservations' are both set");
            reservations = [resource.Reservation is { } made
                ? new ReservationInfo { Type = "DYNAMIC", Role = role, Principal = made.Principal, Labels = made.Labels }
                : new ReservationInfo { Type = "STATIC", Role = role }];
        }
        else if (resource.Reservation is not null)
        {
            throw new ResourceException("'reservation' is set without the 'role' that it is for");
        }

        foreach (var reservation in reservations)
        {
            if (reservation.Type is not (null or "STATIC" or "DYNAMIC"))
            {
                throw new ResourceException($"reservations.type '{reservation.Type}' is neither STATIC nor DYNAMIC");
            }

            if (Roles.Problem(reservation.Role) is { } problem) throw new ResourceException($"reservations.role: {problem}");
            if (reservation.Role == "*") throw new ResourceException("reservations.role: '*' cannot be reserved for");
        }

        return new ResourceKind(resource.Name, resource.Type, reservations, resource.Revocable is not null);
    }

    private static ResourceAmount Amount(Resource resource)
    {
        switch (resource.Type)
        {
            case ResourceType.Scalar:
                var value = resource.Scalar?.Value ?? throw new ResourceException("'scalar' is missing");
                if (double.IsNaN(value) || value < 0) throw new ResourceException($"the amount {value} is negative or no number");
                if (value > MaxScalar) throw new ResourceException($"the amount {value} is over {MaxScalar}");
                return ResourceAmount.Of((long)Math.Round(value * 1000, MidpointRounding.AwayFromZero));
            case ResourceType.Ranges:
                var ranges = resource.Ranges?.Range ?? throw new ResourceException("'ranges' is missing");
                if (ranges.Count > MaxRanges) throw new ResourceException($"more than {MaxRanges} ranges");
                return ResourceAmount.Of(RangeSet.Of(ranges));
            case ResourceType.Set:
                var items = resource.Set?.Item ?? throw new ResourceException("'set' is missing");
                if (items.Any(string.IsNullOrEmpty)) throw new ResourceException("an item of the set is empty");
                return ResourceAmount.Of(items);
            default:
                throw new ResourceException($"a resource cannot be of the type {resource.Type}");
        }
    }

    private static void CheckName(string name)
    {
        if (string.IsNullOrEmpty(name) || name.Length > MaxName || name.Any(char.IsControl))
        {
            throw new ResourceException($"a resource's name is empty, over {MaxName} characters or holds a control character");
        }
    }
}
