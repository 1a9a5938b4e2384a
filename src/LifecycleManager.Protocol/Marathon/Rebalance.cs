namespace LifecycleManager.Protocol.Marathon;

/// <summary>The answer of <c>/v2/rebalance</c>.</summary>
public sealed record RebalanceAnswer
{
    /// <summary>The deployment that makes the moves; null for a plan.</summary>
    public string? DeploymentId { get; init; }

    /// <summary>The moves, in their order.</summary>
    public IReadOnlyList<RebalanceMove> Moves { get; init; } = [];
}

/// <summary>An instance that would be better off elsewhere.</summary>
/// <param name="App">Its app.</param>
/// <param name="Task">The task that is replaced.</param>
/// <param name="From">The host that it is on.</param>
/// <param name="To">The host that its successor would be placed on now.</param>
/// <param name="Reason">Why, for people.</param>
public sealed record RebalanceMove(string App, string Task, string From, string To, string Reason);

/// <summary>The body of <c>POST /v2/rebalance</c>.</summary>
/// <param name="Ids">The tasks to replace.</param>
public sealed record RebalanceTasks(IReadOnlyList<string> Ids);
