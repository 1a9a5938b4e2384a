namespace LifecycleManager.Protocol.Marathon;

/// <summary>A group of apps and groups.</summary>
public sealed record Group
{
    /// <summary>The id, a path; <c>/</c> is the root.</summary>
    public string? Id { get; init; }

    /// <summary>Its apps.</summary>
    public IReadOnlyList<App>? Apps { get; init; }

    /// <summary>Its groups.</summary>
    public IReadOnlyList<Group>? Groups { get; init; }

    /// <summary>Its pods.</summary>
    public IReadOnlyList<Pod>? Pods { get; init; }

    /// <summary>Apps and groups that must run first.</summary>
    public IReadOnlyList<string>? Dependencies { get; init; }

    /// <summary>The version.</summary>
    public string? Version { get; init; }

    /// <summary>Requests only: scale all apps by this factor.</summary>
    public double? ScaleBy { get; init; }

    /// <summary>Requests only: whether its apps take the group's role; false is without it.</summary>
    public bool? EnforceRole { get; init; }
}
