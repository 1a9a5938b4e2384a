namespace LifecycleManager.Benchmarks.Quality.Service;

/// <summary>How the simulated service behaves. Times in seconds.</summary>
internal sealed record ServiceModel
{
    /// <summary>How many requests a second an instance carries with all of its cpu.</summary>
    public double Capacity { get; init; } = 100;

    /// <summary>The share of its cpu that an instance uses while nobody calls.</summary>
    public double IdleCpu { get; init; } = 0.03;

    /// <summary>How long a request takes where no other waits.</summary>
    public double ServiceTime { get; init; } = 0.05;

    /// <summary>The service objective: what a request may take. A second in which it takes longer is in violation.</summary>
    public double Objective { get; init; } = 0.5;

    /// <summary>How long callers wait before they give up: what is not served by then is not carried.</summary>
    public double Patience { get; init; } = 10;

    /// <summary>From the order to the process: a place is found, an image is loaded.</summary>
    public int Placement { get; init; } = 3;

    /// <summary>The least time from the process to the first request that it serves; all cpu is used meanwhile.</summary>
    public int LeastStart { get; init; } = 22;

    /// <summary>The greatest such time.</summary>
    public int MostStart { get; init; } = 32;

    /// <summary>The share of its cpu that an instance should use: what all autoscalers are told.</summary>
    public double Target { get; init; } = 0.6;

    /// <summary>The least and the greatest count, what all autoscalers are told.</summary>
    public (int Min, int Max) Bounds { get; init; } = (1, 10);

    /// <summary>A count within the bounds.</summary>
    public int Clamp(int count) => Math.Clamp(count, Bounds.Min, Bounds.Max);

    /// <summary>How many instances a load needs for each to be at the target.</summary>
    public int Needed(double load) => Clamp((int)Math.Ceiling(load / (Capacity * Target)));
}
