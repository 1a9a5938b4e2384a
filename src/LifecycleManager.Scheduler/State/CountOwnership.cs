using LifecycleManager.Scheduler.Definitions;

namespace LifecycleManager.Scheduler.State;

/// <summary>
/// Whose word counts for an app's instance count. Whoever scales an app by a policy claims its count; from then on a definition
/// that is sent again with another count changes everything but the count. <c>none</c> gives the count back to whoever asks.
/// </summary>
internal static class CountOwnership
{
    /// <summary>The word that ends an ownership.</summary>
    public const string Nobody = "none";

    /// <summary>A definition with the count that is kept, and why; null where the count is taken as asked.</summary>
    public static KeptCount? Keep(AppRecord? known, AppDefinition asked, string? claimant)
    {
        if (known?.CountOwner is not { } owner || claimant is not null || asked.Instances == known.Definition.Instances)
            return null;
        var kept = known.Definition.Instances;
        return new KeptCount(
            asked.WithInstances(kept),
            $"{asked.Id.Path} keeps {kept} instances in place of {asked.Instances}, since {owner} owns its count");
    }

    /// <summary>The app with its owner after a change; the very same record where the owner stays.</summary>
    public static AppRecord Claim(AppRecord record, string? claimant)
    {
        if (claimant is null) return record;
        var owner = claimant == Nobody ? null : claimant;
        return record.CountOwner == owner ? record : record with { CountOwner = owner };
    }
}

/// <summary>A count that was kept.</summary>
/// <param name="Definition">The definition with that count.</param>
/// <param name="Message">Which and why, for people.</param>
internal sealed record KeptCount(AppDefinition Definition, string Message);
