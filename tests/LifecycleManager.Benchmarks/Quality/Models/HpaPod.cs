namespace LifecycleManager.Benchmarks.Quality.Models;

/// <summary>What the HPA sees of a pod. Times in seconds from now.</summary>
internal sealed record HpaPod
{
    public PodPhase Phase { get; init; } = PodPhase.Running;

    public ReadyCondition Ready { get; init; } = ReadyCondition.True;

    /// <summary>Whether it is being deleted.</summary>
    public bool IsTerminating { get; init; }

    /// <summary>What each container requests, thousandths; null where one requests nothing.</summary>
    public IReadOnlyList<long?> Requests { get; init; } = [1000];

    /// <summary>The metric, thousandths; null where there is none.</summary>
    public long? Usage { get; init; }

    /// <summary>When it was started; null where that is not known.</summary>
    public double? StartedAt { get; init; } = -3600;

    /// <summary>When its ready condition last changed.</summary>
    public double ReadySince { get; init; } = -3500;

    /// <summary>When the metric was measured.</summary>
    public double MeasuredAt { get; init; } = -15;

    /// <summary>Over how many seconds before that.</summary>
    public double Window { get; init; } = 30;
}

/// <summary>A pod's phase.</summary>
internal enum PodPhase
{
    Pending,
    Running,
    Succeeded,
    Failed,
}

/// <summary>A pod's condition Ready.</summary>
internal enum ReadyCondition
{
    None,
    False,
    True,
    Unknown,
}
