using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Resources;

/// <summary>What distinguishes amounts that cannot be added: the resource's name, for whom it is reserved, whether it may be taken back.</summary>
/// <param name="Name"><c>cpus</c>, <c>ports</c>, …</param>
/// <param name="Role">The role that it is reserved for; <c>*</c> for nobody.</param>
/// <param name="Dynamic">Whether an operation, not the agent's flags, reserved it.</param>
/// <param name="Revocable">Whether it may be taken back at any time.</param>
public readonly record struct ResourceKey(string Name, string Role = "*", bool Dynamic = false, bool Revocable = false)
{
    /// <summary>The key of a resource in Mesos' shape, old and new notation of reservations alike.</summary>
    public static ResourceKey Of(Resource resource)
    {
        var reservation = resource.Reservations is { Count: > 0 } stack ? stack[^1] : null;
        return new(
            resource.Name, reservation?.Role ?? (string.IsNullOrEmpty(resource.Role) ? "*" : resource.Role),
            reservation?.Type == "DYNAMIC", resource.Revocable is not null);
    }
}
