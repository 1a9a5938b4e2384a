namespace LifecycleManager.Scheduler.Leadership;

/// <summary>This scheduler does not lead: ask the leader, or 503 while there is none.</summary>
/// <param name="leader">The leader's address, <c>http://host:port</c>, or null.</param>
/// <param name="cause">Why there is none, where this scheduler knows.</param>
internal sealed class NotLeaderException(string? leader, string? cause = null)
    : Exception(leader is not null ? $"the leading scheduler is at {leader}"
        : cause is null ? "there is no leading scheduler at the moment" : $"there is no leading scheduler at the moment: {cause}")
{
    /// <summary>The leader's address, <c>http://host:port</c>, or null.</summary>
    public string? Leader { get; } = leader;
}

/// <summary>The store takes no writes, so that nothing can be changed: 503.</summary>
internal sealed class StoreRefusedException(string reason, Exception? inner = null) : Exception(reason, inner)
{
    /// <summary>A write that was begun and may still come to its end.</summary>
    internal Task Unfinished { get; init; } = Task.CompletedTask;
}
