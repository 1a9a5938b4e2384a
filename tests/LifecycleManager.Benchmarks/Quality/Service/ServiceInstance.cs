namespace LifecycleManager.Benchmarks.Quality.Service;

/// <summary>An instance of the simulated service. Times in seconds from the run's start.</summary>
/// <param name="Id">Unique in a run.</param>
/// <param name="OrderedAt">When it was asked for.</param>
/// <param name="StartedAt">When its process began.</param>
/// <param name="ServesAt">When it serves, and is healthy, from then on.</param>
internal sealed record ServiceInstance(int Id, int OrderedAt, int StartedAt, int ServesAt)
{
    /// <summary>The cpu time that it has used, of one core.</summary>
    public double CpuSeconds { get; set; }

    /// <summary>How many requests it has served.</summary>
    public double Requests { get; set; }
}
