namespace LifecycleManager.Protocol.Mesos;

/// <summary>Which offers a framework wants in a role.</summary>
/// <param name="MinAllocatableResources">What there must be of an agent; null for what the master holds worth an offer.</param>
public sealed record OfferFilters(OfferFilters.Minima? MinAllocatableResources = null)
{
    /// <summary>One of several amounts.</summary>
    /// <param name="Quantities">Of which an offer has one at least; any offer will do where there is none.</param>
    public sealed record Minima(IReadOnlyList<Amounts>? Quantities = null);

    /// <summary>Amounts of scalar resources, all of which are to be there.</summary>
    /// <param name="Quantities">Amounts by name, in Mesos' units.</param>
    public sealed record Amounts(IReadOnlyDictionary<string, Scalar>? Quantities = null);
}
