namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>
/// Whose word counts for an app's instance count. Whoever scales an app by a policy claims its count; from then on a definition
/// that is sent again with another count changes everything but the count. A body that holds a count alone is a person's order:
/// it is taken, and holds until the owner decides otherwise; an order of 0 suspends the app until somebody asks for more, and no
/// policy does. <c>none</c> gives the count back to whoever asks.
/// </summary>
internal static class CountOwnership
{
    /// <summary>The word that ends an ownership.</summary>
    public const string Nobody = "none";

    private const string Policy = "policy ";

    /// <summary>Whether an owner is a policy, and so a manager's.</summary>
    public static bool IsPolicy(string? owner) => owner?.StartsWith(Policy, StringComparison.Ordinal) == true;

    /// <summary>What becomes of the count that a change asks for.</summary>
    /// <param name="known">The app as it is; null where it is new.</param>
    /// <param name="asked">The app as it is asked for.</param>
    /// <param name="claimant">Who owns the count from now on; null where the change does not say.</param>
    /// <param name="isOrder">Whether it asks for a count and nothing else.</param>
    /// <exception cref="ChangeRefusedException">A policy asks for instances of an app that a person has suspended.</exception>
    public static AskedCount Settle(AppRecord? known, AppDefinition asked, string? claimant, bool isOrder)
    {
        var (id, count) = (asked.Id.Path, asked.Instances);
        if (known is null) return new AskedCount(asked, null);
        if (known.IsSuspended && count > 0 && IsPolicy(claimant))
        {
            throw new ChangeRefusedException([new ChangeProblem("/instances",
                $"{id} was suspended at 0 instances by hand; a count that a person asks for ends that")]);
        }

        if (known.CountOwner is not { } owner || claimant is not null) return new AskedCount(asked, null);
        if (isOrder)
        {
            return new AskedCount(asked, count == 0
                ? $"{id} is suspended: {owner} owns its count, and leaves it at 0 until more instances are asked for"
                : $"{id} has {count} instances until {owner}, which owns its count, decides otherwise");
        }

        var kept = known.Definition.Instances;
        return count == kept ? new AskedCount(asked, null) : new AskedCount(
            asked.WithInstances(kept),
            $"{id} keeps {kept} instances in place of {count}, since {owner} owns its count; "
            + "a body with instances alone sets it");
    }

    /// <summary>The app with its owner after a change; the very same record where nothing of that changes.</summary>
    public static AppRecord Claim(AppRecord record, string? claimant, bool isOrder)
    {
        var owner = claimant is null ? record.CountOwner : claimant == Nobody ? null : claimant;
        var suspended = record.Definition.Instances == 0 && (record.IsSuspended || (isOrder && claimant is null or Nobody));
        return record.CountOwner == owner && record.IsSuspended == suspended
            ? record : record with { CountOwner = owner, IsSuspended = suspended };
    }
}

/// <summary>A count as it is taken.</summary>
/// <param name="Definition">The definition with that count.</param>
/// <param name="Message">What an owner makes of it, for people; null where there is nothing to say.</param>
internal sealed record AskedCount(AppDefinition Definition, string? Message);
