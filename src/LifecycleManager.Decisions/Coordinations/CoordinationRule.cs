using LifecycleManager.Decisions.Expressions;

namespace LifecycleManager.Decisions.Coordinations;

/// <summary>What a rule of a coordination does to an app.</summary>
public enum Demand
{
    /// <summary>The app has at least so many instances.</summary>
    AtLeast,

    /// <summary>The app has at most so many instances.</summary>
    AtMost,

    /// <summary>The app does not shrink.</summary>
    HoldScaleIn,

    /// <summary>The app does not grow.</summary>
    HoldScaleOut,
}

/// <summary>One rule of a coordination: a condition over its apps, and what it demands of some of them.</summary>
public sealed class CoordinationRule
{
    internal CoordinationRule(Expression when, IReadOnlyList<RuleDemand> demands, IReadOnlyList<ScopeRead> reads) =>
        (When, Demands, Reads) = (when, demands, reads);

    /// <summary>Where its expressions name what they read, in the order of the file.</summary>
    internal IReadOnlyList<(string Name, SourcePlace Place)> Names { get; init; } = [];

    /// <summary>The name, unique within the coordination.</summary>
    public required string Name { get; init; }

    /// <summary>Where it was read from.</summary>
    public required SourcePlace Place { get; init; }

    /// <summary>The condition.</summary>
    internal Expression When { get; }

    /// <summary>What it demands, in the order of the file.</summary>
    internal IReadOnlyList<RuleDemand> Demands { get; }

    /// <summary>What its expressions read, in slot order from <see cref="Slots.FirstRead"/>.</summary>
    internal IReadOnlyList<ScopeRead> Reads { get; }
}

/// <summary>One demand of a rule.</summary>
/// <param name="Alias">The name of the apps that it concerns.</param>
/// <param name="Kind">What it does.</param>
/// <param name="Count">The count of <see cref="Demand.AtLeast"/> and <see cref="Demand.AtMost"/>; null for the others.</param>
internal sealed record RuleDemand(string Alias, Demand Kind, Expression? Count);

/// <summary>One value that a rule reads.</summary>
/// <param name="Alias">The name of the app; null for what is of the whole cluster.</param>
/// <param name="Field">What is read of it: a fact, or a metric that the app's policy names.</param>
/// <param name="Function">How it is joined over all apps of the name; null for each app's own.</param>
internal sealed record ScopeRead(string? Alias, string Field, string? Function)
{
    /// <summary>How many instances of apps with a higher priority than the demand's app wait for a place.</summary>
    public const string Waiting = "waiting";

    /// <summary>The count that would be set, before stabilization, limits and cooldown.</summary>
    public const string Wanted = "wanted";

    /// <summary>The facts of an app.</summary>
    public static readonly string[] Facts =
        [Wanted, "instances", "healthy", "staged", "min", "max", "priority", "cpus", "memory"];

    /// <summary>Whether it is a metric, and not a fact.</summary>
    public bool IsMetric => Alias is not null && Function != "count" && Array.IndexOf(Facts, Field) < 0;
}
