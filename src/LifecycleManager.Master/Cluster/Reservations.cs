using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>What dynamic reservations may be. Pure.</summary>
internal static class Reservations
{
    /// <summary>Whether any amount is reserved by an operation.</summary>
    public static bool HasDynamic(ResourceSet resources) => resources.Entries.Any(entry => IsDynamic(entry.Kind));

    /// <summary>What is wrong with resources to reserve, or null.</summary>
    /// <param name="resources">The resources as they are to become.</param>
    /// <param name="principal">Whose reservation it is to be; null where nobody is asked.</param>
    /// <param name="offered">The role that the resources are offered to; null for an operator's, of any role.</param>
    public static string? CheckReserve(ResourceSet resources, string? principal, string? offered)
    {
        if (resources.IsEmpty) return "no resources";
        foreach (var (kind, _) in resources.Entries)
        {
            if (!IsDynamic(kind)) return $"{kind} is not dynamically reserved";
            if (kind.IsRevocable) return $"{kind} is revocable";
            var last = kind.Reservations[^1];
            if (offered is not null && last.Role != offered)
                return $"{kind} is reserved for '{last.Role}' and the offer is for '{offered}'";
            if (last.Role is not { } role || role == Roles.Default || Roles.Problem(role) is not null)
                return $"{kind} cannot be reserved for the role '{last.Role}'";
            if (principal is not null && last.Principal is { } other && other != principal)
            {
                return $"the reservation's principal '{other}' is not the caller's, '{principal}'";
            }

            if (kind.Reservations.Count > 1 && !new ResourceKind(kind.Name, kind.Type, [kind.Reservations[^2]])
                .IsAllocatableTo(role))
            {
                return $"the reservation for '{last.Role}' does not refine the one for '{kind.Reservations[^2].Role}'";
            }
        }

        return null;
    }

    /// <summary>What is wrong with resources to unreserve, or null.</summary>
    public static string? CheckUnreserve(ResourceSet resources)
    {
        if (resources.IsEmpty) return "no resources";
        foreach (var (kind, _) in resources.Entries)
        {
            if (!IsDynamic(kind)) return $"{kind} is not dynamically reserved";
        }

        return null;
    }

    /// <summary>An agent's resources with stored reservations in place; null when it has less than is reserved.</summary>
    public static ResourceSet? Apply(ResourceSet own, ResourceSet stored)
    {
        var plain = own.Rename(Strip);
        var reserved = stored.Where(IsDynamic);
        var beneath = reserved.Rename(Strip);
        return plain.Contains(beneath) ? plain.Minus(beneath).Plus(reserved) : null;
    }

    private static bool IsDynamic(ResourceKind kind) => kind.Reservations.Count > 0 && kind.Reservations[^1].Type == "DYNAMIC";

    private static ResourceKind Strip(ResourceKind kind)
    {
        while (IsDynamic(kind)) kind = kind.Pop();
        return kind;
    }
}
