namespace LifecycleManager.Metrics;

/// <summary>How the collector finds, asks and remembers. Every limit is per collector unless it says otherwise.</summary>
public sealed record CollectorOptions
{
    /// <summary>The scheduler (ours or a real Marathon) whose running tasks are the targets.</summary>
    public required Uri Scheduler { get; init; }

    /// <summary>The master (ours or a real Mesos) that knows the agents, for container statistics; null: there are none.</summary>
    public Uri? Master { get; init; }

    /// <summary>The Prometheus server that evaluates PromQL; null: such metrics are missing.</summary>
    public Uri? Prometheus { get; init; }

    /// <summary>Time between two scrapes of a target; 15 s.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The longest a scrape may take, all its requests together; 5 s, never more than the interval.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);
}
