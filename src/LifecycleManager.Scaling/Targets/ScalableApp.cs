namespace LifecycleManager.Scaling.Targets;

/// <summary>One app of a target at one moment.</summary>
internal sealed record ScalableApp
{
    /// <summary>The absolute app id, <c>/group/app</c>.</summary>
    public required string Id { get; init; }

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

    /// <summary>Whether a deployment of the app is under way.</summary>
    public bool Deploying { get; init; }
}
