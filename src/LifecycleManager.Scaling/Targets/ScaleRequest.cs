namespace LifecycleManager.Scaling.Targets;

/// <summary>A count to set.</summary>
/// <param name="App">The absolute app id.</param>
/// <param name="Count">The count.</param>
/// <param name="Policy">The policy that asks, and owns the count from then on.</param>
/// <param name="Reason">Why, for people.</param>
internal sealed record ScaleRequest(string App, int Count, string Policy, string Reason)
{
    /// <summary>
    /// The deployment that our own last change of this app's count began, or null. A target may replace it where it is all that
    /// stands in the way: else an app that waits for room to grow could never be told to shrink.
    /// </summary>
    public string? OwnDeployment { get; init; }
}

/// <summary>What became of a <see cref="ScaleRequest"/>.</summary>
internal enum ScaleStatus
{
    /// <summary>The count is in force.</summary>
    Applied,

    /// <summary>Something else changes the app now; to be asked again later.</summary>
    Locked,

    /// <summary>The target will not take it, now or later, unless something changes.</summary>
    Refused,

    /// <summary>The app is gone.</summary>
    NotFound,

    /// <summary>The target did not answer, or with a fault of its own.</summary>
    Unavailable,
}

/// <summary>The answer to a <see cref="ScaleRequest"/>.</summary>
/// <param name="Status">What became of it.</param>
/// <param name="Detail">More for people: why it was not applied, or what was noteworthy when it was; or null.</param>
/// <param name="Deployment">The deployment that carries it out, where the target has such; or null.</param>
internal sealed record ScaleResult(ScaleStatus Status, string? Detail = null, string? Deployment = null);
