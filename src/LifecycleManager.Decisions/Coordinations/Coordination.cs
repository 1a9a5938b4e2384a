using LifecycleManager.Decisions.Facts;

namespace LifecycleManager.Decisions.Coordinations;

/// <summary>Rules over several apps: what one app is given, or not, for the sake of others.</summary>
public sealed record Coordination
{
    /// <summary>The unique name.</summary>
    public required string Name { get; init; }

    /// <summary>Where it was read from.</summary>
    public required SourcePlace Place { get; init; }

    /// <summary>The apps that it concerns, by the names that its rules use.</summary>
    public required IReadOnlyList<AppAlias> Apps { get; init; }

    /// <summary>The rules, in the order of the file.</summary>
    public IReadOnlyList<CoordinationRule> Rules { get; init; } = [];

    /// <summary>Whether it only watches: what it calls forth is told, and changes no count.</summary>
    public bool DryRun { get; init; }

    /// <summary>A digest of everything that it says, comments and layout apart.</summary>
    public required string Digest { get; init; }
}

/// <summary>A name of a coordination for one app, or for several.</summary>
/// <param name="Name">The name.</param>
/// <param name="Apps">The apps; null where they are those that another name's apps depend on.</param>
/// <param name="DependenciesOf">The other name, whose apps depend on these, also by way of others; or null.</param>
/// <param name="Place">Where it is written.</param>
public sealed record AppAlias(string Name, AppSelector? Apps, string? DependenciesOf, SourcePlace Place);
