using LifecycleManager.Clusters;

namespace LifecycleManager.Scaling.Targets;

/// <summary>A count to set.</summary>
/// <param name="App">The absolute app id.</param>
/// <param name="Count">The count.</param>
/// <param name="Seen">What the decision was made from: over anything else nothing is written.</param>
/// <param name="Policy">The policy that asks, and owns the count from then on.</param>
/// <param name="Reason">The reason, in plain words.</param>
public sealed record ScaleRequest(string App, int Count, CountSeen Seen, string Policy, string Reason)
{
    /// <summary>
    /// The deployment that our own last change of this app's count began, or null. A target may replace it where it is all that
    /// stands in the way: else an app that waits for room to grow could never be told to shrink.
    /// </summary>
    public string? OwnDeployment { get; init; }

    /// <summary>What became of the request where its answer is lost, by what is found then.</summary>
    /// <param name="found">The app's count.</param>
    /// <param name="problem">Why the answer is lost.</param>
    internal ScaleResult Settle(CountSeen found, string problem)
    {
        if ((Seen with { Count = Count }).Contradiction(found) is null)
            return new ScaleResult(ScaleStatus.Applied, $"confirmed by reading back, since {problem}");
        return Seen.Contradiction(found) is { } why
            ? new ScaleResult(ScaleStatus.Outdated, why)
            : new ScaleResult(ScaleStatus.Unavailable, problem);
    }
}

/// <summary>What became of a <see cref="ScaleRequest"/>.</summary>
public enum ScaleStatus
{
    /// <summary>The count is in force.</summary>
    Applied,

    /// <summary>The app is not as it was when it was decided: nothing was written, and it is to be decided again.</summary>
    Outdated,

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
/// <param name="Detail">Details: why it was not applied, or what the target remarked when it was; or null.</param>
/// <param name="Deployment">The deployment that carries it out, where the target has such; or null.</param>
public sealed record ScaleResult(ScaleStatus Status, string? Detail = null, string? Deployment = null);
