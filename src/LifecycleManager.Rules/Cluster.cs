namespace LifecycleManager.Rules;

/// <summary>What is known of the cluster as a whole: one fact in each round.</summary>
/// <param name="waiting">What waits for room; null where the target does not tell.</param>
public sealed class Cluster(IReadOnlyList<WaitingInstances>? waiting)
{
    /// <summary>How many instances of apps with a higher priority, at the same target, wait for room.</summary>
    /// <param name="app">The app that might make room.</param>
    /// <exception cref="UnknownReadingException">The target does not tell.</exception>
    public int Waiting(App app)
    {
        ArgumentNullException.ThrowIfNull(app);
        if (waiting is null) throw new UnknownReadingException("the instances that wait for room are unknown");
        return waiting.Where(other => other.Target == app.Target && other.Priority > app.Priority).Sum(other => other.Count);
    }

    /// <summary>What people read.</summary>
    public override string ToString() => "cluster";
}

/// <summary>Instances that wait for room.</summary>
/// <param name="Target">The target of their app; empty where there is one target alone.</param>
/// <param name="Priority">The priority of their app.</param>
/// <param name="Count">How many; 0 or more.</param>
public readonly record struct WaitingInstances(string Target, int Priority, int Count);
