namespace LifecycleManager.Protocol.Marathon;

/// <summary>An error in Marathon's shape.</summary>
public sealed record MarathonError
{
    /// <summary>What is wrong.</summary>
    public required string Message { get; init; }

    /// <summary>Where, for definitions that are not valid.</summary>
    public IReadOnlyList<MarathonErrorDetail>? Details { get; init; }

    /// <summary>The deployments that hold the app, with 409.</summary>
    public IReadOnlyList<DeploymentRef>? Deployments { get; init; }

    /// <summary>The app's count, with 412.</summary>
    public int? Instances { get; init; }

    /// <summary>When the app was made, with 412; an ISO 8601 instant.</summary>
    public string? CreatedAt { get; init; }
}

/// <summary>What is wrong at one path.</summary>
public sealed record MarathonErrorDetail(string Path, IReadOnlyList<string> Errors);
