namespace LifecycleManager.Metrics.Discovery;

/// <summary>How it goes with the scheduler.</summary>
/// <param name="LastSuccess">The last complete answer; null before the first.</param>
/// <param name="LastError">Why the last try failed; null where it did not.</param>
/// <param name="FollowsEvents">Whether the event stream is open.</param>
internal sealed record DiscoveryState(DateTimeOffset? LastSuccess, string? LastError, bool FollowsEvents);
