using System.Globalization;
using LifecycleManager.Clusters;

namespace LifecycleManager.Scaling.Targets;

/// <summary>One app of a target at one moment.</summary>
public sealed record ScalableApp
{
    /// <summary>The absolute app id, <c>/group/app</c>.</summary>
    public required string Id { get; init; }

    /// <summary>
    /// What tells it from a later app with the same id, in the target's own words; null where the target cannot tell.
    /// </summary>
    public string? Identity { get; init; }

    /// <summary>
    /// Whether the identity lasts as long as the app does; where not, a new version of its definition has another, too.
    /// </summary>
    public bool HasLastingIdentity { get; init; }

    /// <summary>The labels; null for none.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>The instance count that was asked for.</summary>
    public required int Instances { get; init; }

    /// <summary>How many run.</summary>
    public required int Running { get; init; }

    /// <summary>How many run and are healthy; all that run where the app has no health check.</summary>
    public required int Healthy { get; init; }

    /// <summary>How many are on their way: staged, starting, or waiting for a place.</summary>
    public required int Staged { get; init; }

    /// <summary>
    /// How important it is beside other apps: its label <c>lcm.priority</c>, by which the scheduler launches and makes room; 0
    /// where it has none, or none that is a number.
    /// </summary>
    public int Priority => Labels?.GetValueOrDefault("lcm.priority") is { } text
        && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var priority) ? priority : 0;

    /// <summary>How many of the instances that were asked for have no place yet; null where the target does not say.</summary>
    public int? Waiting { get; init; }

    /// <summary>The apps that it depends on, by absolute id, or the groups that hold them; null for none.</summary>
    public IReadOnlyList<string>? Dependencies { get; init; }

    /// <summary>What an instance takes, in cores; null where the target does not say.</summary>
    public double? Cpus { get; init; }

    /// <summary>What an instance takes, in MB; null where the target does not say.</summary>
    public double? Memory { get; init; }

    /// <summary>Whether a deployment of the app is under way.</summary>
    public bool Deploying { get; init; }

    /// <summary>Whether the app is being deleted; a target that takes it off its list at once never says so.</summary>
    public bool Deleting { get; init; }
    /// <summary>Who owns the count, as <see cref="CountOwners"/> names it; null where nobody does, or the target keeps no
    /// owners.</summary>
    public string? CountOwner { get; init; }

    /// <summary>Whether a person has ordered 0 instances, and nobody has asked for more since; false where the target does not
    /// tell.</summary>
    public bool Suspended { get; init; }

    /// <summary>What a decision about it is made from.</summary>
    public CountSeen Seen => new(Instances, Identity);
}
