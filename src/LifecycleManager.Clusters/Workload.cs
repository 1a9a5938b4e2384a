namespace LifecycleManager.Clusters;

/// <summary>What an orchestrator keeps a number of instances of, at one moment.</summary>
public sealed record Workload
{
    /// <summary>Its name as a path: <c>/namespace/name</c>.</summary>
    public required string Id { get; init; }

    /// <summary>What tells it from a later one with the same name; null where the orchestrator does not say.</summary>
    public string? Identity { get; init; }

    /// <summary>The labels; null for none.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>The instance count that was asked for.</summary>
    public required int Instances { get; init; }

    /// <summary>How many run.</summary>
    public required int Running { get; init; }

    /// <summary>How many run and are healthy; all that run where the orchestrator checks no health.</summary>
    public required int Healthy { get; init; }

    /// <summary>How many are on their way: starting, or waiting for a place.</summary>
    public required int Staged { get; init; }

    /// <summary>Whether a change of the workload is being rolled out.</summary>
    public bool Deploying { get; init; }

    /// <summary>Whether the workload is being deleted and still listed.</summary>
    public bool Deleting { get; init; }
}
