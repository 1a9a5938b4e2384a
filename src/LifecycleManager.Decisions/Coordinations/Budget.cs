using LifecycleManager.Decisions.Facts;

namespace LifecycleManager.Decisions.Coordinations;

/// <summary>What a set of apps may have together. Apps of higher priority are served first.</summary>
public sealed record Budget
{
    /// <summary>The unique name.</summary>
    public required string Name { get; init; }

    /// <summary>Where it was read from.</summary>
    public required SourcePlace Place { get; init; }

    /// <summary>The apps that share it.</summary>
    public required AppSelector Apps { get; init; }

    /// <summary>The most instances; null for no limit.</summary>
    public int? Instances { get; init; }

    /// <summary>The most that the instances take together, in cores; null for no limit.</summary>
    public double? Cpus { get; init; }

    /// <summary>The most that the instances take together, in MB; null for no limit.</summary>
    public double? Memory { get; init; }

    /// <summary>The most that the instances cost together in an hour, by their apps' labels; null for no limit.</summary>
    public double? Cost { get; init; }

    /// <summary>A digest of everything that it says, comments and layout apart.</summary>
    public required string Digest { get; init; }
}
